"""Writing dossiers into the catalogue: new ones, new versions, and many at a rebuild."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Executable, Insert, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from archive.catalogue import disposals, outbox, rows, tables
from archive.catalogue.holding import Holding
from archive.errors import AlreadyHeld, Changed, NotHeld
from archive.model import Receipt

_BATCH: Final = 500


def register(conn: Connection, holding: Holding) -> Receipt:
    """Enter a new dossier, and note that the search index must learn of it.

    The commit of the surrounding transaction is the moment from which it is held; append
    the journal's event in the same transaction.

    Raises:
        AlreadyHeld: the agency's dossier code or the id is taken; `where` is the id of the
            dossier that has it. Also if it was destroyed: a disposal is not undone by
            submitting again.
    """
    _refuse_disposed(conn, holding)
    row = rows.dossier_row(holding)
    if not _inserted(conn, tables.dossiers, row):
        raise _already_held(conn, holding)
    _insert_parts(conn, (holding,))
    outbox.add(conn, holding.dossier.id, holding.dossier.year)
    return holding.receipt


def _refuse_disposed(conn: Connection, holding: Holding) -> None:
    found = disposals.disposed(conn, holding.dossier.id)
    if found is not None:
        raise AlreadyHeld(
            f"dossier {holding.dossier.code} went with list {found[0]}",
            where=holding.dossier.id,
            hint=f"its record: kho disposal show {found[0]}",
        )


def revise(conn: Connection, holding: Holding) -> Receipt:
    """Enter a new version: description, files and verdicts are replaced, versions added.

    Raises:
        NotHeld: there is no such dossier.
        Changed: the versions held are not those that `holding` continues, because
            another process was faster; read the dossier and try again.
    """
    dossier_id = holding.dossier.id
    row = rows.dossier_row(holding)
    statement = update(tables.dossiers).where(tables.dossiers.c.id == dossier_id).values(row)
    if conn.execute(statement).rowcount == 0:
        raise NotHeld("the archive holds no such dossier", where=dossier_id)
    new = _new_versions(conn, holding)
    for table in (tables.files, tables.verdicts):
        conn.execute(delete(table).where(table.c.dossier_id == dossier_id))
    _insert(conn, tables.versions, new)
    _insert(conn, tables.files, rows.file_rows(holding))
    _insert(conn, tables.verdicts, rows.verdict_rows(holding))
    outbox.add(conn, dossier_id, holding.dossier.year)
    return holding.receipt


def register_all(conn: Connection, holdings: Iterable[Holding]) -> int:
    """Enter many dossiers at a rebuild; those already entered are left as they are.

    The search index is rebuilt as a whole afterwards, so nothing is noted for it.

    Returns:
        How many were entered.

    Raises:
        AlreadyHeld: two dossiers claim one code of one agency.
    """
    entered = 0
    remaining = iter(holdings)
    while batch := list(islice(remaining, _BATCH)):
        entered += _register_batch(conn, batch)
    return entered


def _register_batch(conn: Connection, batch: Sequence[Holding]) -> int:
    ids = tables.dossiers.c.id
    known = set(conn.execute(select(ids).where(ids.in_([h.dossier.id for h in batch]))).scalars())
    new = {h.dossier.id: h for h in batch if h.dossier.id not in known}
    try:
        _insert(conn, tables.dossiers, map(rows.dossier_row, new.values()))
    except IntegrityError:
        raise AlreadyHeld("two dossiers claim one code of one agency") from None
    _insert_parts(conn, tuple(new.values()))
    return len(new)


def _new_versions(conn: Connection, holding: Holding) -> list[rows.RowValues]:
    table = tables.versions
    held = conn.execute(
        select(table.c.number, table.c.place)
        .where(table.c.dossier_id == holding.dossier.id)
        .order_by(table.c.number)
    ).all()
    claimed = [(version.number, version.place) for version in holding.versions]
    if [tuple(row) for row in held] != claimed[: len(held)]:
        raise Changed(
            "the dossier got another version meanwhile",
            where=holding.dossier.id,
            hint="try again",
        )
    return list(rows.version_rows(holding))[len(held) :]


def _insert_parts(conn: Connection, holdings: Sequence[Holding]) -> None:
    for table, of in (
        (tables.versions, rows.version_rows),
        (tables.files, rows.file_rows),
        (tables.verdicts, rows.verdict_rows),
    ):
        _insert(conn, table, (row for holding in holdings for row in of(holding)))


def _insert(conn: Connection, table: Table, values: Iterable[rows.RowValues]) -> None:
    parameters = list(values)
    if parameters:
        conn.execute(_into(table), parameters)


@cache
def _into(table: Table) -> Insert:
    """Return the statement, one object for each table: putting it into words costs a third."""
    return insert(table)


def _inserted(conn: Connection, table: Table, row: rows.RowValues) -> bool:
    """Insert a row unless it breaks a unique constraint; the transaction stays usable."""
    return conn.execute(_into_unless_there(table, conn.dialect.name), row).first() is not None


@cache
def _into_unless_there(table: Table, dialect: str) -> Executable:
    on = postgresql if dialect == "postgresql" else sqlite
    statement: Executable = on.insert(table).on_conflict_do_nothing().returning(table.c.id)
    return statement


def _already_held(conn: Connection, holding: Holding) -> AlreadyHeld:
    table, dossier = tables.dossiers, holding.dossier
    same_code = (table.c.agency == dossier.agency) & (table.c.code == dossier.code)
    existing = conn.execute(select(table.c.id).where(same_code | (table.c.id == dossier.id)))
    return AlreadyHeld(
        f"dossier code {dossier.code} of {dossier.agency} is taken",
        where=existing.scalars().first() or dossier.id,
        hint="another submission has this code: compare with kho show",
    )
