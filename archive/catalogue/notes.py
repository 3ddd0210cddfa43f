"""Notes on retention: what a person recorded of a dossier that the rules have to heed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, insert, or_, select, update

from archive.catalogue import tables
from archive.catalogue.columns import instant_text
from archive.catalogue.engine import Lock, exclusive
from archive.errors import NotHeld, NotNow
from archive.model import DossierId

_TABLE = tables.retention_notes


class NoteKind(StrEnum):
    """What a note says."""

    CHOICE = "choice"
    """Which row was chosen as the nearest comparable one; the value is its code."""
    LINK = "link"
    """Its digital documents are linked to those of another dossier; the value is its id."""
    DECLARED = "declared"
    """A row that the dossier falls under beside those that it inherits; the value is its code,
    `CODE#3` for the third document alone."""
    BLOCKED = "blocked"
    """A row that it does not inherit, or all with `*`; of one document as above."""
    EVENT = "event"
    """When something happened that a period counts from: `death=2026-05-01`."""
    REOPENED = "reopened"
    """A complaint or court case; the value is its reference."""


@dataclass(frozen=True, slots=True)
class Note:
    """One recorded choice, link or case."""

    id: str
    """A UUID in canonical form."""
    dossier_id: DossierId
    kind: NoteKind
    value: str
    reason: str
    noted_at: datetime
    noted_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None


def add(conn: Connection, note: Note) -> None:
    """Record a note; waits for a disposal that is being carried out."""
    exclusive(conn, Lock.HOLDS)
    conn.execute(insert(_TABLE).values(asdict(note)))


def restore(conn: Connection, note: Note) -> None:
    """Enter a note as the store's record has it, in place of what is known of it."""
    row = asdict(note)
    if conn.execute(update(_TABLE).where(_TABLE.c.id == note.id).values(row)).rowcount == 0:
        conn.execute(insert(_TABLE).values(row))


def end(conn: Connection, note_id: str, *, at: datetime, by: str) -> Note:
    """End a note and return it as it now stands.

    Raises:
        NotHeld: there is no such note.
        NotNow: it was ended before.
    """
    beginning = cast(_TABLE.c.id, Text).startswith(note_id, autoescape=True)
    found = conn.execute(select(_TABLE).where(beginning)).all()
    if len(found) != 1:
        raise NotHeld("there is no such note", where=note_id, hint="see: kho retention notes")
    this = _TABLE.c.id == found[0].id
    # Asked again in the writing itself: two may have read the note before either of them writes.
    still = this & _TABLE.c.ended_at.is_(None)
    if conn.execute(update(_TABLE).where(still).values(ended_at=at, ended_by=by)).rowcount != 1:
        raise NotNow("the note was ended before", where=note_id)
    return _note(conn.execute(select(_TABLE).where(this)).one())


def standing_for(conn: Connection, dossier_id: DossierId) -> tuple[Note, ...]:
    """Return the notes in force on a dossier; links count from both sides."""
    about = or_(
        _TABLE.c.dossier_id == dossier_id,
        (_TABLE.c.kind == NoteKind.LINK.value) & (_TABLE.c.value == dossier_id),
    )
    return _found(conn.execute(select(_TABLE).where(about, _TABLE.c.ended_at.is_(None))))


def standing(conn: Connection) -> Mapping[str, tuple[Note, ...]]:
    """Return the notes in force by dossier; links count from both sides."""
    return _by_side(_found(conn.execute(select(_TABLE).where(_TABLE.c.ended_at.is_(None)))))


def standing_on(conn: Connection, ids: Sequence[str]) -> Mapping[str, tuple[Note, ...]]:
    """Return the notes in force on some dossiers, at most 500; links count from both sides."""
    about = or_(
        _TABLE.c.dossier_id.in_(ids),
        (_TABLE.c.kind == NoteKind.LINK.value) & _TABLE.c.value.in_(ids),
    )
    found = _found(conn.execute(select(_TABLE).where(about, _TABLE.c.ended_at.is_(None))))
    return _by_side(found)


def noted(conn: Connection) -> frozenset[str]:
    """Return the dossiers on which a note is in force."""
    return frozenset(standing(conn))


def _by_side(notes: Iterable[Note]) -> dict[str, tuple[Note, ...]]:
    found: dict[str, tuple[Note, ...]] = {}
    for note in notes:
        sides = [note.dossier_id]
        if note.kind is NoteKind.LINK:
            sides.append(DossierId(note.value))
        for side in sides:
            found[side] = (*found.get(side, ()), note)
    return found


def every(conn: Connection, dossier_id: str) -> tuple[Note, ...]:
    """Return all notes on a dossier, ended ones too."""
    return _found(conn.execute(select(_TABLE).where(_TABLE.c.dossier_id == dossier_id)))


def to_json(note: Note) -> dict[str, Any]:
    """Return a note as the store's record has it."""
    value = asdict(note)
    for name in ("noted_at", "ended_at"):
        value[name] = instant_text(value[name]) if value[name] else None
    return value


def from_json(value: Mapping[str, Any]) -> Note:
    """Return the note of a record that `to_json` made."""
    ended = value["ended_at"]
    return Note(
        **{
            **value,
            "kind": NoteKind(value["kind"]),
            "noted_at": datetime.fromisoformat(value["noted_at"]),
            "ended_at": datetime.fromisoformat(ended) if ended else None,
        }
    )


def _found(rows: Iterable[Row[Any]]) -> tuple[Note, ...]:
    return tuple(sorted(map(_note, rows), key=lambda note: (note.noted_at, note.id)))


def _note(row: Row[Any]) -> Note:
    return Note(**{**row._asdict(), "kind": NoteKind(row.kind)})
