"""Fixity: `kho fixity run` beside `sha256sum` on the same files, with as many at a time.

    python -m benchmarks.fixity                     200 packages of 1.5 MB
    python -m benchmarks.fixity --quick             40 of them

All read the same packages from the page cache, in turns within one run, so that only the
ratios count. Kho's side is the whole act: it reads every package, compares it with its
record, and enters the results with the journal's event. `openssl dgst` stands for the limit:
it uses the processor's SHA instructions, as Python does and some builds of `sha256sum` do not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from archive.assembly import Archive, open_archive
from archive.ingest.batch import ingest_all
from archive.preservation import fixity
from benchmarks import dossiers
from benchmarks.measure import CACHE, keep, measured, table


def by_kho(archive: Archive) -> None:
    """Check every package and fail if one is not intact."""
    found = {each.check.outcome.value for each in fixity.run(archive)}
    assert found == {"intact"}, found


def by_program(command: list[str], files: list[Path], workers: int) -> None:
    """Hash every file with a program, as many processes at a time, 32 files each."""
    names = "\0".join(map(str, files))
    xargs = ["xargs", "-0", "-P", str(workers), "-n", "32", *command]
    subprocess.run(xargs, input=names.encode(), stdout=subprocess.DEVNULL, check=True)


def compared(count: int, rounds: int, room: Path) -> tuple[dict[str, float], float]:
    """Return each side's median seconds, and how many MiB each has read."""
    corpus, workers = dossiers.scanned(count), os.cpu_count() or 1
    dossiers.archive_with(corpus, room / "archive", **{"ingest.workers": workers})
    with open_archive(room / "archive") as archive:
        assert all(outcome.receipt for outcome in ingest_all(archive, [corpus.folder]))
        files = sorted((room / "archive" / "store" / "aip").rglob("*.zip"))
        acts: dict[str, Callable[[], None]] = {
            "kho fixity run": lambda: by_kho(archive),
            "sha256sum": lambda: by_program(["sha256sum"], files, workers),
            "openssl dgst": lambda: by_program(["openssl", "dgst", "-sha256"], files, workers),
        }
        times: dict[str, list[float]] = {name: [] for name in acts}
        for turn in range(rounds + 1):
            for name, act in acts.items():
                seconds = measured(act).wall_seconds
                if turn:  # the first turn fills the page cache
                    times[name].append(seconds)
    mib = sum(file.stat().st_size for file in files) / 2**20
    return {name: statistics.median(found) for name, found in times.items()}, mib


def main() -> None:
    """Measure in turns and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dossiers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="40 packages, 3 rounds")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    if asked.quick:
        asked.dossiers, asked.rounds = 40, 3
    CACHE.mkdir(exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="fixity-", dir=CACHE))
    try:
        medians, mib = compared(asked.dossiers, asked.rounds, room)
    finally:
        shutil.rmtree(room)
    ratios = {name: round(medians["sha256sum"] / seconds, 2) for name, seconds in medians.items()}
    print(f"fixity: {asked.dossiers} packages, {mib:.0f} MiB, {os.cpu_count()} at a time, cached")
    rows = [[n, f"{mib / s:.0f}", f"{ratios[n]:.2f}"] for n, s in medians.items()]
    table([["", "MiB/s", "of sha256sum"], *rows])
    keep(asked.json, {"mib": round(mib), "ratio_to_sha256sum": ratios})


if __name__ == "__main__":
    main()
