"""What an execution did, as JSON and as lines for a person; for destruction and transfer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode
from cli import words

if TYPE_CHECKING:
    from archive.disposal.execution import Execution


def execution_json(done: Execution) -> dict[str, Any]:
    """Return an execution as JSON values."""
    return {
        "id": done.disposal.id,
        "status": done.disposal.status,
        "dry_run": done.dry_run,
        "ordered": done.ordered,
        "dropped": [{"code": code, "reason": why} for code, why in done.dropped],
        "postponed": [{"code": code, "reason": why} for code, why in done.postponed],
        "pending": [{"code": code, "reason": why} for code, why in done.pending],
        "warnings": done.warnings,
        "copies": {
            code: [
                {"copy": f.copy, "removed": f.objects, "pending": f.pending, "key": f.key}
                for f in fates
            ]
            for code, fates in done.fates.items()
        },
        "keys": done.keys,
        "index": done.index
        and {
            "years": done.index.years,
            "files": done.index.files,
            "bytes": done.index.bytes,
            "traces": done.index.traces,
        },
    }


def executed(done: Execution) -> Iterator[str]:
    """Yield what an execution did as a person reads it."""
    for warning in done.warnings:
        yield click.style(f"! {warning}", fg="yellow")
    for code, why in (*done.dropped, *done.postponed):
        yield click.style(f"– {code}: {why}", fg="yellow")
    if done.dry_run:
        yield words.say("disposal.would", count=len(done.ordered), codes=", ".join(done.ordered))
        return
    for code, fates in done.fates.items():
        pending = [fate.pending for fate in fates if fate.pending]
        mark = click.style("…", fg="yellow") if pending else click.style("✓", fg="green")
        yield f"{mark} {code}  {'; '.join(dict.fromkeys(pending))}".rstrip()
    for code, key in done.keys.items():
        yield words.say("disposal.key", code=code, key=key)
    if done.index is not None:
        yield words.say("disposal.index", files=done.index.files, traces=done.index.traces)
    status = words.say(f"liststatus.{done.disposal.status.value}")
    yield click.style(f"{done.disposal.id}: {status}", bold=True)


def exit_of(done: Execution) -> int:
    """Return 9 if nothing may go, 6 if something is pending, else 0."""
    if done.pending or done.postponed:
        return ExitCode.BATCH_FAILED
    nothing = not done.ordered and not done.fates
    return ExitCode.BLOCKED if nothing else ExitCode.DONE
