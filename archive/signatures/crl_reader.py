"""CRLs, read once each (RFC 5280, section 5)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from asn1crypto import algos, core, crl, parser
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from archive.signatures import der
from archive.signatures.algorithms import Scheme, UnknownAlgorithm, scheme_of, verifies
from archive.signatures.ber import as_read
from archive.signatures.certificates import Cert, aware, comparable, relative_point

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
_READ_CRITICAL = {
    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    ExtensionOID.DELTA_CRL_INDICATOR,
    _EXPIRED_CERTS_ON_CRL,
}
_MAX_REMEMBERED = 64
_MAX_REMEMBERED_BYTES = 1 << 20
ALL_REASONS = frozenset(x509.ReasonFlags) - {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.remove_from_crl,
}
"""What the lists for some reasons have to cover together (RFC 5280, 6.3.3)."""


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
    indirect: bool
    """Whether it has entries of other issuers' certificates."""
    reasons: frozenset[x509.ReasonFlags] | None
    """The only reasons for which it lists certificates; None: all."""
    number: int | None
    base: int | None
    """Of a delta CRL the number of the base that it continues; None: it is complete."""
    usable: bool
    """Whether the absence of an entry means anything (no unknown critical extension)."""

    @property
    def scope(self) -> tuple[object, ...]:
        """Which certificates it is about; equal for a delta and its base."""
        return (self.users_only, self.cas_only, self.points, self.reasons)


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked certificate in a CRL."""

    revoked_at: datetime
    on_hold: bool
    removed: bool = False
    """In a delta CRL: it is on the list no more."""


def crl_holds(known: Crl, issuer: Cert) -> bool:
    """Return whether a CRL's signature verifies with the issuer's key."""
    if issuer.key is None:
        return False
    try:
        signed = known.parsed.tbs_certlist_bytes
        return verifies(issuer.key, known.scheme, known.parsed.signature, signed)
    except UnknownAlgorithm:
        return False


class _Unread:
    """Stands for a CRL that is not among those remembered."""


_UNREAD = _Unread()
_remembering = Lock()
_parsed: OrderedDict[str, Crl | None] = OrderedDict()
"""The CRLs that were parsed last, by their digests: a signer's CA is that of many files."""


def read_crl(encoded: bytes, sha256: str) -> Crl | None:
    """Parse a CRL; None for those of attribute certificates, which are not used.

    Only what the bytes say is remembered: what a list is worth is judged each time.

    Args:
        encoded: DER.
        sha256: the digest of that.
    """
    if len(encoded) > _MAX_REMEMBERED_BYTES:
        return _parse(encoded, sha256)
    known = _parsed.get(sha256, _UNREAD)
    if not isinstance(known, _Unread):
        return known
    read = _parse(encoded, sha256)
    with _remembering:
        _parsed[sha256] = read
        while len(_parsed) > _MAX_REMEMBERED:
            _parsed.popitem(last=False)
    return read


def _parse(encoded: bytes, sha256: str) -> Crl | None:
    parsed = x509.load_der_x509_crl(encoded)
    points: frozenset[bytes] = frozenset()
    users_only = cas_only = False
    expired: datetime | None = None
    usable, indirect = True, False
    reasons: frozenset[x509.ReasonFlags] | None = None
    number = base = None
    for extension in parsed.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            base = value.crl_number
        elif isinstance(value, x509.CRLNumber):
            number = value.crl_number
        elif isinstance(value, x509.IssuingDistributionPoint):
            if value.only_contains_attribute_certs:
                return None
            indirect = value.indirect_crl
            users_only, cas_only = value.only_contains_user_certs, value.only_contains_ca_certs
            points = _points(encoded)
            reasons = value.only_some_reasons
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
        indirect,
        reasons,
        number,
        base,
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
        return frozenset(as_read(one) for one in name.chosen)
    return frozenset({relative_point(parsed.issuer.chosen, name.chosen)})


def slow_entry(encoded: bytes, serial: int) -> Entry | None:
    """Return a CRL's entry for a serial number by reading the whole list."""
    listed = crl.CertificateList.load(encoded)["tbs_cert_list"]["revoked_certificates"]
    for one in () if isinstance(listed, core.Void) else listed:
        if one["user_certificate"].native == serial:
            reason = one.crl_reason_value
            on_hold = reason is not None and reason.native == "certificate_hold"
            return Entry(aware(one["revocation_date"].native), on_hold)
    return None


def entry_from(entry: x509.RevokedCertificate) -> Entry:
    """Return a CRL entry with what its reason means (RFC 5280, 5.3.1)."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        reason = x509.ReasonFlags.unspecified
    on_hold = reason is x509.ReasonFlags.certificate_hold
    removed = reason is x509.ReasonFlags.remove_from_crl
    return Entry(entry.revocation_date_utc, on_hold, removed)


def indirect_entry(known: Crl, serial: int, issuer_der: bytes) -> Entry | None:
    """Return an indirect CRL's entry for a certificate (RFC 5280, 5.3.3).

    An entry without the name of the certificate's issuer has that of the entry before.
    """
    current = comparable(known.parsed.issuer.public_bytes())
    wanted = comparable(issuer_der)
    for entry in known.parsed:
        try:
            named = entry.extensions.get_extension_for_class(x509.CertificateIssuer).value
            names = named.get_values_for_type(x509.DirectoryName)
            current = comparable(names[0].public_bytes()) if names else ""
        except x509.ExtensionNotFound:
            pass
        if entry.serial_number == serial and current == wanted:
            return entry_from(entry)
    return None
