"""The catalogue's content in one canonical form, to compare one before and after a rebuild."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, select

from archive.catalogue import people_tables, tables
from archive.catalogue.columns import instant_text

UNFINISHED: Final = frozenset({"jobs", "job_items", "outbox", "positions", *people_tables.NAMES})
"""Tables of unfinished work and of people, which a rebuild does not bring back."""
PREPARED: Final = frozenset({"evidence_batches", "evidence_members", "seal_links",
                            "state_documents", "reception_batches", "reception_items",
                            "schedule_proposals"})  # fmt: skip
"""Tables of what is looked up again when it is asked for, and of what waits for a person."""
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
        for kept in [_kept(table)]
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def differences(conn: Connection, other: Connection) -> dict[str, int]:
    """Return how many rows of two catalogues differ, by table; tables that agree are left out.

    Of what a rebuild brings back. Rows are read one at a time and compared in whatever order
    a database has them; only for a table that differs are digests of its rows in memory.
    """
    compared = [
        table for table in tables.metadata.sorted_tables if table.name not in UNFINISHED | PREPARED
    ]
    return {
        table.name: _unlike(conn, other, table)
        for table in compared
        if _sum(conn, table) != _sum(other, table)
    }


def _sum(conn: Connection, table: Table) -> tuple[int, int]:
    """Return a table's number of rows, and the sum of their digests, which has no order."""
    count = total = 0
    for digest in _digests(conn, table):
        count, total = count + 1, total + int.from_bytes(digest)
    return count, total


def _unlike(conn: Connection, other: Connection, table: Table) -> int:
    mine, theirs = Counter(_digests(conn, table)), Counter(_digests(other, table))
    return max((mine - theirs).total(), (theirs - mine).total())


def _digests(conn: Connection, table: Table) -> Iterator[bytes]:
    kept = _kept(table)
    for row in conn.execution_options(yield_per=1000).execute(select(*kept)):
        values = [_plain(value) for value in row]
        told = json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)
        yield hashlib.sha256(told.encode()).digest()


def _kept(table: Table) -> list[Column[Any]]:
    return [c for c in table.columns if c.name not in _PASSING.get(table.name, ())]
