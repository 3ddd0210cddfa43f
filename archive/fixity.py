"""Fixity: SHA-256 over bytes, files and streams, without reading anything twice."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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


class Hashed(io.BytesIO):
    """A stream over bytes in memory that this process has hashed.

    They cannot change any more, so that nobody has to hash them once more on their way.
    """

    def __init__(self, content: bytes, sha256: str) -> None:
        super().__init__(content)
        self.sha256 = sha256

    def whole(self) -> bytes:
        """Return all bytes, wherever the stream stands."""
        return self.getvalue()

    def write(self, _content: object) -> int:
        """Refuse: the digest is of what is here."""
        raise io.UnsupportedOperation("not writable")


def canonical_digest(parts: dict[str, str]) -> str:
    """Return one SHA-256 over named digests, independent of their order.

    Args:
        parts: name to hex digest; a line `digest  name` each, sorted by name, as
            `sha256sum` prints them, is what gets hashed.
    """
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(parts.items()))
    return sha256_of(lines.encode())
