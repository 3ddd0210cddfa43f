"""Which retention schedule an agency has adopted, and from when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from archive.catalogue import tables
from archive.catalogue.columns import instant_text
from archive.errors import AlreadyHeld, NotHeld, NotNow

WHOLE_ARCHIVE: Final = ""
"""The agency of a schedule that is for everybody who has none of their own."""
_TABLE = tables.schedules
_EVERY: Final = select(_TABLE).order_by(_TABLE.c.agency, _TABLE.c.adopted_at)


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
    """Both persons, separated by `; `."""
    decision: str = ""
    """Number and date of the decision by which it was adopted."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One person's proposal to adopt a schedule; it waits for the second person."""

    version: str
    agency: str
    content: str
    in_force_from: date
    decision: str
    proposed_by: str
    account: str
    """The account and program through which it was proposed."""
    proposed_at: datetime


def propose(conn: Connection, proposal: Proposal) -> None:
    """Record a proposal, in place of an earlier one of the same version and agency."""
    table = tables.schedule_proposals
    same = (table.c.version == proposal.version) & (table.c.agency == proposal.agency)
    conn.execute(delete(table).where(same))
    conn.execute(insert(table).values(asdict(proposal)))


def proposed(conn: Connection) -> tuple[Proposal, ...]:
    """Return the proposals that wait for their second person."""
    table = tables.schedule_proposals
    rows = conn.execute(select(table).order_by(table.c.proposed_at))
    return tuple(Proposal(**row._asdict()) for row in rows)


def take(conn: Connection, version: str) -> Proposal:
    """Remove a proposal, by its version or the beginning of it, and return it.

    Raises:
        NotHeld: there is none, or there are several.
        NotNow: somebody confirmed it before.
    """
    found = [each for each in proposed(conn) if each.version.startswith(version)]
    if not found and is_adopted(conn, version):
        raise NotNow("the schedule was confirmed before", where=version)
    if len(found) != 1:
        raise NotHeld(
            f"{len(found)} proposals are called {version}",
            where=version,
            hint="kho rule adopt FILE",
        )
    table, (one,) = tables.schedule_proposals, found
    same = (table.c.version == one.version) & (table.c.agency == one.agency)
    conn.execute(delete(table).where(same))
    return one


def is_adopted(conn: Connection, version: str) -> bool:
    """Whether a schedule was put in force under a version, or the beginning of it."""
    known = _TABLE.c.version.startswith(version, autoescape=True)
    return bool(version) and conn.execute(select(_TABLE.c.version).where(known)).first() is not None


def restore(conn: Connection, adoption: Adoption) -> None:
    """Enter an adoption as the store's record has it, unless it is there."""
    same = (_TABLE.c.agency == adoption.agency) & (_TABLE.c.adopted_at == adoption.adopted_at)
    if conn.execute(select(_TABLE.c.version).where(same)).first() is None:
        adopt(conn, adoption)


def to_json(adoption: Adoption) -> dict[str, Any]:
    """Return an adoption as the store's record has it."""
    value = asdict(adoption)
    value["in_force_from"] = adoption.in_force_from.isoformat()
    value["adopted_at"] = instant_text(adoption.adopted_at)
    return value


def from_json(value: Mapping[str, Any]) -> Adoption:
    """Return the adoption of a record that `to_json` made."""
    in_force_from = date.fromisoformat(value["in_force_from"])
    adopted_at = datetime.fromisoformat(value["adopted_at"])
    return Adoption(**{**value, "in_force_from": in_force_from, "adopted_at": adopted_at})


def effective(adoptions: Iterable[Adoption], agency: str, on: date) -> Adoption | None:
    """Choose among adoptions as `in_force` does."""
    for scope in _scopes(agency):
        found = [a for a in adoptions if a.agency == scope and a.in_force_from <= on]
        if found:
            return max(found, key=lambda a: (a.in_force_from, a.adopted_at))
    return None


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
    return tuple(map(_adoption, conn.execute(_EVERY)))


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
