"""Signing in: password, code, new password, and what happens when they are wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from archive.assembly import Archive
from archive.catalogue import journal, people, sessions
from archive.catalogue.engine import Connection
from archive.catalogue.people import Person
from archive.errors import NotHeld, NotPermitted, Rejected
from archive.events import Event, EventType
from archive.people import passwords, second_factor, stays
from archive.people.stays import Stage, Stay

MAX_FAILURES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)
UNUSED: Final = timedelta(days=45)
"""An account that nobody used for so long is disabled (QCVN 12:2026/BCA, 3.7.2)."""


class PasswordRejected(Rejected):
    """A new password breaks rules; `rules` has all of them."""

    def __init__(self, rules: tuple[str, ...]) -> None:
        super().__init__("the new password breaks rules: " + ", ".join(rules))
        self.rules = rules


def sign_in(archive: Archive, account: str, password: str, *, source: str = "") -> str:
    """Return the secret of a new session for who has this account and password.

    Raises:
        NotPermitted: wrong, locked or disabled; always in the same words and as slowly.
    """
    at = archive.clock()
    person = _find(archive, account)
    right = passwords.matches(person.password if person else None, password)
    if person is None:
        raise _refused()
    if not right or not may_come_in(archive, person, at):
        _failed(archive, person, at, source)
        raise _refused()
    stage = stays.next_stage(archive, person, code_done=False)
    with archive.catalogue.begin() as connection:
        secret = stays.begin(connection, person, stage, at=at)
        if stage is not Stage.CODE:
            came_in(connection, person, at, source)
    return secret


def _find(archive: Archive, account: str) -> Person | None:
    try:
        with archive.catalogue.connect() as connection:
            return people.by_account(connection, account.strip().casefold())
    except NotHeld:
        return None


def _refused() -> NotPermitted:
    return NotPermitted("the account or the password is not right, or the account is locked")


def may_come_in(archive: Archive, person: Person, at: datetime) -> bool:
    """Whether the account may be used; one that was not used for long is disabled now."""
    if person.disabled_at is not None or person.kind != "person":
        return False
    if person.locked_until is not None and person.locked_until > at:
        return False
    if at - (person.seen_at or person.created_at) <= UNUSED:
        return True
    event = _event(EventType.PERSON_CHANGED, at, person, change="disabled", why="unused")
    with archive.catalogue.begin() as connection:
        people.change(connection, person.id, disabled_at=at)
        journal.append(connection, event)
    return False


def _failed(archive: Archive, person: Person, at: datetime, source: str) -> None:
    """Count a wrong password or code; too many lock the account for a while."""
    with archive.catalogue.begin() as connection:
        now = people.get(connection, person.id)
        if now.locked_until is not None and now.locked_until > at:
            return
        failures = now.failures + 1
        locks = failures >= MAX_FAILURES
        people.change(
            connection,
            person.id,
            failures=0 if locks else failures,
            locked_until=at + LOCKED_FOR if locks else None,
        )
        kind = EventType.ACCOUNT_LOCKED if locks else EventType.SIGN_IN
        journal.append(
            connection,
            _event(kind, at, person, outcome="failure", source=source, failures=failures),
        )


def came_in(connection: Connection, person: Person, at: datetime, source: str) -> None:
    """Note that somebody is in, with the source that QCVN 12:2026/BCA, 3.9.2 asks for."""
    people.change(connection, person.id, failures=0, locked_until=None, seen_at=at)
    journal.append(connection, _event(EventType.SIGN_IN, at, person, source=source))


def give_code(archive: Archive, stay: Stay, code: str, *, source: str = "") -> str:
    """Return the secret of the session that counts, for who typed the right code.

    Raises:
        NotPermitted: wrong, used before, or too many were wrong; then the session is over.
    """
    at = archive.clock()
    step = _step(archive, stay, code, at)
    if step is None:
        _failed(archive, stay.person, at, source)
        _end_if_locked(archive, stay)
        raise NotPermitted("the code is not right")
    stage = stays.next_stage(archive, stay.person, code_done=True)
    with archive.catalogue.begin() as connection:
        people.change(connection, stay.person.id, second_factor_step=step)
        secret = stays.begin(connection, stay.person, stage, at=at, instead_of=stay.session.digest)
        came_in(connection, stay.person, at, source)
    return secret


def _step(archive: Archive, stay: Stay, code: str, at: datetime) -> int | None:
    with archive.catalogue.connect() as connection:
        person = people.get(connection, stay.person.id)
    locked = person.locked_until is not None and person.locked_until > at
    if person.second_factor is None or locked or stay.stage is not Stage.CODE:
        return None
    return second_factor.accepted_step(
        person.second_factor, code, at, after=person.second_factor_step
    )


def _end_if_locked(archive: Archive, stay: Stay) -> None:
    with archive.catalogue.begin() as connection:
        person = people.get(connection, stay.person.id)
        if person.locked_until is not None and person.locked_until > archive.clock():
            sessions.end_all(connection, person.id)


def enrol(archive: Archive, stay: Stay, secret: str, code: str) -> str:
    """Set up the second factor with a secret that an app has now; return the new session's.

    Raises:
        NotPermitted: the code is not of this secret.
    """
    at = archive.clock()
    step = second_factor.accepted_step(secret, code, at, after=0)
    if step is None or stay.stage not in (Stage.ENROL, Stage.FULL):
        raise NotPermitted("the code is not right")
    with archive.catalogue.begin() as connection:
        people.change(connection, stay.person.id, second_factor=secret, second_factor_step=step)
        fresh = stays.begin(
            connection, stay.person, Stage.FULL, at=at, instead_of=stay.session.digest
        )
        event = _event(EventType.PERSON_CHANGED, at, stay.person, change="second factor")
        journal.append(connection, event)
    return fresh


def set_password(archive: Archive, stay: Stay, password: str, *, old: str | None = None) -> str:
    """Set a person's own password; every other session ends. Return the new session's secret.

    Args:
        archive: which.
        stay: whose.
        password: the new one.
        old: the present one; None only where the session is there for setting a new one.

    Raises:
        PasswordRejected: it breaks rules.
        NotPermitted: the present one is not right.
    """
    at, person = archive.clock(), stay.person
    if stay.stage not in (Stage.PASSWORD, Stage.FULL):
        raise NotPermitted("sign in first")
    if stay.stage is Stage.FULL and not passwords.matches(person.password, old or ""):
        _failed(archive, person, at, "")
        raise NotPermitted("the present password is not right")
    with archive.catalogue.begin() as connection:
        write_password(connection, person, password, at=at)
        sessions.end_all(connection, person.id)
        changed = people.get(connection, person.id)
        return stays.begin(
            connection, changed, stays.next_stage(archive, changed, code_done=True), at=at
        )


def write_password(connection: Connection, person: Person, password: str, *, at: datetime) -> None:
    """Check and set a password; errors as `set_password`."""
    earlier = people.old_passwords(connection, person.id, passwords.REMEMBERED)
    if rules := passwords.broken_rules(password, person.account, earlier):
        raise PasswordRejected(rules)
    people.set_password(connection, person.id, passwords.digest(password), at=at)
    journal.append(connection, _event(EventType.PERSON_CHANGED, at, person, change="password"))


def _event(
    kind: EventType, at: datetime, person: Person, *, outcome: str = "success", **details: object
) -> Event:
    told = {name: value for name, value in details.items() if value != ""}
    return Event(kind, at, outcome, person.account, person.id, told)
