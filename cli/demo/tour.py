"""The tour: the main job on the terminal, each step the command that a person would type."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from cli import words

COMPARED = (
    ("search", "--limit", "100", "--facets", ""),
    ("retention", "due"),
    ("journal", "verify"),
    ("hold", "list"),
)
"""What must answer identically after the database was lost."""


@dataclass(slots=True)
class Tour:
    """Runs commands of an archive, shows them, and notes how they ended."""

    home: Path
    quiet: bool = False
    steps: list[dict[str, Any]] = field(default_factory=list)

    def say(self, key: str, **values: object) -> None:
        """Tell what comes next."""
        if not self.quiet:
            click.echo()
            click.secho(f"── {words.say(key, **values)}", fg="cyan", bold=True)

    def run(self, *arguments: str) -> int:
        """Run a command as typed, and show it."""
        from cli.main import run

        if not self.quiet:
            click.secho(f"$ kho {shlex.join(arguments)}", fg="bright_black")
        target = (
            contextlib.nullcontext()
            if not self.quiet
            else contextlib.redirect_stdout(io.StringIO())
        )
        with target:
            code = int(run(["-C", str(self.home), "-q", *arguments]))
        self.steps.append({"command": list(arguments), "exit_code": code})
        return code

    def ask(self, *arguments: str) -> Any:
        """Return what a command answers with --json."""
        from cli.main import run

        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            run(["-C", str(self.home), "-q", *arguments, "--json"])
        return json.loads(out.getvalue())


def answers(tour: Tour, codes: list[str]) -> dict[str, Any]:
    """Return what the archive answers on everything that a rebuild must bring back."""
    found = {" ".join(command): tour.ask(*command) for command in COMPARED}
    for code in codes:
        found[f"show {code}"] = tour.ask("show", code)
    return found


def lose(home: Path) -> list[str]:
    """Remove catalogue and search index, as a broken disk would; return what is gone."""
    import shutil

    gone = []
    for path in sorted(home.glob("catalogue.db*")):
        path.unlink()
        gone.append(path.name)
    index = home / "index"
    if index.exists():
        shutil.rmtree(index)
        gone.append("index/")
    return gone


def guide(tour: Tour, submissions: Path, codes: dict[str, str]) -> bool:
    """Walk through the main job; return whether everything came back after the loss.

    Args:
        tour: runs the commands.
        submissions: the folder of submissions.
        codes: dossier codes by case.
    """
    tour.say("demo.ingest")
    tour.run("ingest", str(submissions))
    tour.say("demo.again")
    tour.run("ingest", str(submissions / first_folder(submissions)))
    tour.say("demo.search")
    tour.run("search", "nguyen thi huong")
    tour.run("search", "cơquan:H99.19 giay phep xay dung", "--facets", "--limit", "3")
    tour.say("demo.show")
    tour.run("show", codes["expired"])
    for case in ("revoked", "unknown", "sha1"):
        tour.say(f"demo.{case}")
        tour.run("verify", codes[case], "--no-journal")
    tour.say("demo.explain")
    tour.run("retention", "explain", codes["due"])
    tour.run("retention", "explain", codes["due_soon"])
    tour.say("demo.hold")
    tour.run(
        "hold", "place", codes["hold"], "--owner", "TAND khu vực (giả định)",
        "--reason", "Vụ án đang giải quyết (THỬ NGHIỆM)",
    )  # fmt: skip
    tour.run("retention", "due")
    tour.say("demo.fixity")
    tour.run("fixity", "run")
    return _lose_and_rebuild(tour, sorted(codes.values()))


def _lose_and_rebuild(tour: Tour, codes: list[str]) -> bool:
    held = [code for code in codes if "code" not in tour.ask("show", code)]
    before = answers(tour, held)
    tour.say("demo.lose", gone=", ".join(lose(tour.home)))
    tour.run("search", "nguyen thi huong")
    tour.say("demo.rebuild")
    tour.run("rebuild", "--from-store")
    after = answers(tour, held)
    tour.run("search", "nguyen thi huong")
    tour.run("journal", "verify")
    same = before == after
    tour.say("demo.same" if same else "demo.different", count=len(before))
    return same


def first_folder(submissions: Path) -> str:
    """Return the name of the first submission."""
    return min(path.name for path in submissions.iterdir())
