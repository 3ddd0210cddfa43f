"""Documents that wait for the object store: written with the change that they report."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, insert, select

from archive.catalogue import tables
from archive.errors import IntegrityError

_TABLE = tables.state_documents


def add(conn: Connection, name: str, content: bytes) -> None:
    """Note a document that must lie in the store, write-once, under `name`.

    The same document again changes nothing.

    Raises:
        IntegrityError: another document waits under this name.
    """
    there = waiting(conn, name)
    if there is None:
        conn.execute(insert(_TABLE).values({"name": name, "content": content}))
    elif there != content:
        raise IntegrityError("another document waits under this name", where=name)


def waiting(conn: Connection, name: str) -> bytes | None:
    """Return a document that is not in the store yet."""
    found = conn.execute(select(_TABLE.c.content).where(_TABLE.c.name == name)).scalar()
    return None if found is None else bytes(found)


def pending(conn: Connection) -> tuple[tuple[str, bytes], ...]:
    """Return the documents that are not in the store yet, by name."""
    rows = conn.execute(select(_TABLE).order_by(_TABLE.c.name))
    return tuple((row.name, bytes(row.content)) for row in rows)


def done(conn: Connection, names: Iterable[str]) -> None:
    """Forget documents that are in the store on every copy."""
    gone = [{"done_name": name} for name in names]
    if gone:
        conn.execute(delete(_TABLE).where(_TABLE.c.name == bindparam("done_name")), gone)
