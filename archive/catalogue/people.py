"""People in the catalogue: their accounts, what they are granted, what they used before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from archive.catalogue import people_tables as tables
from archive.catalogue.columns import UUID
from archive.errors import AlreadyHeld, NotHeld
from archive.fixity import sha256_of
from archive.viewers import Grant, PersonRole, Scope, Viewer


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, or a system that comes with tokens."""

    id: str
    """A UUID in canonical form."""
    account: str
    """Lower case; the name that the journal has."""
    name: str
    """Personal data: never logged."""
    kind: str
    """`person` or `system`."""
    created_at: datetime
    grants: tuple[Grant, ...]
    disabled_at: datetime | None = None
    seen_at: datetime | None = None
    password: str | None = None
    """An argon2 digest in its standard form; None: no password was set yet."""
    password_set_at: datetime | None = None
    failures: int = 0
    """Wrong passwords and codes since the last right one."""
    locked_until: datetime | None = None
    second_factor: str | None = None
    """The TOTP secret in base 32; None: not set up."""
    second_factor_step: int = 0
    issuer: str | None = None
    subject: str | None = None

    @property
    def administrator(self) -> bool:
        """Whether it has the role."""
        return any(grant.role is PersonRole.ADMINISTRATOR for grant in self.grants)

    @property
    def version(self) -> str:
        """What an administrator sees before acting, as 16 hex digits: roles, and whether disabled."""
        granted = sorted(
            json.dumps([each.role.value, each.scope.fonds, each.scope.agencies, each.scope.levels])
            for each in self.grants
        )
        told = json.dumps([granted, self.disabled_at is not None]).encode()
        return sha256_of(told)[:16]

    @property
    def viewer(self) -> Viewer:
        """What it is to the archive."""
        return Viewer(self.account, self.name, self.grants)


# Made once: every request asks these.
_PERSON: Final = select(tables.people).where(tables.people.c.id == bindparam("id"))
_GRANTS: Final = (
    select(tables.grants)
    .where(tables.grants.c.person_id.in_(bindparam("ids", expanding=True)))
    .order_by(tables.grants.c.role, tables.grants.c.id)
)


def add(conn: Connection, person: Person, *, by: str) -> None:
    """Enter a person with its grants; raises AlreadyHeld if the account is taken."""
    row = {
        column.name: getattr(person, column.name)
        for column in tables.people.columns
        if column.name != "created_by"
    }
    try:
        conn.execute(insert(tables.people).values(**row, created_by=by))
    except IntegrityError:
        raise AlreadyHeld("this account is taken", where=person.account) from None
    set_grants(conn, person.id, person.grants, at=person.created_at, by=by)


def get(conn: Connection, person_id: str) -> Person:
    """Return a person; raises NotHeld."""
    row = conn.execute(_PERSON, {"id": person_id}).first()
    return _known(conn, row, person_id)


def by_account(conn: Connection, account: str) -> Person:
    """Return the person with this account; raises NotHeld."""
    return _one(conn, tables.people.c.account == account, account)


def by_subject(conn: Connection, issuer: str, subject: str) -> Person:
    """Return who this is at an OpenID provider; raises NotHeld."""
    table = tables.people
    same = (table.c.issuer == issuer) & (table.c.subject == subject)
    return _one(conn, same, "")


def _one(conn: Connection, condition: Any, where: str) -> Person:
    return _known(conn, conn.execute(select(tables.people).where(condition)).first(), where)


def _known(conn: Connection, row: Row[Any] | None, where: str) -> Person:
    if row is None:
        raise NotHeld("there is no such person", where=where)
    return _person(row, _grants(conn, [row.id]).get(row.id, ()))


def all(conn: Connection) -> tuple[Person, ...]:  # noqa: A001 - reads as `people.all(conn)`
    """Return everybody, by account."""
    rows = conn.execute(select(tables.people).order_by(tables.people.c.account)).all()
    granted = _grants(conn, [row.id for row in rows])
    return tuple(_person(row, granted.get(row.id, ())) for row in rows)


def accounts_of(conn: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return accounts by the ids of their persons; what is no id of one is left out."""
    known = [each for each in set(ids) if UUID.fullmatch(each)]
    table = tables.people
    asked = select(table.c.id, table.c.account).where(table.c.id.in_(known))
    return {str(row.id): row.account for row in conn.execute(asked)} if known else {}


def administrators(conn: Connection) -> int:
    """Return how many administrators are there who can sign in."""
    people, grants = tables.people, tables.grants
    wanted = (
        select(func.count(func.distinct(people.c.id)))
        .join(grants, grants.c.person_id == people.c.id)
        .where(grants.c.role == PersonRole.ADMINISTRATOR.value)
        .where(people.c.disabled_at.is_(None))
        .where(people.c.password.is_not(None) | people.c.subject.is_not(None))
    )
    return conn.execute(wanted).scalar_one()


def change(conn: Connection, person_id: str, **values: Any) -> None:
    """Set columns of a person."""
    table = tables.people
    conn.execute(update(table).where(table.c.id == person_id).values(**values))


def set_grants(
    conn: Connection, person_id: str, granted: Iterable[Grant], *, at: datetime, by: str
) -> None:
    """Replace what a person is granted."""
    table = tables.grants
    conn.execute(delete(table).where(table.c.person_id == person_id))
    for grant in granted:
        conn.execute(
            insert(table).values(
                id=str(uuid4()), person_id=person_id, role=grant.role.value,
                fonds=_listed(grant.scope.fonds), agencies=_listed(grant.scope.agencies),
                levels=list(grant.scope.levels), granted_at=at, granted_by=by,
            )
        )  # fmt: skip


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def old_passwords(conn: Connection, person_id: str, limit: int) -> list[str]:
    """Return the digests of the last passwords, the newest first."""
    table = tables.old_passwords
    wanted = select(table.c.password).where(table.c.person_id == person_id)
    return list(conn.execute(wanted.order_by(table.c.set_at.desc()).limit(limit)).scalars())


def set_password(conn: Connection, person_id: str, password: str, *, at: datetime) -> None:
    """Set a password's digest, and remember it among the old ones."""
    conn.execute(
        insert(tables.old_passwords).values(person_id=person_id, set_at=at, password=password)
    )
    change(conn, person_id, password=password, password_set_at=at, failures=0, locked_until=None)


def _grants(conn: Connection, ids: Sequence[str]) -> dict[str, tuple[Grant, ...]]:
    found: dict[str, list[Grant]] = {}
    for row in conn.execute(_GRANTS, {"ids": list(ids)}):
        scope = Scope(_tuple(row.fonds), _tuple(row.agencies), tuple(row.levels))
        found.setdefault(row.person_id, []).append(Grant(PersonRole(row.role), scope))
    return {person: tuple(granted) for person, granted in found.items()}


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _person(row: Row[Any], granted: tuple[Grant, ...]) -> Person:
    values = {k: v for k, v in row._mapping.items() if k != "created_by"}  # noqa: SLF001 - its API
    return Person(**values, grants=granted)
