"""The signatures in everything that is held, listed by when and why they end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from archive.catalogue import rows, tables
from archive.model import DossierId, Indication, ObjectName, Verdict

_PAGE: Final = 1000
_V, _D = tables.verdicts, tables.dossiers


@dataclass(frozen=True, slots=True)
class HeldVerdict:
    """A verdict and the dossier that its file is in."""

    dossier_id: DossierId
    code: str
    year: int
    fonds: str
    ordinal: int
    """1-based place among the dossier's verdicts."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dossiers are meant; everything if nothing is named."""

    year: int | None = None
    fonds: str | None = None
    ends_before: datetime | None = None
    """Only verdicts that passed and cannot be proven from this moment on."""
    indication: Indication | None = None


def listed(conn: Connection, selection: Selection) -> Iterator[HeldVerdict]:
    """Yield verdicts in bounded memory: by sunset if that is asked for, else by dossier."""
    by_end = selection.ends_before is not None
    keys = (_V.c.dossier_id, _V.c.ordinal)
    order = (_V.c.provable_until, *keys) if by_end else keys
    base = _chosen(selection).order_by(*order).limit(_PAGE)
    after: tuple[Any, ...] | None = None
    while True:
        found = conn.execute(base if after is None else base.where(_beyond(order, after))).all()
        yield from map(_held, found)
        if len(found) < _PAGE:
            return
        last = found[-1]
        after = tuple(getattr(last, column.name) for column in order)


def dossier_ids(conn: Connection, selection: Selection) -> Iterator[DossierId]:
    """Yield the ids of the dossiers that have signatures, in ascending order."""
    chosen = _within(select(_D.c.id).where(_D.c.signature_outcome != "none"), selection)
    last = ""
    while True:
        page = chosen.order_by(_D.c.id).limit(_PAGE)
        ids = conn.execute(page.where(_D.c.id > last) if last else page).scalars().all()
        yield from (DossierId(one) for one in ids)
        if len(ids) < _PAGE:
            return
        last = ids[-1]


def earliest_end(conn: Connection) -> datetime | None:
    """Return when the first signature that passes now can no longer be proven."""
    statement = select(_V.c.provable_until).where(_V.c.provable_until.is_not(None))
    found: datetime | None = conn.execute(statement.order_by(_V.c.provable_until).limit(1)).scalar()
    return found


def ending_before(conn: Connection, end: datetime) -> int:
    """Count the signatures that cannot be proven from `end` on."""
    count = select(func.count()).select_from(_V).where(_V.c.provable_until < end)
    return int(conn.execute(count).scalar_one())


def doubted(conn: Connection, place: ObjectName) -> bool:
    """Whether the last fixity check of a package found anything but intact on a copy."""
    table = tables.fixity_checks
    bad = (table.c.place == place) & (table.c.outcome != "intact")
    return conn.execute(select(table.c.place).where(bad).limit(1)).first() is not None


def _chosen(selection: Selection) -> Select[Any]:
    columns = (*_V.columns, _D.c.code, _D.c.year, _D.c.fonds)
    statement = select(*columns).join(_D, _D.c.id == _V.c.dossier_id)
    if selection.ends_before is not None:
        statement = statement.where(_V.c.provable_until < selection.ends_before)
    if selection.indication is not None:
        statement = statement.where(_V.c.indication == selection.indication.value)
    return _within(statement, selection)


def _within(statement: Select[Any], selection: Selection) -> Select[Any]:
    if selection.year is not None:
        statement = statement.where(_D.c.year == selection.year)
    if selection.fonds is not None:
        statement = statement.where(_D.c.fonds == selection.fonds)
    return statement


def _beyond(order: tuple[Any, ...], after: tuple[Any, ...]) -> Any:
    """Return the condition for rows that sort after a row's values."""
    cases = []
    for place, (column, value) in enumerate(zip(order, after, strict=True)):
        same = [c == v for c, v in zip(order[:place], after[:place], strict=True)]
        cases.append(and_(*same, column > value))
    return or_(*cases)


def _held(row: Row[Any]) -> HeldVerdict:
    dossier_id = DossierId(row.dossier_id)
    return HeldVerdict(dossier_id, row.code, row.year, row.fonds, row.ordinal, rows.verdict_of(row))
