"""Hash trees: sorted leaves, levels of digests, and the reduced tree of one leaf.

A tree file holds the leaves in ascending order and then every level above them, down to
the root at its very end, each digest in its plain bytes, so that a reduced tree is read
with a few small ranges. Batches of any size are sorted in pieces on disk.
Source: RFC 4998, 4.2.1 and 4.2.2.
"""

from __future__ import annotations

import hashlib
import heapq
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import BinaryIO

DEFAULT_ARITY = 2
SORTED_IN_MEMORY = 1_000_000
"""Leaves that are sorted at once; more are sorted in pieces and merged."""
_BLOCK = 8192
"""Digests that are read and written at once."""

ReadRange = Callable[[int, int], bytes]
"""Gives `length` bytes from `offset` of a tree file."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a tree file looks like; its bytes are meaningless without it."""

    algorithm: str
    """As hashlib names it."""
    arity: int
    """Children of a node, at least 2; the last node of a level may have fewer."""
    leaves: int
    """At least 1."""

    @property
    def digest_bytes(self) -> int:
        """Bytes of one digest."""
        return hashlib.new(self.algorithm).digest_size

    def levels(self) -> Iterator[tuple[int, int]]:
        """Yield where each level begins (in digests) and how many digests it has."""
        begin, count = 0, self.leaves
        while True:
            yield begin, count
            if count == 1:
                return
            begin, count = begin + count, -(-count // self.arity)

    @property
    def size(self) -> int:
        """Bytes of the tree file."""
        return sum(count for _, count in self.levels()) * self.digest_bytes


def group_digest(algorithm: str, digests: Sequence[bytes]) -> bytes:
    """Return the leaf of a data group: its only digest, or the digest over all of them.

    Several digests are concatenated in ascending binary order.

    Source: RFC 4998, 4.2.1, step 2.
    """
    if len(digests) == 1:
        return digests[0]
    return hasher(algorithm)(b"".join(sorted(digests))).digest()


@cache
def hasher(algorithm: str) -> Callable[[bytes], hashlib._Hash]:
    """Return the quickest constructor of a digest: `hashlib.new` costs as much as the hash."""
    return getattr(hashlib, algorithm, None) or partial(hashlib.new, algorithm)


def root_of(algorithm: str, lists: Sequence[Sequence[bytes]]) -> bytes:
    """Return the root that a reduced hash tree leads to.

    A list of a single digest is passed on as it is; what a list leads to joins the next.

    Source: RFC 4998, 4.3, step 3.
    """
    carried: list[bytes] = []
    for one in lists:
        carried = [group_digest(algorithm, [*one, *carried])]
    return carried[0]


def build(
    leaves: Iterable[bytes],
    into: BinaryIO,
    *,
    algorithm: str = "sha256",
    arity: int = DEFAULT_ARITY,
    sorted_in_memory: int = SORTED_IN_MEMORY,
) -> tuple[Shape, bytes]:
    """Write the tree over leaves into a file opened for reading and writing.

    Memory does not grow with the number of leaves.

    Args:
        leaves: digests of objects, or of data groups; in any order.
        into: empty, binary, seekable.
        algorithm: of the tree.
        arity: children of a node.
        sorted_in_memory: leaves that are held in memory at once.

    Returns:
        The tree's shape and its root.

    Raises:
        ValueError: no leaves, arity below 2, or a leaf that is no digest by `algorithm`.
    """
    width = hashlib.new(algorithm).digest_size
    if arity < 2:
        raise ValueError("a node needs two children")
    with ExitStack() as scratch:
        into.writelines(_ascending(leaves, width, sorted_in_memory, scratch))
    total = into.tell() // width
    if total == 0:
        raise ValueError("a tree needs a leaf")
    shape = Shape(algorithm, arity, total)
    for begin, count in shape.levels():
        if count > 1:
            _write_parents(into, begin * width, count, shape)
    into.seek(-width, 2)
    return shape, into.read(width)


def _ascending(
    leaves: Iterable[bytes], width: int, at_once: int, scratch: ExitStack
) -> Iterator[bytes]:
    """Return leaves in ascending order; more than `at_once` are sorted on disk."""
    drawn = iter(leaves)
    runs: list[BinaryIO] = []
    while piece := sorted(islice(drawn, at_once)):
        if any(len(digest) != width for digest in piece):
            raise ValueError(f"a leaf does not have {width} bytes")
        if not runs and len(piece) < at_once:
            return iter(piece)
        run = scratch.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is entered
        run.writelines(piece)
        runs.append(run)
    return heapq.merge(*(_digests(run, width) for run in runs))


def _digests(run: BinaryIO, width: int) -> Iterator[bytes]:
    run.seek(0)
    while block := run.read(width * _BLOCK):
        yield from _split(block, width)


def _split(block: bytes, width: int) -> list[bytes]:
    return [block[at : at + width] for at in range(0, len(block), width)]


def _write_parents(file: BinaryIO, begin: int, count: int, shape: Shape) -> None:
    """Append the level above the one at `begin`, block by block."""
    width, arity = shape.digest_bytes, shape.arity
    new = hasher(shape.algorithm)
    end, step = begin + count * width, width * arity * max(1, _BLOCK // arity)
    for at in range(begin, end, step):
        file.seek(at)
        block = file.read(min(step, end - at))
        children = _split(block, width)
        # A node that is alone at the end of its level goes up as it is.
        alone = children.pop() if len(children) % arity == 1 else b""
        file.seek(0, 2)
        file.write(b"".join([new(one).digest() for one in _joined(children, arity)]) + alone)


def _joined(children: list[bytes], arity: int) -> Iterable[bytes]:
    """Return what is hashed for each parent: its children in ascending order."""
    if arity == 2:
        pairs = zip(children[::2], children[1::2], strict=True)
        return [a + b if a < b else b + a for a, b in pairs]
    return [b"".join(sorted(children[i : i + arity])) for i in range(0, len(children), arity)]


def find(leaf: bytes, shape: Shape, read: ReadRange) -> int | None:
    """Return the place of a leaf among the sorted leaves, or None.

    Digests are spread evenly, so that guessing from the value finds the neighbourhood;
    halving ends the search where they are not.
    """
    width = shape.digest_bytes
    if len(leaf) != width:
        return None
    low, high, guess = 0, shape.leaves, int.from_bytes(leaf[:8], "big") * shape.leaves >> 64
    while low < high:
        begin = min(max(guess - 32, low), high - 1)
        count = min(64, high - begin)
        near = _split(read(begin * width, count * width), width)
        if leaf in near:
            return begin + near.index(leaf)
        if leaf < near[0]:
            high = begin
        elif leaf > near[-1]:
            low = begin + count
        else:
            return None
        guess = (low + high) // 2
    return None


def reduced(group: Sequence[bytes], shape: Shape, read: ReadRange) -> list[list[bytes]] | None:
    """Return the reduced hash tree of a data group, or None if the tree lacks it.

    The group's digests are the first list, by themselves: the record speaks of this
    object and of no neighbour. Each further list has the siblings on the way to the root.

    Source: RFC 4998, 4.2.2.
    """
    place = find(group_digest(shape.algorithm, group), shape, read)
    if place is None:
        return None
    lists, width = [sorted(group)], shape.digest_bytes
    for begin, count in shape.levels():
        first = place - place % shape.arity
        last = min(first + shape.arity, count)
        block = read((begin + first) * width, (last - first) * width)
        siblings = [d for n, d in enumerate(_split(block, width), first) if n != place]
        if siblings:
            lists.append(siblings)
        place //= shape.arity
    return lists
