"""`kho search`: find dossiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, QueryRejected
from archive.masking import masked
from cli import output, session, words
from cli.command import command, option, settled

if TYPE_CHECKING:
    from archive.access import Answer

FACETS = ("procedure", "agency", "year", "status", "signature_outcome")


@command("search", ExitCode.REJECTED, ExitCode.NOT_INITIALISED, ExitCode.UNAVAILABLE)
@click.argument("query", nargs=-1, metavar="QUERY")
@option("--procedure", multiple=True, help="option.f_procedure")
@option("--agency", multiple=True, help="option.f_agency")
@option("--year", multiple=True, help="option.f_year")
@option("--status", multiple=True, help="option.f_status")
@option("--signature", "signature_outcome", multiple=True, help="option.f_signature")
@option("--facets", is_flag=True, help="option.facets")
@option(
    "--sort",
    type=click.Choice(["relevance", "received_on", "closed_on", "code"]),
    default="relevance",
    help="option.sort",
)
@option("--limit", type=click.IntRange(1, 1000), default=20, help="option.limit")
@option("--cursor", help="option.cursor")
@option("--exact", is_flag=True, help="option.exact")
@click.pass_context
def search(
    context: click.Context,
    /,
    query: tuple[str, ...],
    facets: bool,
    sort: str,
    limit: int,
    cursor: str | None,
    exact: bool,
    **filters: tuple[str, ...],
) -> int:
    """Find dossiers."""
    from archive import access, statements
    from archive.search import Sort

    options = settled(context)
    question = access.Question(
        " ".join(query),
        filters={name: values for name, values in filters.items() if values},
        facets=FACETS if facets else (),
        sort=Sort(sort),
        limit=limit,
        cursor=cursor,
        approximate=not exact,
    )
    with session.opened(options) as archive:
        answer = access.search(archive, question)
    fatal = [d for d in answer.diagnostics if d.fatal]
    if fatal and not options.json:
        raise QueryRejected(_pointed(question.text, fatal), hint=fatal[0].suggestion)
    output.emit(options, statements.of_answer(answer), lambda: _lines(answer))
    return ExitCode.REJECTED if fatal else ExitCode.DONE


def _pointed(text: str, fatal: list[Any]) -> str:
    """Return the query with a mark under each place that is wrong."""
    lines = []
    for diagnostic in fatal:
        marks = " " * diagnostic.start + "^" * max(1, diagnostic.end - diagnostic.start)
        lines += [
            f"{words.told(diagnostic.message)} [{diagnostic.code}]",
            f"    {text}",
            f"    {marks}",
        ]
    return "\n  ".join(lines)


def _lines(answer: Answer) -> Iterator[str]:
    for found in answer.found:
        dossier = found.holding.dossier
        near = f" {words.say('search.near')}" if found.approximate else ""
        yield (
            click.style(dossier.code, bold=True)
            + f"  {dossier.applicant.name}  {output.day(dossier.received_on)}{near}"
        )
        yield f"    {masked(dossier.title)}"
        if found.snippet is not None and found.snippet.marks:
            shown = replace(found.snippet, text=masked(found.snippet.text))
            yield "    " + shown.marked("\x1b[1;33m", "\x1b[0m")
    for facet in answer.facets:
        values = ", ".join(f"{_named(facet.field, v.value)} ({v.count})" for v in facet.values)
        yield f"{words.say(f'facet.{facet.field}')}: {values}"
    key = "search.total_near" if answer.approximate else "search.total"
    total = words.say(key, total=answer.total, near=answer.approximate)
    yield click.style(total, bold=True)
    if answer.cursor:
        yield words.say("search.more", cursor=answer.cursor)
    for diagnostic in answer.diagnostics:
        told, advice = words.told(diagnostic.message), words.told(diagnostic.suggestion)
        yield f"{told} [{diagnostic.code}] {advice}"


def _named(field: str, value: str) -> str:
    """Return a facet's value in words where it has any; codes stay as they are."""
    if field == "status":
        return words.say(f"status.{value}")
    if field == "signature_outcome":
        return words.say("facet.unsigned" if value == "none" else f"indication.{value}")
    return value
