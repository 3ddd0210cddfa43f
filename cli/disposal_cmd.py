"""`kho disposal`: the procedure from the list to the certificate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, NotHeld, UsageError
from cli import output, session, words
from cli.command import Effect, Globals, command, group, option, settled

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.catalogue.disposals import Disposal
    from archive.disposal.execution import Execution
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
        "certificate",
        "draft",
        "test-papers",
    ],
    "cli.disposal_cmd",
)
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
    from archive.disposal.procedure import Request
    from archive.disposal.procedure import propose as proposed

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
    from archive.disposal.execution import DAYS, decided_on

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
    output.emit(options, execution_json(done), lambda: executed(done))
    return exit_of(done)


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


@command("disposal.certificate", ExitCode.NOT_HELD, effect=Effect.CHANGES)
@click.argument("list_id", metavar="LIST")
@option("--list", "the_list", is_flag=True, help="option.the_list")
@click.pass_context
def certificate(context: click.Context, list_id: str, the_list: bool) -> None:
    """Write the certificate and its seal to files."""
    from archive.catalogue import disposals
    from archive.disposal.attachments import read

    options = settled(context)
    with session.opened(options) as archive:
        with archive.catalogue.connect() as connection:
            found = disposals.get(connection, list_id)
        acts = found.of_act("proposed" if the_list else "destroyed")
        if not acts:
            raise NotHeld(words.say("disposal.no_certificate"), where=list_id)
        paper = acts[-1].details["paper"]
        target = options.output or Path(f"{found.id}-{'list' if the_list else 'certificate'}.pdf")
        written = _write(archive, paper["name"], target, read)
    options.output = None
    result = {"id": found.id, "files": [str(path) for path in written], **paper}
    output.emit(options, result, lambda: [str(path) for path in written])


def _write(archive: Archive, name: str, target: Path, read: Any) -> Sequence[Path]:
    return write_sealed(target, read(archive, name), read(archive, f"{name}.p7s"))


def write_sealed(target: Path, content: bytes, p7s: bytes) -> Sequence[Path]:
    """Write a paper and its seal beside it; return both paths."""
    seal = target.with_name(f"{target.name}.p7s")
    target.write_bytes(content)
    seal.write_bytes(p7s)
    return (target, seal)


@command("disposal.draft", ExitCode.NOT_HELD, ExitCode.USAGE, effect=Effect.CHANGES)
@click.argument("list_id", metavar="LIST")
@click.argument(
    "kind", type=click.Choice(["council", "minutes", "appraisal", "decision", "handover"])
)
@click.pass_context
def draft(context: click.Context, list_id: str, kind: str) -> None:
    """Write one of the papers that people complete and sign."""
    from archive.disposal import drafts

    options = settled(context)
    with session.opened(options) as archive:
        paper = drafts.draft(archive, list_id, drafts.Draft(kind))
    target = options.output or Path(f"{list_id.upper()}-{kind}.pdf")
    written = write_sealed(target, paper.content, paper.p7s)
    options.output = None
    result = {"id": list_id.upper(), "kind": kind, "files": [str(path) for path in written]}
    output.emit(options, result, lambda: [str(path) for path in written])


@command("disposal.test-papers", ExitCode.NOT_PERMITTED, effect=Effect.CHANGES)
@click.argument("folder", type=FILE)
@click.pass_context
def test_papers(context: click.Context, folder: Path) -> None:
    """Make TEST keys of two people and signed TEST papers, for trying the procedure out."""
    from archive.disposal.trial import write_papers

    options = settled(context)
    with session.opened(options) as archive:
        written = write_papers(archive, folder)
    result = {"files": [str(path) for path in written], "test": True}
    output.emit(options, result, lambda: [str(path) for path in written])
