"""A timestamp on a signature that somebody made elsewhere, so that its time is proven.

Source: ETSI EN 319 122-1, 5.3 (signature-time-stamp); RFC 3161, appendix A.
"""

from __future__ import annotations

import hashlib

from asn1crypto import parser, pem

from archive.signatures import cms_writer, der
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
    return _with_unsigned(p7s, cms_writer.attribute(cms_writer.TIMESTAMP_TOKEN, token))


_UNSIGNED = 0xA1


def _with_unsigned(p7s: bytes, attribute: bytes) -> bytes:
    """Return a CMS whose first signer has one more unsigned attribute.

    Only the layers around it are written anew. asn1crypto would write everything anew when
    the last byte of a length happens to be 0x80, and needs hours for it.
    """
    kind, content = _parts(p7s)
    (data,) = _parts(content)
    *head, signers = _parts(data)
    first, *others = _parts(signers)
    fields = _parts(first)
    kept = _parts(fields.pop()) if fields[-1][0] == _UNSIGNED else []
    signer = der.sequence(*fields, der.set_of(*kept, attribute, tag=_UNSIGNED))
    signed = der.sequence(*head, der.set_of(signer, *others))
    return der.sequence(kind, der.context(0, signed))


def _parts(encoded: bytes) -> list[bytes]:
    """Return what a constructed element is made of, each part as it is encoded."""
    content: bytes = parser.parse(encoded)[4]
    parts: list[bytes] = []
    at = 0
    while at < len(content):
        size = parser.peek(content[at:])
        parts.append(content[at : at + size])
        at += size
    return parts
