"""Tokens: what a system shows in place of signing in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from archive.assembly import Archive
from archive.catalogue import journal, people, sessions
from archive.catalogue.people import Person
from archive.catalogue.sessions import Token
from archive.errors import NotHeld, NotPermitted, UsageError
from archive.events import Event, EventType
from archive.people.stays import digest_of
from archive.viewers import Right, Viewer

PREFIX: Final = "kho_"
"""Every token begins so, that one in a log or a repository is recognised."""
MAX_DAYS: Final = 366
_TOUCH: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """A system that showed a good token."""

    token: Token
    person: Person

    @property
    def viewer(self) -> Viewer:
        """What it is to the archive: its roles, cut down to what the token is for."""
        return replace(
            self.person.viewer, limited_to=frozenset(Right(scope) for scope in self.token.scopes)
        )


def make(
    archive: Archive, account: str, name: str, rights: Iterable[Right], *, days: int, by: Viewer
) -> tuple[Token, str]:
    """Make a token for a system; return it and its secret, which is told this once.

    Args:
        archive: which.
        account: the system's; its roles and their scopes are the most that the token allows.
        name: what the token is for, as an administrator reads it.
        rights: what it allows of that.
        days: how long it lasts, at most `MAX_DAYS`.
        by: an administrator.

    Raises:
        NotPermitted: `by` is no administrator.
        NotHeld: there is no such account.
        UsageError: a person's account, no rights, rights that the system does not have.
    """
    _may(by)
    at, wanted, name = archive.clock(), sorted(set(rights)), " ".join(name.split())
    if not 1 <= days <= MAX_DAYS:
        raise UsageError(f"a token lasts 1 to {MAX_DAYS} days", where="days")
    if not wanted or not name or len(name) > 100 or not name.isprintable():
        raise UsageError("a token needs a name and at least one right", where="rights")
    secret = PREFIX + secrets.token_urlsafe(32)
    with archive.catalogue.begin() as connection:
        system = people.by_account(connection, account.strip().casefold())
        if system.kind != "system":
            raise UsageError("tokens are for systems; people sign in", where=system.account)
        if missing := [right.value for right in wanted if not system.viewer.may(right)]:
            raise UsageError(
                f"the roles of {system.account} do not include: {', '.join(missing)}",
                where="rights",
            )
        token = Token(
            str(uuid4()), digest_of(secret), system.id, name,
            tuple(right.value for right in wanted), at, by.account, at + timedelta(days=days),
        )  # fmt: skip
        sessions.add_token(connection, token)
        journal.append(connection, _event(token, system, at, by, change="made"))
    return token, secret


def revoke(archive: Archive, token_id: str, *, by: Viewer) -> Token:
    """End a token at once; an id's beginning is enough.

    Raises:
        NotPermitted: `by` is no administrator.
        NotHeld: there is no such token that is still good.
        UsageError: several tokens begin so.
    """
    _may(by)
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        found = [t for t in sessions.tokens(connection) if t.id.startswith(token_id) and token_id]
        if len(found) > 1:
            raise UsageError("several tokens begin so", where=token_id)
        if not found or not sessions.revoke_token(connection, found[0].id, at):
            raise NotHeld("there is no such token, or it was revoked", where=token_id)
        system = people.get(connection, found[0].person_id)
        journal.append(connection, _event(found[0], system, at, by, change="revoked"))
    return replace(found[0], revoked_at=at)


def listed(archive: Archive, by: Viewer) -> tuple[tuple[Token, Person], ...]:
    """Return every token with its system, the newest first; never a secret."""
    _may(by)
    with archive.catalogue.connect() as connection:
        return tuple(
            (token, people.get(connection, token.person_id))
            for token in sessions.tokens(connection)
        )


def caller(archive: Archive, secret: str) -> Caller:
    """Return who shows this token.

    Raises:
        NotPermitted: it is unknown, revoked or over, or the system is disabled; always in the
            same words.
    """
    at = archive.clock()
    with archive.catalogue.connect() as connection:
        token = sessions.token(connection, digest_of(secret))
        if token is None or token.revoked_at is not None or token.ends_at <= at:
            raise _refused()
        system = people.get(connection, token.person_id)
    if system.disabled_at is not None or system.kind != "system":
        raise _refused()
    if token.used_at is None or at - token.used_at > _TOUCH:
        with archive.catalogue.begin() as connection:
            sessions.use_token(connection, token.id, at)
    return Caller(token, system)


def _refused() -> NotPermitted:
    return NotPermitted("the token is not good", hint="ask an administrator for another one")


def _may(by: Viewer) -> None:
    if not by.may(Right.ADMINISTER):
        raise NotPermitted("this is for administrators")


def _event(token: Token, system: Person, at: datetime, by: Viewer, *, change: str) -> Event:
    told = {"account": system.account, "token": token.id, "change": change,
            "rights": list(token.scopes)}  # fmt: skip
    return Event(EventType.TOKEN_CHANGED, at, "success", by.account, system.id, told)
