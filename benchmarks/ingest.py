"""Ingest: Kho beside the floor of the machine and two peers, on the same dossiers.

    python -m benchmarks.ingest                  200 dossiers of 5 PDFs of 300 KB, 2 of them signed
    python -m benchmarks.ingest --dossiers 40 --rounds 1

Each side runs in a process of its own, in turns, with as many workers as there are cores.
Interpreters, libraries and worker processes are started before the clock.

kho          `ingest_all` into a folder store, SQLite and the search index: all ten steps, from
             the first byte read to the last dossier found by a search; the clock goes on
floor        see `benchmarks.floor`: hash, verify, one signature, one flushed file
floor+text   the same, and the text of all pages read by pdfium
bagit        `make_bag` in place (nothing is copied) and `validate`; SHA-256
ocfl create  ocfl-py: an object is made of the files; SHA-256
ocfl add     the same, then `StorageRoot.add`, which copies it into the storage root
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import dossiers
from benchmarks.dossiers import Corpus
from benchmarks.measure import CACHE, in_own_process, keep, measured, medians, say, table

WARM_UP, WARM_UP_FIRST = 8, 100_000
"""Other dossiers that are taken in before the clock starts, and the number of the first."""
WORKERS = os.cpu_count() or 1


def kho(corpus: Corpus, warm: Corpus, room: Path) -> None:
    """Take everything in and print what it took."""
    from archive.assembly import open_archive
    from archive.ingest.batch import ingest_all

    dossiers.archive_with(corpus, room / "archive")
    with open_archive(room / "archive", clock=_clock()) as archive:

        def take_in(each: Corpus) -> None:
            for outcome in ingest_all(archive, [each.folder]):
                assert outcome.receipt is not None, outcome.to_json()

        take_in(warm)
        os.sync()
        cost = measured(lambda: take_in(corpus))
        _expect_passed(archive, corpus)
    say(cost)


def _clock() -> Callable[[], datetime]:
    """Return a clock that goes on, as real ones do, from the corpus' day."""
    begin = time.monotonic()
    return lambda: dossiers.NOW + timedelta(seconds=time.monotonic() - begin)


def _expect_passed(archive: Any, corpus: Corpus) -> None:
    """Fail if a signature has not passed: then less work was done than the others did."""
    from archive.catalogue import dossiers as held

    with archive.catalogue.connect() as connection:
        verdicts = [v for holding in held.all(connection) for v in holding.verdicts]
    assert all(verdict.indication.value == "passed" for verdict in verdicts), verdicts[:1]
    assert len(verdicts) >= dossiers.SIGNED * len(corpus.submissions())


def peer(act: Callable[[tuple[str, str, str]], int], corpus: Corpus, room: Path) -> None:
    """Do `act` for each submission in worker processes and print what it took."""
    (room / "out").mkdir()
    if act is _ocfl_add:
        _ocfl_root(str(room / "out")).initialize()
    submissions = dossiers.linked(corpus.submissions(), room / "in")
    tasks = [(str(path), str(room / "out"), str(corpus.pki)) for path in submissions]
    with ProcessPoolExecutor(WORKERS, get_context("forkserver")) as pool:
        list(pool.map(_ready, [_MODULES[act.__name__]] * 8 * WORKERS))
        os.sync()
        say(measured(lambda: list(pool.map(act, tasks))))


def _ready(module: str) -> None:
    """Import what a worker will need; peers write no logs."""
    logging.disable(logging.INFO)
    import_module(module)


_floors: dict[str, Any] = {}


def _floor(task: tuple[str, str, str], *, text: bool = False) -> int:
    from benchmarks.floor import Floor

    submission, into, pki = task
    if pki not in _floors:
        _floors[pki] = Floor(Path(into), Path(pki))
    verified: int = _floors[pki].take_in(Path(submission), text=text)
    assert verified == dossiers.SIGNED
    return verified


def _floor_text(task: tuple[str, str, str]) -> int:
    return _floor(task, text=True)


def _bagit(task: tuple[str, str, str]) -> int:
    import bagit

    submission, _, _ = task
    bag = bagit.make_bag(submission, checksums=["sha256"])
    bag.validate()
    return 1


def _ocfl_create(task: tuple[str, str, str]) -> int:
    import ocfl

    submission, into, _ = task
    name = Path(submission).name
    made = ocfl.Object(identifier=f"urn:dossier:{name}", digest_algorithm="sha256")
    said = ocfl.VersionMetadata(message="measured", name="Kho", address="mailto:kho@example.org")
    made.create(submission, metadata=said, objdir=f"{into}/{name}")
    return 1


def _ocfl_root(into: str) -> Any:
    import ocfl

    layout = "0003-hash-and-id-n-tuple-storage-layout"
    return ocfl.StorageRoot(root=f"{into}/root", layout_name=layout)


def _ocfl_add(task: tuple[str, str, str]) -> int:
    submission, into, _ = task
    _ocfl_create(task)
    _ocfl_root(into).add(f"{into}/{Path(submission).name}")
    return 1


_MODULES = {
    "_floor": "benchmarks.floor",
    "_floor_text": "pypdfium2",
    "_bagit": "bagit",
    "_ocfl_create": "ocfl",
    "_ocfl_add": "ocfl",
}
PEERS: dict[str, Callable[[tuple[str, str, str]], int]] = {
    "floor": _floor,
    "floor+text": _floor_text,
    "bagit": _bagit,
    "ocfl create": _ocfl_create,
    "ocfl add": _ocfl_add,
}
SIDES = ("kho", *PEERS)


def one_side(side: str, count: int, files: int, kib: int) -> None:
    """Measure one side in this process."""
    corpus = dossiers.scanned(count, files=files, kib=kib)
    CACHE.mkdir(exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="ingest-", dir=CACHE))
    try:
        if side == "kho":
            kho(corpus, dossiers.scanned(WARM_UP, files=files, kib=kib, first=WARM_UP_FIRST), room)
        else:
            peer(PEERS[side], corpus, room)
    finally:
        shutil.rmtree(room)


def compared(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all sides in turns and return the medians."""
    shape = ("--dossiers", options.dossiers, "--files", options.files, "--kib", options.kib)
    dossiers.scanned(options.dossiers, files=options.files, kib=options.kib)
    dossiers.scanned(WARM_UP, files=options.files, kib=options.kib, first=WARM_UP_FIRST)
    sides = options.sides.split(",") if options.sides else list(SIDES)
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for _ in range(options.rounds):
        for side in sides:
            found[side].append(in_own_process("benchmarks.ingest", *shape, "--side", side))
    return {side: medians(answers) for side, answers in found.items()}


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dossiers", type=int, default=200)
    parser.add_argument("--files", type=int, default=5)
    parser.add_argument("--kib", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sides", help=f"of {', '.join(SIDES)}; comma between them")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="40 dossiers, one round")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    if options.side:
        one_side(options.side, options.dossiers, options.files, options.kib)
        sys.stdout.flush()
        return
    if options.quick:
        options.dossiers, options.rounds = 40, 1
    costs, count = compared(options), options.dossiers
    print(
        f"ingest: {count} dossiers of {options.files} PDFs of {options.kib} KiB, "
        f"{dossiers.SIGNED} of them signed; {WORKERS} workers; medians of {options.rounds}"
    )
    kho_cost = costs.get("kho")
    rows: list[list[object]] = [
        ["", "dossiers/s", "CPU ms each", "kho is, by time", "kho is, by CPU"]
    ]
    for side, cost in costs.items():
        row: list[object] = [side, f"{count / cost.wall_seconds:.1f}"]
        row.append(f"{1000 * cost.cpu_seconds / count:.1f}")
        if kho_cost is not None:
            row.append(f"{cost.wall_seconds / kho_cost.wall_seconds:.2f}")
            row.append(f"{cost.cpu_seconds / kho_cost.cpu_seconds:.2f}")
        rows.append([*row, *[""] * (5 - len(row))])
    table(rows)
    figures = {
        side: {
            "dossiers_per_second": round(count / cost.wall_seconds, 2),
            "cpu_ms_per_dossier": round(1000 * cost.cpu_seconds / count, 2),
        }
        for side, cost in costs.items()
    }
    keep(options.json, {"dossiers": count, "sides": figures})


if __name__ == "__main__":
    main()
