"""A timestamp on a signature that somebody made elsewhere, so that its time is proven.

Source: ETSI EN 319 122-1, 5.3 (signature-time-stamp); RFC 3161, appendix A.
"""

from __future__ import annotations

import hashlib

from asn1crypto import cms, pem

from archive.signatures.cms_reader import SignedCms
from archive.signatures.timestamps import TimestampAuthority

MAX_BYTES = 1 << 20
"""A detached signature with its certificates and revocation data is far smaller."""


def read(content: bytes) -> bytes:
    """Return a detached signature as DER, given as DER or PEM.

    Raises:
        ValueError: it is no CMS, or is too large.
    """
    if len(content) > MAX_BYTES:
        raise ValueError("a detached signature has at most 1 MiB")
    if pem.detect(content):
        _, _, content = pem.unarmor(content)
    SignedCms(content)
    return content


def stamped(p7s: bytes, tsa: TimestampAuthority) -> bytes:
    """Return a signature with a timestamp over its value; as it is if it has one.

    Args:
        p7s: detached CMS, DER, of one signer.
        tsa: who vouches for the time.

    Raises:
        Unavailable: the authority did not answer.
    """
    read_cms = SignedCms(p7s)
    if read_cms.timestamp_tokens():
        return p7s
    token = tsa.timestamp(hashlib.sha256(read_cms.signature).digest())
    signed = cms.ContentInfo.load(p7s)
    signer = signed["content"]["signer_infos"][0]
    kept = list(signer["unsigned_attrs"]) if signer["unsigned_attrs"] else []
    stamp = cms.CMSAttribute(
        {"type": "signature_time_stamp_token", "values": [cms.ContentInfo.load(token)]}
    )
    signer["unsigned_attrs"] = cms.CMSAttributes([*kept, stamp])
    encoded: bytes = signed.dump()
    return encoded
