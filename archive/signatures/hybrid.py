"""Hybrid seals: a second, post-quantum signature travels inside a classical one.

The second signature is a whole detached CAdES of its own over the same content. It lies in
an unsigned attribute of the first, where stock tools pass over it, and the first one's
signed attributes announce it, so that it cannot be taken away unseen.

Source: RFC 5752 (multiple signatures), RFC 9882 (ML-DSA in CMS).
"""

from __future__ import annotations

import hashlib
import hmac

from asn1crypto import core

from archive.signatures import cms_writer, der
from archive.signatures.algorithms import UnknownAlgorithm
from archive.signatures.ber import as_read
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.cms_writer import Signed

COMPANION = "2.25.264410871430198425790834159706723412588"
"""Unsigned attribute: the second signature, a ContentInfo."""
MULTIPLE_SIGNATURES = "1.2.840.113549.1.9.16.2.51"


def announcement(companion: Signed) -> bytes:
    """Return the signed attribute that announces a second signature (RFC 5752, 5.1)."""
    key, digest = companion.key, companion.digest
    value = der.sequence(
        cms_writer.digest_algorithm(digest),
        key.algorithm(digest),
        der.sequence(
            cms_writer.digest_algorithm(digest),
            der.octets(hashlib.new(digest, companion.signed_attributes).digest()),
        ),
        der.sequence(der.octets(hashlib.sha256(key.certificate).digest())),
    )
    return cms_writer.attribute(MULTIPLE_SIGNATURES, value)


def enclosed(companion: Signed) -> bytes:
    """Return the unsigned attribute that carries a second signature."""
    return cms_writer.attribute(COMPANION, companion.encode())


def is_announced(cms: SignedCms) -> bool:
    """Whether a signature says that there is a second one."""
    return MULTIPLE_SIGNATURES in cms.signed


def companion_of(cms: SignedCms) -> SignedCms | None:
    """Return the second signature that a first one announces, or None if it is not there.

    What is there without being announced, or is not what was announced, does not count.
    """
    announced = [_announced(value) for value in cms.signed.get(MULTIPLE_SIGNATURES, [])]
    for value in cms.unsigned.get(COMPANION, []):
        try:
            found = SignedCms(as_read(value))
            name = found.digest_algorithm
            digest = hashlib.new(name, found.signed_attributes()).digest()
        except (NotCms, ValueError, UnknownAlgorithm):
            continue
        if found.content is None and any(hmac.compare_digest(digest, one) for one in announced):
            return found
    return None


def encoded_companion(p7s: bytes) -> bytes | None:
    """Return a seal's second signature by itself, DER, or None.

    Raises:
        ValueError: not a seal.
    """
    found = companion_of(SignedCms(p7s))
    return None if found is None else found.encoded


def _announced(value: core.Asn1Value) -> bytes:
    """Return the digest over the announced signature's attributes; b"" if it is unreadable."""
    try:
        parts = core.Sequence.load(as_read(value))
        digest = parts[2][1].native
    except (ValueError, TypeError, KeyError, IndexError):
        return b""
    return digest if isinstance(digest, bytes) else b""
