"""Archive timestamps of CAdES: what they are over, and what they cover.

Source: ETSI EN 319 122-1, 5.5.2 (ats-hash-index-v3) and 5.5.3 (archive-time-stamp-v3).
Older forms prove nothing here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import ClassVar

from asn1crypto import algos, core

from archive.signatures import der
from archive.signatures.ades import Stamp
from archive.signatures.algorithms import UnknownAlgorithm, digest_name, new_hash
from archive.signatures.ber import as_read
from archive.signatures.cms_reader import SignedCms
from archive.signatures.tokens import Token

ARCHIVE_TIMESTAMP_V3 = "0.4.0.1733.2.4"
HASH_INDEX_V3 = "0.4.0.19122.1.5"
HASH_INDEX = "0.4.0.1733.2.5"


class _Digests(core.SequenceOf):  # type: ignore[misc]  # asn1crypto has no types
    _child_spec = core.OctetString


class AtsHashIndexV3(core.Sequence):  # type: ignore[misc]
    """ATSHashIndexV3."""

    _fields: ClassVar = [
        ("algorithm", algos.DigestAlgorithm),
        ("certificates", _Digests),
        ("crls", _Digests),
        ("attributes", _Digests),
    ]


def archive_stamp(
    signed: SignedCms, token: Token, content_digest: Callable[[str], bytes] | None
) -> Stamp:
    """Return an archive timestamp with what it covers.

    Args:
        signed: the signature.
        token: of its attribute archive-time-stamp-v3.
        content_digest: gives the digest of the signed content; None if it is not at hand.
    """
    try:
        return _read(signed, token, content_digest)
    except (ValueError, TypeError, KeyError, IndexError, UnknownAlgorithm):
        return Stamp("archive", token, holds=False)


def _read(signed: SignedCms, token: Token, content_digest: Callable[[str], bytes] | None) -> Stamp:
    value = token.cms.unsigned.get(HASH_INDEX_V3, [])
    if len(value) != 1 or content_digest is None:
        return Stamp("archive", token, holds=None)
    encoded: bytes = as_read(value[0])
    index = AtsHashIndexV3.load(encoded, strict=True)
    name = digest_name(index["algorithm"])
    covered: set[str] = set()
    certificates, crls = signed.kept_encoded()
    attributes = [(kind, one) for kind, values in signed.unsigned.items() for one in values]
    present = (
        {new_hash(name, one).digest(): [one] for one in certificates},
        {new_hash(name, one).digest(): [one] for one in crls},
        {
            new_hash(name, der.oid(kind) + as_read(one)).digest(): _inside(kind, one)
            for kind, one in attributes
        },
    )
    for field, known in zip(("certificates", "crls", "attributes"), present, strict=True):
        for digest in index[field].native:
            if digest not in known:
                # What the timestamp was made over is not there any more.
                return Stamp("archive", token, holds=False)
            covered.update(hashlib.sha256(one).hexdigest() for one in known[digest])
    imprinted = (
        signed.content_type_encoded()
        + content_digest(token.digest_algorithm)
        + signed.signed_fields()
        + encoded
    )
    return Stamp("archive", token, token.covers(imprinted), frozenset(covered))


def _inside(kind: str, value: core.Asn1Value) -> list[bytes]:
    """Return an attribute's value and the revocation answers in it."""
    return [as_read(value), *(one for group in kept_revocation(kind, value) for one in group)]


REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"


class _Crls(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Any


class _RevocationValues(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("crls", _Crls, {"explicit": 0, "optional": True}),
        ("ocsps", _Crls, {"explicit": 1, "optional": True}),
    ]


def kept_revocation(kind: str, value: core.Asn1Value) -> tuple[list[bytes], list[bytes]]:
    """Return CRLs and OCSP answers in the attribute revocation-values (5.4.2.2 of RFC 5126).

    An OCSP answer stands there without its outermost layer, which is put around it again.
    """
    if kind != REVOCATION_VALUES:
        return [], []
    parsed = _RevocationValues.load(as_read(value))
    crls = [as_read(one) for one in _items(parsed["crls"])]
    ocsps = [_whole_ocsp(as_read(one)) for one in _items(parsed["ocsps"])]
    return crls, ocsps


def kept_certificates(value: core.Asn1Value) -> list[bytes]:
    """Return the certificates in the attribute certificate-values."""
    return [as_read(one) for one in _Crls.load(as_read(value))]


def _items(value: object) -> list[core.Asn1Value]:
    return [] if value is None or isinstance(value, core.Void) else list(value)  # type: ignore[call-overload]


def _whole_ocsp(basic: bytes) -> bytes:
    """Return an OCSPResponse around a BasicOCSPResponse (RFC 6960, 4.2.1)."""
    inner = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octets(basic))
    return der.sequence(b"\x0a\x01\x00", der.context(0, inner))
