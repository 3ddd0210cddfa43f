"""Figures of what a viewer may see, quick enough for a page that everybody opens first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, case, func, select

from archive.catalogue import tables
from archive.catalogue.visibility import visible
from archive.viewers import Viewer


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of dossiers."""

    dossiers: int
    due: int
    """Whose period is over today: to be destroyed, transferred or reviewed."""
    due_soon: int
    """Whose period ends within 90 days."""
    failed: int
    """With a signature that does not hold."""
    indeterminate: int
    """With a signature of which nothing could be concluded."""


def of(conn: Connection, viewer: Viewer, today: date) -> Figures:
    """Count in one pass over the register."""
    table = tables.dossiers.c
    soon = today + timedelta(days=90)
    moves = table.retention_action.in_(("destroy", "transfer", "review"))
    due = moves & (table.retention_due_on <= today)
    coming = moves & (table.retention_due_on > today) & (table.retention_due_on <= soon)
    conditions = (
        due, coming, table.signature_outcome == "failed", table.signature_outcome == "indeterminate",
    )  # fmt: skip
    sums = (func.coalesce(func.sum(case((each, 1), else_=0)), 0) for each in conditions)
    row = conn.execute(select(func.count(), *sums).where(visible(viewer))).one()
    return Figures(*map(int, row))


def names_of(
    conn: Connection, agencies: Iterable[str], procedures: Iterable[str]
) -> dict[str, str]:
    """Return the names of agencies and procedures by their codes, as dossiers give them."""
    table = tables.dossiers.c
    found: dict[str, str] = {}
    for code_column, name_column, codes in (
        (table.agency, table.agency_name, agencies),
        (table.procedure, table.procedure_name, procedures),
    ):
        for code in codes:
            named = (code_column == code) & name_column.is_not(None)
            if name := conn.execute(select(name_column).where(named).limit(1)).scalar():
                found[code] = name
    return found
