"""Verification of the journal's Merkle log: every checkpoint, tile, timestamp and cosignature."""

from __future__ import annotations

from dataclasses import dataclass

from archive import checkpointing
from archive.assembly import Archive
from archive.catalogue import journal
from archive.errors import JournalBroken, NotHeld
from archive.evidence import logstore, tiles
from archive.evidence.enclosing import judge_alone
from archive.evidence.notes import NoteKey
from archive.evidence.tiles import Edge
from archive.model import Indication, ObjectName
from archive.witnessing import ever_witnesses


@dataclass(frozen=True, slots=True)
class LogState:
    """What was found of the log."""

    origin: str
    size: int
    """Entries under the newest checkpoint."""
    root: str
    """Of that checkpoint, hex; of the empty tree if there is none."""
    checkpoints: int
    timestamped: int
    """Checkpoints whose timestamp passed."""
    undecided: int
    """Checkpoints whose timestamp is over them, and cannot be judged today."""
    cosigned: int
    """Checkpoints with a cosignature of a witness that we know or knew."""
    tiles: int
    """Tiles and entry bundles that were compared."""


def verify_log(archive: Archive) -> LogState:
    """Make the log anew from the journal and compare it with what is in the store.

    Raises:
        JournalBroken: a checkpoint, tile, bundle or timestamp is not what the journal gives.
        Unavailable: the store did not answer.
    """
    edge, compared, count = Edge(), 0, 0
    passed = undecided = cosigned = 0
    keys, witnesses = checkpointing.log_keys(archive), ever_witnesses(archive)
    with archive.catalogue.connect() as connection:
        done = journal.flushed(connection).seq
    for size in logstore.sizes(archive.store):
        compared += _compare_tiles(archive, edge, size)
        if checkpointing.checkpoint_at(archive, size, keys).root != edge.root():
            where = logstore.checkpoint_name(size)
            raise JournalBroken(f"the checkpoint at {size} is over other entries", where=where)
        outcome = _timestamp(archive, size)
        passed += outcome is Indication.PASSED
        undecided += outcome is Indication.INDETERMINATE
        cosigned += _cosigned(archive, size, witnesses)
        count += 1
    if count and edge.size < done:
        where = logstore.checkpoint_name(done)
        raise JournalBroken(f"the checkpoint at {done} is missing from the store", where=where)
    root = edge.root().hex()
    return LogState(
        archive.log_origin, edge.size, root, count, passed, undecided, cosigned, compared
    )


def _compare_tiles(archive: Archive, edge: Edge, size: int) -> int:
    """Grow the edge up to a size and compare every new tile; return how many."""
    entries = checkpointing.entries(archive, edge.size, size)
    count, read = 0, logstore.reader(archive.store)
    for path, content in tiles.growth(edge, entries, read):
        name = ObjectName(logstore.PREFIX + path)
        try:
            same = archive.store.read(name) == content
        except NotHeld as error:
            raise JournalBroken(f"{name} is missing from the store", where=name) from error
        if not same:
            raise JournalBroken(f"{name} is not what the journal gives", where=name)
        count += 1
    if edge.size != size:
        where = logstore.checkpoint_name(size)
        raise JournalBroken(f"the journal has {edge.size} of {size} entries", where=where)
    return count


def _timestamp(archive: Archive, size: int) -> Indication | None:
    token = checkpointing.timestamp_of(archive, size)
    if token is None:
        return None
    outcome, _ = judge_alone(token, archive.trust, at=archive.clock())
    if outcome.indication is Indication.FAILED:
        reasons = "; ".join(outcome.reasons)
        where = logstore.token_name(size)
        raise JournalBroken(f"the timestamp at {size} does not verify: {reasons}", where=where)
    return outcome.indication


def _cosigned(archive: Archive, size: int, witnesses: list[NoteKey]) -> bool:
    """Whether a known witness has cosigned a checkpoint; none of them may be forged."""
    note = checkpointing.read_note(archive, size, cosigned=True)
    found = False
    for key in witnesses:
        if any((one.name, one.key_id) == (key.name, key.id) for one in note.signatures):
            if note.signed_by(key) is None:
                where = f"{logstore.checkpoint_name(size)}.{key.id.hex()}"
                raise JournalBroken(f"the cosignature of {key.name} does not verify", where=where)
            found = True
    return found
