"""Bases: what retention asks of dossiers, and nothing else, read for millions of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from archive.catalogue import rows, tables
from archive.catalogue.holding import Due, Fixed
from archive.catalogue.visibility import visible
from archive.model import Dossier, DossierId
from archive.viewers import OPERATOR, Right, Viewer

_TABLE = tables.dossiers
_COLUMNS = (
    _TABLE.c.id,
    _TABLE.c.code,
    _TABLE.c.agency,
    _TABLE.c.fonds,
    _TABLE.c.procedure,
    _TABLE.c.status,
    _TABLE.c.important,
    _TABLE.c.received_on,
    _TABLE.c.closed_on,
    _TABLE.c.description,
    _TABLE.c.retention_fixed,
    _TABLE.c.retention_action,
    _TABLE.c.retention_due_on,
    _TABLE.c.retention_rule,
    _TABLE.c.retention_schedule,
)


class Paper(NamedTuple):
    """One document of a dossier."""

    ordinal: int
    type_code: str | None
    issued_on: date | None


class Basis(NamedTuple):
    """What retention asks of a dossier."""

    id: DossierId
    code: str
    agency: str
    fonds: str
    procedure: str
    status: str
    important: bool
    received_on: date
    closed_on: date | None
    issued_on: date | None
    """Of the result."""
    expires_on: date | None
    events: Mapping[str, date]
    retention_code: str | None
    papers: tuple[Paper, ...]
    """Empty where they were not asked for."""
    fixed: Fixed | None = None
    due: Due | None = None


class Key(NamedTuple):
    """A dossier, and under which version of a schedule its due day was computed."""

    id: DossierId
    agency: str
    schedule_version: str | None


def of_dossier(dossier: Dossier, fixed: Fixed | None = None) -> Basis:
    """Return the basis of a dossier that is at hand."""
    result = dossier.result
    return Basis(
        dossier.id,
        dossier.code,
        dossier.agency,
        dossier.fonds,
        dossier.procedure,
        dossier.status.value,
        dossier.important,
        dossier.received_on,
        dossier.closed_on,
        result.issued_on if result else None,
        result.expires_on if result else None,
        dossier.events,
        dossier.retention_code,
        tuple(Paper(d.ordinal, d.type_code, d.issued_on) for d in dossier.documents),
        fixed,
    )


def keys(
    conn: Connection, limit: int, after: str = "", viewer: Viewer = OPERATOR
) -> tuple[Key, ...]:
    """Return at most `limit` dossiers whose ids sort after `after`, in ascending order.

    Those whose retention `viewer` is not concerned with are left out.
    """
    wanted = select(_TABLE.c.id, _TABLE.c.agency, _TABLE.c.retention_schedule)
    wanted = wanted.where(visible(viewer, Right.RETENTION))
    page = wanted.order_by(_TABLE.c.id).limit(limit)
    if after:  # PostgreSQL takes nothing but a UUID here
        page = page.where(_TABLE.c.id > after)
    return tuple(Key(DossierId(row[0]), row[1], row[2]) for row in conn.execute(page))


def many(conn: Connection, ids: Sequence[str], *, papers: bool) -> Iterator[Basis]:
    """Yield the bases of dossiers that are held, at most 500, in ascending order of ids."""
    found = conn.execute(select(*_COLUMNS).where(_TABLE.c.id.in_(ids)).order_by(_TABLE.c.id)).all()
    of = _papers(conn, ids) if papers else {}
    for row in found:
        yield _basis(row, tuple(of.get(row.id, ())))


def sizes(conn: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Return the bytes of all versions of each of some dossiers, at most 500."""
    table = tables.versions
    wanted = select(table.c.dossier_id, func.sum(table.c.size)).group_by(table.c.dossier_id)
    return {row[0]: int(row[1]) for row in conn.execute(wanted.where(table.c.dossier_id.in_(ids)))}


def _papers(conn: Connection, ids: Sequence[str]) -> Mapping[str, list[Paper]]:
    table = tables.files
    columns = (table.c.dossier_id, table.c.ordinal, table.c.type_code, table.c.description)
    found: dict[str, list[Paper]] = defaultdict(list)
    wanted = select(*columns).where(table.c.dossier_id.in_(ids))
    for dossier, ordinal, kind, rest in conn.execute(
        wanted.order_by(table.c.dossier_id, table.c.ordinal)
    ):
        found[dossier].append(Paper(ordinal, kind, _day(rest["issued_on"])))
    return found


def _basis(row: Any, papers: tuple[Paper, ...]) -> Basis:
    rest: Mapping[str, Any] = row.description
    result: Mapping[str, Any] = rest["result"] or {}
    return Basis(
        row.id,
        row.code,
        row.agency,
        row.fonds,
        row.procedure,
        row.status,
        row.important,
        row.received_on,
        row.closed_on,
        _day(result.get("issued_on")),
        _day(result.get("expires_on")),
        {name: date.fromisoformat(day) for name, day in rest["events"].items()},
        rest["retention_code"],
        papers,
        rows.fixed_of(row.retention_fixed),
        rows.due_of(row),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
