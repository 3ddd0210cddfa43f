"""`kho seal`: the keys of the archive's seal, their dates, their rotation, their theft."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode
from cli import output, session, words
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.keyring import SealKey, State, Use

seal = group("seal", ["list", "status", "add", "rotate", "revoke", "reseal"], "cli.seal_cmd")
_FILE = click.Path(path_type=Path)
_OPENS = (ExitCode.NOT_PERMITTED, ExitCode.UNAVAILABLE)


@command("seal.list", *_OPENS)
@click.pass_context
def list(context: click.Context) -> None:  # noqa: A001 - the command's name
    """List the keys."""
    from archive import sealing

    options = settled(context)
    with session.opened(options) as archive:
        state = sealing.state(archive)
        result = [_key_json(key, state, archive) for key in state.keys.values()]
    output.emit(options, result, lambda: _key_lines(result))


@command("seal.status", *_OPENS)
@click.pass_context
def status(context: click.Context) -> None:
    """Say which key seals now, until when, and what comes after it."""
    from archive import sealing

    options = settled(context)
    with session.opened(options) as archive:
        result = _status(archive, sealing.state(archive))
    output.emit(options, result, lambda: _status_lines(result))


@command("seal.add", *_OPENS, effect=Effect.CHANGES)
@click.argument("name", metavar="NAME")
@click.argument("source", metavar="KEY")
@option("--certificate", type=_FILE, help="option.seal_key_certificate")
@click.pass_context
def add(context: click.Context, name: str, source: str, certificate: Path | None) -> None:
    """Add a key after a trial."""
    from archive import sealing

    options = settled(context)
    with session.opened(options) as archive:
        agent, home = session.agent(archive), archive.settings.home
        beside = Path(_place(str(certificate), home)) if certificate else None
        key = sealing.add(archive, name, _place(source, home), beside, agent=agent)
        result = _key_json(key, sealing.state(archive), archive)
    output.emit(options, result, lambda: [*_key_lines([result]), words.say("seal.added", **result)])


@command("seal.rotate", ExitCode.NOT_HELD, *_OPENS, effect=Effect.CHANGES)
@click.argument("name", metavar="NAME")
@option("--beside", metavar="NAME", help="option.seal_beside")
@option("--from", "begins", metavar="TIME", help="option.seal_from")
@click.pass_context
def rotate(context: click.Context, name: str, beside: str | None, begins: str | None) -> None:
    """Put another key to use."""
    from archive import sealing

    options = settled(context)
    with session.opened(options) as archive:
        state = sealing.rotate(
            archive,
            name,
            beside=beside,
            begins=_moment(begins) if begins else None,
            agent=session.agent(archive),
            reason=session.reason(options),
        )
        result = _status(archive, state)
    output.emit(options, result, lambda: _status_lines(result))


@command("seal.revoke", ExitCode.NOT_HELD, *_OPENS, effect=Effect.CHANGES)
@click.argument("name", metavar="NAME")
@option("--stolen-at", required=True, metavar="TIME", help="option.stolen_at")
@click.pass_context
def revoke(context: click.Context, name: str, stolen_at: str) -> None:
    """Declare a key stolen."""
    from archive import sealing

    options = settled(context)
    with session.opened(options) as archive:
        why, agent = session.reason(options), session.agent(archive)
        since = _moment(stolen_at)
        state = sealing.revoke(archive, name, stolen_at=since, agent=agent, reason=why)
        result = _status(archive, state)
    output.emit(options, result, lambda: [*_status_lines(result), words.say("seal.revoked")])


@command(
    "seal.reseal",
    ExitCode.BATCH_FAILED,
    ExitCode.INTEGRITY,
    *_OPENS,
    effect=Effect.CHANGES,
)
@click.pass_context
def reseal(context: click.Context) -> int:
    """Seal anew what a revoked key sealed too late."""
    from archive import sealing

    options = settled(context)
    with session.opened(options) as archive:
        done = sealing.reseal(archive, agent=session.agent(archive))
    refused = [{"name": name, "reason": why} for name, why in done.refused]
    result = {"journal": done.journal, "versions": done.versions, "refused": refused}
    told = {**result, "refused": len(refused)}
    output.emit(
        options,
        result,
        lambda: [
            words.say("seal.resealed", **told),
            *(f"  ✗ {one['name']}: {one['reason']}" for one in refused),
        ],
    )
    return ExitCode.BATCH_FAILED if refused else ExitCode.DONE


def _place(source: str, home: Path) -> str:
    """Return a file as the archive looks for it: below its folder, or wherever it is."""
    path = Path(source)
    if source.startswith(("pkcs11:", "csc:")) or not path.is_file():
        return source
    whole = path.resolve()
    return str(whole.relative_to(home.resolve()) if whole.is_relative_to(home.resolve()) else whole)


def _moment(text: str) -> datetime:
    """Return a moment: ISO 8601 with or without an offset, or a day, which begins in Vietnam."""
    from archive.assembly import VIETNAM

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.combine(session.parse_day(text), time())
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


def _key_json(key: SealKey, state: State, archive: Archive) -> dict[str, Any]:
    from archive import keyring
    from archive.signatures.certificates import read_certificate

    known = read_certificate(key.certificate)
    weak = keyring.good_until(key.certificate, archive.trust.policy)
    return {
        "name": key.name,
        "sha256": key.sha256,
        "subject": known.common_name,
        "algorithm": keyring.algorithm(key.certificate),
        "source": key.source,
        "added_at": key.added_at,
        "valid_from": known.not_before,
        "valid_until": known.not_after,
        "algorithm_until": weak[0] if weak else None,
        "state": _state(key, state, archive.clock()),
        "stolen_at": key.stolen_at,
    }


def _state(key: SealKey, state: State, at: datetime) -> str:
    if key.stolen_at:
        return "revoked"
    use = state.in_use(at)
    if use is not None and key.name in (use.name, use.beside):
        return "in-use"
    mine = [one for one in state.uses if key.name in (one.name, one.beside)]
    return "retired" if any(one.begins <= at for one in mine) else "waiting"


def _status(archive: Archive, state: State) -> dict[str, Any]:
    at, urls = archive.clock(), archive.settings.list("tsa.urls")
    use = state.in_use(at)
    stolen = [key for key in state.keys.values() if key.stolen_at is not None]
    return {
        "in_use": None if use is None else _use_json(use, state, archive),
        "next": [_use_json(one, state, archive) for one in state.uses if one.begins > at],
        "revoked": [_key_json(key, state, archive) for key in stolen],
        "timestamp_authorities": [*urls] or ["local TEST TSA"],
    }


def _use_json(use: Use, state: State, archive: Archive) -> dict[str, Any]:
    beside = state.keys[use.beside] if use.beside else None
    return {
        "begins": use.begins,
        "key": _key_json(state.keys[use.name], state, archive),
        "beside": _key_json(beside, state, archive) if beside else None,
    }


def _key_lines(keys: Any) -> Iterator[str]:
    for key in keys:
        mark, color = {"in-use": ("✓", "green"), "revoked": ("✗", "red")}.get(
            key["state"], ("–", "yellow")
        )
        told = words.say(f"seal.state_{key['state'].replace('-', '_')}")
        yield click.style(mark, fg=color) + f" {key['name']}  {key['algorithm']}  {told}"
        yield "  " + words.say(
            "seal.key",
            subject=key["subject"],
            until=output.day(key["valid_until"].date()),
            source=key["source"],
        )
        if key["algorithm_until"]:
            until = output.day(key["algorithm_until"].date())
            yield "  " + words.say("seal.weak", algorithm=key["algorithm"], until=until)
        if key["stolen_at"]:
            yield "  " + words.say("seal.stolen", at=output.moment(key["stolen_at"]))


def _status_lines(told: dict[str, Any]) -> Iterator[str]:
    use = told["in_use"]
    if use is None:
        yield words.say("seal.none")
    else:
        yield from _key_lines([one for one in (use["key"], use["beside"]) if one])
    for one in told["next"]:
        yield words.say("seal.next", name=one["key"]["name"], at=output.moment(one["begins"]))
    yield from _key_lines(told["revoked"])
    yield words.say("seal.authorities", urls=", ".join(told["timestamp_authorities"]))
