"""Which retention schedule an agency has adopted, and from when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from archive.catalogue import tables
from archive.errors import AlreadyHeld

WHOLE_ARCHIVE: Final = ""
"""The agency of a schedule that is for everybody who has none of their own."""
_TABLE = tables.schedules


@dataclass(frozen=True, slots=True)
class Adoption:
    """The decision that a schedule is in force for an agency from a day on."""

    agency: str
    """Electronic identifier; its units follow unless they have a schedule of their own."""
    in_force_from: date
    version: str
    """The schedule's own name for this edition."""
    digest: str
    """SHA-256 of `content` in UTF-8."""
    content: str
    """The schedule's text, whole, so that old decisions can be explained."""
    adopted_at: datetime
    adopted_by: str
    decision: str = ""
    """Number and date of the decision by which it was adopted."""


def adopt(conn: Connection, adoption: Adoption) -> None:
    """Record an adoption; earlier ones stay for the time in which they were in force.

    Raises:
        AlreadyHeld: the agency adopted another schedule at the very same time.
    """
    try:
        conn.execute(insert(_TABLE).values(_row(adoption)))
    except IntegrityError:
        raise AlreadyHeld("an adoption at this time exists", where=adoption.agency) from None


def in_force(conn: Connection, agency: str, on: date) -> Adoption | None:
    """Return what is in force for an agency on a day; None if nothing was adopted.

    An agency without a schedule of its own follows the one above it (`H26.18`, `H26`, then
    the whole archive). Of several, the one in force last counts, then the one adopted last.
    """
    for scope in _scopes(agency):
        statement = (
            select(_TABLE)
            .where(_TABLE.c.agency == scope, _TABLE.c.in_force_from <= on)
            .order_by(_TABLE.c.in_force_from.desc(), _TABLE.c.adopted_at.desc())
            .limit(1)
        )
        row = conn.execute(statement).first()
        if row is not None:
            return _adoption(row)
    return None


def every(conn: Connection) -> tuple[Adoption, ...]:
    """Return all adoptions, by agency and in the order in which they were made."""
    rows = conn.execute(select(_TABLE).order_by(_TABLE.c.agency, _TABLE.c.adopted_at))
    return tuple(map(_adoption, rows))


def _scopes(agency: str) -> tuple[str, ...]:
    parts = agency.split(".") if agency else []
    units = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return (*units, WHOLE_ARCHIVE)


def _row(adoption: Adoption) -> dict[str, object]:
    return {
        "agency": adoption.agency,
        "adopted_at": adoption.adopted_at,
        "in_force_from": adoption.in_force_from,
        "version": adoption.version,
        "digest": adoption.digest,
        "content": adoption.content,
        "adopted_by": adoption.adopted_by,
        "decision": adoption.decision,
    }


def _adoption(row: Row[tuple[object, ...]]) -> Adoption:
    return Adoption(
        agency=row.agency,
        in_force_from=row.in_force_from,
        version=row.version,
        digest=row.digest,
        content=row.content,
        adopted_at=row.adopted_at,
        adopted_by=row.adopted_by,
        decision=row.decision,
    )
