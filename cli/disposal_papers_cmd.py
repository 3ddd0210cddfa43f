"""`kho disposal certificate`, `draft`, `test-papers`: the papers of a destruction as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, NotHeld
from cli import output, session, words
from cli.command import Effect, command, option, settled

if TYPE_CHECKING:
    from archive.assembly import Archive

FILE = click.Path(path_type=Path)


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
