"""CMS SignedData and timestamps of the plain form that nearly every signer writes, read fast.

asn1crypto builds an object for every element, which is a third of checking a signed PDF. What
is read here is DER with one signer and attributes that are known; everything else, and
everything that is damaged, is None and left to asn1crypto, so that both say the same.
Source: RFC 5652, section 5; RFC 3161, section 2.4.2; ITU-T X.690 (2021), sections 8 and 10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from archive.signatures import der

_OID, _OCTETS, _INTEGER, _TIME = 0x06, der.OCTET_STRING, der.INTEGER, 0x18
_FIRST, _SECOND, _KEY_ID = 0xA0, 0xA1, 0x80
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_DATA, _TST_INFO = "1.2.840.113549.1.7.1", "1.2.840.113549.1.9.16.1.4"
_CONTENTS = {der.oid(one): one for one in (_DATA, _TST_INFO)}
_VERSIONS = (b"\x02\x01\x01", b"\x02\x01\x03")
_ATTRIBUTES = {
    der.oid(dotted): (dotted, tags)
    for dotted, tags in {
        "1.2.840.113549.1.9.3": (_OID,),  # content-type
        "1.2.840.113549.1.9.4": (_OCTETS,),  # message-digest
        "1.2.840.113549.1.9.5": (0x17, _TIME),  # signing-time
        "1.2.840.113549.1.9.52": (der.SEQUENCE,),  # CMS algorithm protection
        "1.2.840.113549.1.9.16.2.12": (der.SEQUENCE,),  # signing-certificate
        "1.2.840.113549.1.9.16.2.14": (der.SEQUENCE,),  # signature timestamp
        "1.2.840.113549.1.9.16.2.47": (der.SEQUENCE,),  # signing-certificate-v2
        "1.2.840.113583.1.1.8": (der.SEQUENCE,),  # Adobe's revocation information
    }.items()
}
"""The attributes that are read, each with the tags that its values may have."""
_INSTANT = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z")
_MAX_CERTIFICATES = 256

Attributes = dict[str, list[bytes]]
"""Encoded values by the attribute's object identifier."""


class _NotPlain(Exception):
    """It is not of the plain form."""


@dataclass(frozen=True, slots=True)
class PlainCms:
    """A SignedData with one signer; everything as it is encoded unless said otherwise."""

    content_type: str
    """As a dotted object identifier."""
    content: bytes | None
    """The octets themselves; None if they are detached."""
    certificates: list[bytes]
    issuer: bytes | None
    """The signer's issuer, if the signer is named by that and `serial`."""
    serial: int
    key_id: bytes
    """The octets of the signer's key identifier, if the signer is named by that."""
    digest_algorithm: bytes
    signature_algorithm: bytes
    signature: bytes
    """The octets themselves."""
    signed: Attributes = field(repr=False)
    unsigned: Attributes = field(repr=False)
    signed_elements: list[bytes] = field(repr=False)
    """The signed attributes in the order in which they are written."""


@dataclass(frozen=True, slots=True)
class PlainStamp:
    """What a timestamp says (TSTInfo)."""

    digest_algorithm: bytes
    """As it is encoded."""
    imprint: bytes
    gen_time: datetime
    nonce: int | None
    serial: int


def plain_cms(encoded: bytes) -> PlainCms | None:
    """Read a ContentInfo without anything before or after; None if it is not of this form."""
    try:
        return _cms(encoded)
    except (_NotPlain, IndexError, ValueError):
        return None


def plain_stamp(encoded: bytes) -> PlainStamp | None:
    """Read a TSTInfo without anything before or after; None if it is not of this form."""
    try:
        return _stamp(encoded)
    except (_NotPlain, IndexError, ValueError):
        return None


def _cms(encoded: bytes) -> PlainCms:
    kind, wrapped = _of(_whole(encoded, der.SEQUENCE), _OID, _FIRST)
    if kind != _SIGNED_DATA:
        raise _NotPlain
    (data,) = _of(content_of(wrapped), der.SEQUENCE)
    version, digests, about, *rest = _inside(data)
    if version not in _VERSIONS or digests[0] != der.SET or about[0] != der.SEQUENCE:
        raise _NotPlain
    content_type, content = _encapsulated(_inside(about))
    if version == _VERSIONS[0] and content_type != _DATA:
        raise _NotPlain  # it may be PKCS #7, where the content is of any type
    certificates = _inside(rest.pop(0)) if rest[0][0] == _FIRST else []
    if len(certificates) > _MAX_CERTIFICATES or any(one[0] != der.SEQUENCE for one in certificates):
        raise _NotPlain
    (signers,) = rest
    if signers[0] != der.SET:
        raise _NotPlain
    (signer,) = _of(content_of(signers), der.SEQUENCE)
    return _signer(_inside(signer), content_type, content, certificates)


def _encapsulated(parts: list[bytes]) -> tuple[str, bytes | None]:
    """Return type and octets of an EncapsulatedContentInfo."""
    content_type = _CONTENTS.get(parts[0])
    if content_type is None or len(parts) > 2:
        raise _NotPlain
    if len(parts) == 1:
        return content_type, None
    if parts[1][0] != _FIRST:
        raise _NotPlain
    (octets,) = _of(content_of(parts[1]), _OCTETS)
    content = content_of(octets)
    if content_type == _TST_INFO:
        _whole(content, der.SEQUENCE)
    return content_type, content


def _signer(
    parts: list[bytes], content_type: str, content: bytes | None, certificates: list[bytes]
) -> PlainCms:
    """Read a SignerInfo."""
    version, name, digest, signed, scheme, signature, *rest = parts
    if version not in _VERSIONS or [digest[0], signed[0], scheme[0], signature[0]] != [
        der.SEQUENCE, _FIRST, der.SEQUENCE, _OCTETS,
    ]:  # fmt: skip
        raise _NotPlain
    unsigned: list[bytes] = []
    if rest:
        (last,) = rest
        if last[0] != _SECOND:
            raise _NotPlain
        unsigned = _inside(last)
    issuer, serial, key_id = _named(name)
    attributes = _inside(signed)
    if not attributes:
        raise _NotPlain
    return PlainCms(
        content_type,
        content,
        certificates,
        issuer,
        serial,
        key_id,
        digest,
        scheme,
        content_of(signature),
        _attributes(attributes),
        _attributes(unsigned),
        attributes,
    )


def _named(name: bytes) -> tuple[bytes | None, int, bytes]:
    """Read a SignerIdentifier: issuer and serial number, or a key identifier."""
    if name[0] == _KEY_ID:
        return None, 0, content_of(name)
    issuer, serial = _of(_whole(name, der.SEQUENCE), der.SEQUENCE, _INTEGER)
    return issuer, _number(serial), b""


def _attributes(elements: list[bytes]) -> Attributes:
    found: Attributes = {}
    for element in elements:
        kind, values = _of(_whole(element, der.SEQUENCE), _OID, der.SET)
        dotted, tags = _ATTRIBUTES.get(kind, ("", ()))
        each = _inside(values)
        if not each or any(one[0] not in tags for one in each):
            raise _NotPlain
        found.setdefault(dotted, []).extend(each)
    return found


def _stamp(encoded: bytes) -> PlainStamp:
    version, policy, imprint, serial, at, *rest = _split(_whole(encoded, der.SEQUENCE))
    tags = [version[0], policy[0], imprint[0], serial[0], at[0]]
    if tags != [_INTEGER, _OID, der.SEQUENCE, _INTEGER, _TIME]:
        raise _NotPlain
    algorithm, digest = _of(content_of(imprint), der.SEQUENCE, _OCTETS)
    instant = _INSTANT.fullmatch(content_of(at))
    if instant is None:
        raise _NotPlain
    nonce = None
    # Accuracy and the authority's name are not asked for, a flag for order may be in between.
    for tag in (der.SEQUENCE, 0x01, _INTEGER, _FIRST):
        if rest and rest[0][0] == tag:
            one = rest.pop(0)
            nonce = _number(one) if tag == _INTEGER else nonce
    if rest:
        raise _NotPlain
    gen_time = datetime(*(int(part) for part in instant.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]  # six numbers
    return PlainStamp(algorithm, content_of(digest), gen_time, nonce, _number(serial))


def _number(encoded: bytes) -> int:
    """Return the value of an INTEGER."""
    content = content_of(encoded)
    if not content:
        raise _NotPlain
    return int.from_bytes(content, "big", signed=True)


def _of(content: bytes, *tags: int) -> list[bytes]:
    """Return exactly these elements."""
    parts = _split(content)
    if len(parts) != len(tags):
        raise _NotPlain
    for part, tag in zip(parts, tags, strict=True):
        if part[0] != tag:
            raise _NotPlain
    return parts


def _inside(element: bytes) -> list[bytes]:
    """Return the elements in an element of `_split`."""
    return _split(content_of(element))


def _whole(encoded: bytes, tag: int) -> bytes:
    """Return the content of an element with nothing after it."""
    (element,) = _of(encoded, tag)
    return content_of(element)


def content_of(element: bytes) -> bytes:
    """Return the content of an element of `_split`."""
    first = element[1]
    return element[2 if first < 0x80 else 2 + (first & 0x7F) :]


def _split(content: bytes) -> list[bytes]:
    """Return the elements that lie one after the other: one-byte tags, shortest lengths."""
    found, at, end = [], 0, len(content)
    while at < end:
        length = content[at + 1]
        if content[at] & 0x1F == 0x1F:
            raise _NotPlain
        stop = at + 2 + length
        if length >= 0x80:
            start = at + 2 + (length & 0x7F)
            size = int.from_bytes(content[at + 2 : start], "big")
            if not 0x81 <= length <= 0x84 or size < 0x80 or size >> 8 * (length - 0x81) == 0:
                raise _NotPlain
            stop = start + size
        if stop > end:
            raise _NotPlain
        found.append(content[at:stop])
        at = stop
    return found
