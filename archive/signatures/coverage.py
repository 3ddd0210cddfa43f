"""What a byte range covers, and whether it covers what it must.

Source: ISO 32000-2, 12.8.1; EN 319 142-1, 5.3: the digest is over the whole file except
the value of /Contents.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from archive.signatures.algorithms import new_hash
from archive.signatures.pdf_file import SignatureEntry

_WHITE = b" \t\r\n\f\x00"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The part of a file that a signature is over."""

    fault: str | None
    """Why the byte range is not what the standard asks for; None if it is."""
    end: int
    """First byte after the covered part."""
    whole_file: bool
    contiguous: bool
    """Begins at 0 and leaves out exactly the value of /Contents."""


def coverage(entry: SignatureEntry, content: bytes) -> Coverage:
    """Return what one signature covers."""
    numbers = entry.byte_range
    if len(numbers) != 4 or min(numbers) < 0:
        return Coverage("the byte range has not four numbers from zero up", 0, False, False)
    first, length, second, rest = numbers
    end = second + rest
    size = len(content)
    whole = end == size
    if first + length > size or end > size:
        return Coverage("the byte range reaches beyond the file", min(end, size), False, False)
    if first != 0:
        return Coverage("the byte range does not begin at the file's first byte", end, whole, False)
    if second < length:
        return Coverage("the two parts of the byte range overlap", end, whole, False)
    gap = content[length:second]
    if not _is_contents(gap, entry.contents):
        fault = "the gap in the byte range is not the value of /Contents"
        return Coverage(fault, end, whole, False)
    return Coverage(None, end, whole, True)


def _is_contents(gap: bytes, contents: bytes) -> bool:
    """Return whether the gap is exactly the hexadecimal string of /Contents."""
    if gap[:1] != b"<" or gap[-1:] != b">":
        return False
    digits = gap[1:-1].translate(None, _WHITE)
    try:
        return binascii.unhexlify(digits + b"0" * (len(digits) % 2)) == contents
    except binascii.Error:
        return False


def overlapping(entries: Sequence[SignatureEntry], covered: Sequence[Coverage]) -> set[int]:
    """Return the places of signatures whose gap another signature's gap cuts into."""
    gaps = [
        (place, one.byte_range[1], one.byte_range[2])
        for place, (one, cover) in enumerate(zip(entries, covered, strict=True))
        if len(one.byte_range) == 4 and cover.contiguous
    ]
    found: set[int] = set()
    for place, begin, end in gaps:
        for other, other_begin, other_end in gaps:
            if place != other and begin < other_end and other_begin < end:
                found.update((place, other))
    return found


def range_digest(content: bytes, numbers: Sequence[int], algorithm: str) -> bytes:
    """Return the digest over a byte range; numbers beyond the file are cut off."""
    running = new_hash(algorithm)
    view = memoryview(content)
    for begin, length in zip(numbers[::2], numbers[1::2], strict=False):
        if begin >= 0 and length >= 0:
            running.update(view[begin : begin + length])
    return running.digest()
