"""Rebuild: catalogue and index from the store alone, beside the least that could be read.

    python -m benchmarks.rebuild                     1,000 small dossiers and 200 of 1.5 MB
    python -m benchmarks.rebuild --quick             200 and 40

floor      every package opened with `zipfile`, its METS and description read and parsed with
           lxml, one row of SQLite each: no seals, no journal, no decisions, no index
kho        `kho rebuild --from-store`, all of it

What was read from the store is counted: a rebuild reads heads and texts, never contents.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from archive.assembly import open_archive
from archive.ingest.batch import ingest_all
from archive.model import ObjectName
from archive.packages import xml
from archive.preservation.rebuild import rebuild
from archive.storage.folder import FolderStore
from benchmarks import dossiers
from benchmarks.dossiers import Corpus
from benchmarks.measure import CACHE, Cost, keep, measured, table


class CountingStore(FolderStore):
    """A store in a folder that counts the bytes that were asked for."""

    read_bytes = 0

    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> AbstractContextManager[BinaryIO]:
        size = self.stat(name).size - offset
        self.read_bytes += size if length is None else min(length, size)
        return super().open(name, offset=offset, length=length)


@contextmanager
def filled(corpus: Corpus) -> Iterator[Path]:
    """Yield the home of an archive that holds a corpus."""
    CACHE.mkdir(exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="rebuild-", dir=CACHE))
    try:
        dossiers.archive_with(corpus, room / "archive", **{"store.lock": "none"})
        with open_archive(room / "archive") as archive:
            assert all(outcome.receipt for outcome in ingest_all(archive, [corpus.folder]))
        yield room / "archive"
    finally:
        shutil.rmtree(room)


def by_kho(home: Path) -> tuple[Cost, int]:
    """Lose catalogue and index, build them anew, and return the cost and the bytes read."""
    for path in home.glob("catalogue.db*"):
        path.unlink()
    shutil.rmtree(home / "index")
    with open_archive(home) as archive:
        store = CountingStore(home / "store", create=False)
        archive.__dict__.update(copies=(store,), store=store)
        cost = measured(lambda: rebuild(archive))
        return cost, store.read_bytes


def floor(home: Path) -> None:
    """Read and parse what every package says of itself, and enter one row each."""
    packages = sorted((home / "store" / "aip").rglob("*.zip"))
    with sqlite3.connect(":memory:") as rows:
        rows.execute("CREATE TABLE d (place TEXT PRIMARY KEY, title TEXT)")
        for package in packages:
            with zipfile.ZipFile(package) as opened:
                for name in opened.namelist():
                    if name.endswith((".xml", ".p7s")) and "/representations/" not in name:
                        content = opened.read(name)
                        if name.endswith(".xml"):
                            root = xml.parse(content).getroot()
            rows.execute("INSERT INTO d VALUES (?, ?)", (str(package), root.get("LABEL")))


def of(corpus: Corpus, title: str) -> dict[str, Any]:
    """Measure both sides on one corpus and print what was found."""
    count = len(corpus.submissions())
    with filled(corpus) as home:
        floor(home)
        least = measured(lambda: floor(home))
        cost, read = by_kho(home)
        stored = sum(f.stat().st_size for f in (home / "store" / "aip").rglob("*.zip"))
    figures = {
        "dossiers": count,
        "dossiers_per_second": round(count / cost.wall_seconds, 1),
        "ratio_to_floor": round(least.wall_seconds / cost.wall_seconds, 2),
        "share_of_stored_bytes_read": round(read / stored, 3),
        "kib_read_per_dossier": round(read / count / 1024, 1),
    }
    table(
        [
            [title, "dossiers/s", "of the floor", "read of what is stored"],
            ["floor", f"{count / least.wall_seconds:.0f}", "1.00", ""],
            ["kho rebuild", f"{count / cost.wall_seconds:.0f}",
             f"{least.wall_seconds / cost.wall_seconds:.2f}", f"{100 * read / stored:.1f} %"],
        ]
    )  # fmt: skip
    return figures


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", type=int, default=1000, help="dossiers of one small PDF")
    parser.add_argument("--scanned", type=int, default=200, help="dossiers of five scans")
    parser.add_argument("--quick", action="store_true", help="200 and 40")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    if asked.quick:
        asked.small, asked.scanned = 200, 40
    found = {
        "scanned": of(dossiers.scanned(asked.scanned), f"rebuild, {asked.scanned} of 1.5 MB"),
        "small": of(dossiers.small(asked.small), f"rebuild, {asked.small} small"),
    }
    keep(asked.json, found)


if __name__ == "__main__":
    main()
