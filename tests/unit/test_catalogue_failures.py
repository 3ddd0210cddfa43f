"""The catalogue when the world fails: locks, full disks, killed processes, lost servers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from archive.catalogue import dossiers, journal, outbox
from archive.catalogue.engine import Catalogue, Lock, exclusive
from archive.errors import (
    ArchiveError,
    CatalogueLocked,
    IntegrityError,
    NotInitialised,
    StoreFull,
    Unavailable,
    UsageError,
)
from tests.holdings import NOW, a_holding, an_event
from tests.postgres import running_postgres

PROCESSES = multiprocessing.get_context("spawn")
ROOT = Path(__file__).resolve().parents[2]


# --- locks


def test_a_locked_catalogue_says_so_within_the_time_limit(
    catalogue: Catalogue, migrated_url
) -> None:
    other = Catalogue(migrated_url)
    with other.begin() as theirs:
        journal.append(theirs, an_event())
        started = time.monotonic()
        with pytest.raises(CatalogueLocked), catalogue.begin() as conn:
            journal.append(conn, an_event())
        waited = time.monotonic() - started

    assert 0.25 < waited < 60
    with catalogue.begin() as conn:
        assert journal.append(conn, an_event()).seq == 2
    other.close()


def test_a_writer_waits_for_the_one_before_it(catalogue: Catalogue, migrated_url: str) -> None:
    other = Catalogue(migrated_url)
    has_lock = threading.Event()

    def hold_the_lock() -> None:
        with other.begin() as conn:
            journal.append(conn, an_event())
            has_lock.set()
            time.sleep(0.1)

    thread = threading.Thread(target=hold_the_lock)
    thread.start()
    has_lock.wait(5)
    with catalogue.begin() as conn:
        assert journal.append(conn, an_event()).seq == 2
    thread.join()
    other.close()


def test_readers_do_not_wait_for_a_writer(catalogue: Catalogue, migrated_url: str) -> None:
    other = Catalogue(migrated_url)
    with other.begin() as theirs:
        dossiers.register(theirs, a_holding())
        with catalogue.connect() as conn:
            assert dossiers.counts(conn).dossiers == 0
    other.close()


def test_a_new_hold_waits_until_a_disposal_has_ended(catalogue: Catalogue, migrated_url) -> None:
    other = Catalogue(migrated_url)
    with other.begin() as theirs:
        exclusive(theirs, Lock.HOLDS)
        with pytest.raises(CatalogueLocked), catalogue.begin() as conn:
            exclusive(conn, Lock.HOLDS)
    other.close()


# --- several processes


def _append_many(url: str, name: str, count: int) -> None:
    catalogue = Catalogue(url, lock_timeout_seconds=60)
    for number in range(count):
        with catalogue.begin() as conn:
            outbox.add(conn, a_holding().dossier.id, 2026)
            journal.append(conn, an_event(name, at=NOW, number=number))
    catalogue.close()


def test_processes_that_append_at_once_make_one_whole_chain(
    catalogue: Catalogue, migrated_url: str
) -> None:
    names = ("one", "two")
    writers = [
        PROCESSES.Process(target=_append_many, args=(migrated_url, name, 30)) for name in names
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    with catalogue.connect() as conn:
        assert journal.verify(conn).seq == 60
        found = list(journal.entries(conn))
        assert outbox.backlog(conn) == 60
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len({entry.at for entry in found}) == 60
    for name in names:
        numbers = [e.event.details["number"] for e in found if e.subject == name]
        assert numbers == list(range(30))


_HALF_A_TRANSACTION = """
import sys, time
from archive.catalogue import dossiers, journal
from archive.catalogue.engine import Catalogue
from tests.holdings import a_holding, an_event

catalogue = Catalogue(sys.argv[1])
with catalogue.begin() as conn:
    dossiers.register_all(conn, (a_holding(n) for n in range(300)))
    journal.append(conn, an_event())
    print("half way", flush=True)
    time.sleep(60)
"""


def test_a_process_killed_in_a_transaction_leaves_nothing(
    catalogue: Catalogue, migrated_url: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _HALF_A_TRANSACTION, migrated_url], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"half way\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    deadline = time.monotonic() + 60
    while True:  # PostgreSQL notices the lost client a moment later
        try:
            with catalogue.begin() as conn:
                assert dossiers.counts(conn).dossiers == 0
                assert journal.append(conn, an_event()).seq == 1
            break
        except CatalogueLocked:
            assert time.monotonic() < deadline
    with catalogue.connect() as conn:
        assert journal.verify(conn).seq == 1


def _in_a_forked_process(catalogue: Catalogue) -> int:
    """Append from a fork of this process; return its exit code."""
    child = os.fork()
    if child == 0:
        try:
            with catalogue.begin() as conn:
                journal.append(conn, an_event("child"))
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_catalogue_may_be_used_on_both_sides_of_a_fork(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        journal.append(conn, an_event("parent"))

    exit_code = _in_a_forked_process(catalogue)

    with catalogue.begin() as conn:
        journal.append(conn, an_event("parent"))
        subjects = [entry.subject for entry in journal.entries(conn)]
        journal.verify(conn)
    assert exit_code == 0
    assert subjects == ["parent", "child", "parent"]


def test_threads_share_a_catalogue(catalogue: Catalogue) -> None:
    failures: list[ArchiveError] = []

    def append_some() -> None:
        try:
            for _ in range(10):
                with catalogue.begin() as conn:
                    journal.append(conn, an_event())
        except ArchiveError as error:
            failures.append(error)

    threads = [threading.Thread(target=append_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with catalogue.connect() as conn:
        assert journal.verify(conn).seq == 40 - 10 * len(failures) or failures
    assert all(isinstance(failure, CatalogueLocked) for failure in failures)


# --- SQLite's file


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    file = tmp_path / "catalogue.db"
    catalogue = Catalogue(f"sqlite:///{file}")
    catalogue.migrate()
    catalogue.close()
    return file


def test_looking_for_a_catalogue_makes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "catalogue.db"

    for look in (Catalogue.begin, Catalogue.connect):
        with pytest.raises(NotInitialised), look(Catalogue(f"sqlite:///{file}")):
            pass

    assert not file.parent.exists()


def test_nobody_else_may_read_the_file(sqlite_file: Path) -> None:
    assert sqlite_file.stat().st_mode & 0o077 == 0


def test_a_commit_survives_a_power_cut(sqlite_file: Path) -> None:
    with Catalogue(f"sqlite:///{sqlite_file}").begin() as conn:
        settings = [
            conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]

    full = 2
    assert settings == ["wal", full, 1, 1]


def test_a_full_disk_leaves_what_was_there(sqlite_file: Path) -> None:
    catalogue = Catalogue(f"sqlite:///{sqlite_file}")
    with catalogue.begin() as conn:
        dossiers.register(conn, a_holding(1))

    def fill_the_disk() -> None:
        with catalogue.begin() as conn:
            # The page limit gives the very error that a full disk does.
            conn.exec_driver_sql("PRAGMA max_page_count = 1")
            dossiers.register_all(conn, (a_holding(n) for n in range(2, 500)))

    with pytest.raises(StoreFull):
        fill_the_disk()

    catalogue.close()
    with catalogue.begin() as conn:
        assert dossiers.counts(conn).dossiers == 1
        dossiers.register(conn, a_holding(2))
    catalogue.close()


def test_a_damaged_file_is_an_integrity_error(sqlite_file: Path) -> None:
    content = bytearray(sqlite_file.read_bytes())
    content[:32] = b"x" * 32
    sqlite_file.write_bytes(content)

    with pytest.raises(IntegrityError, match="NOTADB") as found:
        Catalogue(f"sqlite:///{sqlite_file}").check()
    assert "rebuild" in found.value.hint


def test_a_lock_held_by_another_program_is_reported(sqlite_file: Path) -> None:
    other = sqlite3.connect(sqlite_file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    catalogue = Catalogue(f"sqlite:///{sqlite_file}", lock_timeout_seconds=0.1)
    with pytest.raises(CatalogueLocked), catalogue.begin():
        pass
    other.close()


def test_a_path_with_odd_letters_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "kho 100% #1?" / "mục lục.db"
    catalogue = Catalogue(f"sqlite:///{str(file).replace('%', '%25').replace('?', '%3F')}")
    catalogue.migrate()
    catalogue.check()
    catalogue.close()

    assert file.exists()


# --- PostgreSQL's server


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    catalogue = Catalogue(f"postgresql://kho@/kho?host={tmp_path}")

    for use in (catalogue.check, catalogue.migrate):
        with pytest.raises(Unavailable) as found:
            use()
        assert type(found.value) is Unavailable


def test_a_password_is_never_shown() -> None:
    catalogue = Catalogue("postgresql://kho:secret@127.0.0.1:1/kho")

    with pytest.raises(Unavailable) as found:
        catalogue.check()

    assert "secret" not in f"{catalogue.url} {found.value} {found.value.to_problem()}"


def test_a_database_that_does_not_exist_is_no_catalogue(postgres_server) -> None:
    with pytest.raises(NotInitialised):
        Catalogue(postgres_server.url("no_such_database")).check()


def test_a_server_that_restarts_is_found_again() -> None:
    with running_postgres() as server:
        catalogue = Catalogue(server.url(server.new_database()))
        catalogue.migrate()

        def stop_in_a_transaction() -> None:
            with catalogue.begin() as conn:
                journal.append(conn, an_event())
                server.stop()
                journal.append(conn, an_event())

        with pytest.raises(Unavailable):
            stop_in_a_transaction()
        with pytest.raises(Unavailable), catalogue.begin():
            pass
        server.start()

        with catalogue.begin() as conn:
            assert journal.append(conn, an_event(at=NOW + timedelta(1))).seq == 1
        catalogue.close()


# --- addresses


@pytest.mark.parametrize(
    "url",
    ["", "catalogue.db", "mysql://kho@localhost/kho", "sqlite://", "sqlite:///:memory:"],
    ids=["empty", "a path", "mysql", "no file", "memory"],
)
def test_only_addresses_of_sqlite_files_and_postgresql_are_taken(url: str) -> None:
    with pytest.raises(UsageError):
        Catalogue(url)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("53100", StoreFull),
        ("40P01", CatalogueLocked),
        ("40001", CatalogueLocked),
        ("57014", Unavailable),
        ("25006", Unavailable),
        ("XX001", IntegrityError),
        ("P0001", ArchiveError),
    ],
    ids=["full", "deadlock", "serialization", "cancelled", "replica", "damaged", "other"],
)
def test_what_the_server_says_becomes_an_error_of_ours(
    postgres_server, shared_database: str, state: str, error: type[ArchiveError]
) -> None:
    catalogue = Catalogue(postgres_server.url(shared_database))

    with pytest.raises(error) as found, catalogue.begin() as conn:
        conn.exec_driver_sql(f"DO $$ BEGIN RAISE 'a row' USING ERRCODE = '{state}'; END $$")

    assert type(found.value) is error
    assert state in str(found.value)
    assert "a row" not in str(found.value)
    catalogue.close()
