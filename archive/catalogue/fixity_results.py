"""When each stored version was last checked on each copy, and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, and_, delete, func, insert, select

from archive.catalogue import rows, tables
from archive.catalogue.holding import HeldVersion
from archive.model import DossierId, ObjectName

_CHECKS = tables.fixity_checks
_VERSIONS = tables.versions


class FixityOutcome(StrEnum):
    """What a check of one object on one copy found."""

    INTACT = "intact"
    MISMATCH = "mismatch"
    """Its bytes are not those that were recorded."""
    MISSING = "missing"
    UNREADABLE = "unreadable"
    """The copy did not answer; nothing is known about the bytes."""


@dataclass(frozen=True, slots=True)
class FixityCheck:
    """The last check of one stored version on one copy."""

    place: ObjectName
    copy: str
    """The store's address."""
    outcome: FixityOutcome
    checked_at: datetime
    found: str | None = None
    """The digest that was found where it differs from the recorded one."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FixityStatus:
    """How one copy stands, over all stored versions."""

    versions: int
    never_checked: int
    oldest_check: datetime | None
    """Among versions that were checked; None if none was."""
    outcomes: Mapping[FixityOutcome, int]


def record(conn: Connection, checks: Iterable[FixityCheck]) -> None:
    """Record checks, each in place of the last one of the same object on the same copy."""
    latest = {(check.place, check.copy): check for check in checks}
    if not latest:
        return
    by_copy: dict[str, list[str]] = {}
    for place, copy in latest:
        by_copy.setdefault(copy, []).append(place)
    for copy, places in by_copy.items():
        for start in range(0, len(places), 500):
            batch = _CHECKS.c.place.in_(places[start : start + 500])
            conn.execute(delete(_CHECKS).where(_CHECKS.c.copy == copy, batch))
    conn.execute(insert(_CHECKS), [_row(check) for check in latest.values()])


def unchecked(
    conn: Connection, copy: str, before: datetime, *, limit: int = 1000, after: str = ""
) -> tuple[HeldVersion, ...]:
    """List versions that were not found intact on a copy since a time, by place.

    Args:
        conn: the transaction.
        copy: the store's address.
        before: versions whose last intact check is earlier are listed, and those never
            checked or not intact.
        limit: at most so many.
        after: only places that sort after this one.
    """
    checked = and_(
        _CHECKS.c.place == _VERSIONS.c.place,
        _CHECKS.c.copy == copy,
        _CHECKS.c.checked_at >= before,
        _CHECKS.c.outcome == FixityOutcome.INTACT.value,
    )
    statement = (
        select(_VERSIONS)
        .outerjoin(_CHECKS, checked)
        .where(_CHECKS.c.place.is_(None), _VERSIONS.c.place > after)
        .order_by(_VERSIONS.c.place)
        .limit(limit)
    )
    return tuple(
        HeldVersion(DossierId(row.dossier_id), rows.version_of(row))
        for row in conn.execute(statement)
    )


def not_intact(conn: Connection, *, limit: int = 1000) -> tuple[FixityCheck, ...]:
    """List the checks that did not end well, by place and copy."""
    bad = [outcome.value for outcome in FixityOutcome if outcome is not FixityOutcome.INTACT]
    statement = select(_CHECKS).where(_CHECKS.c.outcome.in_(bad))
    ordered = statement.order_by(_CHECKS.c.place, _CHECKS.c.copy).limit(limit)
    return tuple(map(_check, conn.execute(ordered)))


def of_dossier(conn: Connection, dossier_id: DossierId) -> tuple[FixityCheck, ...]:
    """Return the last checks of a dossier's versions, by version and copy."""
    statement = (
        select(_CHECKS)
        .join(_VERSIONS, _VERSIONS.c.place == _CHECKS.c.place)
        .where(_VERSIONS.c.dossier_id == dossier_id)
        .order_by(_VERSIONS.c.number, _CHECKS.c.copy)
    )
    return tuple(map(_check, conn.execute(statement)))


def status(conn: Connection, copy: str) -> FixityStatus:
    """Sum up how one copy stands."""
    total = conn.execute(select(func.count()).select_from(_VERSIONS)).scalar_one()
    of_copy = _CHECKS.c.copy == copy
    grouped = select(_CHECKS.c.outcome, func.count()).where(of_copy).group_by(_CHECKS.c.outcome)
    found: dict[str, int] = dict(conn.execute(grouped).all())
    return FixityStatus(
        versions=total,
        never_checked=total - sum(found.values()),
        oldest_check=conn.execute(select(func.min(_CHECKS.c.checked_at)).where(of_copy)).scalar(),
        outcomes={outcome: found.get(outcome.value, 0) for outcome in FixityOutcome},
    )


def replay(conn: Connection, *, copy: str, after: str, upto: str, at: datetime) -> int:
    """Mark as intact at a time what a finished run over a range of places had found intact.

    A journal event per page of a run (its range, its time, its exceptions) is then enough
    to have the results again after the catalogue was lost; record the exceptions after it.

    Args:
        conn: the transaction.
        copy: the store's address.
        after: the range begins after this place.
        upto: the range ends with this place.
        at: when the page was checked; versions held since later were not in it.

    Returns:
        How many versions were marked.
    """
    place = _VERSIONS.c.place
    in_range = (place > after, place <= upto, _VERSIONS.c.held_since <= at)
    held = conn.execute(select(place).where(*in_range)).scalars().all()
    record(conn, [FixityCheck(ObjectName(each), copy, FixityOutcome.INTACT, at) for each in held])
    return len(held)


def _row(check: FixityCheck) -> dict[str, object]:
    return {
        "place": check.place,
        "copy": check.copy,
        "outcome": check.outcome.value,
        "checked_at": check.checked_at,
        "found": check.found,
        "detail": check.detail,
    }


def _check(row: Row[tuple[object, ...]]) -> FixityCheck:
    return FixityCheck(
        place=ObjectName(row.place),
        copy=row.copy,
        outcome=FixityOutcome(row.outcome),
        checked_at=row.checked_at,
        found=row.found,
        detail=row.detail,
    )
