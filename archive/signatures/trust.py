"""Trust: the roots that count, for what and until when, with certificates and CRLs beside.

A trust folder holds `trust.json` (the anchors), `anchors/`, `certificates/` (CAs between
signer and root), `revocation/` (CRLs and OCSP answers kept, newest and older) and, where a
digest or keys up to a size are known to end earlier than Kho's own table says,
`algorithms.json`:

    {"form": 1, "digests": {"sha256": "2038-01-01"}, "keys": {"rsa-2048": "2028-01-01"}}
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from asn1crypto import crl, ocsp, pem, x509

from archive.errors import IntegrityError, NotInitialised, Rejected
from archive.signatures.algorithms import AlgorithmPolicy, key_size, policy_with

TRUST_FILE = "trust.json"
ALGORITHMS_FILE = "algorithms.json"
_FORM = 1
VERSION_FILE = "version"
"""Differs after every change, so that other processes know that they have to read anew."""
_FOLDERS = ("anchors", "certificates", "revocation")
PARTS = (TRUST_FILE, ALGORITHMS_FILE, *_FOLDERS)
"""What a change of trust touches."""


class Scope(StrEnum):
    """What a root may vouch for."""

    SIGNATURES = "signatures"
    TIMESTAMPS = "timestamps"
    SEALS = "seals"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A root that is trusted, with the limits of that trust."""

    certificate: bytes
    """DER."""
    label: str
    scopes: frozenset[Scope]
    test: bool = False
    """Whether what it vouches for is a test and proves nothing."""
    accepted_from: date | None = None
    """First day of trust; None: since its certificate begins."""
    accepted_until: date | None = None
    """Last day of trust; None: no end was set."""
    source: str = ""
    """Where it was taken from: a trusted list's name and digest; "" if from a file."""

    @property
    def sha256(self) -> str:
        """The certificate's fingerprint, 64 hex digits."""
        return hashlib.sha256(self.certificate).hexdigest()

    def to_json(self) -> dict[str, object]:
        """Return what `trust.json` says of the anchor."""
        return {
            "sha256": self.sha256,
            "label": self.label,
            "scopes": sorted(self.scopes),
            "test": self.test,
            "accepted_from": self.accepted_from.isoformat() if self.accepted_from else None,
            "accepted_until": self.accepted_until.isoformat() if self.accepted_until else None,
            **({"source": self.source} if self.source else {}),
        }

    @classmethod
    def from_json(cls, stated: Mapping[str, object], certificate: bytes) -> Anchor:
        """Return an anchor from its entry and its certificate.

        Raises:
            ValueError, KeyError, TypeError: the entry is malformed.
        """
        scopes = stated["scopes"]
        if not isinstance(scopes, list):
            raise TypeError("scopes is not a list")
        return cls(
            certificate=certificate,
            label=str(stated["label"]),
            scopes=frozenset(Scope(one) for one in scopes),
            test=bool(stated.get("test", False)),
            accepted_from=_day(stated.get("accepted_from")),
            accepted_until=_day(stated.get("accepted_until")),
            source=str(stated.get("source", "")),
        )


@dataclass(frozen=True, slots=True)
class CrlAge:
    """How old the newest CRL of an issuer is."""

    issuer: str
    this_update: datetime
    next_update: datetime | None
    stale: bool
    """Whether its announced successor is due."""


@dataclass(frozen=True, slots=True)
class TrustStore:
    """A trust folder, read once and never changed; load it again after a change."""

    anchors: tuple[Anchor, ...] = ()
    certificates: tuple[bytes, ...] = ()
    """CAs (and TSAs) that help to build paths; DER, not trusted by themselves."""
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    stolen: tuple[tuple[str, datetime], ...] = ()
    """Fingerprints of the archive's own keys that were stolen, and since when."""
    ends: tuple[tuple[str, datetime], ...] = ()
    """Digests and key sizes that end earlier than Kho's own table says, and when."""

    @property
    def policy(self) -> AlgorithmPolicy:
        """Until when algorithms are good."""
        return policy_with(self.ends)

    @classmethod
    def load(cls, folder: Path) -> TrustStore:
        """Read a trust folder.

        Raises:
            NotInitialised: there is none.
            IntegrityError: an anchor is missing or not the one that `trust.json` names.
            Rejected: a file cannot be read as what its place says.
        """
        anchors = tuple(_anchors(folder))
        revocation = [(one, one.read_bytes()) for one in _files(folder / "revocation")]
        return cls(
            anchors=anchors,
            certificates=tuple(_certificate(one) for one in _files(folder / "certificates")),
            crls=tuple(_der(body) for path, body in revocation if path.suffix == ".crl"),
            ocsps=tuple(body for path, body in revocation if path.suffix == ".ocsp"),
            ends=_ends(folder / ALGORITHMS_FILE),
        )

    @property
    def digest(self) -> str:
        """SHA-256 over everything that a verdict can depend on, 64 hex digits."""
        found = hashlib.sha256(json.dumps([a.to_json() for a in self.anchors]).encode())
        for group in (self.certificates, self.crls, self.ocsps):
            for one in sorted(hashlib.sha256(entry).digest() for entry in group):
                found.update(one)
            found.update(b"|")
        if self.ends:
            found.update(json.dumps(self._ends_json()).encode())
        return found.hexdigest()

    def _ends_json(self) -> dict[str, str]:
        return {name: end.isoformat() for name, end in self.ends}

    def crl_ages(self, at: datetime) -> list[CrlAge]:
        """Return the age of the newest CRL of every issuer, for `kho trust status`."""
        newest: dict[str, CrlAge] = {}
        for encoded in self.crls:
            part = crl.CertificateList.load(encoded)["tbs_cert_list"]
            issued, due = part["this_update"].native, part["next_update"].native
            name = part["issuer"].human_friendly
            known = newest.get(name)
            if known is None or known.this_update < issued:
                newest[name] = CrlAge(name, issued, due, stale=due is None or due < at)
        return list(newest.values())

    def to_json(self) -> dict[str, object]:
        """Return the whole store as JSON values, for a child process."""
        anchors = [{**a.to_json(), "certificate": _text(a.certificate)} for a in self.anchors]
        groups = {"certificates": self.certificates, "crls": self.crls, "ocsps": self.ocsps}
        encoded = {k: [_text(v) for v in g] for k, g in groups.items()}
        return {"anchors": anchors, **encoded, "ends": [*self._ends_json().items()]}

    @classmethod
    def from_json(cls, stated: Mapping[str, list[object]]) -> TrustStore:
        """Return the store that `to_json` wrote."""
        anchors = []
        for entry in stated["anchors"]:
            if isinstance(entry, dict):
                anchors.append(Anchor.from_json(entry, base64.b64decode(entry["certificate"])))
        groups = {
            name: tuple(base64.b64decode(str(one)) for one in stated[name])
            for name in ("certificates", "crls", "ocsps")
        }
        pairs: Any = stated.get("ends", ())
        ends = tuple(_named(dict(pairs), _is_known))
        groups_in_order = (groups["certificates"], groups["crls"], groups["ocsps"])
        return cls(tuple(anchors), *groups_in_order, ends=ends)


def create(folder: Path) -> None:
    """Make an empty trust folder; an existing one stays as it is."""
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not (folder / TRUST_FILE).exists():
        _write_anchors(folder, ())


def add_anchor(folder: Path, anchor: Anchor) -> None:
    """Add a root, or replace the entry of the same certificate."""
    create(folder)
    others = [one for one in _anchors(folder) if one.sha256 != anchor.sha256]
    _replace(folder / "anchors" / f"{anchor.sha256[:32]}.der", anchor.certificate)
    _write_anchors(folder, (*others, anchor))


def remove_anchor(folder: Path, sha256: str) -> None:
    """Remove a root; its file stays, so that old verdicts can be explained."""
    _write_anchors(folder, [one for one in _anchors(folder) if one.sha256 != sha256])


def add_certificate(folder: Path, certificate: bytes) -> None:
    """Add a CA certificate that helps to build paths, DER."""
    create(folder)
    name = hashlib.sha256(certificate).hexdigest()[:32]
    _replace(folder / "certificates" / f"{name}.der", certificate)
    _changed(folder)


def remove_certificate(folder: Path, sha256: str) -> None:
    """Take a CA certificate away; verdicts that needed it have kept their own copy."""
    (folder / "certificates" / f"{sha256[:32]}.der").unlink(missing_ok=True)
    _changed(folder)


def add_revocation(folder: Path, encoded: bytes) -> None:
    """Add a CRL or an OCSP answer, DER; older ones stay as evidence of their time.

    Raises:
        Rejected: it is neither.
    """
    create(folder)
    name = hashlib.sha256(encoded).hexdigest()[:32]
    _replace(folder / "revocation" / f"{name}.{revocation_kind(encoded)}", encoded)
    _changed(folder)


def algorithm_ends(folder: Path) -> tuple[tuple[str, datetime], ...]:
    """Return digests and key sizes that a trust folder ends earlier; raises Rejected."""
    return _ends(folder / ALGORITHMS_FILE)


def set_algorithm_end(folder: Path, name: str, end: date | None) -> None:
    """Set the first day on which a digest, or keys up to a size, do not count.

    Args:
        folder: the trust folder.
        name: `sha256`, `rsa-2048` …
        end: None: as Kho's table has it.

    Raises:
        Rejected: what stands there cannot be read.
    """
    create(folder)
    ends = {one: when.isoformat() for one, when in algorithm_ends(folder)}
    ends.pop(name, None)
    if end is not None:
        ends[name] = end.isoformat()
    keys = {one: ends.pop(one) for one in sorted(ends) if key_size(one)}
    stated = {
        "form": _FORM,
        "digests": dict(sorted(ends.items())),
        **({"keys": keys} if keys else {}),
    }
    text = json.dumps(stated, indent=2) + "\n"
    _replace(folder / ALGORITHMS_FILE, text.encode())
    _changed(folder)


def revocation_kind(encoded: bytes) -> str:
    """Return `crl` or `ocsp`.

    Raises:
        Rejected: it is neither.
    """
    for kind, schema in (("crl", crl.CertificateList), ("ocsp", ocsp.OCSPResponse)):
        try:
            _ = schema.load(encoded, strict=True).native
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        return kind
    raise Rejected("neither a CRL nor an OCSP answer")


def _ends(path: Path) -> tuple[tuple[str, datetime], ...]:
    """Return the digests that end earlier, as the file has them; none without a file."""
    try:
        stated = json.loads(path.read_text("utf-8"))
        if stated["form"] != _FORM:
            raise ValueError(f"form {stated['form']}")
        digests = _named(stated["digests"], _is_digest)
        return (*digests, *_named(stated.get("keys", {}), key_size))
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Rejected(f"the ends of digests cannot be read: {error}", where=str(path)) from error


def _is_digest(name: str) -> bool:
    return name in AlgorithmPolicy().digests


def _is_known(name: str) -> bool:
    return _is_digest(name) or key_size(name) is not None


def _named(
    stated: Mapping[str, object], known: Callable[[str], object]
) -> Iterator[tuple[str, datetime]]:
    """Yield names with their ends, in UTC; raises ValueError for one that is not known."""
    for name, day in sorted(stated.items()):
        end = datetime.fromisoformat(str(day))
        if not known(name):
            raise ValueError(f"{name} is not a digest")
        yield name, end if end.tzinfo else end.replace(tzinfo=UTC)


def _anchors(folder: Path) -> Iterable[Anchor]:
    """Yield the anchors of `trust.json`, each compared with its file."""
    path = folder / TRUST_FILE
    try:
        stated = json.loads(path.read_text("utf-8"))
        entries = [(dict(entry), str(entry["sha256"])) for entry in stated["anchors"]]
    except FileNotFoundError as error:
        raise NotInitialised("there is no trust folder", where=str(folder)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Rejected(f"the list of roots cannot be read: {error}", where=str(path)) from error
    for entry, sha256 in entries:
        file = folder / "anchors" / f"{sha256[:32]}.der"
        try:
            certificate = file.read_bytes()
            anchor = Anchor.from_json(entry, certificate)
        except FileNotFoundError as error:
            raise IntegrityError("the file of a root is missing", where=str(file)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise Rejected(f"a root's entry is malformed: {error}", where=str(path)) from error
        if anchor.sha256 != sha256:
            raise IntegrityError("a root's file is not the one in the list", where=str(file))
        yield anchor


def _write_anchors(folder: Path, anchors: Iterable[Anchor]) -> None:
    """Write the list of anchors."""
    body = {"form": _FORM, "anchors": [one.to_json() for one in anchors]}
    text = json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    _replace(folder / TRUST_FILE, text.encode())
    _changed(folder)


def _changed(folder: Path) -> None:
    """Give a folder another version, after each change: who reads before it reads again."""
    _replace(folder / VERSION_FILE, secrets.token_hex(16).encode())


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def _files(folder: Path) -> list[Path]:
    """Return a folder's files in a fixed order."""
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if one.is_file() and one.name[0] != ".")


def _certificate(path: Path) -> bytes:
    """Return a certificate from a PEM or DER file."""
    encoded = _der(path.read_bytes())
    try:
        _ = x509.Certificate.load(encoded, strict=True).subject.native
    except (ValueError, TypeError, KeyError) as error:
        raise Rejected(f"not a certificate: {error}", where=str(path)) from error
    return encoded


def _der(body: bytes) -> bytes:
    """Return DER from PEM or DER."""
    if pem.detect(body):
        inner: bytes = pem.unarmor(body)[2]
        return inner
    return body


def _day(value: object) -> date | None:
    """Return a day from its ISO form, or None."""
    return None if value is None else date.fromisoformat(str(value))


def _text(encoded: bytes) -> str:
    """Return bytes as base64 text."""
    return base64.b64encode(encoded).decode()
