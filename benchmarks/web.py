"""The pages under load: search and dossier pages of `kho serve`, one person alone, 50 at once.

A hundred dossiers are taken in as anybody would; the rest are theirs under other names, ids
and codes, with the packages linked on disk, so that every page reads a real package. `wrk`
asks over loopback, each request another dossier or another question. There is no peer on the
same work; the floor is the page `/healthz` of the same server in the same run. Processor time of the
server is measured too: it says the same on a machine that is shared. Chromium tells when the
first hit is on the screen.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import insert

from archive import heads
from archive.assembly import Archive, open_archive
from archive.catalogue import dossiers, rows, tables
from archive.catalogue.dossiers import Holding
from archive.ingest.batch import ingest_all
from archive.model import DossierId, ObjectName
from archive.people import staff, stays
from archive.people.stays import Stage
from archive.search import records
from archive.viewers import OPERATOR, Grant, PersonRole, Scope
from benchmarks import dossiers as submissions
from benchmarks.measure import CACHE, ROOT, cpu_seconds_of, machine

REAL = 100
SEED = 20261127
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
GIVEN = ("An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Khánh", "Lan", "Mai", "Nam", "Phúc", "Yến")
MIDDLES = ("Văn", "Thị", "Đức", "Ngọc", "Minh", "Thanh", "Hữu", "Thu")


def archive_of(count: int, catalogue: str = "") -> Path:
    """Return the home of an archive with so many dossiers; on SQLite made once and kept."""
    name = f"web-{count}" + ("-postgresql" if catalogue else "")
    home, ready = CACHE / name, CACHE / f"{name}.ready"
    if catalogue:  # its database went with the server that it was in
        shutil.rmtree(home, ignore_errors=True)
        ready.unlink(missing_ok=True)
    if not ready.exists():
        print(f"making {count:,} dossiers in {home}", flush=True)
        settings = {"store.lock": "none", **({"catalogue.url": catalogue} if catalogue else {})}
        submissions.archive_with(submissions.small(REAL), home, **settings)
        with open_archive(home) as archive:
            list(ingest_all(archive, sorted(submissions.small(REAL).folder.iterdir())))
            _multiply(archive, count)
        ready.touch()
    return home


def _multiply(archive: Archive, count: int) -> None:
    dice = random.Random(SEED)
    with archive.catalogue.connect() as connection:
        real = tuple(dossiers.all(connection))
    texts = {holding.dossier.id: heads.full_text(archive, holding) for holding in real}
    made: dict[int, list[Any]] = {}
    for start in range(0, count - len(real), 2000):
        batch = [
            _other(real[number % len(real)], number, dice)
            for number in range(start, min(start + 2000, count - len(real)))
        ]
        for twin, original in batch:
            _link(archive, original.versions[0].place, twin.versions[0].place)
            record = records.record_of(twin.dossier, twin.verdicts, texts[original.dossier.id])
            made.setdefault(record.year, []).append(record)
        with archive.catalogue.begin() as connection:
            _insert(connection, [twin for twin, _ in batch])
    for year, found in made.items():
        own = [records.record_of(h.dossier, h.verdicts, texts[h.dossier.id])
               for h in real if h.dossier.year == year]  # fmt: skip
        archive.index.rebuild(year, [*own, *found])


def _other(original: Holding, number: int, dice: random.Random) -> tuple[Holding, Holding]:
    """Return the same dossier as another person's of another day."""
    own = str(UUID(int=dice.getrandbits(128), version=4))
    received = date(2016, 1, 1) + timedelta(dice.randrange(3900))
    name = f"{dice.choice(FAMILIES)} {dice.choice(MIDDLES)} {dice.choice(GIVEN)}"
    dossier = replace(
        original.dossier, id=DossierId(own), code=f"H26.18-{received:%y%m%d}-{number:06d}",
        code_old=None, file_code=f"H26.18.{received:%Y}.{number}",
        title=f"{original.dossier.title} của {name}", received_on=received,
        closed_on=received + timedelta(9),
        applicant=replace(original.dossier.applicant, name=name, identity_number=f"{dice.randrange(10**12):012d}"),
    )  # fmt: skip
    place = ObjectName(f"aip/{own[:2]}/{own[2:4]}/{own}/v00001-{own[:8]}{number:08x}.zip")
    version = replace(original.versions[0], place=place)
    return replace(original, dossier=dossier, versions=(version,)), original


def _link(archive: Archive, original: str, twin: str) -> None:
    folder = Path(archive.store.url.removeprefix("folder://"))
    (folder / twin).parent.mkdir(parents=True, exist_ok=True)
    os.link(folder / original, folder / twin)


def _insert(connection: Any, made: list[Holding]) -> None:
    connection.execute(insert(tables.dossiers), [rows.dossier_row(each) for each in made])
    for table, of in (
        (tables.versions, rows.version_rows),
        (tables.files, rows.file_rows),
        (tables.verdicts, rows.verdict_rows),
    ):
        if values := [row for each in made for row in of(each)]:
            connection.execute(insert(table), values)


@contextmanager
def served(home: Path, workers: int = 1) -> Iterator[tuple[str, int]]:
    """Run `kho serve` and yield its address and its process id."""
    command = [sys.executable, "-m", "cli.main", "-C", str(home), "serve", "--port", "0", "--json",
               "--workers", str(workers)]  # fmt: skip
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    told = ""
    while not told.rstrip().endswith("}"):
        told += process.stdout.readline()
    try:
        yield json.loads(told)["address"], process.pid
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def signed_in(home: Path) -> str:
    """Return the secret of a session of an official who sees everything."""
    with open_archive(home) as archive:
        now = datetime.now(UTC)
        account = f"do{int(now.timestamp())}"
        grant = Grant(PersonRole.OFFICIAL, Scope())
        person, _ = staff.add(archive, account, "Đo", (grant,), by=OPERATOR)
        with archive.catalogue.begin() as connection:
            return stays.begin(connection, person, Stage.FULL, at=now)


def addresses(home: Path, count: int = 400) -> dict[str, list[str]]:
    """Return addresses to ask for, by what they show."""
    dice = random.Random(SEED)
    with open_archive(home) as archive, archive.catalogue.connect() as connection:
        held = dossiers.page(connection, count)
    names = [
        f"{dice.choice(FAMILIES)} {dice.choice(MIDDLES)} {dice.choice(GIVEN)}" for _ in range(count)
    ]
    from archive.search.folding import fold

    return {
        "search": [f"/search?q={fold(name).replace(' ', '+')}" for name in names],
        "everything": ["/search"],
        "dossier": [f"/dossiers/{holding.dossier.id}" for holding in held],
        "floor": ["/healthz"],
    }


def loaded(
    base: str, process: int, secret: str, paths: list[str], seconds: int, people: int
) -> dict[str, float]:
    """Return latencies in milliseconds and answers a second, as `wrk` measures them."""
    script = CACHE / "web.lua"
    listed = ",".join(json.dumps(path) for path in paths)
    script.write_text(
        f"local paths = {{{listed}}}\nlocal at = 0\n"
        f'wrk.headers["Cookie"] = "kho-session={secret}"\n'
        "request = function() at = at + 1 return wrk.format('GET', paths[at % #paths + 1]) end\n"
        "done = function(summary, latency) io.write(string.format("
        "'KHO %f %f %f %d %d', latency:percentile(50), latency:percentile(95), "
        "latency:percentile(99), summary.requests, "
        "summary.errors.status + summary.errors.timeout + summary.errors.read)) end\n",
        encoding="utf-8",
    )
    command = [
        "wrk",
        "-t2",
        f"-c{people}",
        f"-d{seconds}s",
        "--timeout",
        "30s",
        "-s",
        str(script),
        base,
    ]
    cpu = cpu_seconds_of(process)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = cpu_seconds_of(process) - cpu
    found = re.search(r"KHO ([\d.]+) ([\d.]+) ([\d.]+) (\d+) (\d+)", out)
    assert found, out
    p50, p95, p99, requests, errors = map(float, found.groups())
    return {"p50_ms": p50 / 1000, "p95_ms": p95 / 1000, "p99_ms": p99 / 1000,
            "per_second": requests / seconds, "cpu_ms": 1000 * cpu / max(1, requests),
            "errors": errors}  # fmt: skip


def alone(base: str, process: int, secret: str, paths: list[str]) -> dict[str, float]:
    """Return what one person waits for and what the server works for it, in milliseconds."""
    taken, asked = [], [paths[number % len(paths)] for number in range(120)]
    with httpx.Client(base_url=base, cookies={"kho-session": secret}, timeout=60) as client:
        for number, path in enumerate(asked):
            if number == 20:  # what is read once is read
                taken, cpu = [], cpu_seconds_of(process)
            began = time.perf_counter()
            client.get(path).raise_for_status()
            taken.append(1000 * (time.perf_counter() - began))
    cpu = cpu_seconds_of(process) - cpu
    taken.sort()
    return {"p50_ms": taken[50], "p95_ms": taken[95], "cpu_ms": 1000 * cpu / len(taken)}


def on_screen(base: str, secret: str, paths: list[str]) -> dict[str, float]:
    """Return when Chromium had painted a page of hits, in milliseconds from asking for it."""
    from playwright.sync_api import sync_playwright

    painted = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        context = browser.new_context()
        context.add_cookies([{"name": "kho-session", "value": secret, "url": base}])
        page = context.new_page()
        for path in paths[:40]:
            page.goto(base + path, wait_until="domcontentloaded")
            page.wait_for_selector(".hit h2 a")
            page.wait_for_function(painted)
            taken.append(page.evaluate(painted))
        browser.close()
    taken = sorted(taken[10:])
    return {"p50_ms": taken[15], "p95_ms": taken[28]}


def scaling(count: int, seconds: int, people: int, workers: list[int]) -> dict[str, Any]:
    """Return answers a second and latencies by number of processes, on a PostgreSQL of its own.

    Database, servers and `wrk` share this machine's cores: more processes than cores are left
    cannot show more. Processor time is that of the servers, without the database.
    """
    from tests.postgres import running_postgres

    figures: dict[str, Any] = {"dossiers": count, "people": people, "machine": machine()}
    with running_postgres() as server:
        home = archive_of(count, server.url(server.new_database()))
        paths, secret = addresses(home), signed_in(home)
        for number in workers:
            with served(home, number) as (base, process):
                for _, listed in 2 * [*paths.items()]:  # each process has read what it needs
                    loaded(base, process, secret, listed, 3, people)
                for kind, listed in paths.items():
                    found = loaded(base, process, secret, listed, seconds, people)
                    figures[f"{kind}, {number} workers"] = found
                    print(number, kind, found, flush=True)
        print(f"load {os.getloadavg()[0]:.1f}")
    return figures


def main() -> None:
    """Measure, print, and write the figures where `--json` says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument(
        "--workers", type=int, nargs="*", help="processes on PostgreSQL, one run for each: 1 2"
    )
    asked = parser.parse_args()
    count, seconds = (5_000, 5) if asked.quick else (100_000, 20)
    if asked.workers:
        figures = scaling(count, seconds, asked.people, asked.workers)
        if asked.json:
            asked.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
        return
    home = archive_of(count)
    paths, secret = addresses(home), signed_in(home)
    figures = {"dossiers": count, "people": asked.people, "machine": machine()}
    with served(home) as (base, process):
        for kind, listed in paths.items():
            figures[f"{kind} alone"] = alone(base, process, secret, listed)
            figures[kind] = loaded(base, process, secret, listed, seconds, asked.people)
            print(kind, figures[f"{kind} alone"], figures[kind], flush=True)
        figures["on screen"] = on_screen(base, secret, paths["search"])
        print("first hit on the screen", figures["on screen"])
    print(f"{count:,} dossiers, {asked.people} people at once, load {os.getloadavg()[0]:.1f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
