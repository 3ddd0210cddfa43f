"""`kho encryption`: packages encrypted at rest, one key per dossier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.errors import ExitCode
from cli import output, session, words
from cli.command import Effect, command, group, settled
from cli.progress import Progress

if TYPE_CHECKING:
    from archive.preservation.encryption import EncryptionStatus

encryption = group("encryption", ["make-key", "status", "rewrap"], "cli.encryption_cmd")


@command("encryption.make-key", ExitCode.USAGE, effect=Effect.CHANGES, needs_archive=False)
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def make_key(context: click.Context, file: Path) -> None:
    """Write a new master key."""
    from archive.storage.encrypted.master import make_file

    made = make_file(file.absolute())
    result = {"file": str(file.absolute()), "id": made}
    told = words.say("encryption.made", file=file.absolute(), id=made)
    output.emit(settled(context), result, lambda: [told])


@command("encryption.status", ExitCode.UNAVAILABLE)
@click.pass_context
def status(context: click.Context) -> None:
    """Say how packages are encrypted."""
    from archive.preservation import encryption as act

    options = settled(context)
    with session.opened(options) as archive:
        found = act.status(archive)
    output.emit(options, asdict(found), lambda: _lines(found))


def _lines(found: EncryptionStatus) -> Iterator[str]:
    if not found.masters:
        yield words.say("encryption.off")
        return
    yield words.say("encryption.masters", ids=", ".join(found.masters))
    for url in found.key_stores:
        yield words.say("encryption.store", url=url)
    yield words.say("encryption.counts", keyed=found.with_key, plain=found.without_key)
    for dossier in found.stray:
        yield click.style(words.say("encryption.stray", dossier=dossier), fg="yellow")


@command(
    "encryption.rewrap",
    ExitCode.USAGE,
    ExitCode.INTEGRITY,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@click.pass_context
def rewrap(context: click.Context) -> None:
    """Wrap every dossier's key with the present master key only."""
    from archive.preservation import encryption as act

    options = settled(context)
    with session.opened(options) as archive, Progress(options, "progress.keys") as progress:
        changed = act.rewrap(archive, on_key=lambda done: progress.step())
    output.emit(options, {"keys": changed}, lambda: [words.say("encryption.rewrapped", n=changed)])
