"""Sessions, one-time links and tokens in the catalogue, by the digest of their secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from archive.catalogue import people_tables as tables


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's stay, from signing in to signing out."""

    digest: str
    """SHA-256 of the secret that the browser has."""
    person_id: str
    stage: str
    """What is still to be done before it counts: a value of `archive.people.Stage`."""
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """An address that works once, for setting a password."""

    digest: str
    person_id: str | None
    """None: whoever has it becomes the first administrator."""
    made_at: datetime
    made_by: str
    ends_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a system shows in place of signing in."""

    id: str
    digest: str
    person_id: str
    """The system's account."""
    name: str
    scopes: tuple[str, ...]
    """Values of `archive.viewers.Right`."""
    made_at: datetime
    made_by: str
    ends_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None


_SESSION: Final = select(tables.sessions).where(tables.sessions.c.digest == bindparam("digest"))
"""Made once: every request asks it."""


def begin(conn: Connection, session: Session) -> None:
    """Enter a session."""
    conn.execute(insert(tables.sessions).values(**_values(session)))


def session(conn: Connection, digest: str) -> Session | None:
    """Return the session with this digest."""
    row = conn.execute(_SESSION, {"digest": digest}).first()
    return Session(**row._mapping) if row is not None else None  # noqa: SLF001 - its API


def touch(conn: Connection, digest: str, at: datetime) -> None:
    """Note that a session was used."""
    table = tables.sessions
    conn.execute(update(table).where(table.c.digest == digest).values(seen_at=at))


def end(conn: Connection, digest: str) -> None:
    """Remove a session."""
    conn.execute(delete(tables.sessions).where(tables.sessions.c.digest == digest))


def end_all(conn: Connection, person_id: str) -> int:
    """Remove every session of a person; return how many there were."""
    table = tables.sessions
    return conn.execute(delete(table).where(table.c.person_id == person_id)).rowcount


def end_old(conn: Connection, *, seen_before: datetime, begun_before: datetime) -> int:
    """Remove sessions that nobody used for long, or that began long ago."""
    table = tables.sessions
    old = (table.c.seen_at < seen_before) | (table.c.began_at < begun_before)
    return conn.execute(delete(table).where(old)).rowcount


def add_link(conn: Connection, link: Link) -> None:
    """Enter a link."""
    conn.execute(insert(tables.links).values(**_values(link)))


def link(conn: Connection, digest: str) -> Link | None:
    """Return the link with this digest."""
    row = conn.execute(select(tables.links).where(tables.links.c.digest == digest)).first()
    return Link(**row._mapping) if row is not None else None  # noqa: SLF001 - its API


def use_link(conn: Connection, digest: str, at: datetime) -> bool:
    """Use a link up; return whether it was unused until now."""
    table = tables.links
    unused = (table.c.digest == digest) & table.c.used_at.is_(None)
    return conn.execute(update(table).where(unused).values(used_at=at)).rowcount == 1


def void_links(conn: Connection, person_id: str | None, at: datetime) -> None:
    """Use up every link that a person has, or those for the first administrator."""
    table = tables.links
    owner = table.c.person_id.is_(None) if person_id is None else table.c.person_id == person_id
    conn.execute(update(table).where(owner & table.c.used_at.is_(None)).values(used_at=at))


def add_token(conn: Connection, token: Token) -> None:
    """Enter a token."""
    conn.execute(insert(tables.tokens).values({**_values(token), "scopes": list(token.scopes)}))


def token(conn: Connection, digest: str) -> Token | None:
    """Return the token with this digest."""
    row = conn.execute(select(tables.tokens).where(tables.tokens.c.digest == digest)).first()
    return _token(row) if row is not None else None


def tokens(conn: Connection, person_id: str | None = None) -> tuple[Token, ...]:
    """Return tokens, the newest first."""
    wanted = select(tables.tokens).order_by(tables.tokens.c.made_at.desc())
    if person_id is not None:
        wanted = wanted.where(tables.tokens.c.person_id == person_id)
    return tuple(map(_token, conn.execute(wanted)))


def revoke_token(conn: Connection, token_id: str, at: datetime) -> bool:
    """Revoke a token; return whether it was good until now."""
    table = tables.tokens
    good = (table.c.id == token_id) & table.c.revoked_at.is_(None)
    return conn.execute(update(table).where(good).values(revoked_at=at)).rowcount == 1


def use_token(conn: Connection, token_id: str, at: datetime) -> None:
    """Note that a token was used."""
    table = tables.tokens
    conn.execute(update(table).where(table.c.id == token_id).values(used_at=at))


def _token(row: Any) -> Token:
    values = dict(row._mapping)  # noqa: SLF001 - its API
    return Token(**{**values, "scopes": tuple(values["scopes"])})


def _values(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
