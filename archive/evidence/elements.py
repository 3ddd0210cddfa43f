"""Elements: ASN.1 shells read with limits, their exact bytes kept.

Evidence records chain by digests over encoded bytes, so that every part has to be kept
as it was written; and they come from outside, so that lengths, depth and number of parts
are limited before anything else looks at them. Source: ITU-T X.690 (2021), section 8.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_DEPTH = 64
MAX_ELEMENTS = 500_000
"""Parts of one record, those inside its timestamps included."""
OCTET_STRING = 0x04
_CONSTRUCTED = 0x20
_LONG_TAG = 0x1F
_INDEFINITE = 0x80
_COMMON = frozenset(range(0xC0)) - {tag for tag in range(0xC0) if tag & 0x1F == 0x1F}


class Malformed(ValueError):
    """The bytes are no evidence record, or one beyond the limits."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: a view into the bytes that it was read from."""

    whole: bytes
    tag: int
    """The identifier octet."""
    begin: int
    content_begin: int
    content_end: int
    end: int

    @property
    def encoded(self) -> bytes:
        """The element's own bytes, exactly."""
        return self.whole[self.begin : self.end]

    @property
    def content(self) -> bytes:
        """The bytes inside, without identifier and length."""
        return self.whole[self.content_begin : self.content_end]

    def children(self) -> Iterator[Element]:
        """Yield the elements inside a constructed one."""
        if not self.tag & _CONSTRUCTED:
            raise Malformed("a primitive element stands where a list should be")
        at = self.content_begin
        while at < self.content_end:
            child = _element(self.whole, at, self.content_end, 0, [MAX_ELEMENTS])
            yield child
            at = child.end


def only(encoded: bytes) -> Element:
    """Return the one element that `encoded` is, after walking through all of it.

    Raises:
        Malformed: cut off, too deep, too many parts, or something follows it.
    """
    budget = [MAX_ELEMENTS]
    found = _element(encoded, 0, len(encoded), 0, budget)
    if found.end != len(encoded):
        raise Malformed("something follows after the end of the structure")
    _walk(found, budget)
    return found


def octet_strings(of: Element) -> tuple[bytes, ...]:
    """Return the contents of a list of primitive OCTET STRINGs."""
    found = []
    for child in of.children():
        if child.tag != OCTET_STRING:
            raise Malformed("a hash list holds something else than OCTET STRINGs")
        found.append(child.content)
    return tuple(found)


def _walk(top: Element, budget: list[int]) -> None:
    """Visit every element inside, so that the rest may trust lengths, depth and number."""
    data, at = top.whole, top.content_begin
    open_ends = [(top.content_end, top.end)] if top.tag & _CONSTRUCTED else []
    while open_ends:
        content_end, end = open_ends[-1]
        if at >= content_end:
            at = end
            open_ends.pop()
            continue
        if len(open_ends) > MAX_DEPTH:
            raise Malformed("nested too deeply")
        if data[at] in _COMMON and data[at + 1 : at + 2] < b"\x80":  # the usual short ones
            budget[0] -= 1
            tag, begin = data[at], at + 2
            inner = close = begin + (data[at + 1] if begin <= content_end else 1 << 62)
        else:
            child = _element(data, at, content_end, len(open_ends), budget)
            tag, begin, inner, close = child.tag, child.content_begin, child.content_end, child.end
        if close > content_end:
            raise Malformed("an element is longer than what holds it")
        if budget[0] < 0:
            raise Malformed(f"more than {MAX_ELEMENTS} parts")
        if tag & _CONSTRUCTED:
            open_ends.append((inner, close))
            at = begin
        else:
            at = close


def _element(data: bytes, at: int, limit: int, depth: int, budget: list[int]) -> Element:
    """Return the element at a position."""
    budget[0] -= 1
    if budget[0] < 0:
        raise Malformed(f"more than {MAX_ELEMENTS} parts")
    begin, tag = at, _octet(data, at, limit)
    at += 1
    if tag & _LONG_TAG == _LONG_TAG:
        while _octet(data, at, limit) & 0x80:
            at += 1
        at += 1
    size = _octet(data, at, limit)
    at += 1
    if size == _INDEFINITE:
        return _indefinite(data, begin, at, limit, depth, budget)
    if size > _INDEFINITE:
        octets = size & 0x7F
        if octets > 8 or at + octets > limit:
            raise Malformed("a length is cut off")
        size, at = int.from_bytes(data[at : at + octets], "big"), at + octets
    if at + size > limit:
        raise Malformed("an element is longer than what holds it")
    return Element(data, tag, begin, at, at + size, at + size)


def _indefinite(
    data: bytes, begin: int, at: int, limit: int, depth: int, budget: list[int]
) -> Element:
    """Return an element whose end is marked by two zero octets (X.690, 8.1.5)."""
    if not data[begin] & _CONSTRUCTED:
        raise Malformed("a primitive element has no length")
    if depth >= MAX_DEPTH:
        raise Malformed("nested too deeply")
    content = at
    while data[at : at + 2] != b"\x00\x00":
        at = _element(data, at, limit, depth + 1, budget).end
    if at + 2 > limit:
        raise Malformed("an element is cut off")
    return Element(data, data[begin], begin, content, at, at + 2)


def _octet(data: bytes, at: int, limit: int) -> int:
    if at >= limit:
        raise Malformed("the structure is cut off")
    return data[at]
