"""Whether a file can have signatures at all, told from its bytes without parsing it."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = b"ByteRange"
_SPELLINGS = re.compile(b"/" + b"".join(b"(?:%c|#%02X|#%02x)" % (c, c, c) for c in _NAME))
_CHUNK_BYTES = 1 << 22
_OVERLAP_BYTES = 64


def may_have_signatures(path: Path) -> bool:
    """Return whether a file has the name /ByteRange in it, in whatever spelling.

    A signature dictionary cannot lie in a compressed stream: its /Contents has to be
    left out of the digest by position (ISO 32000-2, 12.8.1).
    """
    with path.open("rb") as stream:
        tail = b""
        while piece := stream.read(_CHUNK_BYTES):
            block = tail + piece
            if b"/ByteRange" in block or (b"#" in block and _SPELLINGS.search(block)):
                return True
            tail = block[-_OVERLAP_BYTES:]
    return False
