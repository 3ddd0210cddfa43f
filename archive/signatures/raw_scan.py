"""Signature dictionaries found by their bytes, where a PDF's structure cannot be read.

A damaged or spoofed cross-reference must not hide a signature. What is found so says
nothing of revisions, so that every change after signing counts as suspicious.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from pyhanko.pdf_utils import generic

from archive.signatures.pdf_file import SignatureEntry

MAX_FOUND = 200
_RANGE = re.compile(rb"/ByteRange\s*\[\s*((?:\d{1,12}\s+){3}\d{1,12})\s*\]")
_CONTENTS = re.compile(rb"/Contents\s*<([0-9A-Fa-f\s]*)>")
_SUB_FILTER = re.compile(rb"/SubFilter\s*/([A-Za-z0-9.]{1,64})")
_TYPE = re.compile(rb"/Type\s*/([A-Za-z]{1,32})")
_DATE = re.compile(rb"/M\s*\((D:[0-9+\-Z']{4,30})\)")
_WINDOW_BYTES = 1 << 20
_MAX_BOUNDS = 3


def scan(content: bytes) -> list[SignatureEntry]:
    """Return signature dictionaries in the order in which they stand in the file."""
    found: list[SignatureEntry] = []
    for ordinal, match in enumerate(_RANGE.finditer(content)):
        if ordinal >= MAX_FOUND:
            break
        numbers = tuple(int(one) for one in match[1].split())
        for begin, end in _bounds(content, match.start()):
            entry = _entry(content[begin:end], numbers, ordinal)
            if entry is not None:
                found.append(entry)
                break
    return found


def _entry(part: bytes, numbers: tuple[int, ...], ordinal: int) -> SignatureEntry | None:
    """Return the entry that a piece of the file describes."""
    value = _CONTENTS.search(part)
    if value is None:
        return None
    digits = value[1].translate(None, b" \t\r\n\f\x00")
    raw = binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    dictionary = generic.DictionaryObject()
    for key, pattern in (("/SubFilter", _SUB_FILTER), ("/Type", _TYPE)):
        known = pattern.search(part)
        if known is not None:
            dictionary[generic.pdf_name(key)] = generic.pdf_name("/" + known[1].decode())
    when = _DATE.search(part)
    if when is not None:
        dictionary[generic.pdf_name("/M")] = generic.pdf_string(when[1].decode())
    empty = generic.DictionaryObject()
    return SignatureEntry(f"#{ordinal + 1}", dictionary, empty, raw, numbers, ordinal)


def _bounds(content: bytes, inside: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the object around a position, smallest first.

    More than one, because content that was pushed into the dictionary may read as an object.
    """
    end = content.find(b"endobj", inside, inside + _WINDOW_BYTES)
    end = end if end >= 0 else min(len(content), inside + _WINDOW_BYTES)
    begin = inside
    for _ in range(_MAX_BOUNDS):
        begin = content.rfind(b" obj", max(0, inside - _WINDOW_BYTES), begin)
        yield max(begin, 0), end
        if begin < 0:
            return
