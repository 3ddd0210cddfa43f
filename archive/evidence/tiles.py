"""Tiles: a log's hashes in pieces of 256, from which every root and proof can be made.

A tile at level 0 has the leaf hashes; a hash at a higher level stands for a full tile
below. Entry bundles have the entries beside the tiles of level 0.
Source: C2SP tlog-tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from archive.evidence import log
from archive.evidence.log import DIGEST_BYTES, Range

WIDTH = 256
_HEIGHT = 8
_KEPT = 64
"""Tiles that a reader keeps in memory: half a megabyte."""
ENTRIES = "entries"

ReadTile = Callable[[str], bytes]
"""Gives the content of a tile by its path; raises what the store raises."""


def path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return a tile's path, `tile/0/x001/x234/067.p/17`; `level` may be `entries`."""
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{partial}"


@dataclass(slots=True)
class TileTree:
    """A tree of `size` leaves, read from its tiles."""

    size: int
    read: ReadTile
    _kept: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)

    def root(self) -> bytes:
        """Return the root of the whole tree. Errors as `range_root`."""
        return self.range_root(0, self.size)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the proof of one leaf; raises IndexError, and errors as `range_root`."""
        return [self.range_root(*each) for each in log.inclusion_ranges(index, 0, self.size)]

    def consistency_proof(self, size: int) -> list[bytes]:
        """Return the proof that a smaller tree is a prefix. Errors as `inclusion_proof`."""
        return [self.range_root(*each) for each in log.consistency_ranges(0, size, self.size)]

    def range_root(self, start: int, end: int) -> bytes:
        """Return the root over leaves that begin where a subtree of their number can begin.

        Raises:
            ValueError: a tile does not have its size.
            NotHeld, Unavailable: from the store.
        """
        found: list[bytes] = []
        for low, high in _perfect(start, end):
            found.append(self._node(low, high))
        if not found:
            return log.EMPTY_ROOT
        whole = found.pop()
        while found:
            whole = log.node_hash(found.pop(), whole)
        return whole

    def _node(self, start: int, end: int) -> bytes:
        """Return the root of a perfect subtree."""
        height = (end - start).bit_length() - 1
        level = height // _HEIGHT
        first, last = start >> level * _HEIGHT, end >> level * _HEIGHT
        tile = self._tile(level, first // WIDTH)
        return log.root(tile[first % WIDTH : first % WIDTH + last - first])

    def _tile(self, level: int, index: int) -> list[bytes]:
        known = self._kept.get((level, index))
        if known is not None:
            return known
        width = min(WIDTH, (self.size >> level * _HEIGHT) - index * WIDTH)
        tile = split(self.read(path(level, index, width)), width)
        while len(self._kept) >= _KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[level, index] = tile
        return tile


def _perfect(start: int, end: int) -> Iterator[Range]:
    """Yield the perfect subtrees of a range, largest first."""
    while start < end:
        size = 1 << ((end - start).bit_length() - 1)
        yield start, start + size
        start += size


def split(content: bytes, width: int) -> list[bytes]:
    """Return a tile's hashes; raises ValueError if there are not `width` of them."""
    if len(content) != width * DIGEST_BYTES:
        raise ValueError(f"a tile has {len(content)} bytes, not {width * DIGEST_BYTES}")
    return [content[at : at + DIGEST_BYTES] for at in range(0, len(content), DIGEST_BYTES)]


@dataclass(slots=True)
class Edge:
    """The right edge of a tree: its partial tiles, which is all that growing needs."""

    size: int = 0
    _levels: list[list[bytes]] = field(default_factory=lambda: [[]])

    @classmethod
    def of(cls, size: int, read: ReadTile) -> Edge:
        """Read the edge of a tree of `size` leaves. Errors as `TileTree.range_root`."""
        levels = []
        for level in range(max(1, -(-size.bit_length() // _HEIGHT))):
            at_level = size >> level * _HEIGHT
            width = at_level % WIDTH
            content = read(path(level, at_level // WIDTH, width)) if width else b""
            levels.append(split(content, width))
        return cls(size, levels)

    def root(self) -> bytes:
        """Return the root of the tree."""
        carried: list[bytes] = []
        for level in self._levels:
            if joined := level + carried:
                carried = [log.root(joined)]
        return carried[0] if carried else log.EMPTY_ROOT

    def append(self, leaf: bytes) -> Iterator[tuple[str, bytes]]:
        """Append a leaf hash; yield path and content of tiles that became full, lowest first."""
        self.size += 1
        self._levels[0].append(leaf)
        level = 0
        while len(self._levels[level]) == WIDTH:
            full = self._levels[level]
            index = (self.size >> level * _HEIGHT) // WIDTH - 1
            yield path(level, index), b"".join(full)
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level] = []
            self._levels[level + 1].append(log.root(full))
            level += 1

    def partial(self, before: int) -> Iterator[tuple[str, bytes]]:
        """Yield the partial tiles that a tree of the size `before` did not have."""
        for level, hashes in enumerate(self._levels):
            at_level = self.size >> level * _HEIGHT
            if hashes and at_level != before >> level * _HEIGHT:
                yield path(level, at_level // WIDTH, len(hashes)), b"".join(hashes)


def growth(edge: Edge, entries: Iterable[bytes], read: ReadTile) -> Iterator[tuple[str, bytes]]:
    """Append entries to a log; yield path and content of every new bundle and tile.

    Each comes after everything that it is made of. Memory does not grow with the entries.

    Args:
        edge: the log's right edge; it grows with what is yielded.
        entries: at most 65,535 bytes each.
        read: gives the last bundle that is there.
    """
    before, width = edge.size, edge.size % WIDTH
    held = unbundled(read(path(ENTRIES, edge.size // WIDTH, width))) if width else []
    for entry in entries:
        held.append(entry)
        if len(held) == WIDTH:
            yield path(ENTRIES, edge.size // WIDTH), bundle(held)
            held = []
        yield from edge.append(log.leaf_hash(entry))
    if held and edge.size != before:
        yield path(ENTRIES, edge.size // WIDTH, len(held)), bundle(held)
    yield from edge.partial(before)


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length in two bytes.

    Raises:
        OverflowError: an entry is longer than 65,535 bytes.
    """
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundled(content: bytes) -> list[bytes]:
    """Return the entries of a bundle; raises ValueError if it ends inside one."""
    found, at = [], 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if at + 2 > len(content) or end > len(content):
            raise ValueError("an entry bundle ends inside an entry")
        found.append(content[at + 2 : end])
        at = end
    return found
