"""Digests of files, each byte read once however many algorithms are asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from archive.fixity import CHUNK_BYTES


def is_known(algorithm: str) -> bool:
    """Whether a digest algorithm with a fixed length is known by this name (`sha256`)."""
    return algorithm in hashlib.algorithms_available and digest_length(algorithm) > 0


def digest_length(algorithm: str) -> int:
    """Return the length of a digest in hex digits."""
    return 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size


def digest_of_nothing(algorithm: str) -> str:
    """Return the digest of zero bytes in hex."""
    return hashlib.new(algorithm, usedforsecurity=False).hexdigest()


class Digests:
    """Remembers the digests of files while a submission is examined."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, str]] = {}

    def of(self, place: Path, algorithms: Collection[str] = ("sha256",)) -> Mapping[str, str]:
        """Return a file's digests in lower-case hex, by algorithm.

        Reads the file once for all `algorithms`, and not at all for those already known.
        """
        known = self._known.setdefault(place, {})
        if missing := [name for name in algorithms if name not in known]:
            known.update(_read(place, missing))
        return known

    def sha256(self, place: Path) -> str:
        """Return a file's SHA-256 in lower-case hex."""
        return self.of(place)["sha256"]


def _read(place: Path, algorithms: Collection[str]) -> dict[str, str]:
    hashers = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with place.open("rb", buffering=0) as stream:
        # Clearing a buffer costs as much as hashing as many bytes does.
        buffer = bytearray(min(os.fstat(stream.fileno()).st_size + 1, CHUNK_BYTES))
        view = memoryview(buffer)
        while count := stream.readinto(buffer):
            for hasher in hashers.values():
                hasher.update(view[:count])
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}
