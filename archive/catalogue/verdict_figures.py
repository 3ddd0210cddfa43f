"""Figures of the signatures that somebody may see, counted by the database in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from archive.catalogue import rows, tables
from archive.catalogue.verdict_list import HeldVerdict
from archive.catalogue.visibility import visible
from archive.model import DossierId
from archive.viewers import Right, Viewer

_V, _D = tables.verdicts, tables.dossiers
_PASSED: Final = "passed"


def _fact(name: str) -> ColumnElement[Any]:
    return func.coalesce(_V.c.description[name].as_string(), "")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which signatures are meant; everything if nothing is named. "" is: has none."""

    outcome: str | None = None
    reason: str | None = None
    year: int | None = None
    issuer: str | None = None
    algorithm: str | None = None
    """Scheme and digest, `RSA-2048 SHA256`."""
    ends_from: datetime | None = None
    ends_before: datetime | None = None
    """Of those that pass: their proof ends in `ends_from <= … < ends_before`."""


@dataclass(frozen=True, slots=True)
class Group:
    """Signatures that are alike."""

    outcome: str
    reason: str
    year: int
    issuer: str
    algorithm: str
    format: str
    count: int
    test: int


def groups(conn: Connection, viewer: Viewer) -> tuple[Group, ...]:
    """Return all signatures that a viewer may audit, those that are alike as one."""
    columns = (
        _V.c.indication, func.coalesce(_V.c.sub_indication, "").label("reason"), _D.c.year,
        _fact("issuer").label("issuer"), _fact("signature_algorithm").label("scheme"),
        _fact("digest_algorithm").label("digest"), _V.c.format, _V.c.test,
    )  # fmt: skip
    found = _within(select(*columns), viewer).subquery()
    keys = [column for column in found.c if column.name != "test"]
    tests = func.sum(case((found.c.test, 1), else_=0))
    statement = select(*keys, func.count(), tests).group_by(*keys)
    return tuple(_group(tuple(row)) for row in conn.execute(statement))


def _group(row: tuple[Any, ...]) -> Group:
    outcome, reason, year, issuer, scheme, digest, form, count, test = row
    algorithm = f"{scheme} {digest}".strip().upper()
    return Group(outcome, reason, year, issuer, algorithm, form, count, int(test))


def endings(conn: Connection, viewer: Viewer, edges: Sequence[datetime]) -> tuple[int, ...]:
    """Count the signatures that pass and whose proof ends between each two edges.

    Returns:
        One count less than there are edges.
    """
    end = _V.c.provable_until
    sums = [
        func.coalesce(func.sum(case(((end >= start) & (end < stop), 1), else_=0)), 0)
        for start, stop in pairwise(edges)
    ]
    near = (end >= edges[0]) & (end < edges[-1])
    row = conn.execute(_within(select(*sums), viewer).where(near)).one()
    return tuple(map(int, row))


def listed(
    conn: Connection,
    viewer: Viewer,
    chosen: Chosen,
    *,
    limit: int,
    after: tuple[str, int] = ("", 0),
) -> tuple[HeldVerdict, ...]:
    """Return a page of signatures by dossier and place in it, beginning after one."""
    columns = (*_V.columns, _D.c.code, _D.c.year, _D.c.fonds)
    statement = _within(select(*columns), viewer).where(*_conditions(chosen))
    if after[0]:
        same = and_(_V.c.dossier_id == after[0], _V.c.ordinal > after[1])
        statement = statement.where(or_(_V.c.dossier_id > after[0], same))
    ordered = statement.order_by(_V.c.dossier_id, _V.c.ordinal).limit(limit)
    return tuple(map(_held, conn.execute(ordered)))


def every(conn: Connection, viewer: Viewer, chosen: Chosen) -> Iterator[HeldVerdict]:
    """Yield all of them in bounded memory."""
    after = ("", 0)
    while page := listed(conn, viewer, chosen, limit=1000, after=after):
        yield from page
        after = (page[-1].dossier_id, page[-1].ordinal)


def _within(statement: Any, viewer: Viewer) -> Any:
    joined = statement.select_from(_V).join(_D, _D.c.id == _V.c.dossier_id)
    return joined.where(visible(viewer, Right.AUDIT))


def _conditions(chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    if chosen.outcome is not None:
        yield _V.c.indication == chosen.outcome
    if chosen.reason is not None:
        yield func.coalesce(_V.c.sub_indication, "") == chosen.reason
    if chosen.year is not None:
        yield _D.c.year == chosen.year
    if chosen.issuer is not None:
        yield _fact("issuer") == chosen.issuer
    if chosen.algorithm is not None:
        both = _fact("signature_algorithm") + " " + _fact("digest_algorithm")
        yield func.upper(func.trim(both)) == chosen.algorithm
    if chosen.ends_from is not None:
        yield and_(_V.c.indication == _PASSED, _V.c.provable_until >= chosen.ends_from)
    if chosen.ends_before is not None:
        yield and_(_V.c.indication == _PASSED, _V.c.provable_until < chosen.ends_before)


def _held(row: Row[Any]) -> HeldVerdict:
    dossier_id = DossierId(row.dossier_id)
    return HeldVerdict(dossier_id, row.code, row.year, row.fonds, row.ordinal, rows.verdict_of(row))
