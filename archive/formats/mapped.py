"""The bytes of a file, read once for everything that looks for patterns in them."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

WINDOW_BYTES = 4 << 20
OVERLAP_BYTES = 8 << 10


class Mapped:
    """A file's bytes: a small file as a whole, a large one mapped and in windows."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, 2)
        self.whole = self.piece(0, self.size) if self.size <= WINDOW_BYTES else None
        """All bytes of a small file; None for a large one."""

    @cached_property
    def content(self) -> bytes | mmap.mmap:
        """All bytes. A large file is mapped: who cuts it short meanwhile ends this process."""
        if self.whole is not None:
            return self.whole
        return mmap.mmap(self._stream.fileno(), 0, access=mmap.ACCESS_READ)

    def piece(self, start: int, size: int) -> bytes:
        """Return the bytes from `start` on, `size` of them at most."""
        self._stream.seek(start)
        return self._stream.read(size)

    def windows(self) -> Iterator[bytes]:
        """Yield the file in pieces that overlap by `OVERLAP_BYTES`."""
        if self.whole is not None:
            yield self.whole
            return
        for start in range(0, self.size, WINDOW_BYTES):
            before = min(start, OVERLAP_BYTES)
            yield self.piece(start - before, before + WINDOW_BYTES)


@contextmanager
def mapped(path: Path) -> Iterator[Mapped]:
    """Open a file."""
    with path.open("rb") as stream:
        yield Mapped(stream)
