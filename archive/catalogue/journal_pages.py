"""The journal as people page through it: the newest first, filtered, within what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Text, cast, select, true

from archive.catalogue import tables
from archive.catalogue.chain import Entry
from archive.catalogue.columns import instant_text
from archive.catalogue.visibility import visible
from archive.events import EventType
from archive.viewers import EVERYTHING, Right, Viewer

_TABLE = tables.journal
EVERYDAY = (EventType.VIEW, EventType.DISSEMINATION)
"""What happens to a dossier any number of times without changing anything."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; all conditions hold together."""

    agent: str = ""
    type: EventType | None = None
    subject: str = ""
    """Id of a dossier, a list, a person: exactly."""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""


def page(
    conn: Connection, viewer: Viewer, wanted: Wanted, *, before: int | None, limit: int
) -> tuple[Entry, ...]:
    """Return entries, the newest first, beginning before a number.

    A viewer whose right is limited sees the entries about dossiers within it, and their own.
    """
    statement = select(_TABLE).where(_seen(viewer), *_conditions(wanted))
    if before is not None:
        statement = statement.where(_TABLE.c.seq < before)
    rows = conn.execute(statement.order_by(_TABLE.c.seq.desc()).limit(limit))
    return tuple(_entry(row._asdict()) for row in rows)


def get(conn: Connection, viewer: Viewer, seq: int) -> Entry | None:
    """Return an entry by its number; None if there is none, or `viewer` may not see it."""
    row = conn.execute(select(_TABLE).where(_TABLE.c.seq == seq, _seen(viewer))).first()
    return _entry(row._asdict()) if row is not None else None


def of_type(conn: Connection, kind: EventType, limit: int) -> tuple[Entry, ...]:
    """Return the last entries of a type, the newest first."""
    statement = select(_TABLE).where(_TABLE.c.type == kind.value).order_by(_TABLE.c.seq.desc())
    return tuple(_entry(row._asdict()) for row in conn.execute(statement.limit(limit)))


def life_of(conn: Connection, dossier_id: str, *, latest: int) -> tuple[Entry, ...]:
    """Return the entries about a dossier in their order.

    Args:
        conn: of the catalogue.
        dossier_id: which.
        latest: how many of those acts that happen every day; all others are returned.
    """
    everyday = _TABLE.c.type.in_([kind.value for kind in EVERYDAY])
    about = select(_TABLE).where(_TABLE.c.subject == dossier_id)
    rows = [
        *conn.execute(about.where(~everyday)),
        *conn.execute(about.where(everyday).order_by(_TABLE.c.seq.desc()).limit(latest)),
    ]
    return tuple(_entry(row._asdict()) for row in sorted(rows, key=lambda row: row.seq))


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    if EVERYTHING in viewer.scopes(Right.JOURNAL):
        return true()
    allowed = select(cast(tables.dossiers.c.id, Text)).where(visible(viewer, Right.JOURNAL))
    return _TABLE.c.subject.in_(allowed) | (_TABLE.c.agent == viewer.account)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.agent:
        found.append(_TABLE.c.agent == wanted.agent)
    if wanted.type is not None:
        found.append(_TABLE.c.type == wanted.type.value)
    if wanted.subject:
        found.append(_TABLE.c.subject == wanted.subject)
    if wanted.outcome:
        found.append(_TABLE.c.outcome == wanted.outcome)
    if wanted.since is not None:
        found.append(_TABLE.c.at >= instant_text(wanted.since))
    if wanted.until is not None:
        found.append(_TABLE.c.at < instant_text(wanted.until))
    return found


def _entry(values: dict[str, object]) -> Entry:
    salt = values["salt"]
    assert isinstance(salt, bytes | memoryview)  # noqa: S101 - the column is binary
    return Entry(**{**values, "salt": bytes(salt).hex()})  # type: ignore[arg-type]
