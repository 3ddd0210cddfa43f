"""The register of issued copies: what was handed out, to whom, for what, and what was revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from archive.catalogue import tables
from archive.catalogue.columns import instant_text
from archive.catalogue.visibility import visible
from archive.errors import Changed, NotHeld, NotNow
from archive.model import DossierId, ObjectName
from archive.viewers import EVERYTHING, OPERATOR, Right, Viewer

_TABLE = tables.issued_copies
_TIMES = ("issued_at", "usable_until", "revoked_at")


class CopyKind(StrEnum):
    """The kinds of copies of Circular 05/2025/TT-BNV."""

    CERTIFIED = "certified"
    """Article 41: a copy with the agency's signature and the words BẢN SAO."""
    READING = "reading"
    """Article 37: to be read for 15 days, not to be downloaded, without signature."""
    DIP = "dip"
    """Article 42: originals with what proves them, and a certificate, as a package."""


@dataclass(frozen=True, slots=True)
class IssuedCopy:
    """One entry of the register. Requester and purpose are personal data: never logged."""

    year: int
    number: int
    """1-based within its year, without gaps."""
    code: str
    """The check code; see `archive.dissemination.codes`."""
    kind: CopyKind
    dossier_id: DossierId
    dossier_code: str
    documents: tuple[Mapping[str, Any], ...]
    """`ordinal`, `path`, `title` and `sha256` of each original."""
    requester: str
    purpose: str
    issued_at: datetime
    issued_by: str
    requester_identity: str | None = None
    amount: int = 1
    """How many copies the requester was given."""
    usable_until: datetime | None = None
    """None: no end."""
    sha256: str | None = None
    """Of the file that was handed out; None for a reading copy, which is no file."""
    size: int | None = None
    """Bytes."""
    place: ObjectName | None = field(default=None)
    """Where the file can be fetched again for some days."""
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoke_reason: str | None = None

    @property
    def label(self) -> str:
        """The running number as it is printed: `2026/BS-00418`."""
        return f"{self.year}/BS-{self.number:05d}"


def next_number(conn: Connection, year: int) -> int:
    """Return the running number that the next copy of a year gets."""
    last = select(func.max(_TABLE.c.number)).where(_TABLE.c.year == year)
    return (conn.execute(last).scalar() or 0) + 1


def add(conn: Connection, copy: IssuedCopy) -> None:
    """Enter a copy.

    Raises:
        Changed: its number was taken meanwhile; try again.
    """
    try:
        conn.execute(insert(_TABLE).values(_row(copy)))
    except IntegrityError:
        raise Changed(
            "another copy was issued meanwhile", where=copy.label, hint="try again"
        ) from None


def restore(conn: Connection, copy: IssuedCopy) -> None:
    """Enter a copy as the store's record has it; a record of its revocation is kept."""
    this = (_TABLE.c.year == copy.year) & (_TABLE.c.number == copy.number)
    there = conn.execute(select(_TABLE.c.revoked_at).where(this)).first()
    if there is None:
        conn.execute(insert(_TABLE).values(_row(copy)))
    elif there.revoked_at is None:
        conn.execute(update(_TABLE).where(this).values(_row(copy)))


def revoke(conn: Connection, copy: IssuedCopy, *, at: datetime, by: str, reason: str) -> IssuedCopy:
    """Take a copy back and return it as it now stands.

    Raises:
        UsageError: it was revoked before.
    """
    this = (_TABLE.c.year == copy.year) & (_TABLE.c.number == copy.number)
    values = {"revoked_at": at, "revoked_by": by, "revoke_reason": reason}
    changed = conn.execute(update(_TABLE).where(this, _TABLE.c.revoked_at.is_(None)).values(values))
    if changed.rowcount == 0:
        raise NotNow("the copy was revoked before", where=copy.label)
    return replace(copy, revoked_at=at, revoked_by=by, revoke_reason=reason)


def by_label(conn: Connection, label: str) -> IssuedCopy:
    """Return a copy by its running number, `2026/BS-00418`.

    Raises:
        NotHeld: there is none.
    """
    year, _, number = label.partition("/BS-")
    if year.isdecimal() and number.isdecimal() and len(label) < 20:
        this = (_TABLE.c.year == int(year)) & (_TABLE.c.number == int(number))
        if (row := conn.execute(select(_TABLE).where(this)).first()) is not None:
            return _copy(row)
    raise NotHeld(f"no copy {label} was issued", where=label, hint="see: kho copy register")


def by_code(conn: Connection, code: str) -> IssuedCopy | None:
    """Return the copy with a check code, without spaces and hyphens."""
    row = conn.execute(select(_TABLE).where(_TABLE.c.code == code)).first()
    return None if row is None else _copy(row)


def by_digest(conn: Connection, sha256: str) -> IssuedCopy | None:
    """Return the copy whose file has this SHA-256, 64 lower-case hex digits."""
    row = conn.execute(select(_TABLE).where(_TABLE.c.sha256 == sha256)).first()
    return None if row is None else _copy(row)


def listed(
    conn: Connection,
    *,
    dossier_id: str | None = None,
    kind: CopyKind | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 100,
    viewer: Viewer = OPERATOR,
) -> tuple[IssuedCopy, ...]:
    """Return entries of the register, the latest first.

    Args:
        conn: the transaction.
        dossier_id: only those of this dossier.
        kind: only those of this kind.
        before: year and number of the last entry of the page before.
        limit: at most so many.
        viewer: only those of dossiers of which this viewer may hand out copies.
    """
    wanted: Select[Any] = select(_TABLE).order_by(_TABLE.c.year.desc(), _TABLE.c.number.desc())
    if dossier_id is not None:
        wanted = wanted.where(_TABLE.c.dossier_id == dossier_id)
    if kind is not None:
        wanted = wanted.where(_TABLE.c.kind == kind.value)
    if EVERYTHING not in viewer.scopes(Right.COPY):
        seen = select(tables.dossiers.c.id).where(visible(viewer, Right.COPY))
        wanted = wanted.where(_TABLE.c.dossier_id.in_(seen))
    if before is not None:
        year, number = before
        same = and_(_TABLE.c.year == year, _TABLE.c.number < number)
        wanted = wanted.where(or_(_TABLE.c.year < year, same))
    return tuple(map(_copy, conn.execute(wanted.limit(limit))))


def places(conn: Connection, since: datetime) -> frozenset[str]:
    """Return where the files of copies lie that were issued after a time."""
    young = _TABLE.c.place.is_not(None) & (_TABLE.c.issued_at > since)
    return frozenset(conn.execute(select(_TABLE.c.place).where(young)).scalars())


def to_json(copy: IssuedCopy) -> dict[str, Any]:
    """Return an entry as the store's record has it."""
    value = asdict(copy)
    for name in _TIMES:
        value[name] = instant_text(value[name]) if value[name] else None
    return value | {"documents": [dict(each) for each in copy.documents]}


def from_json(value: Mapping[str, Any]) -> IssuedCopy:
    """Return the entry of a record that `to_json` made."""
    times = {n: datetime.fromisoformat(value[n]) if value[n] else None for n in _TIMES}
    documents = tuple(dict(each) for each in value["documents"])
    return IssuedCopy(**{**value, **times, "documents": documents, "kind": CopyKind(value["kind"])})


def _row(copy: IssuedCopy) -> dict[str, Any]:
    documents = [dict(each) for each in copy.documents]
    return {**asdict(copy), "kind": copy.kind.value, "documents": documents}


def _copy(row: Row[Any]) -> IssuedCopy:
    values = row._asdict()
    return IssuedCopy(
        **{**values, "kind": CopyKind(row.kind), "documents": tuple(values["documents"])}
    )
