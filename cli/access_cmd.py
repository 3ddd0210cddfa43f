"""`kho show` and `kho get`: a dossier on the screen, its files in the hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.command import Effect, Globals, command, option, settled

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.catalogue.dossiers import Holding
    from archive.model import Verdict

MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "indeterminate": ("?", "yellow")}


@command("show", ExitCode.NOT_HELD, ExitCode.NOT_INITIALISED, ExitCode.UNAVAILABLE)
@click.argument("id", metavar="ID")
@click.pass_context
def show(context: click.Context, id: str) -> None:  # noqa: A002 - the argument's name
    """Show a dossier."""
    from archive import access, statements

    options = settled(context)
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        shown = statements.of_holding(archive, holding)
    output.emit(options, shown, lambda: _lines(shown, holding))


def _lines(shown: dict[str, Any], holding: Holding) -> Iterator[str]:
    dossier = holding.dossier
    yield click.style(dossier.title, bold=True)
    facts = [
        ("show.code", dossier.code),
        ("show.id", dossier.id),
        ("show.file_code", dossier.file_code),
        ("show.applicant", dossier.applicant.name),
        ("show.identity", dossier.applicant.identity_number),
        ("show.procedure", f"{dossier.procedure} {dossier.procedure_name or ''}"),
        ("show.agency", f"{dossier.agency} {dossier.agency_name or ''}"),
        ("show.received", output.day(dossier.received_on)),
        ("show.closed", output.day(dossier.closed_on)),
        ("show.status", words.say(f"status.{dossier.status.value}")),
        ("show.result", dossier.result.number if dossier.result else None),
    ]
    yield from output.table([(f"  {words.say(k)}", v.strip()) for k, v in facts if v and v.strip()])
    yield from _documents(holding)
    yield from _retention(shown["retention"])
    yield from _history(shown, holding)


def _documents(holding: Holding) -> Iterator[str]:
    yield click.style(words.say("show.documents"), bold=True)
    rows = []
    for document in holding.dossier.documents:
        file = document.file
        form = file.format_name or file.media_type
        rows.append(
            (f"  {document.ordinal}", document.title, file.path, output.size(file.size), form)
        )
    yield from output.table(rows)
    yield click.style(words.say("show.signatures"), bold=True)
    if not holding.verdicts:
        yield f"  {words.say('show.no_signatures')}"
    for verdict in holding.verdicts:
        yield from verdict_lines(verdict)


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Return one signature in words: outcome, who, when, why, what to do."""
    mark, color = MARKS[verdict.indication.value]
    outcome = words.say(f"indication.{verdict.indication.value}")
    sub = f" ({verdict.sub_indication})" if verdict.sub_indication else ""
    test = f" [{words.say('show.test')}]" if verdict.test else ""
    signer = verdict.signed_by or "?"
    yield (
        "  "
        + click.style(f"{mark} {outcome}{sub}", fg=color)
        + f"  {verdict.path}  {verdict.format}{test}"
    )
    claimed, proven = output.moment(verdict.signed_at_claimed), output.moment(verdict.proven_at)
    yield f"      {words.say('show.signer', name=signer, claimed=claimed, proven=proven)}"
    for reason in verdict.reasons:
        yield f"      {words.told(reason)}"
    yield from sunset_lines(verdict)
    if verdict.to_do:
        yield f"      → {words.told(verdict.to_do)}"


def sunset_lines(verdict: Verdict) -> Iterator[str]:
    """Return until when a signature can be proven, and which link ends it."""
    if verdict.limited_by is None:
        return
    if verdict.provable_until is None:
        yield f"      {words.say('sig.no_end')}"
    else:
        day = output.day(verdict.provable_until.date())
        yield f"      {words.say('sig.until', day=day, link=words.told(verdict.limited_by))}"
    if verdict.fresh_until not in (None, verdict.provable_until):
        yield f"      {words.say('sig.fresh', day=output.moment(verdict.fresh_until))}"


def _retention(retention: dict[str, Any]) -> Iterator[str]:
    yield click.style(words.say("show.retention"), bold=True)
    for reason in retention["reasons"]:
        basis = f" ({reason['basis']})" if reason["basis"] else ""
        yield f"  {reason[words.language()]}{basis}"


def _history(shown: dict[str, Any], holding: Holding) -> Iterator[str]:
    yield click.style(words.say("show.versions"), bold=True)
    yield from output.table(
        [
            (f"  v{v.number}", output.moment(v.sealed_at), output.size(v.size), v.seal_digest[:16])
            for v in holding.versions
        ]
    )
    yield click.style(words.say("show.events"), bold=True)
    for event in shown["events"]:
        at = output.moment(datetime.fromisoformat(event["at"]))
        yield f"  {at}  {words.happened(event['type'], event['outcome'])}  ({event['agent']})"


@command(
    "get",
    ExitCode.NOT_HELD,
    ExitCode.INTEGRITY,
    ExitCode.NOT_INITIALISED,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@click.argument("id", metavar="ID")
@click.argument("file", required=False)
@option("--package", is_flag=True, help="option.package")
@option("--version", "number", type=int, help="option.version")
@click.pass_context
def get(
    context: click.Context,
    id: str,  # noqa: A002 - the argument's name
    file: str | None,
    package: bool,
    number: int | None,
) -> None:
    """Hand out a file bit for bit, or the package."""
    from archive import access, heads, purposes
    from archive.purposes import Act

    options = settled(context)
    if package == (file is not None):
        raise UsageError(
            words.say("get.what"), hint="kho get ID FILE · kho get ID --package -o OUT.zip"
        )
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        reason = purposes.settled(archive, Act.DOWNLOAD, holding.dossier, options.reason or "")
        what, target = file or "package", options.output
        if package:
            version = heads.version_of(holding, number)
            target = target or _named(options, version.place)
            access.hand_out_package(archive, version, target)
        else:
            document = access.document_of(holding, file or "")
            what = document.file.path
            if target is None and (options.json or sys.stdout.isatty()):
                target = _named(options, document.file.path)
            _hand_out(archive, holding, document, target)
        access.record_dissemination(
            archive, holding, what, agent=session.agent(archive), reason=reason
        )
    if target is not None:
        options.output = None
        result = {"id": holding.dossier.id, "what": what, "path": str(target)}
        output.emit(options, result, lambda: [str(target)])


def _named(options: Globals, path: str) -> Path:
    """Return a file of the original's name in this folder."""
    target = Path(path.rsplit("/", 1)[-1])
    output.may_replace(options, target)
    return target


def _hand_out(archive: Archive, holding: Holding, document: Any, target: Path | None) -> None:
    """Write to `target`, whole or not at all; without one, to a pipe."""
    from archive import access

    if target is None:
        access.hand_out(archive, holding, document, sys.stdout.buffer)
        return
    draft = target.with_name(f".{target.name}.part")
    try:
        with draft.open("wb") as stream:
            access.hand_out(archive, holding, document, stream)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


@command("receipt", ExitCode.NOT_HELD, ExitCode.NOT_INITIALISED)
@click.argument("id", metavar="ID")
@option("--version", "number", type=int, help="option.version")
@click.pass_context
def receipt(context: click.Context, id: str, number: int | None) -> None:  # noqa: A002
    """Print a dossier's receipt."""
    from archive import access, heads
    from archive.ingest.batch import receipt_json

    options = settled(context)
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        version = heads.version_of(holding, number)
        keeper = {
            "archive": archive.settings.text("archive.name"),
            "agency": archive.settings.text("archive.agency"),
            "test": archive.test,
        }
    given = next(each for each in holding.receipts if each.version == version.number)
    result = {**keeper, **receipt_json(given), "size": version.size, "sha256": version.sha256}
    output.emit(options, result, lambda: _receipt_lines(result, given.held_since))


def _receipt_lines(told: dict[str, Any], held_since: datetime) -> Iterator[str]:
    title = words.say("receipt.title", archive=told["archive"], agency=told["agency"])
    yield click.style(title, bold=True)
    if told["test"]:
        yield click.style(words.say("global.test_mark"), fg="yellow")
    facts = [
        ("show.code", told["code"]),
        ("show.id", told["dossier_id"]),
        ("receipt.version", str(told["version"])),
        ("receipt.held_since", output.moment(held_since)),
        ("receipt.place", told["place"]),
        ("receipt.size", output.size(told["size"])),
        ("receipt.package", told["sha256"]),
        ("receipt.seal", told["seal_digest"]),
        ("receipt.submission", told["submission_digest"]),
    ]
    yield from output.table([(f"  {words.say(key)}", value) for key, value in facts])
