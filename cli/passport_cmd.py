"""`kho passport`: one file with which anybody proves a record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from archive.errors import ExitCode
from cli import output, session, words
from cli.command import Effect, command, option, settled


@command(
    "passport",
    ExitCode.NOT_HELD,
    ExitCode.INTEGRITY,
    ExitCode.NOT_PERMITTED,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@click.argument("id", metavar="ID")
@option("--version", "number", type=int, metavar="N", help="option.version")
@click.pass_context
def passport(context: click.Context, id: str, number: int | None) -> None:  # noqa: A002
    """Make a record's passport."""
    from archive import access, purposes
    from archive.passport import file_name, make
    from archive.purposes import Act

    options = settled(context)
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        reason = purposes.settled(archive, Act.DOWNLOAD, holding.dossier, options.reason or "")
        made = make(archive, holding, number)
        target = options.output or Path(file_name(holding, made))
        if options.output is None:
            output.may_replace(options, target)
        target.write_bytes(made.content)
        access.record_dissemination(
            archive,
            holding,
            "passport",
            agent=session.agent(archive),
            reason=reason,
        )
    options.output = None
    result = {
        "id": holding.dossier.id,
        "code": holding.dossier.code,
        "version": made.version.number,
        "path": str(target),
        "size": len(made.content),
        "sealed_by": made.seal.sealed_by,
        "sealed_at": made.seal.sealed_at_proven,
        "journal_entry": made.entry.index + 1 if made.entry else None,
        "witnesses": [*made.witnesses],
        "evidence": made.evidence is not None,
        "missing": [*made.missing],
        "test": made.seal.test,
    }
    output.emit(options, result, lambda: _lines(result))


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield words.say("passport.made", path=told["path"] or "–", size=output.size(told["size"]))
    for missing in told["missing"]:
        yield "  ? " + missing
    yield words.say("passport.check", path=told["path"] or "passport.zip")
