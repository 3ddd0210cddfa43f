"""The format level of a signature in a PDF.

Source: EN 319 142-1, clauses 5 and 6.3 (PAdES baseline), EN 319 142-2 (extended profiles
PAdES-E-BES, -EPES and -LTV), ISO 32000-2, 12.8.3 (everything older).
"""

from __future__ import annotations

from archive.signatures import cms_known, cms_reader
from archive.signatures.certificates import Cert
from archive.signatures.cms_reader import SignedCms
from archive.signatures.paths import Certificates
from archive.signatures.pdf_file import SignatureEntry
from archive.signatures.revocation import Revocations

BASELINE = "PAdES-B"
NOT_ETSI = "PDF-NOT-ETSI"
DOCUMENT_TIMESTAMP = "PAdES-DTS"
_MAX_CHAIN = 10


def form(entry: SignatureEntry, cms: SignedCms, signer: Cert | None) -> str:
    """Return `PAdES-B` for the baseline form, else the name of the form it has."""
    sub_filter = entry.name("/SubFilter")
    if sub_filter == "adbe.pkcs7.detached":
        return "PKCS7"
    if sub_filter != "ETSI.CAdES.detached":
        return NOT_ETSI
    kinds = cms.signed_kinds
    named = {cms_known.SIGNING_CERTIFICATE, cms_known.SIGNING_CERTIFICATE_V2} & kinds
    if not named or cms.content is not None:
        return NOT_ETSI
    inside = signer is not None and any(c.sha256 == signer.sha256 for c in cms.certificates)
    # EN 319 142-1, 6.3: the time is in /M and not in a signing-time attribute, the
    # certificate is inside, the attribute content-type is there.
    baseline = (
        inside
        and cms_reader.SIGNING_TIME not in kinds
        and cms_reader.CONTENT_TYPE in kinds
        and entry.claimed_at is not None
    )
    if baseline:
        return BASELINE
    return "PAdES-E-EPES" if cms_reader.SIGNATURE_POLICY in kinds else "PAdES-E-BES"


def level(base: str, *, timestamped: bool, long_term: bool, archived: bool) -> str:
    """Return the format with its level.

    Args:
        base: as `form` returns it.
        timestamped: a signature or document timestamp covers the signature.
        long_term: certificates and revocation answers for it are kept in the file.
        archived: a document timestamp covers what is kept.
    """
    if base == BASELINE:
        if not timestamped:
            return "PAdES-B-B"
        if not long_term:
            return "PAdES-B-T"
        return "PAdES-B-LTA" if archived else "PAdES-B-LT"
    if base.startswith("PAdES-E") and timestamped and long_term:
        return "PAdES-E-LTV"
    if base == "PKCS7" and timestamped:
        return "PKCS7-LT" if long_term else "PKCS7-T"
    return base


def has_status(signer: Cert, certificates: Certificates, kept: Revocations) -> bool:
    """Return whether the file keeps revocation answers for a certificate and its CAs.

    Only that they are there is asked here, not what they are worth. The walk ends at
    a self-signed certificate or, above the signer, where no issuer is known.
    """
    current = signer
    for _ in range(_MAX_CHAIN):
        if current.self_issued:
            return True
        issuer = next((c for c in certificates.issuers(current) if current.is_issued_by(c)), None)
        if issuer is None:
            return current.sha256 != signer.sha256
        if not (current.short_term or kept.mentions(current, issuer)):
            return False
        current = issuer
    return True
