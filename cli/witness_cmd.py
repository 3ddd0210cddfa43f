"""`kho journal witness`: others cosign our log, and we cosign theirs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, Unavailable, UsageError
from cli import output, session, words
from cli.command import Effect, KhoGroup, command, option, settled

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.witnessing import Party
    from archive.witnessing.asking import Answer
    from archive.witnessing.server import WitnessServer

witness = KhoGroup(
    "journal.witness",
    {
        name: f"cli.witness_cmd:{function}"
        for name, function in {
            "key": "key",
            "list": "everybody",
            "add": "add",
            "remove": "remove",
            "ask": "ask",
            "serve": "serve",
        }.items()
    },
)
_MARKS = {"cosigned": ("✓", "green"), "refused": ("✗", "red"), "unavailable": ("?", "yellow")}


@command("journal.witness.key")
@click.pass_context
def key(context: click.Context) -> None:
    """Show our public keys."""
    options = settled(context)
    with session.opened(options) as archive:
        result = {
            "origin": archive.log_origin,
            "log_key": archive.log_signer.key.vkey,
            "witness_key": archive.witness_signer.key.vkey,
        }
    output.emit(options, result, lambda: [f"{name}: {value}" for name, value in result.items()])


@command("journal.witness.list", ExitCode.UNAVAILABLE)
@click.pass_context
def everybody(context: click.Context) -> None:
    """List witnesses and followed logs."""
    from archive.witnessing import parties

    options = settled(context)
    with session.opened(options) as archive:
        result = [_party(archive, one) for one in parties(archive)]
    output.emit(options, result, lambda: _party_lines(result))


def _party(archive: Archive, one: Party) -> dict[str, Any]:
    from archive.evidence import logstore
    from archive.evidence.notes import KeyKind
    from archive.witnessing.cosigning import last_of

    role = "log" if one.key.kind is KeyKind.LOG else "witness"
    if role == "log":
        last = last_of(archive, one.key.name)
        size = last.size if last else 0
    else:
        sizes = logstore.cosigned_sizes(archive.store, key_id=one.key.id)
        size = max(sizes, default=0)
    return {"role": role, "name": one.key.name, "key": one.key.vkey, "url": one.url, "size": size}


def _party_lines(parties: Sequence[dict[str, Any]]) -> Iterator[str]:
    for one in parties:
        yield words.say(f"witness.{one['role']}", **one)
    if not parties:
        yield words.say("witness.nobody")


@command("journal.witness.add", ExitCode.UNAVAILABLE, effect=Effect.CHANGES)
@click.argument("vkey", metavar="KEY")
@option("--url", default="", metavar="URL", help="option.witness_url")
@click.pass_context
def add(context: click.Context, vkey: str, url: str) -> None:
    """Add a witness, or a log to follow."""
    from archive import witnessing
    from archive.evidence.notes import NoteKey

    options = settled(context)
    try:
        parsed = NoteKey.of_vkey(vkey)
    except ValueError as error:
        raise UsageError(words.say("journal.bad_key", error=error), where=vkey) from error
    with session.opened(options) as archive:
        party = witnessing.add(archive, parsed, url, agent=session.agent(archive))
        result = _party(archive, party)
    output.emit(options, result, lambda: _party_lines([result]))


@command("journal.witness.remove", ExitCode.NOT_HELD, effect=Effect.CHANGES)
@click.argument("name", metavar="NAME|KEY")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Remove a witness or a followed log."""
    from archive import witnessing

    options = settled(context)
    with session.opened(options) as archive:
        party = witnessing.remove(archive, name, agent=session.agent(archive))
        result = _party(archive, party)
    output.emit(options, result, lambda: [words.say("witness.removed", **result)])


@command(
    "journal.witness.ask",
    ExitCode.NOT_HELD,
    ExitCode.INTEGRITY,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@click.pass_context
def ask(context: click.Context) -> int:
    """Ask every witness to cosign the newest checkpoint."""
    from archive.witnessing import asking

    options = settled(context)
    with session.opened(options) as archive:
        answers = asking.ask(archive)
    result = [_answer(one) for one in answers]
    output.emit(options, result, lambda: _answer_lines(result))
    outcomes = {one.outcome.value for one in answers}
    if "refused" in outcomes:
        return ExitCode.INTEGRITY
    return ExitCode.UNAVAILABLE if "unavailable" in outcomes else ExitCode.DONE


def _answer(one: Answer) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)


def _answer_lines(answers: Sequence[dict[str, Any]]) -> Iterator[str]:
    for one in answers:
        mark, color = _MARKS[one["outcome"].value]
        told = words.say(
            f"witness.{one['outcome'].value}", **{**one, "at": output.moment(one["at"])}
        )
        yield click.style(mark, fg=color) + f" {told}"
    if not answers:
        yield words.say("witness.nobody")


@command("journal.witness.serve", ExitCode.UNAVAILABLE, effect=Effect.TRIES)
@option("--listen", default="127.0.0.1:8465", metavar="HOST:PORT", help="option.witness_listen")
@click.pass_context
def serve(context: click.Context, listen: str) -> None:
    """Answer requests for cosignatures until stopped."""
    options = settled(context)
    host, colon, port = listen.rpartition(":")
    if not (host and colon and port.isascii() and port.isdecimal() and int(port) < 65536):
        raise UsageError(words.say("witness.bad_address", address=listen), where=listen)
    with session.opened(options) as archive, _bound(archive, host.strip("[]"), int(port)) as server:
        result = {"url": server.url, "witness_key": archive.witness_signer.key.vkey}
        output.emit(options, result, lambda: [words.say("witness.listening", **result)])
        if not options.dry_run:
            _until_stopped(server)


@contextmanager
def _bound(archive: Archive, host: str, port: int) -> Iterator[WitnessServer]:
    from archive.witnessing.server import WitnessServer

    try:
        server = WitnessServer(archive, host, port)
    except OSError as error:
        message = words.say("witness.no_address", address=f"{host}:{port}", error=error)
        raise Unavailable(message, where=f"{host}:{port}") from error
    with server:
        yield server


def _until_stopped(server: WitnessServer) -> None:
    """Answer until SIGTERM or Ctrl-C; requests under way are answered first."""

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
    with suppress(KeyboardInterrupt):
        server.serve_forever(poll_interval=0.2)
