"""Which objects some bytes of a PDF refer to, found without parsing them.

Read backwards from each `R`, which is rare, with white space and comments between the
parts as ISO 32000-2, 7.2.3 allows. A number too many does no harm to the caller.
"""

from __future__ import annotations

import re

_WHITE = b" \t\r\n\f\0"
_ENDS = re.compile(rb"R(?<=[ \t\r\n\f\x00]R)")
"""Beginning with the letter, which is looked for ten times faster than one of several."""
_DIGITS = b"0123456789"
_MAX_NUMBER_DIGITS = 10
_MAX_LINE_BYTES = 1 << 16


def referenced_numbers(content: bytes, end: int) -> set[int]:
    """Return the object numbers of everything before `end` that reads as `12 0 R`."""
    found = (_object_number(content, match.start()) for match in _ENDS.finditer(content, 0, end))
    return {number for number in found if number is not None}


def _object_number(content: bytes, at: int) -> int | None:
    """Return the first of the two numbers before a position."""
    generation = _number_before(content, at)
    if generation is None:
        return None
    number = _number_before(content, generation[1])
    return None if number is None else number[0]


def _number_before(content: bytes, at: int) -> tuple[int, int] | None:
    """Return the number before a position, with the place where it begins."""
    stop = _skip_back(content, at)
    start = stop
    while start > 0 and stop - start <= _MAX_NUMBER_DIGITS and content[start - 1] in _DIGITS:
        start -= 1
    if start == stop or stop == at or stop - start > _MAX_NUMBER_DIGITS:
        return None
    return int(content[start:stop]), start


def _skip_back(content: bytes, at: int) -> int:
    """Return the place after the last token before a position."""
    while True:
        stop = at
        while stop > 0 and content[stop - 1] in _WHITE:
            stop -= 1
        between = content[stop:at]
        if not (b"\n" in between or b"\r" in between):
            return stop
        low = max(0, stop - _MAX_LINE_BYTES)
        line = max(content.rfind(b"\n", low, stop), content.rfind(b"\r", low, stop)) + 1
        comment = content.find(b"%", line, stop)
        if comment < 0:
            return stop
        at = comment
