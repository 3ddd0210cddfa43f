"""Known elsewhere: people whom an OpenID provider has signed in."""

from __future__ import annotations

from archive.assembly import Archive
from archive.catalogue import journal, people
from archive.catalogue.people import Person
from archive.errors import NotHeld, NotPermitted
from archive.events import Event, EventType
from archive.people import stays
from archive.people.signing_in import came_in, may_come_in
from archive.people.stays import Stage


def sign_in(archive: Archive, issuer: str, subject: str, account: str, *, source: str = "") -> str:
    """Return the secret of a new session for who an OpenID provider says that this is.

    Nobody gets an account by being known elsewhere: an administrator has made it. At the
    first time an account that never had a password is tied to the provider's subject.

    Args:
        archive: which.
        issuer: the provider, as its token names it.
        subject: the person there; never given to another one.
        account: what the provider calls the person, to find the account the first time.
        source: the address that the request came from.

    Raises:
        NotPermitted: there is no such account, or it is locked, disabled or has a password.
    """
    at = archive.clock()
    person = _known(archive, issuer, subject) or _tied(archive, issuer, subject, account)
    if not may_come_in(archive, person, at):
        raise _refused()
    stage = stays.next_stage(archive, person, code_done=False)
    with archive.catalogue.begin() as connection:
        secret = stays.begin(connection, person, stage, at=at)
        if stage is not Stage.CODE:
            came_in(connection, person, at, source)
    return secret


def _known(archive: Archive, issuer: str, subject: str) -> Person | None:
    try:
        with archive.catalogue.connect() as connection:
            return people.by_subject(connection, issuer, subject)
    except NotHeld:
        return None


def _tied(archive: Archive, issuer: str, subject: str, account: str) -> Person:
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        try:
            person = people.by_account(connection, account.strip().casefold())
        except NotHeld:
            raise _refused() from None
        if person.password is not None or person.subject is not None or person.kind != "person":
            raise _refused()
        people.change(connection, person.id, issuer=issuer, subject=subject)
        details = {"account": person.account, "change": "known elsewhere"}
        event = Event(EventType.PERSON_CHANGED, at, "success", person.account, person.id, details)
        journal.append(connection, event)
        return people.get(connection, person.id)


def _refused() -> NotPermitted:
    return NotPermitted("this person has no account here", hint="ask an administrator for one")
