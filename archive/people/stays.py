"""Stays: sessions on the server's side, from signing in to signing out."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from archive.assembly import Archive
from archive.catalogue import journal, people, sessions
from archive.catalogue.engine import Connection
from archive.catalogue.people import Person
from archive.catalogue.sessions import Session
from archive.errors import NotHeld
from archive.events import Event, EventType
from archive.people.passwords import ADMINISTRATORS_LAST

_TOUCH = timedelta(minutes=1)


class Stage(StrEnum):
    """What is still to be done before a session counts."""

    CODE = "code"
    """Type the code of the second factor."""
    PASSWORD = "password"  # noqa: S105 - a name
    """Set a new password."""
    ENROL = "enrol"
    """Set up the second factor."""
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody who is signed in, or half-way."""

    person: Person
    session: Session

    @property
    def stage(self) -> Stage:
        """What is still to be done."""
        return Stage(self.session.stage)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret of ours; it has 256 bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def next_stage(archive: Archive, person: Person, *, code_done: bool) -> Stage:
    """Return what somebody with the right password has to do next."""
    needs = person.administrator or archive.settings.text("web.second_factor") == "everyone"
    if person.second_factor and not code_done:
        return Stage.CODE
    if _password_ended(person, archive.clock()):
        return Stage.PASSWORD
    return Stage.ENROL if needs and not person.second_factor else Stage.FULL


def _password_ended(person: Person, at: datetime) -> bool:
    if not person.administrator or person.password_set_at is None:
        return False
    return at - person.password_set_at > ADMINISTRATORS_LAST


def begin(
    conn: Connection, person: Person, stage: Stage, *, at: datetime, instead_of: str | None = None
) -> str:
    """Begin a session under a fresh secret and return that; the one before ends.

    A secret that was there before somebody proved who they are never counts afterwards.
    """
    secret = secrets.token_urlsafe(32)
    if instead_of is not None:
        sessions.end(conn, instead_of)
    sessions.begin(conn, Session(digest_of(secret), person.id, stage.value, at, at))
    return secret


def current(archive: Archive, secret: str) -> Stay | None:
    """Return whose session a secret belongs to; None if there is none or it ended."""
    at, digest = archive.clock(), digest_of(secret)
    with archive.catalogue.connect() as connection:
        session = sessions.session(connection, digest)
        if session is None or _ended(archive, session, at):
            return None
        try:
            person = people.get(connection, session.person_id)
        except NotHeld:
            return None
    if person.disabled_at is not None:
        return None
    if at - session.seen_at > _TOUCH:
        with archive.catalogue.begin() as connection:
            sessions.touch(connection, digest, at)
    return Stay(person, session)


def _ended(archive: Archive, session: Session, at: datetime) -> bool:
    idle = timedelta(minutes=archive.settings.number("web.session_minutes"))
    whole = timedelta(hours=archive.settings.number("web.session_hours"))
    return at - session.seen_at > idle or at - session.began_at > whole


def end(archive: Archive, stay: Stay) -> None:
    """Sign out."""
    event = Event(EventType.SIGN_OUT, archive.clock(), "success", stay.person.account)
    with archive.catalogue.begin() as connection:
        sessions.end(connection, stay.session.digest)
        journal.append(connection, event)


def sweep(archive: Archive) -> int:
    """Remove sessions that ended by themselves; return how many."""
    at = archive.clock()
    idle = timedelta(minutes=archive.settings.number("web.session_minutes"))
    whole = timedelta(hours=archive.settings.number("web.session_hours"))
    with archive.catalogue.begin() as connection:
        return sessions.end_old(connection, seen_before=at - idle, begun_before=at - whole)
