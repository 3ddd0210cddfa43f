"""`kho journal`: what happened, and that nothing of it was changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.command import KhoGroup, command, option, settled

if TYPE_CHECKING:
    from archive.catalogue.journal import Entry
    from archive.preservation.verification import JournalState

journal = KhoGroup(
    "journal",
    {
        "list": "cli.journal_cmd:list",
        "verify": "cli.journal_cmd:verify",
        "prove": "cli.proof_cmd:prove",
        "check": "cli.proof_cmd:check",
        "witness": "cli.witness_cmd:witness",
    },
)


@command("journal.list", ExitCode.NOT_HELD)
@click.argument("id", required=False, metavar="[ID]")
@option("--since", metavar="DATE", help="option.since")
@option("--until", metavar="DATE", help="option.until")
@option("--type", "kind", help="option.event_type")
@option("--limit", type=click.IntRange(1), default=200, help="option.limit")
@click.pass_context
def list(  # noqa: A001 - the command's name
    context: click.Context,
    id: str | None,  # noqa: A002 - the argument's name
    since: str | None,
    until: str | None,
    kind: str | None,
    limit: int,
) -> None:
    """List journal entries."""
    from archive import access, statements
    from archive.assembly import VIETNAM
    from archive.catalogue import journal as entries
    from archive.events import EventType

    options = settled(context)
    types = {each.value: each for each in EventType}
    if kind is not None and kind not in types:
        known = "".join(f"\n    {code}  ({words.event(code)})" for code in types)
        told = words.say("usage.choices", name="--type", values=known)
        raise UsageError(told, where=kind, hint="kho journal list --help")

    def start(text: str | None, days: int = 0) -> datetime | None:
        if text is None:
            return None
        day = session.parse_day(text) + timedelta(days=days)
        return datetime.combine(day, time.min, tzinfo=VIETNAM)

    with session.opened(options) as archive:
        subject = access.find(archive, id).dossier.id if id else None
        with archive.catalogue.connect() as connection:
            found = tuple(
                entries.entries(
                    connection,
                    subject=subject,
                    type=types[kind] if kind else None,
                    since=start(since),
                    until=start(until, days=1),
                    limit=limit,
                )
            )
    output.emit(options, [statements.of_entry(entry) for entry in found], lambda: _lines(found))


def _lines(found: tuple[Entry, ...]) -> Iterator[str]:
    for entry in found:
        at = output.moment(datetime.fromisoformat(entry.at))
        told = f"{words.happened(entry.type, entry.outcome)}  {entry.subject}".rstrip()
        yield f"{entry.seq:6}  {at}  {told}  ({entry.agent})"


@command("journal.verify", ExitCode.INTEGRITY, ExitCode.UNAVAILABLE)
@click.pass_context
def verify(context: click.Context) -> None:
    """Check the chain and the segments."""
    from archive.preservation.verification import verify_journal

    options = settled(context)
    with session.opened(options) as archive:
        state = verify_journal(archive)
    result = state_json(state)
    told = {**result, **{f"log_{key}": value for key, value in result["log"].items()}}
    lines = [words.say("journal.whole", **told), words.say("journal.log", **told)]
    output.emit(options, result, lambda: lines)


def state_json(state: JournalState) -> dict[str, Any]:
    """Return what was found of the journal as JSON values."""
    from dataclasses import asdict

    return asdict(state)
