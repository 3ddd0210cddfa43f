"""Remarks: choices, links and cases that people record and the rules heed."""

from __future__ import annotations

import uuid
from datetime import date

from archive.assembly import Archive
from archive.catalogue import dossiers, journal, notes, state
from archive.catalogue.engine import Connection
from archive.catalogue.notes import Note, NoteKind
from archive.errors import NotHeld, Rejected
from archive.events import Event, EventType
from archive.model import Dossier, DossierId
from archive.retention import decide_held, due_of, schedules_of
from archive.segments import NOTES, state_document, try_to_flush
from retention_rules.rule import Trigger
from retention_rules.schedule import Schedule


def note(
    archive: Archive, dossier_id: DossierId, kind: NoteKind, value: str, *, agent: str, reason: str
) -> Note:
    """Record what the rules have to heed of a dossier; see `NoteKind` for the values.

    Raises:
        NotHeld: one of the dossiers, or the document, is not held.
        Rejected: the row is not in the schedule, or the event or its day is none.
    """
    made = Note(str(uuid.uuid4()), dossier_id, kind, value, reason, archive.clock(), agent)
    with archive.catalogue.begin() as connection:
        dossier = dossiers.get(connection, dossier_id).dossier
        if kind is NoteKind.LINK:
            dossiers.get(connection, value)
        schedule = schedules_of(archive, connection).of(dossier.agency, archive.today())
        _check(dossier, schedule, kind, value)
        notes.add(connection, made)
        _record(archive, connection, made, "noted")
    try_to_flush(archive)
    return made


def _check(dossier: Dossier, schedule: Schedule, kind: NoteKind, value: str) -> None:
    if kind is NoteKind.EVENT:
        return _check_event(value)
    if kind not in (NoteKind.CHOICE, NoteKind.DECLARED, NoteKind.BLOCKED):
        return None
    code, _, ordinal = value.partition("#")
    if not schedule.find(code) and not (kind is NoteKind.BLOCKED and code == "*"):
        raise Rejected(f"the schedule has no row {code}", where=code, hint="kho rule list")
    if ordinal and ordinal not in {str(document.ordinal) for document in dossier.documents}:
        raise NotHeld(f"there is no document {ordinal}", where=dossier.code)
    return None


def _check_event(value: str) -> None:
    name, _, day = value.partition("=")
    known = [trigger.value for trigger in Trigger]
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise Rejected(f"{day} is not a day like 2026-12-31", where=value) from error
    if name not in known:
        raise Rejected(f"{name} is no event", where=value, hint=f"one of: {', '.join(known)}")


def end(archive: Archive, note_id: str, *, agent: str) -> Note:
    """End a note: the case is closed, the link gone, the choice withdrawn.

    Raises:
        NotHeld: there is no such note.
        UsageError: it was ended before.
    """
    with archive.catalogue.begin() as connection:
        ended = notes.end(connection, note_id, at=archive.clock(), by=agent)
        _record(archive, connection, ended, "ended")
    try_to_flush(archive)
    return ended


def _record(archive: Archive, connection: Connection, made: Note, what: str) -> None:
    """Write state document, new due dates and journal event of a note."""
    document = state_document(notes.to_json(made))
    state.add(connection, f"{NOTES}{made.id}/{what}.json", document)
    sides = [made.dossier_id]
    if made.kind is NoteKind.LINK:
        sides.append(DossierId(made.value))
    held = [each for side in sides for each in dossiers.held(connection, side)]
    decided = [(each, decide_held(archive, connection, each)) for each in held]
    dossiers.set_dues(connection, [due_of(each.dossier, decision) for each, decision in decided])
    value = made.value if made.kind is not NoteKind.REOPENED else ""
    details = {"kind": made.kind.value, "what": what, "value": value, "note": made.id}
    at = made.ended_at or made.noted_at
    agent = made.ended_by or made.noted_by
    event = Event(EventType.RETENTION_ASSIGNED, at, "success", agent, made.dossier_id, details)
    journal.append(connection, event)
