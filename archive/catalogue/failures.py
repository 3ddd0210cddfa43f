"""What a database's complaint means for the caller: foreign errors become ours here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from archive.errors import (
    ArchiveError,
    CatalogueLocked,
    IntegrityError,
    NotInitialised,
    StoreFull,
    Unavailable,
)

_SQLITE: Final[dict[int, type[ArchiveError]]] = {
    sqlite3.SQLITE_BUSY: CatalogueLocked,
    sqlite3.SQLITE_LOCKED: CatalogueLocked,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_IOERR: Unavailable,
    sqlite3.SQLITE_CANTOPEN: Unavailable,
    sqlite3.SQLITE_PROTOCOL: Unavailable,
    sqlite3.SQLITE_READONLY: Unavailable,
    sqlite3.SQLITE_PERM: Unavailable,
    sqlite3.SQLITE_AUTH: Unavailable,
    sqlite3.SQLITE_CORRUPT: IntegrityError,
    sqlite3.SQLITE_NOTADB: IntegrityError,
}

_POSTGRESQL: Final[dict[str, type[ArchiveError]]] = {
    "55P03": CatalogueLocked,  # lock_not_available: lock_timeout passed
    "40P01": CatalogueLocked,  # deadlock_detected
    "40001": CatalogueLocked,  # serialization_failure
    "53100": StoreFull,  # disk_full
    "53200": Unavailable,  # out_of_memory
    "53300": Unavailable,  # too_many_connections
    "57014": Unavailable,  # query_canceled: statement_timeout passed
    "57P01": Unavailable,  # admin_shutdown
    "57P02": Unavailable,  # crash_shutdown
    "57P03": Unavailable,  # cannot_connect_now
    "25006": Unavailable,  # read_only_sql_transaction: a replica
    "42P01": NotInitialised,  # undefined_table
    "3D000": NotInitialised,  # invalid_catalog_name: no such database
    "28000": Unavailable,  # invalid_authorization_specification
    "28P01": Unavailable,  # invalid_password
    "XX001": IntegrityError,  # data_corrupted
    "XX002": IntegrityError,  # index_corrupted
}

_WORDS: Final[dict[type[ArchiveError], tuple[str, str]]] = {
    CatalogueLocked: ("another process is writing to the catalogue ({})", "try again"),
    StoreFull: (
        "no room left for the catalogue, nothing was half written ({})",
        "make room and try again",
    ),
    Unavailable: (
        "the catalogue did not answer or cannot be written ({})",
        "see: kho doctor; try again",
    ),
    NotInitialised: ("there is no catalogue here ({})", "run: kho init"),
    IntegrityError: ("the catalogue's own file is damaged ({})", "run: kho rebuild --from-store"),
    ArchiveError: ("the catalogue refused a statement ({})", ""),
}


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn errors of the database into ours; the values of statements stay out of them.

    Args:
        where: the catalogue's address without password, for the error's `where`.

    Raises:
        CatalogueLocked: another process held the lock longer than the time limit.
        StoreFull: the disk or the quota is full.
        Unavailable: no connection, or one that broke; trying again is safe.
        NotInitialised: the database has no tables.
        IntegrityError: the database's file is damaged.
        ArchiveError: a fault of ours, such as writing on a connection for reading.
    """
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("every connection to the catalogue is in use", where=where) from error
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        kind = _kind(cause)
        words, hint = _WORDS[kind]
        message = words.format(_codes(cause))
        # The driver's own text may quote a row, and rows hold names and identity numbers.
        raise kind(message, where=where, hint=hint) from None


def _kind(cause: BaseException | None) -> type[ArchiveError]:
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        if code is None:
            return ArchiveError
        if "no such table" in str(cause):
            return NotInitialised
        return _SQLITE.get(code & 0xFF, ArchiveError)
    state = getattr(cause, "sqlstate", None)
    if state is None or state.startswith("08"):
        # psycopg gives no state when the server could not be reached at all.
        return NotInitialised if _no_database(cause) else _unreached(cause)
    return _POSTGRESQL.get(state, ArchiveError)


def _unreached(cause: BaseException | None) -> type[ArchiveError]:
    return Unavailable if type(cause).__name__ in _CONNECTION_ERRORS else ArchiveError


_CONNECTION_ERRORS: Final = {
    "OperationalError",
    "InterfaceError",
    "ConnectionTimeout",
    "ConnectionException",
    "AdminShutdown",
}


def _no_database(cause: BaseException | None) -> bool:
    text = str(cause)
    return 'database "' in text and "does not exist" in text


def _codes(cause: BaseException | None) -> str:
    if isinstance(cause, sqlite3.Error):
        return str(getattr(cause, "sqlite_errorname", None) or type(cause).__name__)
    diagnosis = getattr(cause, "diag", None)
    parts = [type(cause).__name__, getattr(cause, "sqlstate", None)]
    parts += [getattr(diagnosis, name, None) for name in ("table_name", "constraint_name")]
    return " ".join(part for part in parts if part)
