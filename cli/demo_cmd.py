"""`kho demo`: an archive with fictional dossiers, and a guided tour."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.errors import ExitCode, IntegrityError, UsageError
from cli import output, words
from cli.command import Globals, command, option, settled

if TYPE_CHECKING:
    from cli.demo.served import Somebody
    from cli.demo.tour import Tour

MARKER = ".kho-demo"


@command("demo", ExitCode.USAGE, ExitCode.INTEGRITY, ExitCode.UNAVAILABLE)
@option(
    "--folder", type=click.Path(path_type=Path), default=Path("kho-demo"), help="option.demo_folder"
)
@option("--force", is_flag=True, help="option.demo_force")
@option("--serve", "pages", is_flag=True, help="option.demo_serve")
@option("--port", type=click.IntRange(0, 65535), default=8642, help="option.serve_port")
@click.pass_context
def demo(context: click.Context, folder: Path, force: bool, pages: bool, port: int) -> None:
    """Show the main job."""
    from cli.demo.tour import Tour, guide

    options = settled(context)
    began = time.monotonic()
    folder = folder.absolute()
    _make_room(folder, force=force)
    home, papers = folder / "archive", folder / "submissions"
    tour = Tour(home, quiet=options.json)
    tour.say("demo.welcome", folder=folder)
    count, codes = _written(tour, home, papers)
    if pages:
        _serve(options, tour, papers, codes, port)
        return
    same = guide(tour, papers, codes)
    seconds = time.monotonic() - began
    result = {
        "archive": str(home),
        "submissions": count,
        "same": same,
        "seconds": round(seconds, 1),
    }
    output.emit(
        options,
        {**result, "steps": tour.steps},
        lambda: ["", words.say("demo.done", home=home, seconds=f"{seconds:.0f}")],
    )
    if not same:
        raise IntegrityError(words.say("demo.different", count=0), where=str(home))


def _written(tour: Tour, home: Path, papers: Path) -> tuple[int, dict[str, str]]:
    """Make the archive and draw the submissions; return how many, and their codes by case."""
    from archive.assembly import VIETNAM, now
    from archive.creation import create
    from archive.signatures import testpki
    from cli.demo import submissions
    from cli.demo.cast import Case, matters

    at = now()
    today = at.astimezone(VIETNAM).date()
    home.mkdir()
    shutil.copy(Path(submissions.__file__).with_name("schedule.toml"), home / "schedule.toml")
    create(
        home,
        {
            "archive.name": "Kho trình diễn (THỬ NGHIỆM)",
            "archive.agency": "H99",
            "retention.schedule": "schedule.toml",
        },
    )
    tour.say("demo.papers")
    who = submissions.signers(testpki.load(home / "test-pki"), at)
    count = sum(1 for _ in submissions.write_all(papers, who, today))
    return count, {
        case.name.lower().replace("unknown_ca", "unknown"): matter.code
        for matter in matters(today)
        for case in (matter.case,)
        if case is not Case.GOOD
    }


def _serve(options: Globals, tour: Tour, papers: Path, codes: dict[str, str], port: int) -> None:
    """Fill the archive, add people, tell their passwords once, and serve the pages."""
    from archive.assembly import open_archive
    from archive.disposal import trial
    from archive.people import staff
    from cli.demo import served
    from web import serving

    served.fill(tour, papers, codes)
    signing = tour.home.with_name("signing")
    with open_archive(tour.home) as archive:
        people = served.add_people(archive)
        served.adopt(archive)
        trial.write_papers(archive, signing)
        first = staff.first_link(archive)

    def ready(address: str, metrics: str | None) -> None:
        link = f"{address}/begin/{first}"
        result = {
            "archive": str(tour.home),
            "address": address,
            "first_administrator": link,
            "people": [each.to_json() for each in people],
            "signing": str(signing),
        }
        output.emit(options, result, lambda: _people_lines(people, address, link, signing))
        sys.stdout.flush()

    serving.serve(tour.home, host="127.0.0.1", port=port, workers=1, ready=ready)


def _people_lines(people: list[Somebody], address: str, link: str, signing: Path) -> Iterator[str]:
    yield ""
    yield click.style(words.say("demo.people"), bold=True)
    yield from output.table(
        [
            (f"  {p.account}", p.password, words.say(f"role.{p.role}"), p.agency or "")
            for p in people
        ]
    )
    yield words.say("demo.administrator")
    yield f"  {link}"
    yield words.say("demo.signing", folder=signing)
    yield words.say("serve.ready", address=address)


def _make_room(folder: Path, *, force: bool) -> None:
    """Make the demo's folder; an earlier demo is removed only with --force."""
    if folder.exists() and any(folder.iterdir()):
        if not (force and (folder / MARKER).exists()):
            raise UsageError(
                words.say("demo.taken", folder=folder),
                where=str(folder),
                hint="kho demo --folder NEW, or --force for an earlier demo",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
