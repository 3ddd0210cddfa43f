"""Certificates, read once each: what path building, revocation and reports ask of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from asn1crypto import core, x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from archive.signatures import der
from archive.signatures.algorithms import PublicKey, Scheme, UnknownAlgorithm, scheme_of, verifies
from archive.signatures.ber import as_read

MAX_CERTIFICATE_BYTES = 1 << 16
_MAX_NAME_BYTES = 4096
_SHORT_TERM = "0.4.0.194121.2.1"


@dataclass(frozen=True, slots=True)
class Cert:
    """One certificate."""

    der: bytes = field(repr=False)
    sha256: str
    """Fingerprint, 64 hex digits."""
    subject: str = field(repr=False)
    """Name in the form in which names are compared (RFC 5280, 7.1)."""
    issuer: str = field(repr=False)
    common_name: str | None = field(repr=False)
    issuer_name: str | None
    serial: int
    not_before: datetime
    not_after: datetime
    key: PublicKey | None = field(repr=False)
    """None if the kind of key is not supported."""
    key_id: bytes | None = field(repr=False)
    authority_key_id: bytes | None = field(repr=False)
    is_ca: bool
    key_usage: frozenset[str] | None
    """None if the extension is absent."""
    extended_key_usage: frozenset[str]
    eku_critical: bool
    no_revocation_check: bool
    """The OCSP responder's extension id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1)."""
    scheme: Scheme | None
    """How it was signed; None if unknown."""
    signature: bytes = field(repr=False)
    signed_part: bytes = field(repr=False)
    key_bits: bytes = field(repr=False)
    """The public key's bits, by whose digest OCSP names an issuer."""
    crl_points: frozenset[bytes] = field(repr=False)
    """Names under which its CRL is published, as GeneralNames are encoded."""
    crl_issuers: frozenset[str] = field(repr=False)
    """Others than its issuer that list it, by their comparable names."""
    short_term: bool
    """Whether its issuer never revokes it (EN 319 412-1, 5.2: validity assured)."""
    subject_der: bytes = field(repr=False)
    issuer_der: bytes = field(repr=False)
    serial_der: bytes = field(repr=False)

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer have the same name."""
        return self.subject == self.issuer

    def is_issued_by(self, issuer: Cert) -> bool:
        """Return whether `issuer` has the name and the key that signed this one."""
        if self.issuer != issuer.subject or issuer.key is None or self.scheme is None:
            return False
        return _signature_holds(self, issuer)

    def valid_at(self, at: datetime) -> bool:
        """Return whether `at` lies in the validity period."""
        return self.not_before <= at <= self.not_after


_known: dict[str, Cert] = {}
_verified: dict[tuple[str, str], bool] = {}
_MAX_KNOWN = 4096


def read_certificate(encoded: bytes) -> Cert:
    """Return a certificate, from memory if it was read before.

    Raises:
        ValueError: not a certificate, or too large.
    """
    fingerprint = hashlib.sha256(encoded).hexdigest()
    known = _known.get(fingerprint)
    if known is None:
        if len(encoded) > MAX_CERTIFICATE_BYTES:
            raise ValueError("a certificate of more than 64 KiB is not read")
        try:
            known = _read(encoded, fingerprint)
        except (TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
            raise ValueError(f"not a readable certificate: {error}") from error
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known[fingerprint] = known
    return known


def readable(encoded: list[bytes]) -> list[Cert]:
    """Return those of several certificates that can be read, without repeats."""
    found: dict[str, Cert] = {}
    for one in encoded:
        try:
            certificate = read_certificate(one)
        except ValueError:
            continue
        found[certificate.sha256] = certificate
    return list(found.values())


def _signature_holds(child: Cert, parent: Cert) -> bool:
    """Return whether one certificate's signature verifies with another's key; remembered."""
    pair = (child.sha256, parent.sha256)
    holds = _verified.get(pair)
    if holds is None:
        holds = _verify(child, parent)
        if len(_verified) >= _MAX_KNOWN:
            _verified.clear()
        _verified[pair] = holds
    return holds


def _verify(child: Cert, parent: Cert) -> bool:
    """Return whether one certificate's signature verifies with another's key."""
    if parent.key is None or child.scheme is None:
        return False
    try:
        return verifies(parent.key, child.scheme, child.signature, child.signed_part)
    except UnknownAlgorithm:
        return False


def _read(encoded: bytes, fingerprint: str) -> Cert:
    """Parse a certificate."""
    parsed = x509.Certificate.load(encoded, strict=True)
    part = parsed["tbs_certificate"]
    subject, issuer = part["subject"], part["issuer"]
    usage, extended = parsed.key_usage_value, parsed.extended_key_usage_value
    constraints = parsed.basic_constraints_value
    validity = part["validity"]
    authority = parsed.authority_key_identifier
    return Cert(
        der=encoded,
        sha256=fingerprint,
        subject=subject.hashable,
        issuer=issuer.hashable,
        common_name=common_name(subject),
        issuer_name=common_name(issuer),
        serial=parsed.serial_number,
        not_before=aware(validity["not_before"].native),
        not_after=aware(validity["not_after"].native),
        key=_public_key(as_read(part["subject_public_key_info"])),
        key_id=parsed.key_identifier,
        authority_key_id=authority,
        is_ca=bool(constraints and constraints["ca"].native),
        key_usage=None if usage is None else frozenset(usage.native),
        extended_key_usage=frozenset() if extended is None else frozenset(extended.native),
        eku_critical="extended_key_usage" in parsed.critical_extensions,
        no_revocation_check=parsed.ocsp_no_check_value is not None,
        scheme=_scheme(parsed["signature_algorithm"]),
        signature=parsed["signature_value"].native,
        signed_part=as_read(part),
        key_bits=part["subject_public_key_info"]["public_key"].contents[1:],
        crl_points=_crl_points(parsed),
        crl_issuers=_crl_issuers(parsed),
        short_term=any(e["extn_id"].dotted == _SHORT_TERM for e in part["extensions"]),
        subject_der=as_read(subject),
        issuer_der=as_read(issuer),
        serial_der=as_read(part["serial_number"]),
    )


def comparable(name: bytes) -> str:
    """Return an encoded name in the form in which names are compared (RFC 5280, 7.1)."""
    return _comparable(name) if len(name) <= _MAX_NAME_BYTES else _read_name(name)


def _read_name(name: bytes) -> str:
    prepared: str = x509.Name.load(name).hashable
    return prepared


_comparable = lru_cache(maxsize=1024)(_read_name)
"""Preparing a name takes a fifth of a check, and few CAs have issued most certificates."""


def common_name(name: x509.Name) -> str | None:
    """Return the last common name in a name, or what stands for it."""
    native = name.native
    for key in ("common_name", "pseudonym", "organization_name"):
        value = native.get(key)
        if value:
            return str(value[-1] if isinstance(value, list) else value)
    return None


def _crl_points(parsed: x509.Certificate) -> frozenset[bytes]:
    """Return the names in the CRL distribution points (RFC 5280, 4.2.1.13)."""
    found: set[bytes] = set()
    for point in parsed.crl_distribution_points_value or ():
        name = point["distribution_point"]
        if isinstance(name, core.Void) or name.native is None:
            continue
        if name.name == "full_name":
            found.update(as_read(one) for one in name.chosen)
        else:
            issuer = parsed["tbs_certificate"]["issuer"].chosen
            for base in _point_issuers(point) or [issuer]:
                found.add(relative_point(base, name.chosen))
    return frozenset(found)


def _crl_issuers(parsed: x509.Certificate) -> frozenset[str]:
    """Return the names in cRLIssuer of the distribution points (RFC 5280, 4.2.1.13).

    The certificate's own issuer is among them if some points name others, and one does not.
    """
    own = parsed["tbs_certificate"]["issuer"].chosen
    named = [_point_issuers(point) for point in parsed.crl_distribution_points_value or ()]
    if not any(named):
        return frozenset()
    return frozenset(comparable(as_read(one)) for names in named for one in names or [own])


def _point_issuers(point: x509.DistributionPoint) -> list[core.Asn1Value]:
    """Return the directory names in a distribution point's cRLIssuer."""
    names = point["crl_issuer"]
    if isinstance(names, core.Void):
        return []
    return [one.chosen.chosen for one in names if one.name == "directory_name"]


def relative_point(issuer: core.Asn1Value, part: core.Asn1Value) -> bytes:
    """Return the full name, as a GeneralName, of a point named relative to its issuer."""
    parts = [as_read(one) for one in issuer]
    return der.context(4, der.sequence(*parts, der.tlv(der.SET, part.contents)))


def _public_key(key_info: bytes) -> PublicKey | None:
    """Return the key, or None if its kind is not supported."""
    try:
        key = load_der_public_key(key_info)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, PublicKey) else None


def _scheme(algorithm: object) -> Scheme | None:
    """Return how a certificate was signed, or None if that is not known."""
    try:
        return scheme_of(algorithm, None)
    except UnknownAlgorithm:
        return None


def aware(at: datetime) -> datetime:
    """Return a time with its zone; certificates' times are UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
