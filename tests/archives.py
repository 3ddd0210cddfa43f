"""Builders of whole archives, of submissions to them, and of what a person does with them."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from archive import settings as configuration
from archive.assembly import TEST_PKI, Archive
from archive.catalogue import dossiers
from archive.catalogue.dossiers import Holding
from archive.catalogue.holds import Hold
from archive.creation import create
from archive.disposal import HoldRequest, place_hold
from archive.ingest.batch import Outcome, ingest_all
from archive.ingest.correction import correct
from archive.model import Receipt
from archive.storage import ObjectStore
from tests.builders import a_pdf, a_submission

ROOT = Path(__file__).resolve().parents[1]
AGENT = "lưu trữ viên thử"


class SteppingClock:
    """The machine's time, later by what `advance` said and by a millisecond at each asking."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)
        self._ahead = timedelta()
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            now = datetime.now(UTC) + self._ahead
            whole = now.replace(microsecond=now.microsecond // 1000 * 1000)
            self._last = max(self._last + timedelta(milliseconds=1), whole)
            return self._last

    def advance(self, **by: float) -> None:
        """Go forward: `clock.advance(days=2)`."""
        with self._lock:
            self._ahead += timedelta(**by)


@cache
def _template() -> Path:
    """Return the home of an archive with nothing in it; its keys are this test run's."""
    folder = Path(tempfile.mkdtemp(prefix="kho-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    create(folder / "archive", {}, clock=lambda: datetime.now(UTC))
    return folder / "archive"


def a_home(folder: Path, **settings: Any) -> Path:
    """Make an empty archive in `folder / "archive"` and return that.

    Takes about ten milliseconds in a folder and SQLite: it is a copy of one that was made
    before, with the same test keys.

    Args:
        folder: exists.
        settings: by their keys with `__` for the dot: `store__lock="none"`. With another
            store or catalogue a new archive is made, with the same keys.
    """
    values = {key.replace("__", "."): value for key, value in settings.items()}
    home = folder / "archive"
    if {"store.url", "store.copies", "catalogue.url"} & values.keys():
        shutil.copytree(_template() / TEST_PKI, home / TEST_PKI)
        create(home, values)
        return home
    shutil.copytree(_template(), home)
    if values:
        made = configuration.load(home, {})
        told = {key: made.values[key] for key, o in made.origins.items() if o.source == "file"}
        configuration.write(home / configuration.FILE_NAME, {**told, **values})
    return home


def opened(
    home: Path, *, clock: Callable[[], datetime] | None = None, store: ObjectStore | None = None
) -> Archive:
    """Open the archive in `home`, as a new process would.

    Args:
        home: from `a_home`.
        clock: by default a `SteppingClock`.
        store: instead of the one that the settings name.
    """
    archive = Archive(configuration.load(home, {}), clock or SteppingClock(), AGENT)
    if store is not None:
        with_parts(archive, store=store)
    return archive


def an_archive(
    folder: Path,
    *,
    clock: Callable[[], datetime] | None = None,
    store: ObjectStore | None = None,
    **settings: Any,
) -> Archive:
    """Make an empty archive in `folder` and open it; see `a_home` and `opened`."""
    return opened(a_home(folder, **settings), clock=clock, store=store)


def with_parts(archive: Archive, **parts: object) -> Archive:
    """Give an archive other parts than its settings name: `store=`, `sealer=`, …"""
    archive.__dict__.update(parts)
    return archive


def reopened(archive: Archive) -> Archive:
    """Close an archive and open it again, as another process would."""
    archive.close()
    return opened(archive.settings.home, clock=archive.clock)


def submissions(folder: Path, count: int, *, first: int = 1, size: int = 0) -> Path:
    """Write `count` submissions, each with content and code of its own; return their folder."""
    for number in range(first, first + count):
        submission(folder, number, size=size)
    return folder


def submission(folder: Path, number: int = 1, *, size: int = 0, **changes: Any) -> Path:
    """Write the submission with this number, in a folder of that name, and return it."""
    code = f"260105-{number:04d}"
    files = {
        "01-don.pdf": a_pdf(f"Don so {number}", size=size),
        "02-ket-qua.pdf": a_pdf(f"Giay phep so {number}", pages=2),
    }
    facts = {
        "files": files,
        "tthc__dossierCode": f"H26.18-{code}",
        "tthc__dossierCodeOld": f"000.00.18.H26-{code}",
        "dossier__fileCode": f"H26.18.2026.{number}",
        "dossier__title": f"Hồ sơ số {number}",
    }
    return a_submission(folder / f"{number:03d}", **{**facts, **changes})


def ingested(archive: Archive, *paths: Path, update: bool = False) -> list[Receipt]:
    """Take submissions in, all of which must be held afterwards; return receipts by code."""
    outcomes = outcomes_of(archive, *paths, update=update)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    receipts = [outcome.receipt for outcome in outcomes if outcome.receipt is not None]
    assert len(receipts) == len(outcomes)
    return sorted(receipts, key=lambda receipt: receipt.code)


def outcomes_of(archive: Archive, *paths: Path, update: bool = False) -> list[Outcome]:
    """Take submissions in and return what became of each, by label."""
    return sorted(ingest_all(archive, paths, update=update), key=lambda each: each.label)


def all_held(archive: Archive) -> tuple[Holding, ...]:
    """Return what is held, by code."""
    with archive.catalogue.connect() as connection:
        return tuple(sorted(dossiers.all(connection), key=lambda each: each.dossier.code))


def the_only(archive: Archive) -> Holding:
    """Return what is held, which must be one dossier."""
    (holding,) = all_held(archive)
    return holding


def held(archive: Archive, number: int) -> Holding:
    """Return the dossier that came with `submission(folder, number)`."""
    with archive.catalogue.connect() as connection:
        (holding,) = dossiers.by_code(connection, f"H26.18-260105-{number:04d}")
    return holding


def corrected(archive: Archive, holding: Holding, **changes: str | None) -> Receipt:
    """Correct a description: `corrected(archive, holding, dossier__title="…")`."""
    places = {name.replace("__", "."): value for name, value in changes.items()}
    return correct(archive, holding, places, agent=AGENT, reason="nhập sai khi tiếp nhận")


def placed_hold(archive: Archive, **about: Any) -> Hold:
    """Place a hold on `dossier_id=`, `procedure=` or `agency=`."""
    request = HoldRequest("Thanh tra tỉnh", "khiếu nại", "QĐ 15/QĐ-TTr", **about)
    return place_hold(archive, request, agent=AGENT)


def lose(archive: Archive) -> Archive:
    """Delete the catalogue and the index, and return the archive as a new process sees it."""
    archive.close()
    home = archive.settings.home
    for path in home.glob("catalogue.db*"):
        path.unlink()
    shutil.rmtree(home / "index", ignore_errors=True)
    return opened(home, clock=archive.clock)


def file_of(archive: Archive, name: str) -> Path:
    """Return the file in which a folder store keeps an object."""
    return Path(archive.store.url.removeprefix("folder://")) / name


def altered(archive: Archive, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change a stored object behind the store's back, as a failing disk does."""
    path = file_of(archive, name)
    content = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(change(content))
    path.chmod(0o440)


def flipped(content: bytes, at: int | None = None) -> bytes:
    """Return the bytes with one bit other than before, in the middle by default."""
    place = len(content) // 2 if at is None else at
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a `kho` process; what tests are run with stays out of it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KHO_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def kho(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command `kho` in a process of its own and return how it ended."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=120, env=environment(**more)
    )


def command(*arguments: object) -> list[str]:
    """Return the command line of `kho`."""
    return [sys.executable, "-m", "cli.main", *map(str, arguments)]


def receipts_of(archive: Archive) -> list[Receipt]:
    """Return the receipts of the latest versions, by code."""
    return [holding.receipt for holding in all_held(archive)]


def without_places(receipts: Iterable[Receipt]) -> list[tuple[str, int]]:
    """Return code and version of each receipt."""
    return [(receipt.code, receipt.version) for receipt in receipts]


def as_of(archive: Archive, clock: Callable[[], datetime]) -> Archive:
    """Return the archive with another clock; its parts are made anew."""
    return replace(archive, clock=clock)
