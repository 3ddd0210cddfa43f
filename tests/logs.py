"""Builders of Merkle logs in a folder."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from archive.evidence import tiles
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.notes import KeyKind, Note, NoteSigner
from archive.evidence.tiles import Edge, TileTree

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)


def entry(number: int) -> bytes:
    """Return what stands at a place of every log here."""
    return hashlib.sha256(b"entry %d" % number).digest()


class FolderLog:
    """A log in a folder, with a key of its own; it can be forked by copying."""

    def __init__(self, folder: Path, name: str = "kho.example/log") -> None:
        self.folder = folder
        self.edge = Edge()
        self.signer = NoteSigner.load(folder / "log.key", name, KeyKind.LOG)

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def grown(self, upto: int, *, seed: int = 0) -> Checkpoint:
        """Append entries up to a size; another `seed` gives other entries."""
        new = (entry(number + seed) for number in range(self.edge.size, upto))
        for path, content in tiles.growth(self.edge, new, self.read):
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            assert not place.exists() or place.read_bytes() == content
            place.write_bytes(content)
        return Checkpoint(self.signer.key.name, self.edge.size, self.edge.root())

    def signed(self, head: Checkpoint) -> Note:
        return Note(head.text(), (self.signer.sign(head.text(), at=NOW),))

    def tree(self, size: int | None = None) -> TileTree:
        return TileTree(self.edge.size if size is None else size, self.read)
