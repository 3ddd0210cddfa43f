"""`kho retention`: why a dossier is kept, until when, and what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from archive.errors import ExitCode
from cli import output, session, words
from cli.command import Effect, Globals, command, group, option, settled
from cli.progress import Progress

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.disposal import DueDossier
    from retention_rules.explain import Explanation, Mark

retention = group("retention", ["explain", "due", "recompute"], "cli.retention_cmd")
retention.lazy |= {
    "forecast": "cli.forecast_cmd:forecast",
    "replay": "cli.forecast_cmd:replay",
    "note": "cli.notes_cmd:note",
    "notes": "cli.notes_cmd:notes",
    "end-note": "cli.notes_cmd:end_note",
}
RULER_WIDTH = 64


@command("retention.explain", ExitCode.NOT_HELD)
@click.argument("id", metavar="ID")
@click.pass_context
def explain(context: click.Context, id: str) -> None:  # noqa: A002 - the argument's name
    """Explain why a dossier is kept."""
    from archive import access, statements
    from archive.retention import explained
    from retention_rules.explain import explain as in_words

    options = settled(context)
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        as_of = session.as_of(options, archive)
        decision = explained(archive, holding, as_of=as_of)
    explanation = in_words(decision)
    result = statements.of_retention(holding, decision, as_of)
    output.emit(options, result, lambda: _explained(holding.dossier.code, explanation))


def _explained(code: str, explanation: Explanation) -> Iterator[str]:
    yield click.style(code, bold=True)
    yield from explanation.text(words.language())
    yield ""
    yield from ruler_lines(explanation.ruler)


def ruler_lines(marks: Sequence[Mark]) -> Iterator[str]:
    """Return the dates on a line: a tick for each, its day and meaning below."""
    if not marks:
        return
    line = ["─"] * (RULER_WIDTH + 1)
    for mark in marks:
        line[round(mark.position * RULER_WIDTH)] = "◆" if mark.code == "as-of" else "┼"
    yield "  " + "".join(line)
    for mark in marks:
        label = mark.label_vi if words.language() == "vi" else mark.label_en
        yield "  " + " " * round(mark.position * RULER_WIDTH) + f"└ {output.day(mark.on)} {label}"


@command("retention.due")
@option("--action", type=click.Choice(["destroy", "transfer", "review"]), help="option.action")
@option("--limit", type=click.IntRange(1), default=1000, help="option.limit")
@click.pass_context
def due(context: click.Context, action: str | None, limit: int) -> None:
    """List what is due."""
    from itertools import islice

    from archive import disposal, statements

    options = settled(context)
    with session.opened(options) as archive:
        as_of = session.as_of(options, archive)
        found = list(islice(disposal.due(archive, as_of=as_of, action=action), limit))
    result = {
        "as_of": as_of,
        "dossiers": [statements.of_due(each.holding, each.decision) for each in found],
    }
    output.emit(options, result, lambda: _due_lines(found))


def _due_lines(found: list[DueDossier]) -> Iterator[str]:
    rows = []
    for each in found:
        decision = each.decision
        at = 0 if words.language() == "vi" else 1
        blocked = "" if decision.due else words.say("retention.blocked")
        rows.append(
            (
                output.day(decision.due_on),
                decision.final_action.words()[at],
                each.holding.dossier.code,
                decision.rule_code or "–",
                each.holding.dossier.title,
                blocked,
            )
        )
    yield from output.table(rows)
    yield click.style(words.say("retention.count", count=len(found)), bold=True)


@command("retention.recompute", effect=Effect.CHANGES)
@option("--all", "everything", is_flag=True, help="option.recompute_all")
@click.pass_context
def recompute(context: click.Context, everything: bool) -> None:
    """Decide anew what another version of the schedule decided."""
    options = settled(context)
    with session.opened(options) as archive:
        changed = recomputed(options, archive, everything=everything)
    output.emit(
        options, {"changed": changed}, lambda: [words.say("retention.changed", count=changed)]
    )


def recomputed(options: Globals, archive: Archive, *, everything: bool = False) -> int:
    """Decide dossiers anew with progress; return how many changed."""
    from archive.catalogue import dossiers
    from archive.recomputing import recompute as decide_anew

    with archive.catalogue.connect() as connection:
        count = dossiers.counts(connection).dossiers
    with Progress(options, "progress.retention") as progress:
        progress.total(count)
        return decide_anew(archive, everything=everything, on_page=progress.reach)
