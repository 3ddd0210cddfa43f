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
from archive.errors import ArchiveError
from archive.events import EventType
from archive.fixity import sha256_of
from archive.model import ObjectName

PREFIX = "journal/"
HOLDS = "state/holds/"
SCHEDULES = "state/schedules/"
NOTES = "state/notes/"
DISPOSALS = "state/disposals/"
SEAL = ".p7s"
ENDING = ".ndjson"


def flush(archive: Archive) -> int:
    """Write all journal entries that are not in the store yet; return how many.

    Holds that the entries speak of are written first, so that a segment in the store
    means that everything it reports is there too.

    Raises:
        Unavailable: the store or the timestamp service did not answer; flush again.
    """
    written = 0
    _write_state(archive)
    while True:
        with archive.catalogue.connect() as connection:
            after = journal.flushed(connection).seq
            entries = tuple(journal.entries(connection, after, limit=journal.SEGMENT_ENTRIES))
            content = journal.segment(connection, after)
        if not entries:
            return written
        _write_holds(archive, entries)
        name = f"{PREFIX}{entries[0].seq:012d}-{entries[-1].seq:012d}{ENDING}"
        put(archive, name, content)
        if not archive.store_has(name + SEAL):
            put(archive, name + SEAL, archive.sealer.seal(content, at=archive.clock()))
        with archive.catalogue.begin() as connection:
            journal.set_flushed(connection, entries[-1].seq)
        written += len(entries)


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
