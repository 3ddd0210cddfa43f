"""Making evidence: one tree and one timestamp for a batch, a record for each of its groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from archive.evidence import hashtree
from archive.evidence.hashtree import ReadRange, Shape
from archive.evidence.records import ArchiveTimestamp, Chain, EvidenceRecord
from archive.signatures.timestamps import TimestampAuthority


@dataclass(frozen=True, slots=True)
class Timestamped:
    """A hash tree whose root has a timestamp."""

    shape: Shape
    root: bytes
    token: bytes
    """RFC 3161 TimeStampToken, DER."""

    def stamp(self, group: Sequence[bytes], read: ReadRange) -> ArchiveTimestamp | None:
        """Return the archive timestamp for one data group; None if it is not in the tree."""
        return archive_timestamp(group, self.shape, read, self.token)

    def record(self, group: Sequence[bytes], read: ReadRange) -> EvidenceRecord | None:
        """Return the first evidence record of one data group (RFC 4998, 3.1 and 4.2)."""
        stamp = self.stamp(group, read)
        return None if stamp is None else EvidenceRecord.make([Chain.make([stamp])])


def archive_timestamp(
    group: Sequence[bytes], shape: Shape, read: ReadRange, token: bytes
) -> ArchiveTimestamp | None:
    """Return the archive timestamp for a data group of a tree; None if it is not in it."""
    lists = hashtree.reduced(group, shape, read)
    return None if lists is None else ArchiveTimestamp.make(shape.algorithm, lists, token)


def timestamped(
    groups: Iterable[Sequence[bytes]],
    tsa: TimestampAuthority,
    into: BinaryIO,
    *,
    algorithm: str = "sha256",
    arity: int = hashtree.DEFAULT_ARITY,
) -> Timestamped:
    """Build the hash tree over data groups and get one timestamp over its root.

    Args:
        groups: the digests of each group's objects.
        tsa: the authority.
        into: where the tree goes; empty, opened for reading and writing.
        algorithm: of digests, tree and imprint.
        arity: children of a node.

    Raises:
        ValueError: there are no groups, or a digest is none by `algorithm`.
        Unavailable: no authority answered; making it again is safe.
    """
    leaves = (hashtree.group_digest(algorithm, group) for group in groups)
    shape, root = hashtree.build(leaves, into, algorithm=algorithm, arity=arity)
    return Timestamped(shape, root, tsa.timestamp(root, algorithm))


def reader(file: BinaryIO) -> ReadRange:
    """Return a function that reads ranges of a tree file."""

    def read(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    return read
