"""Keyring: which keys sealed, seal and will seal, as the journal has them.

The first key is the one that the settings name. Every key that is added, put to use or
declared stolen is an event in the journal with its certificate, so that a rebuild from the
store knows all of it; the private keys themselves are never in journal, store or catalogue.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa

from archive.catalogue import journal
from archive.catalogue.engine import Connection
from archive.errors import NotHeld, NotPermitted
from archive.events import EventType
from archive.fixity import sha256_of
from archive.passwords import password
from archive.settings import Settings
from archive.signatures.algorithms import OPEN_END, AlgorithmPolicy
from archive.signatures.certificates import read_certificate
from archive.signatures.key_sources import open_key
from archive.signatures.keys import SigningKey, usual_digest
from archive.signatures.seal import SealingKeys

SUBJECT = "seal-keys"
"""The subject of the journal's events about them."""
CONFIGURED = "configured"
"""The name of the key that the settings name."""
PASSWORD = "KHO_SEAL_PASSWORD"  # noqa: S105 - the name of a variable
KNOWN_FOR = timedelta(seconds=60)
"""After this long at most a running process sees what another one changed."""


class Action(StrEnum):
    """What an event says of a key."""

    ADDED = "added"
    USED = "used"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key that the archive has, or had."""

    name: str
    source: str
    """Where the private key is: see `archive.signatures.key_sources`."""
    certificate_file: str | None
    certificate: bytes = field(repr=False)
    """DER."""
    chain: tuple[bytes, ...] = field(repr=False)
    added_at: datetime
    stolen_at: datetime | None = None
    """Since when others may have it; None: it was not revoked."""
    revoked_at: datetime | None = None
    """When that was declared."""

    @property
    def sha256(self) -> str:
        """The certificate's fingerprint."""
        return sha256_of(self.certificate)

    def details(self) -> dict[str, object]:
        """Return what the journal says of it."""
        every = (self.certificate, *self.chain)
        return {
            "action": Action.ADDED.value,
            "name": self.name,
            "source": self.source,
            "certificate_file": self.certificate_file,
            "certificates": [base64.b64encode(one).decode() for one in every],
        }


@dataclass(frozen=True, slots=True)
class Use:
    """From when on a key seals, and which one beside it."""

    name: str
    beside: str | None
    begins: datetime


@dataclass(frozen=True, slots=True)
class State:
    """The keys and their uses, as far as the journal goes."""

    keys: Mapping[str, SealKey]
    """By name."""
    uses: tuple[Use, ...]
    """In the order of their events."""

    def in_use(self, at: datetime) -> Use | None:
        """Return the use at a time: the last that has begun; None if its key is revoked."""
        begun = [use for use in self.uses if use.begins <= at]
        last = max(enumerate(begun), key=lambda pair: (pair[1].begins, pair[0]), default=None)
        if last is None:
            return None
        use = last[1]
        names = (use.name,) if use.beside is None else (use.name, use.beside)
        return None if any(self.keys[name].stolen_at for name in names) else use

    def named(self, name: str) -> SealKey:
        """Return a key by its name or the beginning of its fingerprint.

        Raises:
            NotHeld: there is none.
        """
        found = [k for k in self.keys.values() if name and k.sha256.startswith(name.lower())]
        if name in self.keys:
            return self.keys[name]
        if len(found) != 1:
            raise NotHeld(f"{len(found)} seal keys are called {name}", hint="kho seal list")
        return found[0]

    @property
    def stolen(self) -> tuple[tuple[str, datetime], ...]:
        """Fingerprints of revoked keys, with the time since when others may have them."""
        return tuple((k.sha256, k.stolen_at) for k in self.keys.values() if k.stolen_at)


def read(connection: Connection) -> State:
    """Return what the journal says of the keys; nothing if it says nothing."""
    entries = journal.entries(connection, subject=SUBJECT, type=EventType.SEAL_KEY_CHANGED)
    return state_of((entry.at, json.loads(entry.details)) for entry in entries)


def state_of(events: Iterable[tuple[str, Mapping[str, Any]]]) -> State:
    """Return the state that events lead to, each with its time."""
    keys: dict[str, SealKey] = {}
    uses: list[Use] = []
    for at, told in events:
        name = told["name"]
        match Action(told["action"]):
            case Action.ADDED:
                first, *rest = (base64.b64decode(one) for one in told["certificates"])
                known = keys.get(name)
                keys[name] = SealKey(
                    name,
                    told["source"],
                    told["certificate_file"],
                    first,
                    tuple(rest),
                    known.added_at if known else datetime.fromisoformat(at),
                    known.stolen_at if known else None,
                    known.revoked_at if known else None,
                )
            case Action.USED:
                begins = datetime.fromisoformat(told["begins"])
                uses.append(Use(name, told["beside"], begins))
            case Action.REVOKED:
                since = datetime.fromisoformat(told["stolen_at"])
                before = keys[name].stolen_at
                keys[name] = replace(
                    keys[name],
                    stolen_at=min(since, before or since),
                    revoked_at=keys[name].revoked_at or datetime.fromisoformat(at),
                )
    return State(keys, tuple(use for use in uses if not _called_off(use, keys)))


def _called_off(use: Use, keys: Mapping[str, SealKey]) -> bool:
    """Whether a key was revoked before its use began: then the use before it goes on."""
    every = (use.name,) if use.beside is None else (use.name, use.beside)
    ends = [keys[name].revoked_at for name in every]
    return any(end is not None and end < use.begins for end in ends)


def refuse_unfit(certificate: bytes, at: datetime, policy: AlgorithmPolicy) -> None:
    """Raise if a certificate may not seal at a time.

    Raises:
        NotPermitted: it has ended or not begun, or its algorithm is no longer good.
    """
    known = read_certificate(certificate)
    name = known.common_name or known.sha256
    if not known.valid_at(at):
        told = f"the seal's certificate is valid from {known.not_before} to {known.not_after}"
        raise NotPermitted(told, where=name, hint="kho seal rotate NAME")
    end = good_until(certificate, policy)
    if end is not None and at >= end[0]:
        told = f"{end[1]} is not good enough for seals since {end[0].date()}"
        raise NotPermitted(told, where=name, hint="kho seal add; kho seal rotate")


def good_until(certificate: bytes, policy: AlgorithmPolicy) -> tuple[datetime, str] | None:
    """Return when a certificate's algorithm ends, and which it is; None if no end is set.

    Args:
        certificate: DER.
        policy: the archive's dates, those of its trust folder among them.
    """
    known = read_certificate(certificate)
    if known.key is None:
        return None
    end, what = policy.good_until(known.key, usual_digest(certificate))
    return None if end >= OPEN_END else (end, what)


def algorithm(certificate: bytes) -> str:
    """Return a certificate's algorithm as people name it: `ECDSA P-256`, `RSA-3072`."""
    key = read_certificate(certificate).key
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA P-{key.key_size}"
    if isinstance(key, mldsa.MLDSA65PublicKey):
        return "ML-DSA-65"
    return type(key).__name__.removesuffix("PublicKey")


def configured(settings: Settings) -> SigningKey:
    """Open the key that the settings name. Errors as `open_key`."""
    source = settings.text("seal.key")
    beside = settings.text("seal.certificate")
    inside = source.startswith(("pkcs11:", "csc:")) or source.lower().endswith((".p12", ".pfx"))
    if inside and not (settings.home / beside).is_file():
        beside = ""
    return _open(settings, CONFIGURED, source, beside or None)


def opened(settings: Settings, key: SealKey) -> SigningKey:
    """Open a key of the keyring. Errors as `open_key`; NotPermitted if it is another one."""
    found = _open(settings, key.name, key.source, key.certificate_file)
    if sha256_of(found.certificate) != key.sha256:
        raise NotPermitted("the key is not the one that was added", where=key.name)
    return found


def _open(settings: Settings, name: str, source: str, certificate: str | None) -> SigningKey:
    beside = Path(certificate) if certificate else None
    secret = password(PASSWORD, name)
    return open_key(source, beside, home=settings.home, password=secret)


class Ring:
    """The keys of one archive over time: what its sealer asks; safe to share by threads."""

    def __init__(
        self,
        settings: Settings,
        reading: Callable[[], State],
        policy: Callable[[], AlgorithmPolicy],
    ) -> None:
        self._settings, self._reading, self._policy = settings, reading, policy
        self._lock = threading.Lock()
        self._state: tuple[datetime, State] | None = None
        self._opened: dict[str, SigningKey] = {}

    def keys(self, at: datetime) -> SealingKeys:
        """Return the keys in use at a time.

        Raises:
            NotPermitted: none is in use, or it may not seal any more.
            UsageError, Unavailable: the key cannot be opened.
        """
        with self._lock:
            state = self._known(at)
            if not state.uses:
                found = SealingKeys(self._open(None))
            else:
                use = state.in_use(at)
                if use is None:
                    raise NotPermitted("no seal key is in use", hint="kho seal rotate NAME")
                beside = None if use.beside is None else self._open(state.keys[use.beside])
                found = SealingKeys(self._open(state.keys[use.name]), beside)
        for key in (found.key, found.companion):
            if key is not None:
                refuse_unfit(key.certificate, at, self._policy())
        return found

    def _known(self, at: datetime) -> State:
        if self._state is None or abs(at - self._state[0]) >= KNOWN_FOR:
            self._state = (at, self._reading())
        return self._state[1]

    def _open(self, key: SealKey | None) -> SigningKey:
        name = key.sha256 if key else CONFIGURED
        if name not in self._opened:
            self._opened[name] = opened(self._settings, key) if key else configured(self._settings)
        return self._opened[name]
