"""What a record is verified against: files and digests, hashed once for all algorithms."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from archive.fixity import chunks
from archive.signatures.algorithms import new_hash


@dataclass(frozen=True, slots=True)
class DataObject:
    """One data object: by its digests."""

    name: str
    digests: Mapping[str, bytes] = field(default_factory=dict)
    """By algorithm as hashlib names it; one that is missing is not known."""


def of_stream(name: str, stream: BinaryIO, algorithms: Collection[str]) -> DataObject:
    """Hash the rest of a stream by several algorithms in one pass."""
    hashes = {one: new_hash(one) for one in algorithms}
    for piece in chunks(stream):
        for one in hashes.values():
            one.update(piece)
    return DataObject(name, {one: found.digest() for one, found in hashes.items()})


def of_files(paths: Iterable[Path], algorithms: Collection[str]) -> list[DataObject]:
    """Hash files by the algorithms that a record asks for.

    Raises:
        OSError: a file cannot be read.
    """
    found = []
    for path in paths:
        with path.open("rb") as stream:
            found.append(of_stream(str(path), stream, algorithms))
    return found


def of_digests(digests: Iterable[tuple[str, bytes]]) -> list[DataObject]:
    """Return objects of which only digests are known.

    The first digest of each algorithm belongs to the first object, the second ones to the
    second, and so on.
    """
    by_algorithm: dict[str, list[bytes]] = {}
    for algorithm, digest in digests:
        by_algorithm.setdefault(algorithm, []).append(digest)
    count = max(map(len, by_algorithm.values()), default=0)
    return [
        DataObject(
            f"digest {number + 1}",
            {name: known[number] for name, known in by_algorithm.items() if number < len(known)},
        )
        for number in range(count)
    ]


def parse_digest(text: str) -> tuple[str, bytes]:
    """Read `ALG:HEX`, for example `sha256:9f86…` or `SHA-512:…`.

    Raises:
        ValueError: the algorithm is not known, or the digest has another length.
    """
    named, _, digits = text.partition(":")
    name = named.strip().lower().replace("sha3-", "sha3_").replace("-", "")
    digest = bytes.fromhex(digits.strip())
    if name not in hashlib.algorithms_available or name.startswith("shake"):
        raise ValueError(f"digest algorithm {named!r} is not known")
    if len(digest) != new_hash(name).digest_size:
        raise ValueError(f"a digest by {named} does not have {len(digest)} bytes")
    return name, digest
