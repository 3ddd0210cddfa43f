"""Revocation: what CRLs and OCSP answers say of a certificate, each checked by its signature.

An answer here is only what an issuer said and when; what it is worth at which time is
decided in `timeline`. Source: RFC 5280, section 6.3; RFC 6960, section 3.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asn1crypto import algos, core, parser
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

from archive.signatures import der
from archive.signatures.algorithms import Scheme, UnknownAlgorithm, new_hash, scheme_of, verifies
from archive.signatures.certificates import Cert, readable

MAX_CRL_BYTES = 64 << 20
_MAX_VERIFIED = 4096
_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
_READ_CRITICAL = {ExtensionOID.ISSUING_DISTRIBUTION_POINT, _EXPIRED_CERTS_ON_CRL}
_OCSP_SIGNING = "ocsp_signing"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one CRL or OCSP answer says of one certificate."""

    kind: str
    """`CRL` or `OCSP`."""
    sha256: str
    """Of the whole CRL or answer."""
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    """None: not revoked as of `this_update`."""
    on_hold: bool
    """Revoked for now only (certificateHold)."""
    covers_expired_since: datetime | None
    """Certificates that expired after this are still listed (X.509, 9.5.2.12)."""
    scheme: Scheme
    signer: Cert
    """The CA, or the OCSP responder that it authorized."""

    @property
    def period(self) -> timedelta:
        """How long the answer counts as fresh (EN 319 102-1, 5.2.5.4)."""
        if self.next_update is None:
            return timedelta(0)
        return max(self.next_update - self.this_update, timedelta(0))


@dataclass(frozen=True, slots=True)
class _Crl:
    """A parsed CRL."""

    sha256: str
    parsed: x509.CertificateRevocationList = field(repr=False)
    scheme: Scheme
    issued: datetime
    due: datetime | None
    covers_expired_since: datetime | None
    users_only: bool
    cas_only: bool
    points: frozenset[str]
    """Where it says it is published; empty: it is the issuer's full CRL."""
    usable: bool
    """Whether the absence of an entry means anything (no unknown critical extension)."""


class Revocations:
    """The CRLs and OCSP answers at hand."""

    def __init__(self, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = ()) -> None:
        self._crls: dict[bytes, dict[str, _Crl]] = {}
        self._ocsps: dict[str, asn1_ocsp.OCSPResponse] = {}
        self._verified: dict[tuple[str, str], bool] = {}
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self.raw: dict[str, tuple[str, bytes]] = {}
        """Digest to kind (`crl`, `ocsp`) and bytes, for keeping what was used."""
        self.add(crls, ocsps)

    def add(self, crls: Iterable[bytes], ocsps: Iterable[bytes]) -> None:
        """Add objects; what cannot be read is left out, since it says nothing."""
        for encoded in crls:
            self._add_crl(encoded)
        for encoded in ocsps:
            self._add_ocsp(encoded)
        self._answers.clear()

    def layered(self, crls: Iterable[bytes], ocsps: Iterable[bytes]) -> Revocations:
        """Return these and further objects, without parsing the first ones again."""
        both = Revocations()
        both._crls = {issuer: dict(known) for issuer, known in self._crls.items()}
        both._ocsps = dict(self._ocsps)
        both._verified = self._verified
        both.raw = dict(self.raw)
        both.add(crls, ocsps)
        return both

    def answers(self, certificate: Cert, issuer: Cert) -> list[Answer]:
        """Return every authentic answer about a certificate, newest first."""
        key = (certificate.sha256, issuer.sha256)
        found = self._answers.get(key)
        if found is None:
            crls = self._crls.get(certificate.issuer_der, {}).values()
            found = [a for one in crls if (a := self._from_crl(one, certificate, issuer))]
            for sha256, response in self._ocsps.items():
                found.extend(_from_ocsp(sha256, response, certificate, issuer))
            found.sort(key=lambda answer: answer.this_update, reverse=True)
            self._answers[key] = found
        return found

    def mentions(self, certificate: Cert, issuer: Cert) -> bool:
        """Return whether there is any answer about a certificate, authentic or not."""
        if certificate.issuer_der in self._crls:
            return True
        return any(
            _is_about(one["cert_id"], certificate, issuer)
            for response in self._ocsps.values()
            for one in response.basic_ocsp_response["tbs_response_data"]["responses"]
        )

    def _add_crl(self, encoded: bytes) -> None:
        sha256 = hashlib.sha256(encoded).hexdigest()
        if sha256 in self.raw or len(encoded) > MAX_CRL_BYTES:
            return
        try:
            known = _read_crl(encoded, sha256)
        except (ValueError, TypeError, KeyError, UnknownAlgorithm, UnsupportedAlgorithm):
            return
        if known is not None:
            self._crls.setdefault(known.parsed.issuer.public_bytes(), {})[sha256] = known
            self.raw[sha256] = ("crl", encoded)

    def _add_ocsp(self, encoded: bytes) -> None:
        sha256 = hashlib.sha256(encoded).hexdigest()
        if sha256 in self.raw:
            return
        try:
            response = asn1_ocsp.OCSPResponse.load(encoded)
            if response["response_status"].native != "successful":
                return
            _ = response.basic_ocsp_response["tbs_response_data"]["responses"]
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        self._ocsps[sha256] = response
        self.raw[sha256] = ("ocsp", encoded)

    def _from_crl(self, known: _Crl, certificate: Cert, issuer: Cert) -> Answer | None:
        """Return what a CRL says, or None if it is not about this certificate."""
        if (known.users_only and certificate.is_ca) or (known.cas_only and not certificate.is_ca):
            return None
        if known.points and not known.points & certificate.crl_points:
            return None
        if not self._signed_by(known, issuer):
            return None
        entry = known.parsed.get_revoked_certificate_by_serial_number(certificate.serial)
        if entry is None and not known.usable:
            return None
        return Answer(
            "CRL",
            known.sha256,
            known.issued,
            known.due,
            entry.revocation_date_utc if entry is not None else None,
            entry is not None and _on_hold(entry),
            known.covers_expired_since,
            known.scheme,
            issuer,
        )

    def _signed_by(self, known: _Crl, issuer: Cert) -> bool:
        """Return whether the issuer signed the CRL and may sign CRLs (RFC 5280, 4.2.1.3)."""
        key = (known.sha256, issuer.sha256)
        if len(self._verified) > _MAX_VERIFIED:
            self._verified.clear()
        if key not in self._verified:
            allowed = issuer.key_usage is None or "crl_sign" in issuer.key_usage
            self._verified[key] = allowed and _crl_holds(known, issuer)
        return self._verified[key]


def _crl_holds(known: _Crl, issuer: Cert) -> bool:
    """Return whether a CRL's signature verifies with the issuer's key."""
    if issuer.key is None:
        return False
    try:
        signed = known.parsed.tbs_certlist_bytes
        return verifies(issuer.key, known.scheme, known.parsed.signature, signed)
    except UnknownAlgorithm:
        return False


def _read_crl(encoded: bytes, sha256: str) -> _Crl | None:
    """Parse a CRL; None for delta and indirect ones, which are not used."""
    parsed = x509.load_der_x509_crl(encoded)
    points: frozenset[str] = frozenset()
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
            points = frozenset(_uris(value.full_name or ()))
            usable = usable and not value.only_some_reasons
        elif extension.oid == _EXPIRED_CERTS_ON_CRL:
            expired = _expired_since(encoded)
        elif extension.critical and extension.oid not in _READ_CRITICAL:
            usable = False
    return _Crl(
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


def _uris(names: Iterable[x509.GeneralName]) -> Iterable[str]:
    """Yield the addresses among general names."""
    return (one.value for one in names if isinstance(one, x509.UniformResourceIdentifier))


def _on_hold(entry: x509.RevokedCertificate) -> bool:
    """Return whether a CRL entry is a suspension (RFC 5280, 5.3.1)."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        return False
    return reason is x509.ReasonFlags.certificate_hold


def _from_ocsp(
    sha256: str, response: asn1_ocsp.OCSPResponse, certificate: Cert, issuer: Cert
) -> Iterable[Answer]:
    """Yield what an OCSP answer says of a certificate."""
    try:
        basic = response.basic_ocsp_response
        matching = [
            one
            for one in basic["tbs_response_data"]["responses"]
            if _is_about(one["cert_id"], certificate, issuer)
        ]
        signed = _responder(basic, issuer) if matching else None
        if signed is None:
            return
        responder, scheme = signed
        for one in matching:
            status = one["cert_status"]
            if status.name not in ("good", "revoked"):
                continue
            revoked = status.chosen if status.name == "revoked" else None
            yield Answer(
                "OCSP",
                sha256,
                _aware(one["this_update"].native),
                _aware(due) if (due := one["next_update"].native) else None,
                _aware(revoked["revocation_time"].native) if revoked is not None else None,
                revoked is not None and revoked["revocation_reason"].native == "certificate_hold",
                _archive_cutoff(one),
                scheme,
                responder,
            )
    except (ValueError, TypeError, KeyError, AttributeError, UnknownAlgorithm):
        return


def _is_about(identifier: asn1_ocsp.CertId, certificate: Cert, issuer: Cert) -> bool:
    """Return whether a CertID names the certificate (RFC 6960, 4.1.1)."""
    if identifier["serial_number"].native != certificate.serial:
        return False
    algorithm = identifier["hash_algorithm"]["algorithm"].native
    name = new_hash(algorithm, issuer.subject_der).digest()
    key = new_hash(algorithm, issuer.key_bits).digest()
    return bool(
        identifier["issuer_name_hash"].native == name
        and identifier["issuer_key_hash"].native == key
    )


def _responder(basic: asn1_ocsp.BasicOCSPResponse, issuer: Cert) -> tuple[Cert, Scheme] | None:
    """Return who signed an OCSP answer, if that was the CA or whom it authorized.

    Source: RFC 6960, 4.2.2.2: a delegate's certificate is issued by the CA itself, has
    the OCSPSigning purpose and, so that it can be used without asking for its own
    status, id-pkix-ocsp-nocheck.
    """
    content = basic["tbs_response_data"].dump()
    produced = _aware(basic["tbs_response_data"]["produced_at"].native)
    scheme = scheme_of(basic["signature_algorithm"], None)
    signature = basic["signature"].native
    inside = basic["certs"]
    delegates = [one.dump() for one in inside] if inside else []
    for candidate in (issuer, *readable(delegates)):
        if candidate.key is None:
            continue
        delegated = candidate.sha256 != issuer.sha256
        if delegated and not (
            _OCSP_SIGNING in candidate.extended_key_usage
            and candidate.no_revocation_check
            and candidate.valid_at(produced)
            and candidate.is_issued_by(issuer)
        ):
            continue
        try:
            if verifies(candidate.key, scheme, signature, content):
                return candidate, scheme
        except UnknownAlgorithm:
            continue
    return None


def _archive_cutoff(single: asn1_ocsp.SingleResponse) -> datetime | None:
    """Return the archive cutoff: answers reach back to it (RFC 6960, 4.4.4)."""
    for extension in single["single_extensions"] or ():
        if extension["extn_id"].native == "archive_cutoff":
            at = extension["extn_value"].parsed.native
            return _aware(at) if isinstance(at, datetime) else None
    return None


def _aware(at: datetime) -> datetime:
    """Return a time with its zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
