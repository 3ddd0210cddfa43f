"""Hand-overs: what a system submitted under which key, and whether it was taken in yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from archive.catalogue import people_tables as tables
from archive.errors import Changed

_TABLE = tables.hand_overs


@dataclass(frozen=True, slots=True)
class HandOver:
    """A batch that a system handed over whole."""

    person_id: str
    key: str
    """The caller's idempotency key, or `sha256:` and the digest."""
    digest: str
    """SHA-256 of what was sent, 64 hex digits."""
    batch_id: str
    at: datetime
    taken_in_at: datetime | None = None
    """None: it still waits."""


def found(conn: Connection, person_id: str, key: str) -> HandOver | None:
    """Return what a system handed over under a key."""
    this = (_TABLE.c.person_id == person_id) & (_TABLE.c.key == key)
    row = conn.execute(select(_TABLE).where(this)).first()
    return HandOver(**row._asdict()) if row is not None else None


def keep(conn: Connection, made: HandOver) -> None:
    """Note a hand-over; raises Changed if the same key was faster."""
    row = {name: getattr(made, name) for name in made.__dataclass_fields__}
    try:
        conn.execute(insert(_TABLE).values(row))
    except IntegrityError:
        raise Changed("the same key arrived twice at once", hint="try again") from None


def waiting(conn: Connection, limit: int = 20) -> tuple[HandOver, ...]:
    """Return the oldest hand-overs that were not taken in."""
    wanted = select(_TABLE).where(_TABLE.c.taken_in_at.is_(None)).order_by(_TABLE.c.at)
    return tuple(HandOver(**row._asdict()) for row in conn.execute(wanted.limit(limit)))


def taken_in(conn: Connection, made: HandOver, at: datetime) -> None:
    """Note that everything of a hand-over was looked at."""
    this = (_TABLE.c.person_id == made.person_id) & (_TABLE.c.key == made.key)
    conn.execute(update(_TABLE).where(this).values(taken_in_at=at))


def forget(conn: Connection, before: datetime) -> int:
    """Remove what was taken in before a time; return how many."""
    return conn.execute(delete(_TABLE).where(_TABLE.c.taken_in_at < before)).rowcount
