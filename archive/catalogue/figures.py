"""Figures of what a viewer may see, quick enough for a page that everybody opens first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Column, Connection, Select, bindparam, case, func, select

from archive.catalogue import tables
from archive.catalogue.columns import UUID
from archive.catalogue.visibility import visible
from archive.viewers import Right, Viewer


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
    """Return the names of agencies and procedures by their codes, as some dossier gives them."""
    found: dict[str, str] = {}
    for wanted, codes in ((_NAME_OF_AGENCY, agencies), (_NAME_OF_PROCEDURE, procedures)):
        for code in codes:
            if name := conn.execute(wanted, {"code": code}).scalar():
                found[code] = name
    return found


def codes_of(conn: Connection, viewer: Viewer, right: Right, ids: Iterable[str]) -> dict[str, str]:
    """Return the codes of those dossiers that a viewer may do `right` with, by their ids."""
    known = [each for each in set(ids) if UUID.fullmatch(each)]
    table = tables.dossiers
    asked = select(table.c.id, table.c.code).where(table.c.id.in_(known), visible(viewer, right))
    return {str(row.id): row.code for row in conn.execute(asked)} if known else {}


def _name_of(code: Column[Any], name: Column[Any]) -> Select[Any]:
    named = (code == bindparam("code")) & name.is_not(None)
    return select(name).where(named).limit(1)


_NAME_OF_AGENCY: Final = _name_of(tables.dossiers.c.agency, tables.dossiers.c.agency_name)
_NAME_OF_PROCEDURE: Final = _name_of(tables.dossiers.c.procedure, tables.dossiers.c.procedure_name)
