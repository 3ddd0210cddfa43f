"""`kho hold`: stop the disposal of dossiers, with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.catalogue.holds import Hold

hold = group("hold", ["place", "lift", "list"], "cli.hold_cmd")
hold.lazy["reconcile"] = "cli.notes_cmd:reconcile"


@command("hold.place", ExitCode.NOT_HELD, ExitCode.USAGE, effect=Effect.CHANGES)
@click.argument("id", required=False, metavar="[ID]")
@option("--procedure", help="option.hold_procedure")
@option("--agency", help="option.hold_agency")
@option("--owner", required=True, help="option.owner")
@option("--legal-reference", default="", help="option.legal_reference")
@option("--review", metavar="DATE", help="option.review")
@click.pass_context
def place(
    context: click.Context,
    id: str | None,  # noqa: A002 - the argument's name
    procedure: str | None,
    agency: str | None,
    owner: str,
    legal_reference: str,
    review: str | None,
) -> None:
    """Place a hold."""
    from archive import access, disposal

    options = settled(context)
    if (id is None) == (procedure is None and agency is None):
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


@command("hold.list")
@option("--all", "every", is_flag=True, help="option.all_holds")
@click.pass_context
def list(context: click.Context, every: bool) -> None:  # noqa: A001 - the command's name
    """List holds."""
    from archive.catalogue import holds

    options = settled(context)
    with session.opened(options) as archive, archive.catalogue.connect() as connection:
        found = holds.every(connection) if every else holds.active(connection)
    output.emit(options, [asdict(each) for each in found], lambda: _lines(found))


def _lines(found: tuple[Hold, ...]) -> Iterator[str]:
    if not found:
        yield words.say("hold.none")
    for each in found:
        facts = each.facts
        scope = (
            each.dossier_id or f"{facts.procedure or '*'} @ {facts.agency or '*'}"
            if facts
            else each.dossier_id
        )
        state = words.say("hold.ended", day=output.moment(each.lifted_at)) if each.lifted_at else ""
        yield (
            click.style(each.id[:8], bold=True)
            + f"  {scope}  {each.owner}  {output.moment(each.placed_at)} {state}"
        )
        yield f"    {each.reason}  {each.legal_reference}"
