"""Segments: what only the catalogue knows goes to the store, sealed and write-once.

The journal lies in the store as numbered segments (`journal/000000000001-000000000250.ndjson`,
its seal beside it), holds and adopted schedules as `state/…`. After a crash the same work is
done again and finds what is already there.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime

from archive.assembly import Archive
from archive.catalogue import holds, journal, state
from archive.catalogue.holds import Facts, Hold
from archive.checkpointing import checkpoint
from archive.errors import ArchiveError, IntegrityError, JournalBroken, NotHeld
from archive.events import EventType
from archive.fixity import sha256_of
from archive.model import Indication, ObjectName
from archive.signatures import seal

PREFIX = "journal/"
HOLDS = "state/holds/"
SCHEDULES = "state/schedules/"
NOTES = "state/notes/"
DISPOSALS = "state/disposals/"
COPIES = "state/copies/"
RECEPTION = "state/reception/"
SEAL = ".p7s"
ENDING = ".ndjson"


def flush(archive: Archive) -> int:
    """Write all journal entries that are not in the store yet; return how many.

    The Merkle log follows with a checkpoint over them. Holds that the entries speak of are written first, and a segment's seal before the
    segment, so that a segment in the store means that everything it reports is there too.

    Raises:
        Unavailable: the store or the timestamp service did not answer; flush again.
        JournalBroken: the store has entries that this catalogue does not know.
    """
    written = 0
    _write_state(archive)
    while entries := _unwritten(archive):
        _write_holds(archive, entries)
        name = f"{PREFIX}{entries[0].seq:012d}-{entries[-1].seq:012d}{ENDING}"
        with archive.catalogue.connect() as connection:
            content = journal.segment(connection, entries[0].seq - 1, limit=len(entries))
        _put_seal(archive, ObjectName(name + SEAL), content)
        put(archive, name, content)
        checkpoint(archive, entries[-1].seq, after=entries[0].seq - 1)
        with archive.catalogue.begin() as connection:
            journal.set_flushed(connection, entries[-1].seq)
        written += len(entries)
    return written


def _unwritten(archive: Archive) -> tuple[journal.Entry, ...]:
    """Return the entries of the next segment.

    If a flush that was stopped has written a segment from the same entry on, they are its
    entries: segments do not overlap because of a crash.
    """
    with archive.catalogue.connect() as connection:
        after = journal.flushed(connection).seq
        entries = tuple(journal.entries(connection, after, limit=journal.SEGMENT_ENTRIES))
    begun = archive.store.names(f"{PREFIX}{after + 1:012d}-")
    ends = [span_of(name)[1] for name in begun if name.endswith(ENDING)]
    known = entries[-1].seq if entries else after
    if ends and min(ends) > known:
        raise JournalBroken(
            f"the store has journal entries up to {min(ends)}, the catalogue up to {known}",
            where=PREFIX,
            hint="an older copy of the catalogue? make it anew: kho rebuild --from-store",
        )
    return entries[: min(ends) - after] if ends else entries


def span_of(name: str) -> tuple[int, int]:
    """Return the first and the last entry's number of a segment, from its name."""
    first, last = name.removeprefix(PREFIX).split(".")[0].split("-")
    return int(first), int(last)


def _put_seal(archive: Archive, name: ObjectName, content: bytes) -> None:
    """Store a seal over a segment; one that is there is kept, and put on every copy."""
    if archive.store_has(name):
        token = archive.store.read(name)
        if is_sealed(archive, content, token):
            put(archive, name, token)
            return
        archive.store.delete(name)  # over entries that were lost before they were written
    try:
        put(archive, name, archive.sealer.seal(content, at=archive.clock()))
    except IntegrityError:  # another process has sealed the same entries meanwhile
        if not is_sealed(archive, content, archive.store.read(name)):
            raise


def is_sealed(archive: Archive, content: bytes, token: bytes) -> bool:
    """Whether a seal is over these bytes; one that cannot be judged today counts."""
    verdict = seal.verify(content, token, archive.trust, at=archive.clock())
    return verdict.indication is not Indication.FAILED


def _write_state(archive: Archive) -> None:
    with archive.catalogue.connect() as connection:
        waiting = state.pending(connection)
    for name, content in waiting:
        put(archive, name, content)
    if waiting:
        with archive.catalogue.begin() as connection:
            state.done(connection, [name for name, _ in waiting])


def try_to_flush(archive: Archive) -> ArchiveError | None:
    """Flush after an act that is already committed; a failure is returned, not raised.

    The act stands, and the next act or `kho sweep` flushes again.
    """
    try:
        flush(archive)
    except ArchiveError as error:
        return error
    return None


def put(archive: Archive, name: str, content: bytes) -> None:
    """Store bytes under a name, create-only; the same bytes again change nothing."""
    stream = io.BytesIO(content)
    archive.store.put(ObjectName(name), stream, size=len(content), sha256=sha256_of(content))


def names(archive: Archive) -> list[ObjectName]:
    """Return the names of the journal's segments in the store, in the journal's order."""
    return [name for name in archive.store.names(PREFIX) if name.endswith(ENDING)]


def seal_of(archive: Archive, name: ObjectName) -> bytes:
    """Return the seal of a segment.

    Raises:
        JournalBroken: it is not there; seals are written before their segments.
    """
    try:
        return archive.store.read(ObjectName(name + SEAL))
    except NotHeld as error:
        raise JournalBroken(f"{name} has no seal", where=name) from error


def _write_holds(archive: Archive, entries: tuple[journal.Entry, ...]) -> None:
    for entry in entries:
        if entry.type in (EventType.HOLD_PLACED.value, EventType.HOLD_LIFTED.value):
            lifted = entry.type == EventType.HOLD_LIFTED.value
            with archive.catalogue.connect() as connection:
                hold = holds.get(connection, entry.subject)
            name = f"{HOLDS}{hold.id}/{'lifted' if lifted else 'placed'}.json"
            put(archive, name, hold_document(hold, lifted=lifted))


def hold_document(hold: Hold, *, lifted: bool) -> bytes:
    """Return what the store keeps of a hold: how it was placed, or how it was lifted."""
    document = asdict(hold)
    del document["next_review_on"]  # a document of its own
    if not lifted:
        document |= {"lifted_at": None, "lifted_by": None, "lift_reason": None}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1, default=str).encode()


def state_document(value: Mapping[str, object]) -> bytes:
    """Return what the store keeps of an act: the same value always gives the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode()


def hold_of(content: bytes) -> Hold:
    """Return the hold that a document of `hold_document` describes."""
    document = json.loads(content)
    for name in ("placed_at", "lifted_at"):
        document[name] = document[name] and datetime.fromisoformat(document[name])
    document["review_on"] = document["review_on"] and date.fromisoformat(document["review_on"])
    document["facts"] = document["facts"] and Facts(**document["facts"])
    return Hold(**document)
