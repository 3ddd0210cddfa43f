"""Proofs out of the journal's log: an event is in it, one checkpoint continues another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archive import checkpointing, log_evidence
from archive.assembly import Archive
from archive.catalogue import journal
from archive.catalogue.chain import Entry, leaf
from archive.errors import JournalBroken, NotHeld
from archive.evidence import log, logstore
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.entry_proof import EntryProof
from archive.evidence.tiles import TileTree
from archive.model import DossierId, ObjectName


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That one checkpoint's log continues an earlier one's."""

    earlier: Checkpoint
    later: Checkpoint
    path: tuple[bytes, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the proof as JSON values."""
        return {
            "size1": self.earlier.size,
            "size2": self.later.size,
            "root1": self.earlier.root.hex(),
            "root2": self.later.root.hex(),
            "proof": [one.hex() for one in self.path],
        }


def entries_of(archive: Archive, dossier_id: DossierId) -> tuple[Entry, ...]:
    """Return the journal's entries about a dossier."""
    with archive.catalogue.connect() as connection:
        return tuple(journal.entries(connection, subject=dossier_id))


def prove_entry(archive: Archive, seq: int, *, size: int | None = None) -> EntryProof:
    """Prove that an entry of the journal is in its log.

    Args:
        archive: whose journal.
        seq: the entry's number, from 1.
        size: the checkpoint to prove it under; None for the newest one with a witness's
            cosignature that has the entry, or the newest one if there is none.

    Raises:
        NotHeld: no such entry or checkpoint, or the entry is under none yet.
        JournalBroken: the log is not what was signed.
    """
    entry = _entry(archive, seq)
    size = size or witnessed_size(archive, seq) or checkpointing.newest(archive)
    if size < seq:
        raise NotHeld(
            f"entry {seq} is under no checkpoint yet", where=logstore.PREFIX, hint="kho sweep"
        )
    keys = checkpointing.log_keys(archive)
    head = checkpointing.checkpoint_at(archive, size, keys)
    note, key = checkpointing.read_note(archive, size), checkpointing.key_of(archive, size, keys)
    path = tuple(_tree(archive, size).inclusion_proof(seq - 1))
    hashed = log.leaf_hash(bytes.fromhex(entry.digest))
    if not log.verify_inclusion(seq - 1, size, hashed, path, head.root):
        raise _damaged(size)
    cosigned = checkpointing.read_note(archive, size, cosigned=True).signatures
    seal = logstore.key_name(key) + logstore.SEAL
    return EntryProof(
        leaf(entry).decode(),
        entry.details,
        entry.salt,
        seq - 1,
        path,
        note,
        cosigned[len(note.signatures) :],
        key,
        archive.store.read(ObjectName(seal)),
        logstore.token(archive.store, size),
        log_evidence.record_of(archive, size),
    )


def witnessed_size(archive: Archive, least: int) -> int | None:
    """Return the newest checkpoint of at least this size that somebody has cosigned."""
    with_lines = logstore.cosigned_sizes(archive.store, least - 1)
    return max(with_lines, default=None)


def prove_consistency(archive: Archive, earlier: int, later: int) -> ConsistencyProof:
    """Prove that the log at a checkpoint continues an earlier size. Errors as `prove_entry`."""
    head = checkpointing.checkpoint_at(archive, later)
    if not 1 <= earlier <= later:
        raise NotHeld(f"there is no tree of {earlier} entries in one of {later}")
    tree = _tree(archive, later)
    before = Checkpoint(head.origin, earlier, tree.range_root(0, earlier))
    path = tuple(tree.consistency_proof(earlier))
    if not log.verify_consistency(earlier, later, before.root, head.root, path):
        raise _damaged(later)
    return ConsistencyProof(before, head, path)


def _tree(archive: Archive, size: int) -> TileTree:
    return TileTree(size, logstore.reader(archive.store))


def _damaged(size: int) -> JournalBroken:
    return JournalBroken(
        f"the tiles in the store do not lead to the checkpoint at {size}",
        where=logstore.PREFIX + "tile/",
        hint="kho journal verify names the tile; compare with another copy",
    )


def _entry(archive: Archive, seq: int) -> Entry:
    with archive.catalogue.connect() as connection:
        found = next(journal.entries(connection, seq - 1, limit=1), None)
    if found is None or found.seq != seq:
        raise NotHeld(f"the journal has no entry {seq}", where="journal")
    return found
