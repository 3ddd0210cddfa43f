"""Reading dossiers from the catalogue: one, by code, by content, all, and in figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    func,
    or_,
    select,
)

from archive.catalogue import rows, tables
from archive.catalogue.holding import HeldContent, Holding
from archive.catalogue.visibility import within
from archive.errors import NotHeld
from archive.model import (
    Document,
    DossierId,
    ObjectName,
    PackagePath,
    Receipt,
    Verdict,
    Version,
)
from archive.viewers import OPERATOR, Right, Scope, Viewer

_BATCH: Final = 500


def get(conn: Connection, dossier_id: str, viewer: Viewer = OPERATOR) -> Holding:
    """Return what is held under an id, as far as `viewer` may see it.

    Raises:
        NotHeld: nothing is.
    """
    found = _load(conn, (_canonical(dossier_id),), viewer)
    if not found:
        raise _not_held(dossier_id)
    return found[0]


def held(conn: Connection, dossier_id: str) -> tuple[Holding, ...]:
    """Return the dossier of this id as one element; nothing if it is not held."""
    return _load(conn, (_canonical(dossier_id),))


def knows(conn: Connection, dossier_id: str) -> bool:
    """Whether the dossier of this id is held."""
    return conn.execute(_KNOWN, {"dossier": dossier_id}).first() is not None


def many(conn: Connection, ids: Iterable[str], viewer: Viewer = OPERATOR) -> tuple[Holding, ...]:
    """Return those of several dossiers that are held, in ascending order of ids."""
    wanted = sorted(set(ids))
    return tuple(each for batch in _batches(wanted) for each in _load(conn, batch, viewer))


def by_code(conn: Connection, code: str, viewer: Viewer = OPERATOR) -> tuple[Holding, ...]:
    """Return the dossiers whose code, old code or archive file code is `code`.

    More than one may have it: two agencies may give out one code, and dossiers that were
    filed together share a file code.
    """
    seen = _ids_of_code(viewer.scopes(Right.SEE))
    return _load(conn, conn.execute(seen, {"code": code}).scalars().all())


@lru_cache(maxsize=1024)
def _ids_of_code(scopes: tuple[Scope, ...]) -> Select[Any]:
    table = tables.dossiers
    code: BindParameter[str] = bindparam("code")
    same = or_(table.c.code == code, table.c.code_old == code, table.c.file_code == code)
    return select(table.c.id).where(same, within(scopes)).order_by(table.c.id)


def by_identity(conn: Connection, identity_number: str) -> tuple[Holding, ...]:
    """Return the dossiers that a person or organization filed, by the number given there."""
    table = tables.dossiers
    wanted = select(table.c.id).where(table.c.applicant_identity == identity_number)
    ids = conn.execute(wanted.order_by(table.c.id)).scalars().all()
    return tuple(each for batch in _batches(ids) for each in _load(conn, batch))


def by_submission(conn: Connection, submission_digest: str) -> Receipt | None:
    """Return the receipt that a submission got, or None if it is not known.

    If it led to several versions, the first one's receipt is the one that was given out.
    """
    versions, dossiers = tables.versions, tables.dossiers
    statement = (
        select(versions, dossiers.c.code)
        .join(dossiers, dossiers.c.id == versions.c.dossier_id)
        .where(versions.c.submission_digest == submission_digest)
        .order_by(versions.c.held_since, versions.c.number)
        .limit(1)
    )
    row = conn.execute(statement).first()
    return rows.receipt_of(row, row.code) if row is not None else None


def holding_content(conn: Connection, sha256s: Iterable[str]) -> list[HeldContent]:
    """Say where files with these digests are held, in ascending order."""
    found = [
        HeldContent(row.sha256, DossierId(row.dossier_id), PackagePath(row.path))
        for batch in _batches(sorted(set(sha256s)))
        for row in conn.execute(_WITH_CONTENT, {"sha256s": batch})
    ]
    return sorted(found)


def all(  # noqa: A001 - reads as `dossiers.all(conn)`
    conn: Connection, after: str | None = None, *, year: int | None = None
) -> Iterator[Holding]:
    """Yield what is held in ascending order of ids, in bounded memory.

    Args:
        conn: may be used for other statements while the dossiers are read.
        after: yield only ids that sort after this one.
        year: yield only dossiers received in this year.
    """
    table = tables.dossiers
    wanted = select(table.c.id).order_by(table.c.id).limit(_BATCH)
    if year is not None:
        wanted = wanted.where(table.c.year == year)
    last = after
    while True:
        page = wanted.where(table.c.id > last) if last is not None else wanted
        ids = conn.execute(page).scalars().all()
        if not ids:
            return
        yield from _load(conn, ids)
        last = ids[-1]


def ids(conn: Connection) -> Iterator[DossierId]:
    """Yield the ids of what is held in ascending order, in bounded memory."""
    key = tables.dossiers.c.id
    page = wanted = select(key).order_by(key).limit(10_000)
    while found := conn.execute(page).scalars().all():
        yield from map(DossierId, found)
        page = wanted.where(key > found[-1])


def page(conn: Connection, limit: int, after: str = "") -> tuple[Holding, ...]:
    """Return at most `limit` (500 or fewer) dossiers whose ids sort after `after`."""
    table = tables.dossiers
    wanted = select(table.c.id).order_by(table.c.id).limit(min(limit, _BATCH))
    if after:
        wanted = wanted.where(table.c.id > after)
    return _load(conn, conn.execute(wanted).scalars().all())


def years(conn: Connection) -> tuple[int, ...]:
    """Return the years of receipt of which something is held, in ascending order."""
    year = tables.dossiers.c.year
    return tuple(conn.execute(select(year).distinct().order_by(year)).scalars())


def procedures(conn: Connection) -> tuple[str, ...]:
    """Return the procedures of which something is held, in ascending order of codes."""
    column = tables.dossiers.c.procedure
    return tuple(conn.execute(select(column).distinct().order_by(column)).scalars())


def versions(conn: Connection, dossier_id: str) -> tuple[Version, ...]:
    """Return the stored versions in ascending order.

    Raises:
        NotHeld: there is no such dossier.
    """
    return tuple(map(rows.version_of, _parts(conn, tables.versions, dossier_id)))


def files(conn: Connection, dossier_id: str) -> tuple[Document, ...]:
    """Return the documents of the latest version with their files. Errors as `versions`."""
    return tuple(map(rows.document_of, _parts(conn, tables.files, dossier_id)))


def verdicts(conn: Connection, dossier_id: str) -> tuple[Verdict, ...]:
    """Return the verdicts on the latest version's files. Errors as `versions`."""
    return tuple(map(rows.verdict_of, _parts(conn, tables.verdicts, dossier_id)))


def known_places(conn: Connection, places: Iterable[ObjectName]) -> frozenset[ObjectName]:
    """Return those of `places` that a version refers to; the others are leftovers.

    Places of dossiers that are being destroyed are no leftovers: their disposal removes them.
    """
    columns = (tables.versions.c.place, tables.disposed_places.c.place)
    return frozenset(
        ObjectName(name)
        for batch in _batches(list(places))
        for place in columns
        for name in conn.execute(select(place).where(place.in_(batch))).scalars()
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """The holdings in figures."""

    dossiers: int
    versions: int
    files: int
    file_bytes: int
    """Of the files of the latest versions."""
    stored_bytes: int
    """Of all packages in the store, one copy."""
    by_agency: Mapping[str, int]
    by_year: Mapping[int, int]
    by_status: Mapping[str, int]
    by_signature_outcome: Mapping[str, int]
    by_action: Mapping[str | None, int]
    """By retention action; None where nothing is decided."""


def counts(conn: Connection) -> Counts:
    """Count what is held. Reads whole tables: seconds for millions of rows."""
    table = tables.dossiers
    total = func.coalesce(func.sum(tables.files.c.size), 0)
    files_count, file_bytes = conn.execute(select(func.count(), total)).one()
    total = func.coalesce(func.sum(tables.versions.c.size), 0)
    versions_count, stored_bytes = conn.execute(select(func.count(), total)).one()
    return Counts(
        dossiers=conn.execute(select(func.count()).select_from(table)).scalar_one(),
        versions=versions_count,
        files=files_count,
        file_bytes=int(file_bytes),
        stored_bytes=int(stored_bytes),
        by_agency=_tally(conn, table.c.agency),
        by_year=_tally(conn, table.c.year),
        by_status=_tally(conn, table.c.status),
        by_signature_outcome=_tally(conn, table.c.signature_outcome),
        by_action=_tally(conn, table.c.retention_action),
    )


def _tally(conn: Connection, column: ColumnElement[Any]) -> dict[Any, int]:
    grouped = conn.execute(select(column, func.count()).group_by(column))
    found: dict[Any, int] = dict(grouped.all())
    return dict(sorted(found.items(), key=lambda item: (item[0] is not None, item[0])))


# Statements that every page asks are made once: making one costs as much as running it.
_IDS: Final[BindParameter[str]] = bindparam("ids", expanding=True)
_PARTS: Final = tuple(
    select(table).where(table.c.dossier_id.in_(_IDS)).order_by(*table.primary_key)
    for table in (tables.versions, tables.files, tables.verdicts)
)
_KNOWN: Final = select(tables.dossiers.c.id).where(tables.dossiers.c.id == bindparam("dossier"))
_SHA256S: Final[BindParameter[str]] = bindparam("sha256s", expanding=True)
_WITH_CONTENT: Final = select(
    tables.files.c.sha256, tables.files.c.dossier_id, tables.files.c.path
).where(tables.files.c.sha256.in_(_SHA256S))


@lru_cache(maxsize=1024)
def _rows_within(scopes: tuple[Scope, ...]) -> Select[Any]:
    table = tables.dossiers
    return select(table).where(table.c.id.in_(_IDS), within(scopes)).order_by(table.c.id)


def _load(conn: Connection, ids: Sequence[str], viewer: Viewer = OPERATOR) -> tuple[Holding, ...]:
    """Return the holdings with these ids, at most a batch, in ascending order of ids."""
    if not ids:
        return ()
    asked = {"ids": list(ids)}
    found = conn.execute(_rows_within(viewer.scopes(Right.SEE)), asked).all()
    if not found:
        return ()
    parts = [_by_dossier(conn.execute(wanted, asked).all()) for wanted in _PARTS]
    return tuple(rows.holding_of(row, *(part.get(row.id, []) for part in parts)) for row in found)


def _by_dossier(parts: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    grouped: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in parts:
        grouped[row.dossier_id].append(row)
    return grouped


def _parts(conn: Connection, table: Table, dossier_id: str) -> Sequence[Row[Any]]:
    key = _canonical(dossier_id)
    wanted = select(table).where(table.c.dossier_id == key).order_by(*table.primary_key)
    found = conn.execute(wanted).all()
    if not found and table is not tables.versions:
        versions(conn, dossier_id)
    if not found and table is tables.versions:
        raise _not_held(dossier_id)
    return found


def _canonical(dossier_id: str) -> str:
    try:
        return str(UUID(dossier_id))
    except ValueError:
        raise _not_held(dossier_id) from None


def _not_held(dossier_id: str) -> NotHeld:
    return NotHeld(
        "the archive holds no such dossier",
        where=dossier_id,
        hint="an id is a UUID; look for codes and names with kho search",
    )


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
