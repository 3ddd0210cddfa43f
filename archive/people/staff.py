"""Staff: accounts and roles, given and taken by an administrator; one-time links."""

from __future__ import annotations

import json
import re
import secrets
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from archive.assembly import Archive
from archive.catalogue import journal, people, sessions
from archive.catalogue.chain import Entry
from archive.catalogue.engine import Connection
from archive.catalogue.people import Person
from archive.catalogue.sessions import Link
from archive.errors import Changed, NotPermitted, UsageError
from archive.events import Event, EventType
from archive.people import stays
from archive.people.signing_in import write_password
from archive.people.stays import digest_of
from archive.viewers import LEVELS, Grant, PersonRole, Right, Scope, Viewer

LINKS_LAST: Final = timedelta(hours=24)
_ACCOUNT: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_SEEN: Final = ("roles", "disabled", "enabled")
"""Changes of what an administrator looks at before acting."""
_SELF: Final = "kho serve"


def first_link(archive: Archive) -> str | None:
    """Return the secret of a new link for the first administrator; None if there is one.

    Earlier links of this kind end.
    """
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        if people.administrators(connection):
            return None
        sessions.void_links(connection, None, at)
        return _link(connection, None, at=at, by=_SELF)


def _link(connection: Connection, person_id: str | None, *, at: datetime, by: str) -> str:
    secret = secrets.token_urlsafe(32)
    sessions.add_link(connection, Link(digest_of(secret), person_id, at, by, at + LINKS_LAST))
    return secret


def link_of(archive: Archive, secret: str) -> tuple[Link, Person | None]:
    """Return an unused link and whose it is; None for the first administrator.

    Raises:
        NotPermitted: there is no such link, it was used, or its time is over.
    """
    with archive.catalogue.connect() as connection:
        return _good_link(connection, secret, archive.clock())


def _good_link(connection: Connection, secret: str, at: datetime) -> tuple[Link, Person | None]:
    link = sessions.link(connection, digest_of(secret))
    if link is None or link.used_at is not None or link.ends_at <= at:
        raise NotPermitted("this link was used, or its time is over", hint="ask for another one")
    if link.person_id is None:
        if people.administrators(connection):
            raise NotPermitted("there is an administrator already")
        return link, None
    return link, people.get(connection, link.person_id)


def use_link(
    archive: Archive, secret: str, password: str, *, account: str = "", name: str = ""
) -> str:
    """Set the password that a link is for; return the secret of the session that begins.

    Args:
        archive: which.
        secret: the link's.
        password: the new one.
        account: of the first administrator; ignored for everybody else.
        name: likewise.

    Raises:
        NotPermitted: the link is not good.
        PasswordRejected: the password breaks rules; the link stays good.
        UsageError: not an account.
    """
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        link, person = _good_link(connection, secret, at)
        if person is None:
            grant = Grant(PersonRole.ADMINISTRATOR, Scope(levels=()))
            person = _new(account, name, "person", (grant,), at)
            _add(connection, person, by=_SELF, at=at)
        if not sessions.use_link(connection, link.digest, at):
            raise NotPermitted("this link was used")
        write_password(connection, person, password, at=at)
        people.change(connection, person.id, seen_at=at)
        sessions.end_all(connection, person.id)
        person = people.get(connection, person.id)
        stage = stays.next_stage(archive, person, code_done=False)
        return stays.begin(connection, person, stage, at=at)


def everybody(archive: Archive, by: Viewer) -> tuple[Person, ...]:
    """Return all people and systems, by account."""
    _may(by)
    with archive.catalogue.connect() as connection:
        return people.all(connection)


def person(archive: Archive, person_id: str, by: Viewer) -> Person:
    """Return one; raises NotHeld."""
    _may(by)
    with archive.catalogue.connect() as connection:
        return people.get(connection, person_id)


def add(
    archive: Archive, account: str, name: str, grants: Iterable[Grant], *, by: Viewer,
    kind: str = "person",
) -> tuple[Person, str]:  # fmt: skip
    """Add somebody; return the person and the secret of the link for the first password.

    Raises:
        UsageError: not an account, or a grant that says nothing.
        AlreadyHeld: the account is taken.
        NotPermitted: `by` is no administrator.
    """
    _may(by)
    at = archive.clock()
    made = _new(account, name, kind, tuple(grants), at)
    with archive.catalogue.begin() as connection:
        _add(connection, made, by=by.account, at=at)
        secret = _link(connection, made.id, at=at, by=by.account) if kind == "person" else ""
    return made, secret


def _new(account: str, name: str, kind: str, grants: tuple[Grant, ...], at: datetime) -> Person:
    account, name = account.strip().casefold(), " ".join(name.split())
    if not _ACCOUNT.fullmatch(account):
        raise UsageError("an account is 2 to 64 small letters, digits and . _ - @", where="account")
    if not name or len(name) > 200 or not name.isprintable():
        raise UsageError("a name is needed, of at most 200 characters", where="name")
    _check(grants)
    return Person(str(uuid4()), account, name, kind, at, grants)


def _check(grants: tuple[Grant, ...]) -> None:
    for grant in grants:
        scope = grant.scope
        if not set(scope.levels) <= set(LEVELS):
            raise UsageError("levels are " + ", ".join(LEVELS), where="levels")
        if () in (scope.fonds, scope.agencies):
            raise UsageError("a role within no fonds or agency allows nothing", where="scope")


def _add(connection: Connection, made: Person, *, by: str, at: datetime) -> None:
    people.add(connection, made, by=by)
    journal.append(
        connection, _event(at, by, made, change="added", kind=made.kind, roles=_roles(made.grants))
    )


def set_grants(
    archive: Archive,
    person_id: str,
    grants: Iterable[Grant],
    *,
    by: Viewer,
    seen: str | None = None,
) -> None:
    """Replace somebody's roles; their sessions go on with the new ones at once.

    Args:
        archive: where.
        person_id: whose.
        grants: the new ones.
        by: the administrator.
        seen: `Person.version` of what was looked at; None: whatever it is.

    Raises:
        Changed: another administrator changed the person since; nothing was done.
        NotPermitted: nobody may change their own roles, or take the last administrator's.
    """
    _may(by)
    at, given = archive.clock(), tuple(grants)
    _check(given)
    with archive.catalogue.begin() as connection:
        whom = _other(connection, person_id, by, seen)
        people.set_grants(connection, person_id, given, at=at, by=by.account)
        _keep_an_administrator(connection, whom)
        journal.append(
            connection,
            _event(
                at,
                by.account,
                whom,
                change="roles",
                before=_roles(whom.grants),
                roles=_roles(given),
            ),
        )


def set_disabled(
    archive: Archive, person_id: str, disabled: bool, *, by: Viewer, seen: str | None = None
) -> None:
    """Disable somebody, whose sessions end now, or let them in again. `seen` and errors: `set_grants`."""
    _may(by)
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        whom = _other(connection, person_id, by, seen)
        last = {} if disabled else {"seen_at": at}
        people.change(
            connection, person_id, disabled_at=at if disabled else None,
            locked_until=None, failures=0, **last,
        )  # fmt: skip
        sessions.end_all(connection, person_id)
        _keep_an_administrator(connection, whom)
        change = "disabled" if disabled else "enabled"
        journal.append(connection, _event(at, by.account, whom, change=change))


def renew_link(
    archive: Archive,
    person_id: str,
    *,
    by: Viewer,
    second_factor: bool = False,
    seen: str | None = None,
) -> str:
    """Return the secret of a new link; the password, and if said the second factor, ends now.

    `seen` and errors: `set_grants`.
    """
    _may(by)
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        whom = _other(connection, person_id, by, seen)
        values = {"second_factor": None, "second_factor_step": 0} if second_factor else {}
        people.change(connection, person_id, password=None, **values)
        _keep_an_administrator(connection, whom)
        sessions.end_all(connection, person_id)
        sessions.void_links(connection, person_id, at)
        journal.append(
            connection,
            _event(at, by.account, whom, change="link", second_factor=second_factor),
        )
        return _link(connection, person_id, at=at, by=by.account)


def _may(by: Viewer) -> None:
    if not by.may(Right.ADMINISTER):
        raise NotPermitted("this is for administrators")


def last_change(archive: Archive, person_id: str, by: Viewer) -> Entry | None:
    """Return the last change of `Person.version` that is on record, for who has to look again."""
    _may(by)
    with archive.catalogue.connect() as connection:
        found = journal.entries(connection, subject=person_id, type=EventType.PERSON_CHANGED)
        seen = (each for each in found if json.loads(each.details)["change"] in _SEEN)
        return next(iter(deque(seen, maxlen=1)), None)


def _other(connection: Connection, person_id: str, by: Viewer, seen: str | None) -> Person:
    whom = people.get(connection, person_id)
    if whom.account == by.account:
        raise NotPermitted("another administrator has to do this to your own account")
    if seen is not None and seen != whom.version:
        raise Changed("another administrator changed this person meanwhile", where=whom.account)
    return whom


def _keep_an_administrator(connection: Connection, whom: Person) -> None:
    if whom.administrator and not people.administrators(connection):
        raise NotPermitted("nobody would be left who can administer the archive")


def _roles(grants: Iterable[Grant]) -> list[str]:
    return sorted({grant.role.value for grant in grants})


def _event(at: datetime, by: str, whom: Person, **details: object) -> Event:
    # The account is the name that the journal has for a person.
    told = {"account": whom.account, **details}
    return Event(EventType.PERSON_CHANGED, at, "success", by, whom.id, told)
