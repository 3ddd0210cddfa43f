"""The keys of dossiers: one each, wrapped, kept apart from the packages and their backups.

`keys/‹2 hex›/‹2 hex›/‹dossier›/‹master key›.json` in every key store:

    {"format": "kho-dossier-key-1", "dossier": …, "master": …, "algorithm": "AES-256-KW (RFC 3394)",
     "wrapped": 80 hex digits, "fingerprint": SHA-256 of the key}
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.errors import ArchiveError, IntegrityError, NotHeld
from archive.fixity import sha256_of
from archive.model import ObjectName
from archive.storage import ObjectStore
from archive.storage.copies import Copies
from archive.storage.encrypted.master import KEY_BYTES, MasterKey

FORMAT = "kho-dossier-key-1"
ALGORITHM = "AES-256-KW (RFC 3394)"
PREFIX = "keys/"
REMEMBERED = 16
"""Unwrapped keys that are kept in memory."""


@dataclass(frozen=True, slots=True)
class KeyFate:
    """What became of a dossier's key in one key store."""

    store: str
    """The key store's address."""
    removed: int
    pending: str
    """Why it is not gone; empty if it is, looked for again."""


class Keyring:
    """The dossiers' keys in one or more key stores, under the present and former master keys."""

    def __init__(self, masters: Sequence[MasterKey], stores: Sequence[ObjectStore]) -> None:
        """Open a keyring; new keys are wrapped with the first master key."""
        self.masters = tuple(masters)
        self.stores = tuple(stores)
        self._all = Copies(self.stores)
        self._remembered: OrderedDict[str, bytes] = OrderedDict()
        self._changing = threading.Lock()

    def key(self, dossier: str) -> bytes:
        """Return a dossier's key, 32 bytes.

        Raises:
            IntegrityError: it is not there, or does not unwrap.
        """
        found = self.find(dossier)
        if found is None:
            raise IntegrityError(
                f"the key of dossier {dossier} is not there",
                where="encryption.keys",
                hint="destroyed with its dossier, or lost? restore encryption.keys from its backup",
            )
        return found

    def find(self, dossier: str) -> bytes | None:
        """Return a dossier's key, None if there is none. Errors as `key`."""
        with self._changing:
            known = self._remembered.get(dossier)
        return known if known is not None else self._stored(dossier)

    def _stored(self, dossier: str) -> bytes | None:
        for master in self.masters:
            try:
                content = self._all.read(_name(dossier, master))
            except NotHeld:
                continue
            return self._remember(dossier, _unwrapped(content, master, dossier))
        return None

    def key_or_new(self, dossier: str) -> bytes:
        """Return a dossier's key; make one, on every key store, if it has none.

        Raises:
            Unavailable: a key store did not answer; try again.
        """
        master = self.masters[0]
        # Not from memory: a key that was destroyed meanwhile must not come back.
        known = self._stored(dossier)
        key = known or secrets.token_bytes(KEY_BYTES)
        try:
            self._put(dossier, key, master)
        except IntegrityError:
            if known is not None:
                raise
            # Another process made one in the same moment.
            key = self._stored(dossier) or self.key(dossier)
            self._put(dossier, key, master)
        return self._remember(dossier, key)

    def fingerprint(self, dossier: str) -> str | None:
        """Return the SHA-256 of a dossier's key, 64 hex digits; None if it has none."""
        key = self.find(dossier)
        return None if key is None else fingerprint(key)

    def made_at(self, dossier: str) -> datetime | None:
        """Return when a dossier's oldest wrapped key was stored; None if it has none."""
        found = [
            store.stat(name).stored_at
            for store in self.stores
            for name in store.names(_folder(dossier))
        ]
        return min(found, default=None)

    def destroy(self, dossier: str) -> tuple[KeyFate, ...]:
        """Remove a dossier's key from every key store that answers, then look again."""
        with self._changing:
            self._remembered.pop(dossier, None)
        return tuple(_destroyed(store, _folder(dossier)) for store in self.stores)

    def dossiers(self) -> Iterator[str]:
        """Yield the dossiers that have a key in some key store, in byte order."""
        last = ""
        for name in self._all.names(PREFIX):
            dossier = name.split("/")[3]
            if dossier != last:
                yield dossier
            last = dossier

    def rewrap(self, dossier: str) -> bool:
        """Wrap a dossier's key with the present master key only; return whether it was not so.

        What former master keys had wrapped is removed after the new one can be read.
        """
        present = self.masters[0]
        old = [
            (store, name)
            for store in self.stores
            for name in store.names(_folder(dossier))
            if name != _name(dossier, present)
        ]
        if not old:
            return False
        self._put(dossier, self.key(dossier), present)
        _unwrapped(self._all.read(_name(dossier, present)), present, dossier)
        for store, name in old:
            store.delete(name)
        return True

    def _put(self, dossier: str, key: bytes, master: MasterKey) -> None:
        value = {
            "format": FORMAT,
            "dossier": dossier,
            "master": master.id,
            "algorithm": ALGORITHM,
            "wrapped": master.wrap(key).hex(),
            "fingerprint": fingerprint(key),
        }
        content = json.dumps(value, indent=1).encode() + b"\n"
        name, digest = _name(dossier, master), sha256_of(content)
        self._all.put(name, io.BytesIO(content), size=len(content), sha256=digest)

    def _remember(self, dossier: str, key: bytes) -> bytes:
        with self._changing:
            self._remembered[dossier] = key
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return key


def fingerprint(key: bytes) -> str:
    """Return what names a key without telling it: its SHA-256, 64 hex digits."""
    return hashlib.sha256(key).hexdigest()


def _folder(dossier: str) -> str:
    return f"{PREFIX}{dossier[:2]}/{dossier[2:4]}/{dossier}/"


def _name(dossier: str, master: MasterKey) -> ObjectName:
    return ObjectName(f"{_folder(dossier)}{master.id}.json")


def _unwrapped(content: bytes, master: MasterKey, dossier: str) -> bytes:
    try:
        value = json.loads(content)
        wrapped, told = bytes.fromhex(value["wrapped"]), value["fingerprint"]
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"the key of dossier {dossier} cannot be read", where="encryption.keys"
        ) from error
    key = master.unwrap(wrapped)
    if fingerprint(key) != told:
        raise IntegrityError(f"the key of dossier {dossier} was exchanged", where="encryption.keys")
    return key


def _destroyed(store: ObjectStore, folder: str) -> KeyFate:
    removed = 0
    try:
        for name in tuple(store.names(folder)):
            store.delete(name)
            removed += 1
        left = sum(1 for _ in store.names(folder))
    except ArchiveError as error:
        return KeyFate(store.url, removed, f"{store.url}: {error.message}")
    return KeyFate(store.url, removed, f"{left} wrapped keys still answer" if left else "")
