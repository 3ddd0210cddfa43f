"""Audit: `kho sig report --all` over an archive that holds signed PDFs, whole and taken up again.

    python -m benchmarks.audit            2,000 dossiers of one signed PDF of 300 KB
    python -m benchmarks.audit --quick    200

first      nothing is known of the dossiers but what ingest found: each is read and checked
again      the same question once more: what is proven unchanged is not read
reread     `--reread`, killed (SIGKILL) when half of the dossiers are settled, and run again;
           its figures must be those of the first

The files are those of `signatures`: of every PAdES level, by 20 signers under 3 CAs. Report
and seals are included: PDF/A, CSV, XML, JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from archive.assembly import open_archive
from archive.auditing.audit import KIND
from archive.catalogue import checkpoints
from archive.catalogue.checkpoints import ItemState
from archive.catalogue.engine import Catalogue
from archive.creation import create
from archive.ingest.batch import ingest_all
from archive.signatures import trust
from benchmarks.dossiers import write
from benchmarks.measure import CACHE, ROOT, Cost, keep, measured, table
from benchmarks.signed_files import LEVELS, Signed, signed

SETTINGS = {"store.lock": "none"}


def filled(corpus: Signed, room: Path) -> Path:
    """Return the home of an archive that trusts the signers and holds a dossier of each file."""
    home, sips = room / "archive", room / "sip"
    create(home, SETTINGS)
    with open_archive(home) as archive:
        folder, trusted = archive.settings.path("trust.folder"), corpus.trust()
    trust.add_anchor(folder, trusted.anchors[0])
    for certificate in trusted.certificates:
        trust.add_certificate(folder, certificate)
    for crl in trusted.crls:
        trust.add_revocation(folder, crl)
    files = [file for level in LEVELS for file in corpus.files(level)]
    for number, file in enumerate(files):
        content = {"01-giay-phep.pdf": file.read_bytes()}
        write(sips / f"{number:06d}", number, content, pages=3)
    with open_archive(home) as archive:
        assert all(outcome.receipt for outcome in ingest_all(archive, [sips]))
    shutil.rmtree(sips)
    return home


def command(home: Path, into: Path, *options: str) -> list[str]:
    """Return the command that reports on everything."""
    kho = [sys.executable, "-m", "cli.main", "-C", str(home), "--json"]
    return [*kho, "sig", "report", "--all", "--to", str(into), *options]


def reported(home: Path, into: Path, *options: str) -> tuple[Cost, dict[str, Any]]:
    """Report on everything; return the cost and the figures."""
    answers: list[dict[str, Any]] = []

    def act() -> None:
        done = subprocess.run(
            command(home, into, *options), cwd=ROOT, stdout=subprocess.PIPE, check=True
        )
        answers.append(json.loads(done.stdout))

    return measured(act), answers[0]["figures"]


def killed_half_way(home: Path, into: Path, *options: str) -> int:
    """Begin a report and kill it when half of the dossiers are settled; return how many were."""
    run = subprocess.Popen(command(home, into, *options), cwd=ROOT, stdout=subprocess.DEVNULL)
    catalogue = Catalogue(f"sqlite:///{home / 'catalogue.db'}")
    try:
        while run.poll() is None:
            done, all_of_them = _settled(catalogue)
            if all_of_them and 2 * done >= all_of_them:
                run.send_signal(signal.SIGKILL)
                run.wait()
                return _settled(catalogue)[0]
            time.sleep(0.2)
    finally:
        catalogue.close()
    raise RuntimeError("the report ended before half of it was seen")


def _settled(catalogue: Catalogue) -> tuple[int, int]:
    """Return how many dossiers of the audit that runs are settled, and how many there are."""
    with catalogue.connect() as connection:
        for job in checkpoints.unfinished(connection, KIND):
            counts = checkpoints.tally(connection, job.id)
            return sum(counts.values()) - counts[ItemState.PENDING], sum(counts.values())
    return 0, 0


def outcomes(figures: dict[str, Any]) -> dict[str, Any]:
    """Return what two reports on the same holdings must agree on."""
    return {name: figures[name] for name in ("dossiers", "signatures", "by_outcome")}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    count = asked.files // 10 if asked.quick else asked.files
    corpus = signed(count // len(LEVELS))
    room = Path(tempfile.mkdtemp(prefix="audit-", dir=CACHE))
    try:
        home = filled(corpus, room)
        first, found = reported(home, room / "first")
        again, reused = reported(home, room / "again")
        half = killed_half_way(home, room / "killed", "--reread")
        rest, resumed = reported(home, room / "resumed", "--reread")
    finally:
        shutil.rmtree(room)
    assert outcomes(resumed) == outcomes(found), (resumed, found)
    assert outcomes(reused) == outcomes(found), (reused, found)
    costs = {"first": first, "again": again, "the rest after a kill": rest}
    figures = {
        "dossiers": found["dossiers"],
        "outcomes": found["by_outcome"],
        "not_read_again": reused["not_read_again"],
        "settled_before_the_kill": half,
        **{
            name: {"seconds": round(c.wall_seconds, 1), "processor": round(c.cpu_seconds, 1)}
            for name, c in costs.items()
        },
    }
    done = {"first": count, "again": count, "the rest after a kill": count - half}
    table(
        [
            ["kho sig report --all", "dossiers", "seconds", "processor", "per second of processor"],
            *(
                [n, done[n], f"{c.wall_seconds:.1f}", f"{c.cpu_seconds:.1f}",
                 f"{done[n] / c.cpu_seconds:.0f}"]
                for n, c in costs.items()
            ),
        ]
    )  # fmt: skip
    keep(asked.json, figures)


if __name__ == "__main__":
    main()
