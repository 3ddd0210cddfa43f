"""Retention of a million dossiers: what is due, deciding all anew, trying a schedule out.

Beside it the floor: SQLite alone reading the same columns and writing the same ones.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import time
from collections.abc import Callable
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from archive.assembly import Archive, open_archive
from archive.catalogue import dossiers
from archive.disposal import outlook
from archive.disposal.due import due
from archive.recomputing import recompute
from benchmarks.holdings import archive_of
from benchmarks.measure import CACHE, keep, peak_memory_bytes
from retention_rules.schedule import load

TODAY = date(2026, 11, 27)
PAGE = 500


class Took(NamedTuple):
    """Seconds on the clock, and of this process's processor time."""

    wall: float
    cpu: float


def timed(act: Callable[[], Any]) -> tuple[Took, Any]:
    """Return how long something took, and its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    return Took(time.perf_counter() - wall, time.process_time() - cpu), result


def floor(path: Path) -> Took:
    """Read every dossier's facts and write every due day anew with `sqlite3` alone."""
    columns = "id, agency, procedure, status, important, received_on, closed_on, description"
    with sqlite3.connect(path) as connection:

        def work() -> None:
            found = connection.execute(f"SELECT {columns} FROM dossiers ORDER BY id").fetchall()
            connection.executemany(
                "UPDATE dossiers SET retention_action = 'destroy', retention_due_on = closed_on,"
                " retention_rule = 'x', retention_schedule = 'y' WHERE id = ?",
                [(row[0],) for row in found],
            )
            connection.commit()

        return timed(work)[0]


def measure(archive: Archive, count: int) -> dict[str, Any]:
    """Return the seconds of each kind of work."""
    figures: dict[str, Any] = {}
    steps: list[int] = []
    figures["recompute"], changed = timed(
        lambda: recompute(archive, everything=True, on_page=steps.append)
    )
    assert steps[-1] == count
    figures["recompute, nothing changed"], again = timed(lambda: recompute(archive))
    assert (changed > 0, again) == (True, 0)
    with archive.catalogue.connect() as connection:
        figures["due: count by action"], counts = timed(
            lambda: dossiers.due_counts(connection, TODAY)
        )
        figures[f"due: first {PAGE}"], page = timed(lambda: dossiers.due(connection, TODAY, PAGE))
    figures[f"due: first {PAGE}, decided anew with holds"], found = timed(
        lambda: list(islice(due(archive, as_of=TODAY), PAGE))
    )
    assert len(page) == len(found) == PAGE
    assert sum(counts.values()) > count // 10
    figures["forecast of ten years"], _ = timed(
        lambda: outlook.forecast(archive, as_of=TODAY, until=date(2036, 12, 31))
    )
    draft = load("vn-2026-1")
    figures["simulate another schedule"], tried = timed(
        lambda: outlook.simulate(archive, draft, as_of=TODAY, keep=50)
    )
    assert tried.dossiers == count
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="50,000 dossiers")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    count = 50_000 if arguments.quick else arguments.count
    made, home = archive_of(count), CACHE / "retention-run"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(made, home)
    with open_archive(home) as archive:
        figures = measure(archive, count)
    figures["floor: sqlite3 reads and writes them all"] = floor(home / "catalogue.db")
    for what, took in figures.items():
        speed = f"{count / took.wall:14,.0f} dossiers/s"
        print(f"{what:<45} {took.wall:9.3f} s, processor {took.cpu:8.3f} s {speed}")
    figures["peak_memory_mib"] = peak_memory_bytes() >> 20
    print(f"peak memory {figures['peak_memory_mib']} MiB; {count:,} dossiers, SQLite")
    keep(arguments.json, figures)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
