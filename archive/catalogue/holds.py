"""Holds: what stops the disposal of a dossier, or of every dossier of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from archive.catalogue import tables
from archive.catalogue.columns import instant_text
from archive.catalogue.engine import Lock, exclusive
from archive.errors import AlreadyHeld, NotHeld, NotNow, UsageError
from archive.model import DossierId

_TABLE = tables.holds


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a dossier that a hold can be about."""

    procedure: str | None = None
    """Procedure code; None for any. `1.000318` also means its local forms, such as
    `1.000318.000.00.00.H40`."""
    agency: str | None = None
    """Electronic identifier; None for any. `H26` also means its units, such as `H26.18`."""
    query: str | None = None
    """In the language of the search box; None for any."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A stop on disposal, of one dossier or of all that have certain facts.

    A hold on facts or on a query also covers dossiers that arrive after it was placed.
    """

    id: str
    """A UUID in canonical form."""
    owner: str
    """The agency or office that asked for it and will say when it ends."""
    reason: str
    legal_reference: str
    """The decision or article on which it rests."""
    placed_at: datetime
    placed_by: str
    dossier_id: DossierId | None = None
    """The dossier; None for a hold on facts."""
    facts: Facts | None = None
    """None for a hold on one dossier."""
    review_on: date | None = None
    """The day on which the owner is to be asked again; the hold does not end by itself."""
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None
    next_review_on: date | None = None
    """The day that a review set; None before the first."""

    @property
    def ask_on(self) -> date | None:
        """The day on which its owner is to be asked (again); None if none was set."""
        return self.next_review_on or self.review_on

    @property
    def active(self) -> bool:
        """Whether it stands against disposal."""
        return self.lifted_at is None

    def covers(
        self,
        dossier_id: DossierId | None,
        facts: Facts,
        answers: Callable[[str], bool] = lambda query: True,
    ) -> bool:
        """Say whether it is about a dossier with this id and these facts.

        Args:
            dossier_id: the dossier.
            facts: its procedure and agency.
            answers: says whether it meets a query. Without, every one counts as met: better
                held too much than destroyed too early.
        """
        if self.facts is None:
            return self.dossier_id == dossier_id
        return (
            _within(facts.procedure, self.facts.procedure)
            and _within(facts.agency, self.facts.agency)
            and (self.facts.query is None or answers(self.facts.query))
        )


def _within(code: str | None, held: str | None) -> bool:
    if held is None:
        return True
    return code is not None and f"{code}.".startswith(f"{held}.")


def place(conn: Connection, hold: Hold) -> None:
    """Put a hold in force from the commit of this transaction.

    Waits for a disposal that is being carried out (`guard`).

    Raises:
        UsageError: it is about nothing, or about a dossier and facts at once.
        AlreadyHeld: a hold with this id exists.
    """
    if (hold.dossier_id is None) == (hold.facts is None) or hold.facts == Facts():
        raise UsageError(
            "a hold is about one dossier, or about a procedure, an agency or a query", where=hold.id
        )
    guard(conn)
    try:
        conn.execute(insert(_TABLE).values(_row(hold)))
    except IntegrityError:
        raise AlreadyHeld("a hold with this id exists", where=hold.id) from None


def restore(conn: Connection, hold: Hold) -> None:
    """Enter a hold as the store's record has it, in place of what is known of it."""
    row = _row(hold)
    if conn.execute(update(_TABLE).where(_TABLE.c.id == hold.id).values(row)).rowcount == 0:
        conn.execute(insert(_TABLE).values(row))


def lift(conn: Connection, hold_id: str, *, at: datetime, by: str, reason: str) -> Hold:
    """End a hold and return it as it now stands.

    Raises:
        NotHeld: there is no such hold.
        UsageError: it was lifted before.
    """
    values = {"lifted_at": at, "lifted_by": by, "lift_reason": reason}
    active = (_TABLE.c.id == hold_id) & _TABLE.c.lifted_at.is_(None)
    changed = conn.execute(update(_TABLE).where(active).values(values))
    hold = get(conn, hold_id)
    if changed.rowcount == 0:
        raise NotNow(f"the hold was lifted on {hold.lifted_at:%Y-%m-%d}", where=hold_id)
    return hold


def review(conn: Connection, hold_id: str, *, next_on: date) -> Hold:
    """Record that a hold was looked at and stays, until the next day to do so.

    Raises:
        NotHeld: there is no such hold.
        UsageError: it was lifted.
    """
    active = (_TABLE.c.id == hold_id) & _TABLE.c.lifted_at.is_(None)
    changed = conn.execute(update(_TABLE).where(active).values(next_review_on=next_on))
    hold = get(conn, hold_id)
    if changed.rowcount == 0:
        raise NotNow(f"the hold was lifted on {hold.lifted_at:%Y-%m-%d}", where=hold_id)
    return hold


def to_ask(conn: Connection, on: date) -> tuple[Hold, ...]:
    """Return the holds in force whose owner is to be asked by a day, the longest due first."""
    due = [(hold.ask_on, hold.id, hold) for hold in active(conn) if hold.ask_on]
    return tuple(hold for day, _, hold in sorted(due, key=lambda each: each[:2]) if day <= on)


def restore_review(conn: Connection, value: Mapping[str, Any]) -> None:
    """Enter a review as the store's record has it."""
    next_on = date.fromisoformat(value["next_on"])
    this = _TABLE.c.id == value["hold"]
    conn.execute(update(_TABLE).where(this).values(next_review_on=next_on))


def get(conn: Connection, hold_id: str) -> Hold:
    """Return a hold.

    Raises:
        NotHeld: there is no such hold.
    """
    row = conn.execute(select(_TABLE).where(_TABLE.c.id == hold_id)).first()
    if row is None:
        raise NotHeld("there is no such hold", where=hold_id, hint="see: kho hold list")
    return _hold(row)


def every(conn: Connection) -> tuple[Hold, ...]:
    """Return all holds, lifted ones too, in the order in which they were placed."""
    rows = conn.execute(select(_TABLE).order_by(_TABLE.c.placed_at, _TABLE.c.id))
    return tuple(map(_hold, rows))


def active(conn: Connection) -> tuple[Hold, ...]:
    """Return the holds in force, in the order in which they were placed."""
    in_force = select(_TABLE).where(_TABLE.c.lifted_at.is_(None))
    rows = conn.execute(in_force.order_by(_TABLE.c.placed_at, _TABLE.c.id))
    return tuple(map(_hold, rows))


def active_matching(conn: Connection, facts: Facts) -> tuple[Hold, ...]:
    """Return the holds in force that cover dossiers with these facts; queries are not asked."""
    on_facts = select(_TABLE).where(_TABLE.c.lifted_at.is_(None), _TABLE.c.dossier_id.is_(None))
    rows = conn.execute(on_facts.order_by(_TABLE.c.placed_at, _TABLE.c.id))
    return tuple(hold for hold in map(_hold, rows) if hold.covers(None, facts))


_POSSIBLE: Final = select(_TABLE).where(
    _TABLE.c.lifted_at.is_(None),
    (_TABLE.c.dossier_id == bindparam("dossier_id")) | _TABLE.c.dossier_id.is_(None),
)


def active_for(conn: Connection, dossier_id: DossierId) -> tuple[Hold, ...]:
    """Return the holds in force that cover a dossier, by its id or by its facts.

    Those on a query are among them whether the dossier meets it or not: `archive.covering`
    asks that. For a dossier that is not held, those that name its id.
    """
    placed = list(map(_hold, conn.execute(_POSSIBLE, {"dossier_id": dossier_id})))
    found = [hold for hold in placed if hold.dossier_id is not None]
    if len(found) < len(placed) and (facts := _facts_of(conn, dossier_id)) is not None:
        found += active_matching(conn, facts)
    return tuple(sorted(found, key=lambda hold: (hold.placed_at, hold.id)))


def guard(conn: Connection) -> None:
    """Keep new holds out until this transaction ends.

    A disposal calls this before it asks for holds, so that none can come between the
    question and the commit: a hold placed before the commit point wins.
    """
    exclusive(conn, Lock.HOLDS)


def to_json(hold: Hold, *, lifted: bool = True) -> dict[str, Any]:
    """Return a hold as the store's record has it.

    Args:
        hold: the hold.
        lifted: whether to say how it ended; without, the record of its placing is the same
            before and after.
    """
    value = asdict(hold)
    for name in ("placed_at", "lifted_at"):
        value[name] = instant_text(value[name]) if value[name] else None
    value["review_on"] = hold.review_on.isoformat() if hold.review_on else None
    if not lifted:
        value |= dict.fromkeys(("lifted_at", "lifted_by", "lift_reason"))
    del value["next_review_on"]  # a document of its own
    return value


def from_json(value: Mapping[str, Any]) -> Hold:
    """Return the hold of a record that `to_json` made."""
    facts, review_on, lifted_at = value["facts"], value["review_on"], value["lifted_at"]
    return Hold(
        **{
            **value,
            "facts": Facts(**facts) if facts else None,
            "placed_at": datetime.fromisoformat(value["placed_at"]),
            "lifted_at": datetime.fromisoformat(lifted_at) if lifted_at else None,
            "review_on": date.fromisoformat(review_on) if review_on else None,
        }
    )


def _facts_of(conn: Connection, dossier_id: DossierId) -> Facts | None:
    table = tables.dossiers
    columns = select(table.c.procedure, table.c.agency)
    row = conn.execute(columns.where(table.c.id == dossier_id)).first()
    return Facts(row.procedure, row.agency) if row is not None else None


def _row(hold: Hold) -> dict[str, object]:
    return {
        "id": hold.id,
        "dossier_id": hold.dossier_id,
        "procedure": hold.facts.procedure if hold.facts else None,
        "agency": hold.facts.agency if hold.facts else None,
        "owner": hold.owner,
        "reason": hold.reason,
        "legal_reference": hold.legal_reference,
        "review_on": hold.review_on,
        "placed_at": hold.placed_at,
        "placed_by": hold.placed_by,
        "lifted_at": hold.lifted_at,
        "lifted_by": hold.lifted_by,
        "lift_reason": hold.lift_reason,
        "query": hold.facts.query if hold.facts else None,
        "next_review_on": hold.next_review_on,
    }


def _hold(row: Row[tuple[object, ...]]) -> Hold:
    on_facts = row.dossier_id is None
    return Hold(
        id=row.id,
        owner=row.owner,
        reason=row.reason,
        legal_reference=row.legal_reference,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        dossier_id=None if on_facts else DossierId(row.dossier_id),
        facts=Facts(row.procedure, row.agency, row.query) if on_facts else None,
        review_on=row.review_on,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
        next_review_on=row.next_review_on,
    )
