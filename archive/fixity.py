"""Fixity: SHA-256 over bytes, files and streams, without reading anything twice."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

CHUNK_BYTES = 1 << 20


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 lower-case hex digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 lower-case hex digits, in constant memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def chunks(stream: BinaryIO, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the rest of a stream in pieces of at most `size` bytes."""
    while piece := stream.read(size):
        yield piece


Mark = tuple[int, int, int, int, int]
"""What tells that a file is the same one, unchanged: device and number, size in bytes, times."""


def mark_of(status: os.stat_result) -> Mark:
    """Return the mark of a file; the times are those of its content and status, nanoseconds."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Positioned(io.RawIOBase):
    """A stream for reading that knows its size in bytes and where it stands."""

    def __init__(self, size: int) -> None:
        """Begin at the first byte."""
        self.size = size
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, as `io.IOBase.seek` says; raises ValueError before the beginning."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("cannot seek to before the beginning")
        self._position = base + offset
        return self._position


class Hashed(Positioned):
    """A stream over bytes in memory that this process has hashed.

    They cannot change any more, so that nobody has to hash them once more on their way, and
    who takes the `pieces` need not have them copied into one.
    """

    def __init__(self, pieces: Sequence[bytes], sha256: str) -> None:
        """Stream over all pieces, one after the other; `sha256` is of the whole."""
        super().__init__(sum(map(len, pieces)))
        self.pieces, self.sha256 = pieces, sha256
        self._whole: bytes | None = None

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there are bytes and return how many they were."""
        if self._whole is None:
            self._whole = b"".join(self.pieces)
        room = memoryview(buffer)
        found = self._whole[self._position : self._position + len(room)]
        room[: len(found)] = found
        self._position += len(found)
        return len(found)


def canonical_digest(parts: dict[str, str]) -> str:
    """Return one SHA-256 over named digests, independent of their order.

    Args:
        parts: name to hex digest; a line `digest  name` each, sorted by name, as
            `sha256sum` prints them, is what gets hashed.
    """
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(parts.items()))
    return sha256_of(lines.encode())
