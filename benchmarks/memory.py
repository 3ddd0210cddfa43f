"""Memory: `kho ingest` over very many dossiers, and over one dossier with a very large file.

    python -m benchmarks.memory                      10,000 dossiers; one file of 2 GiB
    python -m benchmarks.memory --quick              600 dossiers; one file of 256 MiB

The command runs as a person runs it. Its memory and that of its children is read from the
system every tenth of a second (proportional set size: shared pages are counted once). Flat
means that the last quarter of the run needs no more than the second one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import dossiers
from benchmarks.measure import CACHE, ROOT, keep, table, tree_memory_bytes

EVERY_SECONDS = 0.1
LIMIT_MIB = 300
_BLOCK = 1 << 20


def ingest(home: Path, submissions: Path) -> tuple[list[float], float]:
    """Run the command and return its memory over time, MiB, and how many seconds it took."""
    command = [sys.executable, "-m", "cli.main", "-C", str(home), "ingest", str(submissions)]
    started, seen = time.perf_counter(), []
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    run = subprocess.Popen([*command, "--json"], cwd=ROOT, **quiet)  # type: ignore[call-overload]
    with (home.parent / "answer.json").open("wb") as answer:
        os.set_blocking(run.stdout.fileno(), False)
        while run.poll() is None:
            seen.append(tree_memory_bytes(run.pid) / 2**20)
            answer.write(run.stdout.read() or b"")
            time.sleep(EVERY_SECONDS)
        answer.write(run.stdout.read() or b"")
    assert run.returncode == 0, (home.parent / "answer.json").read_text()[:2000]
    return seen, time.perf_counter() - started


def large(folder: Path, mib: int) -> dossiers.Corpus:
    """Write one dossier with a permit and a scan of a drawing of that size."""
    corpus = dossiers.small(1)
    place = folder / "large" / "0"
    (only,) = corpus.submissions()
    shutil.copytree(only, place)
    with (place / "02-ban-ve.tif").open("wb") as stream:
        stream.write(b"II*\0\x08\0\0\0")
        for number in range(mib):
            stream.write(number.to_bytes(8, "big") * (_BLOCK // 8))
    described = json.loads((place / "dossier.json").read_text("utf-8"))
    described["documents"].append(
        {"file": "02-ban-ve.tif", "title": "Bản vẽ (THỬ NGHIỆM)", "role": "component"}
    )
    (place / "dossier.json").write_text(json.dumps(described, ensure_ascii=False), "utf-8")
    return dossiers.Corpus(folder / "large", corpus.pki)


def measured(corpus: dossiers.Corpus, home: Path) -> dict[str, Any]:
    """Take a corpus in and return what memory it took."""
    dossiers.archive_with(corpus, home)
    seen, seconds = ingest(home, corpus.folder)
    quarter = max(1, len(seen) // 4)
    count = len(corpus.submissions())
    return {
        "dossiers": count,
        "peak_mib": round(max(seen)),
        "second_quarter_mib": round(max(seen[quarter : 2 * quarter], default=0)),
        "last_quarter_mib": round(max(seen[-quarter:])),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dossiers", type=int, default=10_000)
    parser.add_argument("--mib", type=int, default=2048, help="size of the large file")
    parser.add_argument("--quick", action="store_true", help="600 dossiers, 256 MiB")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    if asked.quick:
        asked.dossiers, asked.mib = 600, 256
    CACHE.mkdir(exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="memory-", dir=CACHE))
    try:
        found = {
            f"one file of {asked.mib} MiB": measured(large(room, asked.mib), room / "a"),
            f"{asked.dossiers} dossiers": measured(dossiers.small(asked.dossiers), room / "b"),
        }
    finally:
        shutil.rmtree(room)
    table(
        [
            ["memory of kho ingest, MiB", "peak", "2nd quarter", "last quarter", "seconds"],
            *(
                [name, f["peak_mib"], f["second_quarter_mib"], f["last_quarter_mib"], f["seconds"]]
                for name, f in found.items()
            ),
        ]
    )
    most = max(each["peak_mib"] for each in found.values())
    print(f"{'under' if most < LIMIT_MIB else 'OVER'} the limit of {LIMIT_MIB} MiB")
    keep(asked.json, found)


if __name__ == "__main__":
    main()
