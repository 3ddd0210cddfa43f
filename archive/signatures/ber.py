"""BER made definite: CMS from other tools may have indefinite lengths, asn1crypto is slow on them.

Certificates and signed attributes are DER and stay as they are, byte by byte; only the
shells around them are encoded again. Source: ITU-T X.690 (2021), 8.1.3.6 and 8.7.3.
"""

from __future__ import annotations

from typing import Any

from asn1crypto import core

from archive.signatures import der

MAX_DEPTH = 64
_CONSTRUCTED = 0x20
_OCTETS_IN_PIECES = 0x24
_INDEFINITE = 0x80


def as_read(value: Any) -> bytes:
    """Return an element that asn1crypto has read exactly as it was written.

    Its own `dump` takes a length whose last byte happens to be 0x80 for an indefinite one,
    and writes the element anew: slowly, and otherwise than it was signed where it is not DER
    to the letter.
    """
    if isinstance(value, core.Choice):
        outer: bytes = value._header or b""  # noqa: SLF001 - asn1crypto has no other way
        return outer + as_read(value.chosen)
    if isinstance(value, core.Any) and value._parsed is not None:  # noqa: SLF001
        return as_read(value.parsed)
    header, contents, trailer = value._header, value.contents, value._trailer  # noqa: SLF001
    if header is None or _is_indefinite(header):
        return bytes(value.dump())
    return bytes(header + contents + trailer)


def _is_indefinite(header: bytes) -> bool:
    """Whether any of the tags and lengths before a content has an indefinite length."""
    at = 0
    while at < len(header):
        at = _tag_end(header, at, len(header))
        length, start = _length(header, at, 1 << 62)
        if length is None:
            return True
        at = start
    return False


def first_element(data: bytes) -> bytes:
    """Return the first element of `data` with definite lengths; what follows is left out.

    Raises:
        ValueError: cut off, nested too deeply, or no element.
    """
    element, _ = _element(data, 0, len(data), 0)
    return element


def length_of_first(data: bytes) -> int:
    """Return how many bytes the first element takes; raises as `first_element`."""
    return _element(data, 0, len(data), 0)[1]


def _element(data: bytes, at: int, end: int, depth: int) -> tuple[bytes, int]:
    """Return the element at a position and the position after it."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    tag_end = _tag_end(data, at, end)
    length, start = _length(data, tag_end, end)
    constructed = bool(data[at] & _CONSTRUCTED)
    if length is None:
        if not constructed:
            raise ValueError("a primitive element has no length")
        return _indefinite(data, at, tag_end, start, end, depth)
    stop = start + length
    if stop > end:
        raise ValueError("an element reaches beyond its parent")
    if not constructed or not _may_be_indefinite(data, start, stop):
        return data[at:stop], stop
    parts, position = [], start
    while position < stop:
        part, position = _element(data, position, stop, depth + 1)
        parts.append(part)
    content = b"".join(parts)
    if content == data[start:stop]:
        return data[at:stop], stop
    return _shell(data[at:tag_end], parts), stop


def _indefinite(
    data: bytes, at: int, tag_end: int, start: int, end: int, depth: int
) -> tuple[bytes, int]:
    """Return an element of indefinite length with a definite one."""
    parts, position = [], start
    while data[position : position + 2] != b"\0\0":
        if position >= end:
            raise ValueError("an element of indefinite length has no end")
        part, position = _element(data, position, end, depth + 1)
        parts.append(part)
    return _shell(data[at:tag_end], parts), position + 2


def _shell(tag: bytes, parts: list[bytes]) -> bytes:
    """Return an element around parts; the pieces of an OCTET STRING are joined."""
    if tag[0] == _OCTETS_IN_PIECES:
        return der.octets(b"".join(_content(one) for one in parts))
    whole = der.tlv(tag[0], *parts)
    return whole if len(tag) == 1 else tag + whole[1:]


def _content(element: bytes) -> bytes:
    """Return the content of a primitive element."""
    _, start = _length(element, 1, len(element))
    return element[start:]


def _may_be_indefinite(data: bytes, start: int, stop: int) -> bool:
    """Return whether a piece can have an element of indefinite length in it."""
    return any(data.find(one, start, stop) >= 0 for one in _MARKS)


_MARKS = tuple(bytes((tag, _INDEFINITE)) for tag in (0x24, 0x30, 0x31, 0xA0, 0xA1, 0xA2, 0xA3))


def _tag_end(data: bytes, at: int, end: int) -> int:
    """Return the position after a tag."""
    if at >= end:
        raise ValueError("an element is missing")
    position = at + 1
    if data[at] & 0x1F == 0x1F:
        while position < end and data[position] & 0x80:
            position += 1
        position += 1
    return position


def _length(data: bytes, at: int, end: int) -> tuple[int | None, int]:
    """Return a length (None if indefinite) and the position after it."""
    if at >= end:
        raise ValueError("a length is missing")
    first = data[at]
    if first < _INDEFINITE:
        return first, at + 1
    if first == _INDEFINITE:
        return None, at + 1
    size = first & 0x7F
    if size > 8 or at + 1 + size > end:
        raise ValueError("a length is too long")
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size
