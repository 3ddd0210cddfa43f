"""What people said they open dossiers for, for as long as that counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from archive.catalogue import people_tables

_STATED = people_tables.stated_purposes


def state(conn: Connection, person_id: str, about: str, purpose: str, at: datetime) -> None:
    """Note what somebody wants something for, in the place of what was said before."""
    mine = (_STATED.c.person_id == person_id) & (_STATED.c.about == about)
    conn.execute(delete(_STATED).where(mine))
    conn.execute(
        insert(_STATED).values(person_id=person_id, about=about, purpose=purpose, stated_at=at)
    )


def stated(conn: Connection, person_id: str, about: str, since: datetime) -> str:
    """Return what somebody said since a moment; "" if nothing."""
    mine = (_STATED.c.person_id == person_id) & (_STATED.c.about == about)
    found = select(_STATED.c.purpose).where(mine, _STATED.c.stated_at >= since)
    return conn.execute(found).scalar() or ""


def forget(conn: Connection, before: datetime) -> None:
    """Remove what no longer counts."""
    conn.execute(delete(_STATED).where(_STATED.c.stated_at < before))
