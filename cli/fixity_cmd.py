"""`kho fixity`: are the stored bytes what was recorded?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode
from cli import output, session, words
from cli.command import Effect, command, group, settled
from cli.progress import Progress

if TYPE_CHECKING:
    from archive.catalogue.fixity_results import FixityCheck, FixityStatus

fixity = group("fixity", ["run", "status"], "cli.fixity_cmd")


@command("fixity.run", ExitCode.INTEGRITY, ExitCode.UNAVAILABLE, effect=Effect.CHANGES)
@click.pass_context
def run(context: click.Context) -> int:
    """Read every stored byte again."""
    from archive.preservation import fixity as runs

    options = settled(context)
    objects = count = 0
    bad: list[FixityCheck] = []
    with session.opened(options) as archive, Progress(options, "progress.fixity") as progress:
        progress.total(runs.total(archive)[0])
        for checked in runs.run(archive):
            objects, count = objects + 1, count + checked.bytes
            intact = checked.check.outcome.value == "intact"
            if not intact:
                bad.append(checked.check)
            progress.step(failed=not intact)
    result = {"objects": objects, "bytes": count, "mismatches": [_json(check) for check in bad]}
    output.emit(options, result, lambda: _lines(objects, count, bad))
    return ExitCode.INTEGRITY if bad else ExitCode.DONE


def _json(check: FixityCheck) -> dict[str, Any]:
    return {
        "place": check.place,
        "copy": check.copy,
        "outcome": check.outcome,
        "checked_at": check.checked_at,
        "found": check.found,
        "detail": check.detail,
    }


def _lines(objects: int, count: int, bad: list[FixityCheck]) -> Iterator[str]:
    for check in bad:
        told = words.say(f"fixity.{check.outcome.value}")
        yield click.style(f"✗ {told}", fg="red") + f"  {check.place}  {check.copy}"
        yield f"    {check.detail}"
    key = "fixity.bad" if bad else "fixity.good"
    text = words.say(key, objects=objects, size=output.size(count), bad=len(bad))
    yield click.style(text, fg="red" if bad else "green", bold=True)


@command("fixity.status", ExitCode.INTEGRITY)
@click.pass_context
def status(context: click.Context) -> int:
    """Say how much was checked and when."""
    from archive.preservation import fixity as runs

    options = settled(context)
    with session.opened(options) as archive:
        copies, bad = runs.status(archive), runs.mismatches(archive)
    result = {
        "copies": {url: _status_json(state) for url, state in copies.items()},
        "mismatches": [_json(check) for check in bad],
    }
    output.emit(options, result, lambda: _status_lines(copies, bad))
    return ExitCode.INTEGRITY if bad else ExitCode.DONE


def _status_json(state: FixityStatus) -> dict[str, Any]:
    return {
        "versions": state.versions,
        "never_checked": state.never_checked,
        "oldest_check": state.oldest_check,
        "outcomes": {outcome.value: count for outcome, count in state.outcomes.items()},
    }


def _status_lines(copies: dict[str, FixityStatus], bad: tuple[FixityCheck, ...]) -> Iterator[str]:
    for url, state in copies.items():
        yield click.style(url, bold=True)
        yield "  " + words.say(
            "fixity.status",
            versions=state.versions,
            never=state.never_checked,
            oldest=output.moment(state.oldest_check),
        )
    for check in bad:
        yield (
            click.style(f"✗ {words.say(f'fixity.{check.outcome.value}')}", fg="red")
            + f"  {check.place}"
        )
