"""Lists of disposal in outline: how many dossiers, of which fonds, agency and access level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from archive.catalogue import tables
from archive.catalogue.disposals import ItemState, Kind, ListStatus


@dataclass(frozen=True, slots=True)
class Outline:
    """A list without its dossiers."""

    id: str
    kind: Kind
    status: ListStatus
    proposed_at: datetime
    heading: Mapping[str, Any]
    dossiers: int
    """That the list has; without those that a person took out."""
    extents: frozenset[tuple[str, str, str]]
    """Fonds, agency and access level of its dossiers; `03`, the strictest, where not known."""


def outlines(conn: Connection, kind: Kind) -> tuple[Outline, ...]:
    """Return all lists of a kind, the newest first."""
    table, item = tables.disposals, tables.disposal_items
    entry = item.c.entry
    out = case((item.c.state == ItemState.EXCLUDED.value, 0), else_=1)
    each = select(
        item.c.disposal_id, entry["fonds"].as_string().label("fonds"),
        entry["agency"].as_string().label("agency"), entry["access"].as_string().label("access"),
        out.label("counted"),
    ).subquery()  # fmt: skip
    part = (each.c.disposal_id, each.c.fonds, each.c.agency, each.c.access)
    grouped = select(*part, func.sum(each.c.counted)).group_by(*part)
    counts: dict[str, int] = {}
    extents: dict[str, set[tuple[str, str, str]]] = {}
    for name, fonds, agency, access, count in conn.execute(grouped):
        counts[name] = counts.get(name, 0) + int(count)
        extents.setdefault(name, set()).add((fonds, agency, access or "03"))
    rows = conn.execute(select(table).where(table.c.kind == kind.value).order_by(table.c.id.desc()))
    return tuple(
        Outline(row.id, Kind(row.kind), ListStatus(row.status), row.proposed_at, row.heading,
                counts.get(row.id, 0), frozenset(extents.get(row.id, ())))
        for row in rows
    )  # fmt: skip


def proposers(conn: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the accounts that proposed lists, by the lists' ids."""
    act = tables.disposal_acts.c
    first = select(act.disposal_id, act.agent).where(act.disposal_id.in_(ids))
    rows = conn.execute(first.order_by(act.disposal_id, act.number.desc()))
    return {row.disposal_id: row.agent for row in rows}
