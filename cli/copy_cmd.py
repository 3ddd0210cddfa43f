"""`kho copy`: certified copies, reading copies and packages; their register and their check."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, NotHeld, UsageError
from cli import output, session, words
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.dissemination import IssuedCopy, Standing

KINDS = ("certified", "reading", "dip")
copy = group("copy", ["issue", "verify", "register", "fetch", "revoke"], "cli.copy_cmd")


@command(
    "copy.issue",
    ExitCode.NOT_HELD,
    ExitCode.REJECTED,
    ExitCode.INTEGRITY,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@click.argument("id", metavar="ID")
@option("--kind", type=click.Choice(KINDS), default="certified", help="option.copy_kind")
@option("--document", "documents", multiple=True, help="option.copy_document")
@option("--requester", required=True, help="option.requester")
@option("--identity", help="option.requester_identity")
@option("--purpose", required=True, help="option.purpose")
@option("--amount", type=int, default=1, help="option.amount")
@option("--until", metavar="DATE", help="option.copy_until")
@option("--to", "folder", type=click.Path(path_type=Path), default=".", help="option.copy_to")
@click.pass_context
def issue(
    context: click.Context,
    id: str,  # noqa: A002 - the argument's name
    kind: str,
    documents: tuple[str, ...],
    requester: str,
    identity: str | None,
    purpose: str,
    amount: int,
    until: str | None,
    folder: Path,
) -> None:
    """Make copies, enter them into the register, write their files."""
    from archive import access, dissemination

    options = settled(context)
    request = dissemination.Request(
        kind=dissemination.CopyKind(kind),
        requester=requester,
        purpose=purpose,
        documents=documents,
        requester_identity=identity,
        amount=amount,
        usable_until=session.parse_day(until) if until else None,
    )
    if not folder.is_dir():
        raise UsageError(words.say("copy.no_folder", folder=folder), where=str(folder))
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        issued = dissemination.issue(archive, holding, request, agent=session.agent(archive))
        files = [_written(archive, each, _path(folder, each)) for each in issued]
    told = [described(each, file) for each, file in zip(issued, files, strict=True)]
    output.emit(options, told, lambda: _issued_lines(told))


def _path(folder: Path, entry: IssuedCopy) -> Path | None:
    if entry.place is None:
        return None
    ending = entry.place.rpartition(".")[2]
    return folder / f"ban-sao-{entry.year}-{entry.number:05d}.{ending}"


def _written(archive: Archive, entry: IssuedCopy, target: Path | None) -> Path | None:
    """Write a copy's file, whole or not at all."""
    from archive import dissemination

    if target is None:
        return None
    draft = target.with_name(f".{target.name}.part")
    try:
        with dissemination.fetch(archive, entry) as stream, draft.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def described(entry: IssuedCopy, file: Path | None = None) -> dict[str, Any]:
    """Return an entry of the register as JSON values."""
    from archive.catalogue import issued_copies
    from archive.dissemination import codes

    told = issued_copies.to_json(entry)
    return {
        "copy": entry.label,
        **told,
        "code": codes.spaced(entry.code),
        "file": None if file is None else str(file),
    }


def _issued_lines(told: list[dict[str, Any]]) -> Iterator[str]:
    for each in told:
        number = words.say("copy.issued", copy=each["copy"], code=each["code"])
        yield click.style(f"✓ {number}", fg="green")
        for document in each["documents"]:
            yield f"    {document['ordinal']}  {document['title']}"
        yield f"  → {each['file'] or words.say('copy.read_on_page')}"


@command(
    "copy.verify",
    ExitCode.NOT_HELD,
    ExitCode.INTEGRITY,
    ExitCode.NOT_PERMITTED,
    effect=Effect.READS,
)
@click.argument("what", metavar="CODE|FILE")
@click.pass_context
def verify(context: click.Context, what: str) -> int:
    """Say whether a copy was issued, is unchanged, and still stands."""
    from archive import dissemination

    options, path = settled(context), Path(what)
    with session.opened(options) as archive:
        if path.is_file():
            with path.open("rb") as stream:
                standing = dissemination.check_file(archive, stream)
        else:
            standing = dissemination.check_code(archive, what)
    if standing.outcome is dissemination.Outcome.UNKNOWN and standing.unchanged is None:
        raise NotHeld(words.say("copy.unknown_code"), where=what)
    output.emit(options, standing.to_json(), lambda: _standing_lines(standing))
    return _exit(standing)


def _exit(standing: Standing) -> int:
    from archive.dissemination import Outcome

    if standing.outcome is Outcome.UNKNOWN:
        return ExitCode.INTEGRITY
    return ExitCode.DONE if standing.outcome is Outcome.VALID else ExitCode.NOT_PERMITTED


def _standing_lines(standing: Standing) -> Iterator[str]:
    from archive.dissemination import Outcome

    color = "green" if standing.outcome is Outcome.VALID else "red"
    yield click.style(words.say(f"copy.{standing.outcome.value}"), fg=color, bold=True)
    if standing.issued_at is None:
        return
    rows = [
        ("copy.number", standing.label),
        ("copy.by", standing.issued_by),
        ("copy.at", output.moment(standing.issued_at)),
        ("copy.of", standing.dossier_code),
        ("copy.until", output.moment(standing.usable_until)),
        ("copy.revoked_at", output.moment(standing.revoked_at)),
    ]
    yield from output.table([(f"  {words.say(key)}", value) for key, value in rows])
    if standing.unchanged:
        yield f"  {words.say('copy.unchanged')}"


@command("copy.register", ExitCode.NOT_HELD)
@click.argument("id", metavar="[ID]", required=False)
@option("--kind", type=click.Choice(KINDS), help="option.copy_kind")
@option("--limit", type=click.IntRange(1, 10_000), default=100, help="option.limit")
@click.pass_context
def register(
    context: click.Context,
    id: str | None,  # noqa: A002 - the argument's name
    kind: str | None,
    limit: int,
) -> None:
    """List what was issued, the latest first."""
    from archive import access, dissemination

    options = settled(context)
    with session.opened(options) as archive:
        dossier_id = access.find(archive, id).dossier.id if id else None
        chosen = dissemination.CopyKind(kind) if kind else None
        found = dissemination.register(archive, dossier_id=dossier_id, kind=chosen, limit=limit)
    output.emit(options, [described(each) for each in found], lambda: _register_lines(found))


def _register_lines(found: tuple[IssuedCopy, ...]) -> Iterator[str]:
    if not found:
        yield words.say("copy.none")
    yield from output.table(
        [
            (
                each.label,
                words.say(f"copy.{each.kind.value}"),
                each.dossier_code,
                output.moment(each.issued_at),
                each.requester,
                words.say("copy.revoked") if each.revoked_at else "",
            )
            for each in found
        ]
    )


@command("copy.fetch", ExitCode.NOT_HELD, ExitCode.NOT_PERMITTED, effect=Effect.CHANGES)
@click.argument("name", metavar="COPY")
@click.pass_context
def fetch(context: click.Context, name: str) -> None:
    """Write a copy's file again, within 15 days."""
    from archive import dissemination

    options = settled(context)
    with session.opened(options) as archive:
        entry = dissemination.find(archive, name)
        target = options.output or _path(Path(), entry)
        if target is not None and options.output is None:
            output.may_replace(options, target)
        file = _written(archive, entry, target)
    if file is None:
        raise NotHeld(words.say("copy.read_on_page"), where=name)
    options.output = None
    output.emit(options, described(entry, file), lambda: [str(file)])


@command("copy.revoke", ExitCode.NOT_HELD, effect=Effect.CHANGES)
@click.argument("name", metavar="COPY")
@click.pass_context
def revoke(context: click.Context, name: str) -> None:
    """Take a copy back, with a reason."""
    from archive import dissemination

    options = settled(context)
    with session.opened(options) as archive:
        entry = dissemination.revoke(
            archive, name, agent=session.agent(archive), reason=session.reason(options)
        )
    told = words.say("copy.taken_back", copy=entry.label)
    output.emit(options, described(entry), lambda: [told])
