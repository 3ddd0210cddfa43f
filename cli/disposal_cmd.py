"""`kho disposal`: the procedure from the list to the certificate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, UsageError
from cli import executions, output, session, words
from cli.command import Effect, Globals, command, group, option, settled

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.catalogue.disposals import Disposal
    from archive.signatures.keys import SigningKey

disposal = group(
    "disposal",
    [
        "propose",
        "list",
        "show",
        "exclude",
        "review",
        "approve",
        "reject",
        "execute",
    ],
    "cli.disposal_cmd",
)
disposal.lazy |= {
    "certificate": "cli.disposal_papers_cmd:certificate",
    "draft": "cli.disposal_papers_cmd:draft",
    "test-papers": "cli.disposal_papers_cmd:test_papers",
}
FILE = click.Path(path_type=Path)


def key_of(key: str, certificate: Path | None) -> SigningKey:
    """Load a person's key, from a file, a token or a signing service.

    Its password or PIN is in KHO_KEY_PASSWORD, or in the file that KHO_KEY_PASSWORD_FILE names.
    """
    from archive.passwords import password
    from archive.signatures.key_sources import open_key

    secret = password("KHO_KEY_PASSWORD")
    return open_key(key, certificate, home=Path(), password=secret)


@command(
    "disposal.propose",
    ExitCode.BLOCKED,
    ExitCode.NOT_PERMITTED,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@option("--agency", help="option.disposal_agency")
@option("--note", required=True, help="option.disposal_note")
@option("--id", "only", multiple=True, metavar="ID", help="option.disposal_only")
@option("--limit", type=click.IntRange(1), default=1000, help="option.limit")
@option("--key", required=True, metavar="KEY", help="option.own_key")
@option("--certificate", type=FILE, help="option.own_certificate")
@click.pass_context
def propose(
    context: click.Context,
    agency: str | None,
    note: str,
    only: tuple[str, ...],
    limit: int,
    key: str,
    certificate: Path | None,
) -> None:
    """List what is due for destruction."""
    propose_list(context, "destroy", agency, note, only, limit, key, certificate)


def propose_list(
    context: click.Context,
    kind: str,
    agency: str | None,
    note: str,
    only: tuple[str, ...],
    limit: int,
    key: str,
    certificate: Path | None,
) -> None:
    """Make a list of a kind and print it."""
    from archive import access
    from archive.catalogue.disposals import Kind
    from archive.disposal.proposing import Request
    from archive.disposal.proposing import propose as proposed

    options = settled(context)
    signer = key_of(key, certificate)
    with session.opened(options) as archive:
        ids = tuple(access.find(archive, each).dossier.id for each in only)
        named = agency or archive.settings.text("archive.agency")
        request = Request(Kind(kind), named, note, limit, ids)
        done = proposed(archive, request, signer, agent=session.agent(archive))
    shown = disposal_json(done.disposal)
    left_out = [{"code": code, "reason": why} for code, why in done.left_out]
    output.emit(
        options,
        {**shown, "list": done.digest, "left_out": left_out},
        lambda: [
            *lines(done.disposal),
            *(f"  – {code}: {why}" for code, why in done.left_out),
            words.say("disposal.digest", digest=done.digest),
        ],
    )


@command("disposal.list")
@click.pass_context
def list(context: click.Context) -> None:  # noqa: A001 - the command's name
    """List the lists."""
    list_of(context, "destroy")


def list_of(context: click.Context, kind: str) -> None:
    """Print the lists of a kind."""
    from archive.catalogue import disposals

    options = settled(context)
    with session.opened(options) as archive, archive.catalogue.connect() as connection:
        found = disposals.every(connection, disposals.Kind(kind))
    result = [
        {
            "id": each.id,
            "status": each.status,
            "proposed_at": each.proposed_at,
            "agency": each.heading["agency"],
            "dossiers": len(each.counted),
        }
        for each in found
    ]
    rows = [
        (
            click.style(each.id, bold=True),
            words.say(f"liststatus.{each.status.value}"),
            output.moment(each.proposed_at),
            each.heading["agency"],
            str(len(each.counted)),
        )
        for each in found
    ]
    output.emit(options, result, lambda: output.table(rows) or [words.say("disposal.none")])


@command("disposal.show", ExitCode.NOT_HELD)
@click.argument("list_id", metavar="LIST")
@click.pass_context
def show(context: click.Context, list_id: str) -> None:
    """Show a list with its acts."""
    from archive.catalogue import disposals

    options = settled(context)
    with session.opened(options) as archive, archive.catalogue.connect() as connection:
        found = disposals.get(connection, list_id)
    output.emit(options, disposal_json(found), lambda: lines(found))


def disposal_json(found: Disposal) -> dict[str, Any]:
    """Return a list as JSON values."""
    from archive.disposal.lists import digest

    return {
        "id": found.id,
        "kind": found.kind,
        "status": found.status,
        "proposed_at": found.proposed_at,
        "heading": found.heading,
        "list": digest(found),
        "dossiers": [
            {"dossier": i.dossier_id, "state": i.state, "note": i.note, **i.entry}
            for i in found.items
        ],
        "acts": [
            {"number": a.number, "act": a.act, "at": a.at, "agent": a.agent, "details": a.details}
            for a in found.acts
        ],
    }


def execute_by(found: Disposal) -> date | None:
    """Return the last day on which a destruction is in time; None before its decision."""
    from archive.disposal.permission import DAYS, decided_on

    on = decided_on(found)
    return on + timedelta(days=DAYS) if on else None


def lines(found: Disposal) -> Iterator[str]:
    """Yield a list as a person reads it."""
    status = words.say(f"liststatus.{found.status.value}")
    yield click.style(f"{found.id}  {found.heading['agency']}  {status}", bold=True)
    yield f"  {found.heading['note']}"
    yield from output.table(
        [
            (
                f"  {item.ordinal}",
                item.entry["code"],
                item.entry["decision"]["rule"] or "–",
                words.say(f"itemstate.{item.state.value}"),
                item.entry["title"],
                item.note,
            )
            for item in found.items
        ]
    )
    deadline = execute_by(found)
    if deadline and found.status.value == "approved":
        yield "  " + words.say("disposal.execute_by", day=output.day(deadline))
    for act in found.acts:
        name = words.say(f"act.{act.act}")
        person = act.details.get("approval", act.details.get("proposal", {})).get("person", {})
        by = person.get("name", act.agent)
        yield f"  {output.moment(act.at)}  {name}  ({by})"


@command("disposal.exclude", ExitCode.NOT_HELD, ExitCode.NOT_PERMITTED, effect=Effect.CHANGES)
@click.argument("list_id", metavar="LIST")
@click.argument("codes", nargs=-1, required=True, metavar="ID...")
@click.pass_context
def exclude(context: click.Context, list_id: str, codes: tuple[str, ...]) -> None:
    """Take dossiers off a list."""
    from archive.disposal import procedure

    options = settled(context)
    with session.opened(options) as archive:
        reason, agent = session.reason(options), session.agent(archive)
        found = procedure.exclude(archive, list_id, codes, agent=agent, reason=reason)
    output.emit(options, disposal_json(found), lambda: lines(found))


@command(
    "disposal.review",
    ExitCode.NOT_HELD,
    ExitCode.NOT_PERMITTED,
    ExitCode.REJECTED,
    effect=Effect.CHANGES,
)
@click.argument("list_id", metavar="LIST")
@option("--council", required=True, type=FILE, help="option.council")
@option("--minutes", required=True, type=FILE, help="option.minutes")
@option("--appraisal", type=FILE, help="option.appraisal")
@click.pass_context
def review(
    context: click.Context, list_id: str, council: Path, minutes: Path, appraisal: Path | None
) -> None:
    """Record the council's review."""
    from archive.disposal import procedure

    options = settled(context)
    with session.opened(options) as archive:
        found = procedure.review(
            archive,
            list_id,
            council=council,
            minutes=minutes,
            appraisal=appraisal,
            agent=session.agent(archive),
        )
    output.emit(options, disposal_json(found), lambda: lines(found))


@command(
    "disposal.approve",
    ExitCode.NOT_HELD,
    ExitCode.NOT_PERMITTED,
    ExitCode.REJECTED,
    effect=Effect.CHANGES,
)
@click.argument("list_id", metavar="LIST")
@option("--decision", required=True, type=FILE, help="option.disposal_decision")
@option("--number", required=True, help="option.decision_number")
@option("--date", "on", metavar="DATE", help="option.decision_date")
@option("--key", required=True, metavar="KEY", help="option.own_key")
@option("--certificate", type=FILE, help="option.own_certificate")
@click.pass_context
def approve(
    context: click.Context,
    list_id: str,
    decision: Path,
    number: str,
    on: str | None,
    key: str,
    certificate: Path | None,
) -> None:
    """Approve a list by a signature over its digest."""
    from archive.disposal import procedure

    options = settled(context)
    signer = key_of(key, certificate)
    with session.opened(options) as archive:
        day = session.parse_day(on) if on else archive.today()
        decided = procedure.Decided(decision, number, day)
        found = procedure.approve(archive, list_id, decided, signer, agent=session.agent(archive))
    output.emit(options, disposal_json(found), lambda: lines(found))


@command("disposal.reject", ExitCode.NOT_HELD, ExitCode.NOT_PERMITTED, effect=Effect.CHANGES)
@click.argument("list_id", metavar="LIST")
@click.pass_context
def reject(context: click.Context, list_id: str) -> None:
    """End a list without execution."""
    from archive.disposal import procedure

    options = settled(context)
    with session.opened(options) as archive:
        reason, agent = session.reason(options), session.agent(archive)
        found = procedure.reject(archive, list_id, agent=agent, reason=reason)
    output.emit(options, disposal_json(found), lambda: lines(found))


@command(
    "disposal.execute",
    ExitCode.NOT_HELD,
    ExitCode.NOT_PERMITTED,
    ExitCode.INTEGRITY,
    ExitCode.BLOCKED,
    ExitCode.UNAVAILABLE,
    ExitCode.BATCH_FAILED,
    effect=Effect.TRIES,
)
@click.argument("list_id", metavar="LIST")
@option("--confirm", metavar="DIGITS", help="option.confirm")
@click.pass_context
def execute(context: click.Context, list_id: str, confirm: str | None) -> int:
    """Destroy what is on an approved list."""
    from archive.disposal import execution

    options = settled(context)
    with session.opened(options) as archive:
        if not options.dry_run:
            confirm_list(options, archive, list_id, confirm)
        agent = session.agent(archive)
        done = execution.execute(archive, list_id, agent=agent, dry_run=options.dry_run)
    output.emit(options, executions.execution_json(done), lambda: executions.executed(done))
    return executions.exit_of(done)


def confirm_list(options: Globals, archive: Archive, list_id: str, confirm: str | None) -> None:
    """Ask for the first eight digits of the list's digest; --yes does not answer this.

    Raises:
        UsageError: it was not given, or is that of another list.
    """
    from archive.catalogue import disposals
    from archive.disposal import lists

    with archive.catalogue.connect() as connection:
        digest = lists.digest(disposals.get(connection, list_id))
    if confirm is None and output.interactive(options):
        confirm = click.prompt(words.say("disposal.confirm", list=list_id), err=True)
    if confirm is None or len(confirm) < 8 or not digest.startswith(confirm.lower()):
        raise UsageError(
            words.say("disposal.unconfirmed"), where=list_id, hint=f"--confirm {digest[:8]}"
        )
