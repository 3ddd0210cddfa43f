"""What the search index must still learn: a row per change, written with the change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from archive.catalogue import tables
from archive.model import DossierId


class Change(StrEnum):
    """What happened to a dossier as the index sees it."""

    WRITE = "write"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that the index does not know yet."""

    id: int
    """Ascending in the order of the changes; never used twice."""
    dossier_id: DossierId
    year: int
    """The index partition."""
    change: Change


_INTO: Final = insert(tables.outbox)


def add(conn: Connection, dossier_id: DossierId, year: int, change: Change = Change.WRITE) -> None:
    """Note a change. `register` and `revise` do it by themselves."""
    row = {"dossier_id": dossier_id, "year": year, "change": change.value}
    conn.execute(_INTO, row)


def pending(conn: Connection, limit: int = 1000) -> tuple[Pending, ...]:
    """Return the oldest changes that are not done, at most `limit`.

    A dossier may stand there several times; its state is to be read when it is indexed.
    """
    statement = select(tables.outbox).order_by(tables.outbox.c.id).limit(limit)
    return tuple(
        Pending(row.id, DossierId(row.dossier_id), row.year, Change(row.change))
        for row in conn.execute(statement)
    )


def done(conn: Connection, ids: Iterable[int]) -> None:
    """Remove changes, by `Pending.id`, that the index has committed."""
    rows = [{"done_id": number} for number in ids]
    if rows:
        table = tables.outbox
        conn.execute(delete(table).where(table.c.id == bindparam("done_id")), rows)


def backlog(conn: Connection) -> int:
    """Return how many changes wait."""
    return conn.execute(select(func.count()).select_from(tables.outbox)).scalar_one()


def clear(conn: Connection) -> None:
    """Forget every change, because the whole index is being rebuilt."""
    conn.execute(delete(tables.outbox))
