"""`kho demo`: an archive with fictional dossiers, and a guided tour."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import click

from archive.errors import ExitCode, IntegrityError, UsageError
from cli import output, words
from cli.command import command, option, settled

MARKER = ".kho-demo"


@command("demo", ExitCode.USAGE, ExitCode.INTEGRITY)
@option(
    "--folder", type=click.Path(path_type=Path), default=Path("kho-demo"), help="option.demo_folder"
)
@option("--force", is_flag=True, help="option.demo_force")
@click.pass_context
def demo(context: click.Context, folder: Path, force: bool) -> None:
    """Show the main job."""
    from archive.assembly import VIETNAM, now
    from archive.creation import create
    from archive.signatures import testpki
    from cli.demo import submissions
    from cli.demo.cast import Case, matters
    from cli.demo.tour import Tour, guide

    options = settled(context)
    began = time.monotonic()
    folder = folder.absolute()
    _make_room(folder, force=force)
    home, papers = folder / "archive", folder / "submissions"
    tour = Tour(home, quiet=options.json)
    tour.say("demo.welcome", folder=folder)
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
    codes = {
        case.name.lower().replace("unknown_ca", "unknown"): matter.code
        for matter in matters(today)
        for case in (matter.case,)
        if case is not Case.GOOD
    }
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
