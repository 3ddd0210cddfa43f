"""Which stored versions have their object lock, and which still need one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from archive.catalogue import rows, tables
from archive.catalogue.holding import HeldVersion
from archive.errors import NotHeld
from archive.model import DossierId, ObjectName

_TABLE = tables.versions


def set_locked(
    conn: Connection, place: ObjectName, *, at: datetime, until: datetime | None
) -> None:
    """Record that every copy of a stored version is locked.

    Args:
        conn: the transaction.
        place: where the version lies.
        at: when the locks were set.
        until: when they end; None for a lock without end, such as a legal hold.

    Raises:
        NotHeld: no version lies there.
    """
    values = {"locked_at": at, "locked_until": until}
    changed = conn.execute(update(_TABLE).where(_TABLE.c.place == place).values(values))
    if changed.rowcount == 0:
        raise NotHeld("no version lies here", where=place)


def set_locked_all(
    conn: Connection, locked: Mapping[ObjectName, datetime | None], *, at: datetime
) -> None:
    """Record of several versions that they are locked, and until when; see `set_locked`.

    Places where no version lies any more are passed over.
    """
    rows = [{"at_place": place, "until": until} for place, until in locked.items()]
    if rows:
        values = {"locked_at": at, "locked_until": bindparam("until")}
        conn.execute(
            update(_TABLE).where(_TABLE.c.place == bindparam("at_place")).values(values), rows
        )


def unlocked(conn: Connection, limit: int = 1000, after: str = "") -> tuple[HeldVersion, ...]:
    """List versions that have no lock yet, in the order of their places, after a place."""
    without = select(_TABLE).where(_TABLE.c.locked_at.is_(None), _TABLE.c.place > after)
    return _found(conn, without.order_by(_TABLE.c.place).limit(limit))


def locks_ending(
    conn: Connection, before: datetime, limit: int = 1000, after: str = ""
) -> tuple[HeldVersion, ...]:
    """List versions whose lock ends before a time, in the order of their places, after a place."""
    ending = select(_TABLE).where(_TABLE.c.locked_until < before, _TABLE.c.place > after)
    return _found(conn, ending.order_by(_TABLE.c.place).limit(limit))


def _found(conn: Connection, statement: Select[tuple[object, ...]]) -> tuple[HeldVersion, ...]:
    return tuple(_held(row) for row in conn.execute(statement))


def _held(row: Row[tuple[object, ...]]) -> HeldVersion:
    return HeldVersion(DossierId(row.dossier_id), rows.version_of(row), row.locked_until)
