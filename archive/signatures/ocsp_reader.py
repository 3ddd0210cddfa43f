"""OCSP answers, read with the authority of who signed them (RFC 6960)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from asn1crypto import ocsp as asn1_ocsp

from archive.signatures.algorithms import Scheme, UnknownAlgorithm, new_hash, scheme_of, verifies
from archive.signatures.ber import as_read
from archive.signatures.certificates import Cert, aware, readable
from archive.signatures.status import Answer

_OCSP_SIGNING = "ocsp_signing"


def ocsp_answers(
    sha256: str, response: asn1_ocsp.OCSPResponse, certificate: Cert, issuer: Cert
) -> Iterable[Answer]:
    """Yield what an OCSP answer says of a certificate."""
    try:
        basic = response.basic_ocsp_response
        matching = [
            one
            for one in basic["tbs_response_data"]["responses"]
            if is_about(one["cert_id"], certificate, issuer)
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
                aware(one["this_update"].native),
                aware(due) if (due := one["next_update"].native) else None,
                aware(revoked["revocation_time"].native) if revoked is not None else None,
                revoked is not None and revoked["revocation_reason"].native == "certificate_hold",
                _archive_cutoff(one),
                scheme,
                responder,
            )
    except (ValueError, TypeError, KeyError, AttributeError, UnknownAlgorithm):
        return


def is_about(identifier: asn1_ocsp.CertId, certificate: Cert, issuer: Cert) -> bool:
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
    content = as_read(basic["tbs_response_data"])
    produced = aware(basic["tbs_response_data"]["produced_at"].native)
    scheme = scheme_of(basic["signature_algorithm"], None)
    signature = basic["signature"].native
    inside = basic["certs"]
    delegates = [as_read(one) for one in inside] if inside else []
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
            return aware(at) if isinstance(at, datetime) else None
    return None
