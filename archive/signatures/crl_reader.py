"""CRLs, read once each (RFC 5280, section 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import algos, core, crl, parser
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from archive.signatures import der
from archive.signatures.algorithms import Scheme, UnknownAlgorithm, scheme_of, verifies
from archive.signatures.certificates import Cert, aware, relative_point

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
_READ_CRITICAL = {ExtensionOID.ISSUING_DISTRIBUTION_POINT, _EXPIRED_CERTS_ON_CRL}


@dataclass(frozen=True, slots=True)
class Crl:
    """A parsed CRL."""

    sha256: str
    parsed: x509.CertificateRevocationList = field(repr=False)
    scheme: Scheme
    issued: datetime
    due: datetime | None
    covers_expired_since: datetime | None
    users_only: bool
    cas_only: bool
    points: frozenset[bytes]
    """Names under which it is published; empty: it is the issuer's full CRL."""
    usable: bool
    """Whether the absence of an entry means anything (no unknown critical extension)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked certificate in a CRL."""

    revoked_at: datetime
    on_hold: bool


def crl_holds(known: Crl, issuer: Cert) -> bool:
    """Return whether a CRL's signature verifies with the issuer's key."""
    if issuer.key is None:
        return False
    try:
        signed = known.parsed.tbs_certlist_bytes
        return verifies(issuer.key, known.scheme, known.parsed.signature, signed)
    except UnknownAlgorithm:
        return False


def read_crl(encoded: bytes, sha256: str) -> Crl | None:
    """Parse a CRL; None for delta and indirect ones, which are not used."""
    parsed = x509.load_der_x509_crl(encoded)
    points: frozenset[bytes] = frozenset()
    users_only = cas_only = False
    expired: datetime | None = None
    usable = True
    for extension in parsed.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            return None
        if isinstance(value, x509.IssuingDistributionPoint):
            if value.indirect_crl or value.only_contains_attribute_certs:
                return None
            users_only, cas_only = value.only_contains_user_certs, value.only_contains_ca_certs
            points = _points(encoded)
            usable = usable and not value.only_some_reasons
        elif extension.oid == _EXPIRED_CERTS_ON_CRL:
            expired = _expired_since(encoded)
        elif extension.critical and extension.oid not in _READ_CRITICAL:
            usable = False
    return Crl(
        sha256,
        parsed,
        scheme_of(_signature_algorithm(parsed.tbs_certlist_bytes), None),
        parsed.last_update_utc,
        parsed.next_update_utc,
        expired,
        users_only,
        cas_only,
        points,
        usable,
    )


def _signature_algorithm(part: bytes) -> algos.SignedDigestAlgorithm:
    """Return the AlgorithmIdentifier of a TBSCertList without walking through its entries."""
    head = parser.parse(part, strict=False)
    body: bytes = head[4]
    first = parser.parse(body[:4096])
    if first[2] == der.INTEGER:  # the version
        first = parser.parse(body[len(first[3]) + len(first[4]) :][:4096])
    return algos.SignedDigestAlgorithm.load(first[3] + first[4])


def _expired_since(encoded: bytes) -> datetime | None:
    """Return the date in the expiredCertsOnCRL extension."""
    marker = b"\x06\x03\x55\x1d\x3c"  # 2.5.29.60
    tail = encoded[encoded.rindex(marker) + len(marker) :][:64]
    start = tail.find(b"\x18")
    if start < 0:
        return None
    at = core.GeneralizedTime.load(tail[start : start + 2 + tail[start + 1]]).native
    return at if isinstance(at, datetime) else None


def _points(encoded: bytes) -> frozenset[bytes]:
    """Return the names in the issuing distribution point (RFC 5280, 5.2.5)."""
    parsed = crl.CertificateList.load(encoded)
    name = parsed.issuing_distribution_point_value["distribution_point"]
    if isinstance(name, core.Void) or name.native is None:
        return frozenset()
    if name.name == "full_name":
        return frozenset(one.dump() for one in name.chosen)
    return frozenset({relative_point(parsed.issuer, name.chosen)})


def slow_entry(encoded: bytes, serial: int) -> Entry | None:
    """Return a CRL's entry for a serial number by reading the whole list."""
    listed = crl.CertificateList.load(encoded)["tbs_cert_list"]["revoked_certificates"]
    for one in () if isinstance(listed, core.Void) else listed:
        if one["user_certificate"].native == serial:
            reason = one.crl_reason_value
            on_hold = reason is not None and reason.native == "certificate_hold"
            return Entry(aware(one["revocation_date"].native), on_hold)
    return None


def on_hold_entry(entry: x509.RevokedCertificate) -> bool:
    """Return whether a CRL entry is a suspension (RFC 5280, 5.3.1)."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        return False
    return reason is x509.ReasonFlags.certificate_hold
