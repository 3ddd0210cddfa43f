"""`kho retention note`, `notes`, `end-note`, `kho hold reconcile`, `kho subject report`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.catalogue.notes import Note
    from archive.disposal import Disagreement
    from archive.disposal.subject import About

subject = group("subject", ["report", "erasure"], "cli.notes_cmd")


@command("retention.note", ExitCode.NOT_HELD, ExitCode.REJECTED, effect=Effect.CHANGES)
@click.argument("id", metavar="ID")
@option("--row", help="option.note_row")
@option("--link", metavar="ID", help="option.note_link")
@option("--reopened", metavar="TEXT", help="option.note_reopened")
@option("--declare", metavar="ROW", help="option.note_declare")
@option("--block", metavar="ROW|*", help="option.note_block")
@option("--event", metavar="NAME=DATE", help="option.note_event")
@option("--document", type=click.IntRange(1), help="option.note_document")
@click.pass_context
def note(
    context: click.Context,
    id: str,  # noqa: A002 - the argument's name
    row: str | None,
    link: str | None,
    reopened: str | None,
    declare: str | None,
    block: str | None,
    event: str | None,
    document: int | None,
) -> None:
    """Record what retention has to heed."""
    from archive import access
    from archive.catalogue.notes import NoteKind
    from archive.disposal import remarks

    options = settled(context)
    told = [
        (kind, value)
        for kind, value in (
            (NoteKind.CHOICE, row),
            (NoteKind.LINK, link),
            (NoteKind.REOPENED, reopened),
            (NoteKind.DECLARED, declare),
            (NoteKind.BLOCKED, block),
            (NoteKind.EVENT, event),
        )
        if value
    ]
    if len(told) != 1 or (document and not (declare or block)):
        ways = "--row · --link · --reopened · --declare · --block · --event"
        raise UsageError(words.say("note.what"), hint=ways)
    ((kind, value),) = told
    value = f"{value}#{document}" if document else value
    with session.opened(options) as archive:
        dossier = access.find(archive, id).dossier
        if kind is NoteKind.LINK:
            value = access.find(archive, value).dossier.id
        reason = session.reason(options)
        made = remarks.note(
            archive, dossier.id, kind, value, agent=session.agent(archive), reason=reason
        )
    output.emit(options, asdict(made), lambda: _notes([made]))


@command("retention.notes", ExitCode.NOT_HELD)
@click.argument("id", metavar="ID")
@click.pass_context
def notes(context: click.Context, id: str) -> None:  # noqa: A002 - the argument's name
    """List the notes on a dossier."""
    from archive import access
    from archive.catalogue import notes as kept

    options = settled(context)
    with session.opened(options) as archive:
        dossier = access.find(archive, id).dossier
        with archive.catalogue.connect() as connection:
            found = kept.every(connection, dossier.id)
    output.emit(options, [asdict(each) for each in found], lambda: _notes(found))


@command("retention.end-note", ExitCode.NOT_HELD, ExitCode.USAGE, effect=Effect.CHANGES)
@click.argument("note_id", metavar="NOTE")
@click.pass_context
def end_note(context: click.Context, note_id: str) -> None:
    """End a note."""
    from archive.disposal import remarks

    options = settled(context)
    with session.opened(options) as archive:
        ended = remarks.end(archive, note_id, agent=session.agent(archive))
    output.emit(options, asdict(ended), lambda: _notes([ended]))


def _notes(found: Sequence[Note]) -> Iterator[str]:
    if not found:
        yield words.say("note.none")
    for each in found:
        ended = words.say("hold.ended", day=output.moment(each.ended_at)) if each.ended_at else ""
        kind = words.say(f"note.{each.kind.value}")
        yield click.style(each.id[:8], bold=True) + f"  {kind}: {each.value}  {ended}".rstrip()
        yield f"    {each.reason}  ({each.noted_by}, {output.moment(each.noted_at)})"


@command("hold.reconcile", ExitCode.FINDINGS, ExitCode.UNAVAILABLE, effect=Effect.TRIES)
@click.pass_context
def reconcile(context: click.Context) -> int:
    """Compare catalogue and store; set right what disagrees."""
    from archive import disposal

    options = settled(context)
    with session.opened(options) as archive:
        found = (
            tuple(disposal.disagreements(archive))
            if options.dry_run
            else disposal.reconcile(archive)
        )
    result = {
        "dry_run": options.dry_run,
        "disagreements": [asdict(each) for each in found],
    }
    output.emit(options, result, lambda: _disagreements(found, dry_run=options.dry_run))
    unsettled = [each for each in found if options.dry_run or each.found not in ("on", "off")]
    return ExitCode.FINDINGS if unsettled else ExitCode.DONE


def _disagreements(found: Sequence[Disagreement], *, dry_run: bool) -> Iterator[str]:
    for each in found:
        wanted = "on" if each.held else "off"
        yield f"{each.code}  {each.place}  {each.copy}: {each.found} → {wanted}"
    key = "reconcile.found" if dry_run else "reconcile.done"
    yield click.style(words.say(key, count=len(found)), bold=True)


@command("subject.report", ExitCode.USAGE, effect=Effect.CHANGES)
@click.argument("identity_number", metavar="NUMBER")
@click.pass_context
def report(context: click.Context, identity_number: str) -> None:
    """Say what is held about a person."""
    from archive.disposal.subject import report as about

    options = settled(context)
    with session.opened(options) as archive:
        reason = session.reason(options)
        found = about(archive, identity_number, agent=session.agent(archive), reason=reason)
    result = {"dossiers": [_about_json(each) for each in found]}
    output.emit(options, result, lambda: _about(found))


def _about_json(each: About) -> dict[str, Any]:
    dossier, decision = each.holding.dossier, each.decision
    return {
        "id": dossier.id,
        "code": dossier.code,
        "title": dossier.title,
        "procedure": dossier.procedure,
        "agency": dossier.agency,
        "documents": [document.title for document in dossier.documents],
        "held_since": each.holding.receipts[0].held_since,
        "rule": decision.rule_code,
        "confirmed": decision.confirmed,
        "protected_until": decision.protected_until,
        "due_on": decision.due_on,
        "erasure": {"vi": each.answer.vi, "en": each.answer.en, "basis": each.basis},
    }


def _about(found: Sequence[About]) -> Iterator[str]:
    at = 0 if words.language() == "vi" else 1
    for each in found:
        dossier, decision = each.holding.dossier, each.decision
        yield click.style(f"{dossier.code}  {dossier.title}", bold=True)
        yield words.say(
            "subject.kept",
            rule=decision.rule_code or "–",
            until=output.day(decision.protected_until),
            count=len(dossier.documents),
        )
        yield f"  {each.answer[at]} ({each.basis})"
    yield words.say("subject.total", count=len(found))


@command("subject.erasure", ExitCode.USAGE, ExitCode.BLOCKED, effect=Effect.CHANGES)
@click.argument("identity_number", metavar="NUMBER")
@click.pass_context
def erasure(context: click.Context, identity_number: str) -> int:
    """Answer a request for erasure with its legal reason."""
    from archive.disposal.erasure import answer
    from cli.disposal_papers_cmd import write_sealed

    options = settled(context)
    with session.opened(options) as archive:
        reason, agent = session.reason(options), session.agent(archive)
        found = answer(archive, identity_number, agent=agent, reason=reason)
    files: Sequence[Any] = ()
    if options.output is not None:
        files = write_sealed(options.output, found.letter, found.p7s)
        options.output = None
    dossiers = [_about_json(each) for each in found.about]
    result = {"refused": bool(dossiers), "dossiers": dossiers, "files": [str(f) for f in files]}
    output.emit(options, result, lambda: [*_about(found.about), *map(str, files)])
    return ExitCode.BLOCKED if dossiers else ExitCode.DONE
