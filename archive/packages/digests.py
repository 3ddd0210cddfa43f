"""Digests of files, each byte read once however many algorithms are asked for."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from archive.fixity import CHUNK_BYTES, Mark, mark_of


def is_known(algorithm: str) -> bool:
    """Whether a digest algorithm with a fixed length is known by this name (`sha256`)."""
    return algorithm in hashlib.algorithms_available and digest_length(algorithm) > 0


def digest_length(algorithm: str) -> int:
    """Return the length of a digest in hex digits."""
    return 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size


def digest_of_nothing(algorithm: str) -> str:
    """Return the digest of zero bytes in hex."""
    return hashlib.new(algorithm, usedforsecurity=False).hexdigest()


KEPT_BYTES = 16 << 20
"""How many bytes of files are kept in memory by one `Digests`, beginning with the first read."""


def marked(place: Path) -> Mark | None:
    """Return the mark of what is at a place now; None if nothing is."""
    try:
        return mark_of(place.lstat())
    except OSError:
        return None


class Digests:
    """Remembers the digests of files while a submission is examined.

    The bytes of the first files, up to `KEPT_BYTES`, are kept as well: who goes on to store
    them stores what was hashed, whatever becomes of the file meanwhile.
    """

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, str]] = {}
        self._marks: dict[Path, Mark] = {}
        self._contents: dict[Path, bytes] = {}
        self._room = KEPT_BYTES

    def of(self, place: Path, algorithms: Collection[str] = ("sha256",)) -> Mapping[str, str]:
        """Return a file's digests in lower-case hex, by algorithm.

        Reads the file once for all `algorithms`, and not at all for those already known.
        """
        known = self._known.setdefault(place, {})
        if missing := [name for name in algorithms if name not in known]:
            try:
                known.update(self._read(place, missing))
            except OSError as error:
                error.filename = error.filename or str(place)  # reading names no file
                raise
        return known

    def content(self, place: Path) -> bytes | None:
        """Return the bytes of which the digests are; None if they are not kept."""
        return self._contents.get(place)

    def mark(self, place: Path) -> Mark | None:
        """Return the mark that a file had when it was first hashed; None if it was not."""
        return self._marks.get(place)

    def sha256(self, place: Path) -> str:
        """Return a file's SHA-256 in lower-case hex."""
        return self.of(place)["sha256"]

    def _read(self, place: Path, algorithms: Collection[str]) -> dict[str, str]:
        if place in self._contents:
            return {name: _digest(name, self._contents[place]) for name in algorithms}
        with place.open("rb", buffering=0) as stream:
            status = os.fstat(stream.fileno())
            self._marks.setdefault(place, mark_of(status))
            size = status.st_size
            if size > self._room:
                return _streamed(stream, min(size + 1, CHUNK_BYTES), algorithms)
            content = stream.read(size + 1)
            if len(content) > size:  # it grows while it is read
                stream.seek(0)
                return _streamed(stream, CHUNK_BYTES, algorithms)
        self._contents[place] = content
        self._room -= len(content)
        return {name: _digest(name, content) for name in algorithms}


def _digest(algorithm: str, content: bytes) -> str:
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()


def _streamed(stream: io.FileIO, buffer_bytes: int, algorithms: Collection[str]) -> dict[str, str]:
    hashers = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    # Clearing a buffer costs as much as hashing as many bytes does.
    buffer = bytearray(buffer_bytes)
    view = memoryview(buffer)
    while count := stream.readinto(buffer):
        for hasher in hashers.values():
            hasher.update(view[:count])
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}
