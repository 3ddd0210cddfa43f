"""Whether a file can have signatures at all, told from its bytes without parsing it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_NAMES = (b"ByteRange", b"SubFilter")
_SPELLINGS = re.compile(
    b"/(?=[%c%c#])(?:" % (_NAMES[0][0], _NAMES[1][0])
    + b"|".join(b"".join(b"(?:%c|#%02X|#%02x)" % (c, c, c) for c in name) for name in _NAMES)
    + b")"
)
_TAIL_BYTES = 1 << 16
"""Signatures lie at the end of most files."""
_CHUNK_BYTES = 1 << 22
_OVERLAP_BYTES = 64


def can_be_in(block: bytes) -> bool:
    """Return whether a piece of a file has one of these names; see `may_have_signatures`."""
    tail = max(0, len(block) - _TAIL_BYTES)
    return bool(_SPELLINGS.search(block, tail) or _SPELLINGS.search(block))


def may_have_signatures(path: Path) -> bool:
    """Return whether a file has the name /ByteRange or /SubFilter in it, in whatever spelling.

    Either is enough: a forgery may leave one out, and is not to pass for a file without
    signatures. A signature dictionary cannot lie in a compressed stream: its /Contents has to be
    left out of the digest by position (ISO 32000-2, 12.8.1).
    """
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) > 2 * _TAIL_BYTES:
            stream.seek(-_TAIL_BYTES, os.SEEK_END)
            if _SPELLINGS.search(stream.read()):
                return True
        stream.seek(0)
        tail = b""
        while piece := stream.read(_CHUNK_BYTES):
            block = tail + piece
            if _SPELLINGS.search(block):
                return True
            tail = block[-_OVERLAP_BYTES:]
    return False
