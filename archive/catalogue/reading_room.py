"""What people looked at last, and the searches that they keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from archive.catalogue import people_tables, reading
from archive.catalogue.holding import Holding
from archive.viewers import Viewer

_VIEWS = people_tables.recent_views
_SEARCHES = people_tables.saved_searches
_KEPT = 50
_SAVED = (
    select(_SEARCHES)
    .where((_SEARCHES.c.person_id == bindparam("person_id")) | _SEARCHES.c.shared.is_(True))
    .order_by(_SEARCHES.c.name)
)


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that somebody keeps, and perhaps shares."""

    id: str
    person_id: str
    name: str
    address: str
    """The query string of the search page."""
    shared: bool
    saved_at: datetime


def saw(conn: Connection, person_id: str, dossier_id: str, at: datetime) -> None:
    """Note that somebody looked at a dossier."""
    mine = (_VIEWS.c.person_id == person_id) & (_VIEWS.c.dossier_id == dossier_id)
    if conn.execute(update(_VIEWS).where(mine).values(seen_at=at)).rowcount == 0:
        conn.execute(insert(_VIEWS).values(person_id=person_id, dossier_id=dossier_id, seen_at=at))


def seen(conn: Connection, person_id: str, viewer: Viewer, limit: int) -> tuple[Holding, ...]:
    """Return what somebody looked at last and may still see, the latest first."""
    wanted = select(_VIEWS.c.dossier_id).where(_VIEWS.c.person_id == person_id)
    ids = conn.execute(wanted.order_by(_VIEWS.c.seen_at.desc()).limit(_KEPT)).scalars().all()
    held = {each.dossier.id: each for each in reading.many(conn, ids, viewer)}
    return tuple(held[each] for each in ids if each in held)[:limit]


def last_seen(conn: Connection, person_id: str, dossier_id: str) -> datetime | None:
    """Return when somebody looked at a dossier last."""
    mine = (_VIEWS.c.person_id == person_id) & (_VIEWS.c.dossier_id == dossier_id)
    return conn.execute(select(_VIEWS.c.seen_at).where(mine)).scalar()


def save(conn: Connection, search: SavedSearch) -> None:
    """Keep a search."""
    values = {name: getattr(search, name) for name in SavedSearch.__dataclass_fields__}
    conn.execute(insert(_SEARCHES).values(**values))


def saved(conn: Connection, person_id: str) -> tuple[SavedSearch, ...]:
    """Return a person's own searches and the shared ones, by name."""
    rows = conn.execute(_SAVED, {"person_id": person_id})
    return tuple(SavedSearch(**row._mapping) for row in rows)  # noqa: SLF001 - its API


def forget(conn: Connection, search_id: str, person_id: str) -> bool:
    """Remove a person's own search; return whether there was one."""
    mine = (_SEARCHES.c.id == search_id) & (_SEARCHES.c.person_id == person_id)
    return conn.execute(delete(_SEARCHES).where(mine)).rowcount == 1
