"""Whether a file can have signatures at all, told from its bytes without parsing it."""

from __future__ import annotations

import re
from pathlib import Path

_NAMES = (b"ByteRange", b"SubFilter")
_PLAIN = tuple(b"/" + name for name in _NAMES)
_SPELLINGS = re.compile(
    b"|".join(b"/" + b"".join(b"(?:%c|#%02X|#%02x)" % (c, c, c) for c in name) for name in _NAMES)
)
_CHUNK_BYTES = 1 << 22
_OVERLAP_BYTES = 64


def may_have_signatures(path: Path) -> bool:
    """Return whether a file has the name /ByteRange or /SubFilter in it, in whatever spelling.

    Either is enough: a forgery may leave one out, and is not to pass for a file without
    signatures. A signature dictionary cannot lie in a compressed stream: its /Contents has to be
    left out of the digest by position (ISO 32000-2, 12.8.1).
    """
    with path.open("rb") as stream:
        tail = b""
        while piece := stream.read(_CHUNK_BYTES):
            block = tail + piece
            if any(name in block for name in _PLAIN) or (
                b"#" in block and _SPELLINGS.search(block)
            ):
                return True
            tail = block[-_OVERLAP_BYTES:]
    return False
