"""The catalogue's database: opening it, transactions, versions of its tables, locks."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import Pool

from archive.catalogue import tables
from archive.catalogue.failures import translated
from archive.errors import NotInitialised, SchemaMismatch, UsageError

__all__ = ["Catalogue", "Connection", "Lock", "exclusive"]

LOCK_TIMEOUT_SECONDS: Final = 30.0
_CONNECT_TIMEOUT_SECONDS: Final = 10
_KEPT_OPEN: Final = 16
"""SQLite files that stay open: opening one reads the whole schema. The warmest is used first."""
_WRITES: Final = "kho_writes"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_ADVISORY_SPACE: Final = 0x4B686F
_abandoned: list[Pool] = []
"""Pools that a fork left behind: closing them would end the parent's connections."""


class Lock(IntEnum):
    """What a transaction may claim for itself; claim in this order, or two could wait for ever."""

    MIGRATION = 1
    HOLDS = 2
    WITNESS = 4
    """Claimed before JOURNAL, as its place here says; the number is free."""
    JOURNAL = 3


def exclusive(conn: Connection, lock: Lock) -> None:
    """Claim `lock` until the transaction ends; waits for whoever has it.

    SQLite has one writer at a time anyway.

    Raises (from the surrounding `begin`):
        CatalogueLocked: not got within the catalogue's time limit.
    """
    if conn.dialect.name == "postgresql":
        claim = text("SELECT pg_advisory_xact_lock(:space, :lock)")
        conn.execute(claim, {"space": _ADVISORY_SPACE, "lock": int(lock)})


class Catalogue:
    """The register of what is held, in SQLite or PostgreSQL.

    May be used by several threads, and by processes forked while no transaction is open.
    """

    def __init__(self, url: str, *, lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> None:
        """Name the database; nothing is opened before it is needed.

        Args:
            url: `sqlite:///relative.db`, `sqlite:////absolute.db` or
                `postgresql://user@host/database`.
            lock_timeout_seconds: how long to wait for another writer.

        Raises:
            UsageError: not an address of a kind that Kho knows.
        """
        self._url = _understood(url)
        self._lock_timeout_seconds = lock_timeout_seconds
        self._engine: Engine | None = None
        self._pid = os.getpid()

    @property
    def url(self) -> str:
        """The address, without password."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction that may write; it commits at the end, or leaves nothing.

        Raises:
            CatalogueLocked: another process wrote longer than the time limit.
            StoreFull: no room; nothing was written.
            Unavailable: no connection, or it broke; trying again is safe.
            NotInitialised: there is no catalogue.
        """
        with translated(self.url), self._open().connect() as conn:
            conn.execution_options(**{_WRITES: True})
            with conn.begin():
                yield conn

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open a view of one moment, for reading only; never waits for writers.

        Raises:
            Unavailable: no connection, or it broke.
            NotInitialised: there is no catalogue.
        """
        with translated(self.url), self._open().connect() as conn:
            if conn.dialect.name == "postgresql":
                conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with conn.begin():
                yield conn

    def migrate(self) -> None:
        """Make the tables, or bring them to this version of Kho; does nothing if they are.

        Raises:
            SchemaMismatch: the tables are of a later version.
        """
        self._make_file()
        with self.begin() as conn:
            exclusive(conn, Lock.MIGRATION)
            _upgrade(conn)

    def check(self) -> None:
        """Make sure that the tables are those of this version of Kho.

        Raises:
            NotInitialised: there are none.
            SchemaMismatch: they are of another version.
        """
        with self.connect() as conn:
            found = _revision(conn)
        if found is None:
            raise NotInitialised("the catalogue is empty", where=self.url, hint="run: kho init")
        if found != tables.REVISION:
            raise _mismatch(found, self.url)

    def scrub(self) -> None:
        """Let what was deleted disappear from the database's files, as far as they allow it.

        SQLite: deleted rows are overwritten when they are deleted (`secure_delete`), and the
        write-ahead log, which may still have them, is emptied here. PostgreSQL: its own
        vacuum does it; backups and replicas are the operator's.
        """
        if self._url.get_backend_name() == "sqlite":
            with translated(self.url), self._open().connect() as conn:
                raw = conn.connection.driver_connection
                if raw is not None:
                    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def close(self) -> None:
        """Close the connections; the next transaction opens new ones."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None

    def _open(self) -> Engine:
        if self._engine is not None and self._pid != os.getpid():
            _abandoned.append(self._engine.pool)
            self._engine = None
        if self._engine is None:
            self._pid = os.getpid()
            self._engine = self._make_engine()
        return self._engine

    def _make_engine(self) -> Engine:
        if self._url.get_backend_name() == "sqlite":
            if not self._file.exists():
                raise NotInitialised("there is no catalogue", where=self.url, hint="run: kho init")
            return _sqlite_engine(self._url, self._file, self._lock_timeout_seconds)
        return _postgresql_engine(self._url, self._lock_timeout_seconds)

    @property
    def _file(self) -> Path:
        return Path(self._url.database or "").absolute()

    def _make_file(self) -> None:
        # The catalogue holds personal data: nobody but its owner may read it.
        if self._url.get_backend_name() == "sqlite":
            with translated(self.url):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))


def _understood(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError("not the address of a database", hint=_URL_HINT) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite+pysqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise UsageError(f"no catalogue can be kept in {backend}", hint=_URL_HINT)


_URL_HINT: Final = "sqlite:////path/to/catalogue.db or postgresql://user@host/database"


_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _sqlite_engine(url: URL, file: Path, lock_timeout_seconds: float) -> Engine:
    address = f"{file.as_uri()}?mode=rw"

    def open_file() -> sqlite3.Connection:
        return sqlite3.connect(
            address,
            uri=True,
            timeout=lock_timeout_seconds,
            isolation_level=None,
            check_same_thread=False,
        )

    engine = create_engine(
        url, creator=open_file, hide_parameters=True, json_serializer=_json,
        pool_timeout=60, pool_size=_KEPT_OPEN, pool_use_lifo=True,
    )  # fmt: skip
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # a commit survives a power cut
        "foreign_keys=ON",
        "recursive_triggers=ON",  # REPLACE cannot slip past the journal's triggers
        "secure_delete=ON",  # what was destroyed is overwritten
        "temp_store=MEMORY",  # no personal data in temporary files
        "cache_size=-32768",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: Connection) -> None:
    # Said to the driver itself: through SQLAlchemy each of these costs as much as a question.
    raw: Any = conn.connection.driver_connection
    writes = bool(conn.get_execution_options().get(_WRITES))
    if conn.info.get(_WRITES) is not writes:
        raw.execute(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        conn.info[_WRITES] = writes
    # IMMEDIATE takes the write lock now: no failure half-way because another came first.
    raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_engine(url: URL, lock_timeout_seconds: float) -> Engine:
    milliseconds = max(1, round(lock_timeout_seconds * 1000))
    engine = create_engine(
        url,
        connect_args={
            "connect_timeout": url.query.get("connect_timeout", _CONNECT_TIMEOUT_SECONDS)
        },
        hide_parameters=True,
        json_serializer=_json,
        pool_pre_ping=True,
        pool_timeout=60,
        pool_use_lifo=True,
    )

    def prepare(connection: Any, _record: object) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = {milliseconds}; SET timezone = 'UTC'")
        connection.autocommit = False

    event.listen(engine, "connect", prepare)
    return engine


def _revision(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.execute(select(text("version_num")).select_from(text("alembic_version")))
    return found.scalar()


def _mismatch(found: str, where: str) -> SchemaMismatch:
    return SchemaMismatch(
        f"the catalogue's tables are of version {found}, this Kho knows {tables.REVISION}",
        where=where,
        hint="an older catalogue: run kho init; a newer one: use the Kho that made it",
    )


def _upgrade(conn: Connection) -> None:
    # Alembic takes a third of a second to import, and is needed here only.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    try:
        command.upgrade(config, "head")
    except CommandError:
        found = _revision(conn)
        if found in (None, tables.REVISION):
            raise
        raise _mismatch(str(found), "") from None
