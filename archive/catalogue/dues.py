"""When dossiers are due, as last computed: writing it and listing it, out of millions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal,
    select,
    tuple_,
    update,
)

from archive.catalogue import rows, tables
from archive.catalogue.holding import Due
from archive.catalogue.visibility import visible
from archive.errors import NotHeld
from archive.viewers import OPERATOR, Right, Viewer

_TABLE = tables.dossiers
_MOST_AGENCIES = 200


def set_due(
    conn: Connection,
    dossier_id: str,
    action: str | None,
    due_on: date | None,
    rule_code: str | None,
    schedule_version: str,
) -> None:
    """Record when a dossier is due, instead of what was recorded before.

    Raises:
        NotHeld: there is no such dossier.
    """
    values = {
        "retention_action": action,
        "retention_due_on": due_on,
        "retention_rule": rule_code,
        "retention_schedule": schedule_version,
    }
    changed = conn.execute(update(_TABLE).where(_TABLE.c.id == dossier_id).values(values))
    if changed.rowcount == 0:
        raise NotHeld("the archive holds no such dossier", where=dossier_id)


def set_dues(conn: Connection, dues: Iterable[Due]) -> None:
    """Record many at once; those of dossiers that are not held are left out."""
    parameters = [{"dossier": due.dossier_id, **rows.due_values(due)} for due in dues]
    if parameters:
        names = [name for name in parameters[0] if name != "dossier"]
        statement = update(_TABLE).where(_TABLE.c.id == bindparam("dossier"))
        conn.execute(statement.values({name: bindparam(name) for name in names}), parameters)


def due(
    conn: Connection,
    on: date,
    limit: int = 100,
    after: Due | None = None,
    *,
    action: str | None = None,
    viewer: Viewer = OPERATOR,
) -> tuple[Due, ...]:
    """List dossiers that are due on a day, by action, then the longest due first.

    Args:
        conn: the transaction.
        on: the day; listed is what has `due_on` on it or earlier.
        limit: at most so many.
        after: the last one of the page before.
        action: only this action.
        viewer: who asks.
    """
    found: list[Due] = []
    for each in _actions(conn) if action is None else (action,):
        if after is not None and after.action is not None and each < after.action:
            continue
        start = after if after is not None and after.action == each else None
        found += _page(conn, each, on, limit - len(found), start, viewer)
        if len(found) == limit:
            break
    return tuple(found)


def due_counts(conn: Connection, on: date) -> Mapping[str, int]:
    """Return how many dossiers are due on a day, by action."""
    return {
        action: conn.execute(
            select(func.count()).select_from(_TABLE).where(*_is_due(action, on))
        ).scalar_one()
        for action in _actions(conn)
    }


def _page(
    conn: Connection, action: str, on: date, limit: int, after: Due | None, viewer: Viewer
) -> Iterator[Due]:
    key = tuple_(_TABLE.c.retention_due_on, _TABLE.c.id)
    statement: Select[Any] = select(
        _TABLE.c.id,
        _TABLE.c.retention_action,
        _TABLE.c.retention_due_on,
        _TABLE.c.retention_rule,
        _TABLE.c.retention_schedule,
    ).where(*_is_due(action, on), visible(viewer, Right.RETENTION))
    if after is not None:
        last = tuple_(
            literal(after.due_on, _TABLE.c.retention_due_on.type),
            literal(after.dossier_id, _TABLE.c.id.type),
        )
        statement = statement.where(key > last)
    ordered = statement.order_by(_TABLE.c.retention_due_on, _TABLE.c.id).limit(limit)
    for row in conn.execute(ordered):
        found = rows.due_of(row)
        if found is not None:
            yield found


def agencies(conn: Connection, viewer: Viewer, action: str, on: date) -> tuple[str, ...]:
    """Return the agencies whose dossiers are due on a day, as far as a viewer may see them."""
    column = _TABLE.c.agency
    statement = select(column).where(*_is_due(action, on), visible(viewer, Right.RETENTION))
    return tuple(conn.scalars(statement.distinct().order_by(column).limit(_MOST_AGENCIES)))


def _is_due(action: str, on: date) -> tuple[ColumnElement[bool], ...]:
    return (_TABLE.c.retention_action == action, _TABLE.c.retention_due_on <= on)


def _actions(conn: Connection) -> Iterator[str]:
    """Yield the actions in use by hopping over the index, one look-up each."""
    column = _TABLE.c.retention_action
    found = conn.execute(select(func.min(column))).scalar()
    while found is not None:
        yield found
        found = conn.execute(select(func.min(column)).where(column > found)).scalar()


class DueDay(NamedTuple):
    """What falls due on one day, for one action."""

    action: str
    due_on: date
    dossiers: int
    bytes: int
    """Of all versions' packages, one copy."""


def by_day(conn: Connection, until: date, viewer: Viewer = OPERATOR) -> Iterator[DueDay]:
    """Yield what falls due up to a day, by action and day; reads the whole range."""
    sizes = (
        select(tables.versions.c.dossier_id, func.sum(tables.versions.c.size).label("bytes"))
        .group_by(tables.versions.c.dossier_id)
        .subquery()
    )
    keys = (_TABLE.c.retention_action, _TABLE.c.retention_due_on)
    statement = (
        select(*keys, func.count(), func.coalesce(func.sum(sizes.c.bytes), 0))
        .join(sizes, sizes.c.dossier_id == _TABLE.c.id)
        .where(_TABLE.c.retention_due_on <= until, _TABLE.c.retention_action.is_not(None))
        .where(visible(viewer, Right.RETENTION))
        .group_by(*keys)
        .order_by(*keys)
    )
    for action, due_on, count, size in conn.execute(statement):
        yield DueDay(action, due_on, count, int(size))
