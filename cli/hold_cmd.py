"""`kho hold`: stop the disposal of dossiers, with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.catalogue.holds import Hold

hold = group("hold", ["place", "lift", "review", "list"], "cli.hold_cmd")
hold.lazy["reconcile"] = "cli.notes_cmd:reconcile"


@command("hold.place", ExitCode.NOT_HELD, ExitCode.REJECTED, effect=Effect.CHANGES)
@click.argument("id", required=False, metavar="[ID]")
@option("--procedure", help="option.hold_procedure")
@option("--agency", help="option.hold_agency")
@option("--query", help="option.hold_query")
@option("--owner", required=True, help="option.owner")
@option("--legal-reference", default="", help="option.legal_reference")
@option("--review", metavar="DATE", help="option.review")
@click.pass_context
def place(
    context: click.Context,
    id: str | None,  # noqa: A002 - the argument's name
    procedure: str | None,
    agency: str | None,
    query: str | None,
    owner: str,
    legal_reference: str,
    review: str | None,
) -> None:
    """Place a hold."""
    from archive import access, disposal

    options = settled(context)
    if (id is None) == (procedure is None and agency is None and query is None):
        raise UsageError(words.say("hold.what"))
    with session.opened(options) as archive:
        dossier = access.find(archive, id).dossier.id if id else None
        request = disposal.HoldRequest(
            owner=owner,
            reason=session.reason(options),
            legal_reference=legal_reference,
            dossier_id=dossier,
            procedure=procedure,
            agency=agency,
            query=query,
            review_on=session.parse_day(review) if review else None,
        )
        placed = disposal.place_hold(archive, request, agent=session.agent(archive))
    output.emit(options, asdict(placed), lambda: [words.say("hold.placed", id=placed.id)])


@command("hold.lift", ExitCode.NOT_HELD, ExitCode.USAGE, effect=Effect.CHANGES)
@click.argument("hold_id", metavar="HOLD")
@click.pass_context
def lift(context: click.Context, hold_id: str) -> None:
    """Lift a hold."""
    from archive import disposal

    options = settled(context)
    with session.opened(options) as archive:
        lifted = disposal.lift_hold(
            archive, hold_id, agent=session.agent(archive), reason=session.reason(options)
        )
    output.emit(options, asdict(lifted), lambda: [words.say("hold.lifted", id=lifted.id)])


@command("hold.review", ExitCode.NOT_HELD, ExitCode.USAGE, effect=Effect.CHANGES)
@click.argument("hold_id", metavar="HOLD")
@option("--next", "next_on", required=True, metavar="DATE", help="option.hold_next")
@click.pass_context
def review(context: click.Context, hold_id: str, next_on: str) -> None:
    """Record that a hold was looked at and stays."""
    from archive import disposal

    options = settled(context)
    with session.opened(options) as archive:
        reviewed = disposal.review_hold(
            archive,
            hold_id,
            next_on=session.parse_day(next_on),
            agent=session.agent(archive),
            reason=session.reason(options),
        )
    told = words.say("hold.reviewed", id=reviewed.id, day=output.day(reviewed.ask_on))
    output.emit(options, asdict(reviewed), lambda: [told])


@command("hold.list")
@option("--all", "every", is_flag=True, help="option.all_holds")
@option("--due", "to_ask", is_flag=True, help="option.holds_to_ask")
@click.pass_context
def list(context: click.Context, every: bool, to_ask: bool) -> None:  # noqa: A001 - the command's name
    """List holds."""
    from archive.catalogue import holds

    options = settled(context)
    with session.opened(options) as archive, archive.catalogue.connect() as connection:
        today = session.as_of(options, archive)
        if to_ask:
            found = holds.to_ask(connection, today)
        else:
            found = holds.every(connection) if every else holds.active(connection)
    output.emit(options, [asdict(each) for each in found], lambda: _lines(found, today))


def _lines(found: tuple[Hold, ...], today: date) -> Iterator[str]:
    if not found:
        yield words.say("hold.none")
    for each in found:
        state = words.say("hold.ended", day=output.moment(each.lifted_at)) if each.lifted_at else ""
        yield (
            click.style(each.id[:8], bold=True)
            + f"  {_scope(each)}  {each.owner}  {output.moment(each.placed_at)} {state}"
        )
        yield f"    {each.reason}  {each.legal_reference}"
        if each.ask_on and each.active:
            key = "hold.ask" if each.ask_on <= today else "hold.ask_later"
            told = words.say(key, day=output.day(each.ask_on))
            yield "    " + (click.style(told, fg="yellow") if each.ask_on <= today else told)


def _scope(hold: Hold) -> str:
    facts = hold.facts
    if facts is None:
        return str(hold.dossier_id)
    scope = f"{facts.procedure or '*'} @ {facts.agency or '*'}"
    return f"{scope} “{facts.query}”" if facts.query else scope
