"""DER: the few encodings that our own CMS objects and timestamps are made of.

Written by hand because an object-tree encoder costs milliseconds per seal; reading is
left to asn1crypto. Source: ITU-T X.690 (2021), sections 8 and 10.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

INTEGER = 0x02
OCTET_STRING = 0x04
NULL = b"\x05\x00"
SEQUENCE = 0x30
SET = 0x31


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return tag, definite length and the joined parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of encoded parts."""
    return tlv(SEQUENCE, *parts)


def set_of(*parts: bytes, tag: int = SET) -> bytes:
    """Return a SET OF; its elements are sorted as DER asks (X.690, 11.6)."""
    return tlv(tag, *sorted(parts))


def context(number: int, *parts: bytes) -> bytes:
    """Return a constructed, context-specific element `[number]`."""
    return tlv(0xA0 | number, *parts)


def octets(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tlv(OCTET_STRING, content)


def integer(value: int) -> bytes:
    """Return an INTEGER that is zero or positive."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, *(_base128(arc) for arc in (first * 40 + second, *rest)))


def generalized_time(at: datetime) -> bytes:
    """Return a GeneralizedTime in UTC with milliseconds where they are not zero."""
    text = at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    millis = f"{at.microsecond // 1000:03d}".rstrip("0")
    return tlv(0x18, f"{text}{'.' if millis else ''}{millis}Z".encode())


def time(at: datetime) -> bytes:
    """Return a Time as CMS wants it: UTCTime through 2049 (RFC 5652, 11.3)."""
    at = at.astimezone(UTC)
    if 1950 <= at.year < 2050:
        return tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())
    return generalized_time(at.replace(microsecond=0))


def _base128(value: int) -> bytes:
    """Return one arc of an object identifier."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | value & 0x7F)
    return bytes(reversed(groups))
