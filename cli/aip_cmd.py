"""`kho aip`: the packages as they lie in the store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, NotHeld, UsageError
from archive.findings import Finding, Report, Severity
from cli import output, session, words
from cli.command import Effect, command, group, option, settled
from cli.sip_cmd import report_lines

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.catalogue.dossiers import Holding
    from archive.packages.aip import AipHead
    from archive.packages.aip.diff import Change

aip = group("aip", ["ls", "cat", "log", "diff", "export", "validate", "correct"], "cli.aip_cmd")


@command("aip.ls", ExitCode.NOT_HELD, ExitCode.INTEGRITY)
@click.argument("id", metavar="ID")
@option("--version", "number", type=int, help="option.version")
@click.pass_context
def ls(context: click.Context, id: str, number: int | None) -> None:  # noqa: A002
    """List a package's files."""
    options = settled(context)
    with session.opened(options) as archive:
        head = _head(archive, id, number)
    result = {
        "id": head.dossier.id,
        "version": head.version,
        "files": [
            {"path": f.path, "size": f.size, "sha256": f.sha256, "version": f.version}
            for f in head.files
        ],
    }
    rows = [(f"v{f.version}", output.size(f.size), f.sha256[:16], f.path) for f in head.files]
    output.emit(options, result, lambda: output.table(rows))


def _head(archive: Archive, name: str, number: int | None) -> AipHead:
    from archive import access, heads

    holding = access.find(archive, name)
    return heads.head_of_version(archive, heads.version_of(holding, number))


@command("aip.cat", ExitCode.NOT_HELD, ExitCode.INTEGRITY)
@click.argument("id", metavar="ID")
@click.argument("path")
@option("--version", "number", type=int, help="option.version")
@click.pass_context
def cat(context: click.Context, id: str, path: str, number: int | None) -> None:  # noqa: A002
    """Write one file to stdout."""
    from archive import access, heads

    options = settled(context)
    if options.json and options.output is None:
        raise UsageError(words.say("usage.bytes_only"), hint="kho aip cat ID PATH -o FILE --json")
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        version = heads.version_of(holding, number)
        try:
            content = heads.metadata_file(archive, version, path)
        except NotHeld as error:
            raise NotHeld(error.message, where=path, hint=f"kho aip ls {id}") from error
    target, options.output = options.output, None
    if target is None:
        sys.stdout.buffer.write(content)
        return
    target.write_bytes(content)
    result = {"id": holding.dossier.id, "file": path, "path": str(target), "size": len(content)}
    output.emit(options, result, lambda: [str(target)])


@command("aip.log", ExitCode.NOT_HELD)
@click.argument("id", metavar="ID")
@click.pass_context
def log(context: click.Context, id: str) -> None:  # noqa: A002 - the argument's name
    """Show versions and the events behind them."""
    from archive import access, heads

    options = settled(context)
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        found = [heads.head_of_version(archive, version) for version in holding.versions]
    result = [_version_json(head, holding) for head in found]
    output.emit(options, result, lambda: _log(found, holding))


def _version_json(head: AipHead, holding: Holding) -> dict[str, Any]:
    version = holding.versions[head.version - 1]
    return {
        "version": head.version,
        "created_at": head.created_at,
        "place": version.place,
        "size": version.size,
        "seal_digest": version.seal_digest,
        "events": [
            {"type": e.type, "at": e.at, "outcome": e.outcome, "agent": e.agent, **_reason(e)}
            for e in head.events
        ],
    }


def _reason(event: Any) -> dict[str, Any]:
    return {"details": dict(event.details)} if event.details else {}


def _log(found: list[AipHead], holding: Holding) -> Iterator[str]:
    for head in found:
        version = holding.versions[head.version - 1]
        size, at = output.size(version.size), output.moment(head.created_at)
        yield click.style(f"v{head.version}", bold=True) + f"  {at}  {size}  {version.place}"
        for event in head.events:
            reason = event.details.get("reason", "")
            told = words.happened(event.type, event.outcome)
            yield f"    {told}  ({event.agent})  {reason}".rstrip()


@command("aip.diff", ExitCode.NOT_HELD, ExitCode.INTEGRITY)
@click.argument("id", metavar="ID")
@click.argument("old", type=int)
@click.argument("new", type=int, required=False)
@click.pass_context
def diff(context: click.Context, id: str, old: int, new: int | None) -> None:  # noqa: A002
    """Show what changed."""
    from archive.packages.aip.diff import diff as changes_between

    options = settled(context)
    with session.opened(options) as archive:
        changes = changes_between(_head(archive, id, old), _head(archive, id, new))
    output.emit(options, [change.to_json() for change in changes], lambda: _changes(changes))


def _changes(changes: list[Change]) -> Iterator[str]:
    if not changes:
        yield words.say("aip.same")
    for change in changes:
        yield click.style(change.where, bold=True)
        if change.before is not None:
            yield click.style(f"  - {change.before}", fg="red")
        if change.after is not None:
            yield click.style(f"  + {change.after}", fg="green")


@command("aip.export", ExitCode.NOT_HELD, ExitCode.INTEGRITY, effect=Effect.CHANGES)
@click.argument("id", metavar="ID")
@click.argument("folder", type=click.Path(path_type=Path))
@option("--version", "number", type=int, help="option.version")
@option("--zip", "as_zip", is_flag=True, help="option.as_zip")
@click.pass_context
def export(context: click.Context, id: str, folder: Path, number: int | None, as_zip: bool) -> None:  # noqa: A002
    """Write a complete package."""
    from archive import access, heads, purposes
    from archive.purposes import Act

    options = settled(context)
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        reason = purposes.settled(archive, Act.DOWNLOAD, holding.dossier, options.reason or "")
        version = heads.version_of(holding, number)
        target = heads.export(archive, version, folder, as_zip=as_zip)
        access.record_dissemination(
            archive, holding, "package", agent=session.agent(archive), reason=reason
        )
    output.emit(options, {"path": str(target)}, lambda: [str(target)])


@command("aip.validate", ExitCode.NOT_HELD, ExitCode.INTEGRITY, ExitCode.FINDINGS)
@click.argument("names", nargs=-1, required=True, metavar="ID|FILE|FOLDER...")
@option(
    "--fail-on", type=click.Choice(["error", "warning"]), default="error", help="option.fail_on"
)
@click.pass_context
def validate(context: click.Context, names: tuple[str, ...], fail_on: str) -> int:
    """Check packages."""
    from archive.packages.aip.validate import validate as findings_of

    options = settled(context)
    findings: list[Finding] = []
    for name in names:
        if Path(name).exists():
            findings += findings_of(Path(name))
        else:
            findings += _stored(context, name)
    report = Report.of(findings)
    output.emit(options, report.to_json(), lambda: report_lines(report))
    if not report.accepted:
        return ExitCode.INTEGRITY
    warned = any(finding.severity is Severity.WARNING for finding in report)
    return ExitCode.FINDINGS if fail_on == "warning" and warned else ExitCode.DONE


def _stored(context: click.Context, name: str) -> list[Finding]:
    from archive import access, heads
    from archive.packages.aip.validate import validate_stored

    with session.opened(settled(context)) as archive:
        holding = access.find(archive, name)
        return [
            finding
            for version in holding.versions
            for finding in validate_stored(
                heads.reader(archive, version.place),
                version.size,
                earlier=lambda place: heads.earlier(archive, place),
            )
        ]


@command(
    "aip.correct",
    ExitCode.NOT_HELD,
    ExitCode.REJECTED,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@click.argument("id", metavar="ID")
@option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="option.set")
@option("--unset", "removed", multiple=True, metavar="FIELD", help="option.unset")
@option(
    "--add",
    "added",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="option.add",
)
@option("--title", "titles", multiple=True, help="option.title")
@option(
    "--role",
    type=click.Choice(["application", "component", "verification", "result", "other"]),
    default="other",
    help="option.role",
)
@click.pass_context
def correct(
    context: click.Context,
    id: str,  # noqa: A002 - the argument's name
    changes: tuple[str, ...],
    removed: tuple[str, ...],
    added: tuple[Path, ...],
    titles: tuple[str, ...],
    role: str,
) -> None:
    """Make a new version with corrected fields or more documents."""
    from archive import access
    from archive.ingest import batch, correction
    from archive.model import Role

    options = settled(context)
    values = dict(_pair(change) for change in changes) | dict.fromkeys(removed, None)
    documents = [
        correction.NewDocument(path, titles[n] if n < len(titles) else path.stem, Role(role))
        for n, path in enumerate(added)
    ]
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        receipt = correction.correct(
            archive,
            holding,
            values,
            documents,
            agent=session.agent(archive),
            reason=session.reason(options),
        )
        batch.finish(archive)
    told = words.say("aip.corrected", code=receipt.code, number=receipt.version)
    output.emit(options, batch.receipt_json(receipt), lambda: [told])


def _pair(change: str) -> tuple[str, str | None]:
    place, sign, value = change.partition("=")
    if not sign:
        raise UsageError(words.say("aip.pair", text=change), hint="--set dossier.title=…")
    return place, value
