"""`kho init`: make an archive."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from archive.errors import ExitCode
from cli import output, words
from cli.command import Effect, command, option, settled

OPTIONS = {
    "name": "archive.name",
    "agency": "archive.agency",
    "store": "store.url",
    "catalogue": "catalogue.url",
    "engine": "search.engine",
    "lock": "store.lock",
    "schedule": "retention.schedule",
    "seal_key": "seal.key",
    "seal_certificate": "seal.certificate",
    "trust": "trust.folder",
}


@command("init", ExitCode.USAGE, ExitCode.UNAVAILABLE, effect=Effect.CHANGES, needs_archive=False)
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@option("--name", help="option.archive_name")
@option("--agency", help="option.agency")
@option("--store", help="option.store")
@option("--catalogue", help="option.catalogue")
@option("--engine", type=click.Choice(["tantivy", "whoosh"]), help="option.engine")
@option("--lock", type=click.Choice(["governance", "compliance", "none"]), help="option.lock")
@option("--schedule", help="option.schedule")
@option("--seal-key", help="option.seal_key")
@option("--seal-certificate", help="option.seal_certificate")
@option("--trust", help="option.trust")
@option("--encrypt", is_flag=True, help="option.encrypt")
@option("--tsa", multiple=True, help="option.tsa")
@click.pass_context
def init(
    context: click.Context,
    /,
    folder: Path | None,
    tsa: tuple[str, ...],
    encrypt: bool,
    **given: str | None,
) -> None:
    """Make an archive in FOLDER, else where -C says, else here."""
    from archive.creation import create
    from archive.settings import FILE_NAME

    values: dict[str, str | int | bool | tuple[str, ...]] = {
        OPTIONS[name]: value for name, value in given.items() if value is not None
    }
    if tsa:
        values["tsa.urls"] = tsa
    if encrypt:
        values["encryption.master"] = ("file:keys/master.key",)
    named = folder or settled(context).config or Path()
    home = named.parent if named.name == FILE_NAME else named
    created = create(home.absolute(), values)
    result = {
        "config": str(created.config),
        "test": created.test,
        "migrated": created.migrated,
    }
    if created.migrated:
        told = words.say("init.migrated", path=created.config)
        output.emit(settled(context), result, lambda: [told])
        return
    output.emit(
        settled(context),
        result,
        lambda: _lines(created.config, test=created.test, encrypted=encrypt),
    )


def _lines(config: Path, *, test: bool, encrypted: bool) -> Iterator[str]:
    yield words.say("init.made", path=config)
    if encrypted:
        key = config.parent / "keys" / "master.key"
        yield click.style(words.say("init.encrypted", key=key), fg="yellow")
    if test:
        yield click.style(words.say("init.test"), fg="yellow")
    yield words.say("init.next", folder=shlex.quote(str(config.parent)))
