"""The catalogue's content in one canonical form, to compare one before and after a rebuild."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from archive.catalogue import people_tables, tables
from archive.catalogue.columns import instant_text

UNFINISHED: Final = frozenset({"jobs", "job_items", "outbox", "positions", *people_tables.NAMES})
"""Tables of unfinished work and of people, which a rebuild does not bring back."""
_PASSING: Final = {"versions": {"locked_at", "locked_until"}}
"""Columns that only say how far the work on a row has got."""


def dump(
    conn: Connection, *, without: frozenset[str] = UNFINISHED
) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables, by table, in the order of their primary keys.

    Two catalogues with equal dumps answer every question in the same way. All rows are in
    memory at once: for tests and small archives.

    Args:
        conn: the transaction.
        without: tables to leave out.
    """
    return {
        table.name: [
            {column.name: _plain(value) for column, value in zip(kept, row, strict=True)}
            for row in conn.execute(select(*kept).order_by(*table.primary_key))
        ]
        for table in tables.metadata.sorted_tables
        if table.name not in without
        for kept in [[c for c in table.columns if c.name not in _PASSING.get(table.name, ())]]
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value
