"""Changes of trust: what certificate files and trusted lists would add or take away."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from archive.errors import NotHeld, Rejected, UnsafeInput, UsageError
from archive.fixity import sha256_of
from archive.packages import trusted_list
from archive.signatures import trust
from archive.signatures.certificates import Cert, read_certificate
from archive.signatures.trust import Anchor, Scope, TrustStore

MAX_BYTES = 64 << 20
MOST = 1000
_PEM = b"-----BEGIN "
_PRIVATE = b"PRIVATE KEY-----"


class Kind(StrEnum):
    """What a change does."""

    ADD_ROOT = "add-root"
    REMOVE_ROOT = "remove-root"
    ADD_CA = "add-ca"
    REMOVE_CA = "remove-ca"


@dataclass(frozen=True, slots=True)
class Terms:
    """For what and for how long somebody is to be trusted."""

    scopes: frozenset[Scope] = frozenset()
    label: str = ""
    """The certificate's common name if empty."""
    test: bool = False
    accepted_from: date | None = None
    accepted_until: date | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One certificate that comes or goes."""

    kind: Kind
    certificate: bytes = field(repr=False)
    """DER."""
    terms: Terms = Terms()
    source: str = ""

    @property
    def sha256(self) -> str:
        """The certificate's fingerprint."""
        return sha256_of(self.certificate)

    @property
    def anchor(self) -> Anchor:
        """The root that is added."""
        terms = self.terms
        return Anchor(
            self.certificate,
            terms.label or label_of(self.certificate),
            terms.scopes,
            terms.test,
            terms.accepted_from,
            terms.accepted_until,
            self.source,
        )

    def apply(self, folder: Path) -> None:
        """Make the change in a trust folder."""
        match self.kind:
            case Kind.ADD_ROOT:
                trust.add_anchor(folder, self.anchor)
            case Kind.REMOVE_ROOT:
                trust.remove_anchor(folder, self.sha256)
            case Kind.ADD_CA:
                trust.add_certificate(folder, self.certificate)
            case Kind.REMOVE_CA:
                trust.remove_certificate(folder, self.sha256)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        encoded = base64.b64encode(self.certificate).decode()
        return {"kind": self.kind.value, **self.anchor.to_json(), "certificate": encoded}

    @classmethod
    def from_json(cls, stated: Mapping[str, Any]) -> Change:
        """Return the change that `to_json` wrote."""
        certificate = base64.b64decode(stated["certificate"])
        anchor = Anchor.from_json(stated, certificate)
        terms = Terms(
            anchor.scopes, anchor.label, anchor.test, anchor.accepted_from, anchor.accepted_until
        )
        return cls(Kind(stated["kind"]), certificate, terms, anchor.source)


def label_of(certificate: bytes) -> str:
    """Return a certificate's common name, for people."""
    return read_certificate(certificate).common_name or "?"


def additions(content: bytes, terms: Terms, *, as_root: bool | None = None) -> list[Change]:
    """Return what a file of certificates or a trusted list would add.

    Args:
        content: PEM with one or more certificates, DER, or a trusted list (XML).
        terms: scopes and dates. Of a trusted list the types of its services say the scopes,
            and `terms.scopes` says which of them are wanted; none: all.
        as_root: whether certificates are roots; None: those that signed themselves.

    Raises:
        Rejected: the file is none of these, or has nothing to add.
        UnsafeInput: a private key is in it.
        UsageError: a root needs a scope, or its dates are the wrong way round.
    """
    if len(content) > MAX_BYTES:
        raise Rejected(f"a trust file of more than {MAX_BYTES} bytes is not read")
    if _PRIVATE in content:
        hint = "hand in the certificate alone; a key that was sent around should be replaced"
        raise UnsafeInput("the file has a private key in it", hint=hint)
    if terms.accepted_from and terms.accepted_until and terms.accepted_from > terms.accepted_until:
        raise UsageError("trust would end before it begins", hint="--from … --until …")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _of_list(trusted_list.read(content), terms)
    encoded = _certificates(content)
    if len(encoded) > MOST:
        raise Rejected(f"a file of more than {MOST} certificates is not read")
    found = [_addition(one, terms, as_root) for one in encoded]
    if any(one.kind is Kind.ADD_ROOT for one in found) and not terms.scopes:
        raise UsageError("what is the root trusted for?", hint="--scope signatures,timestamps")
    return found


def removals(store: TrustStore, names: Iterable[str]) -> list[Change]:
    """Return the removal of roots and CAs by the beginning of their fingerprints.

    Raises:
        NotHeld: nothing or more than one thing is called so.
    """
    return [_removal(store, name.lower().strip()) for name in names]


def _removal(store: TrustStore, name: str) -> Change:
    roots = [one for one in store.anchors if one.sha256.startswith(name)]
    others = [one for one in store.certificates if sha256_of(one).startswith(name)]
    if not name or len(roots) + len(others) != 1:
        count = len(roots) + len(others) if name else 0
        raise NotHeld(f"{count} certificates begin with {name}", hint="kho trust list", where=name)
    if roots:
        root = roots[0]
        terms = Terms(root.scopes, root.label, root.test, root.accepted_from, root.accepted_until)
        return Change(Kind.REMOVE_ROOT, root.certificate, terms, root.source)
    return Change(Kind.REMOVE_CA, others[0])


def _addition(encoded: bytes, terms: Terms, as_root: bool | None) -> Change:
    certificate = _read(encoded)
    root = certificate.self_issued if as_root is None else as_root
    return Change(Kind.ADD_ROOT, encoded, terms) if root else Change(Kind.ADD_CA, encoded)


def _of_list(found: trusted_list.TrustedList, terms: Terms) -> list[Change]:
    """Return the granted services of a list as roots, each certificate once."""
    merged: dict[str, Change] = {}
    source = f"{found.territory} {found.operator} #{found.number} sha256:{found.sha256}"
    for service in found.services:
        scopes = _scopes(service) & (terms.scopes or frozenset(Scope))
        if not service.granted or not scopes:
            continue
        for encoded in _readable(service.certificates):
            known = merged.get(sha256_of(encoded))
            begin = max(filter(None, (service.since.date(), terms.accepted_from)))
            if known is not None:
                scopes |= known.terms.scopes
                begin = min(begin, known.terms.accepted_from or begin)
            label = f"{service.provider}: {service.name}"
            own = Terms(scopes, label, terms.test, begin, terms.accepted_until)
            merged[sha256_of(encoded)] = Change(Kind.ADD_ROOT, encoded, own, source)
    if not merged:
        raise Rejected("the list has no granted service of these scopes")
    return list(merged.values())


def _scopes(service: trusted_list.Service) -> frozenset[Scope]:
    if service.for_timestamps:
        return frozenset({Scope.TIMESTAMPS})
    return frozenset({Scope.SIGNATURES, Scope.SEALS}) if service.for_signatures else frozenset()


def _readable(certificates: Iterable[bytes]) -> Iterator[bytes]:
    for encoded in certificates:
        try:
            read_certificate(encoded)
        except ValueError:
            continue
        yield encoded


def _certificates(content: bytes) -> list[bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if _PEM not in content:
        return [content]
    try:
        return [c.public_bytes(Encoding.DER) for c in x509.load_pem_x509_certificates(content)]
    except ValueError as error:
        raise Rejected(f"not a file of certificates: {error}") from error


def _read(encoded: bytes) -> Cert:
    try:
        return read_certificate(encoded)
    except ValueError as error:
        raise Rejected(f"not a certificate, CRL, OCSP answer or trusted list: {error}") from error
