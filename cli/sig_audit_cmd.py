"""`kho sig list`, `recheck`, `report`: the signatures in everything that is held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode
from cli import output, session, words
from cli.access_cmd import verdict_lines
from cli.command import Effect, command, option, settled

if TYPE_CHECKING:
    from archive.auditing.recheck import Rechecked
    from archive.catalogue.verdict_list import HeldVerdict


@command("sig.list", ExitCode.USAGE)
@option("--expires-before", "before", metavar="DATE", help="option.expires_before")
@option("--issuer", help="option.issuer")
@option("--weak", is_flag=True, help="option.weak")
@option("--unknown", is_flag=True, help="option.unknown_issuer")
@option("--year", type=int, help="option.f_year")
@option("--fonds", help="option.f_fonds")
@option("--limit", type=click.IntRange(1), default=1000, help="option.limit")
@click.pass_context
def list(context: click.Context, /, limit: int, **given: Any) -> None:  # noqa: A001
    """List signatures by their sunset, issuer or weakness."""
    from itertools import islice

    from archive.auditing.listing import Wanted, wanted

    options = settled(context)
    before = session.parse_day(given["before"]) if given["before"] else None
    asked = Wanted(
        before, given["issuer"], given["weak"], given["unknown"], given["year"], given["fonds"]
    )
    with session.opened(options) as archive:
        found = [*islice(wanted(archive, asked), limit)]
    output.emit(options, [held_json(one) for one in found], lambda: _listed(found))


@command(
    "sig.recheck",
    ExitCode.NOT_HELD,
    ExitCode.INTEGRITY,
    ExitCode.INCONCLUSIVE,
    effect=Effect.TRIES,
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@option("--undecided", is_flag=True, help="option.undecided")
@option("--fetch", is_flag=True, help="option.fetch")
@click.pass_context
def recheck(context: click.Context, ids: tuple[str, ...], undecided: bool, fetch: bool) -> int:
    """Check again from kept material, offline."""
    from archive.auditing import recheck as again
    from archive.auditing.listing import chosen

    options = settled(context)
    done: Any = []
    with session.opened(options) as archive:
        for holding in chosen(archive, ids, undecided=undecided):
            found = again.recheck(archive, holding, fetch=fetch)
            if not options.dry_run:
                found = again.keep(archive, found, agent=session.agent(archive))
            done.append(found)
    output.emit(options, [_rechecked_json(one) for one in done], lambda: _rechecked(done))
    outcomes = {v.indication.value for one in done for v in one.verdicts}
    if "failed" in outcomes:
        return ExitCode.INTEGRITY
    return ExitCode.INCONCLUSIVE if "indeterminate" in outcomes else ExitCode.DONE


def held_json(one: HeldVerdict) -> dict[str, Any]:
    """Return a verdict with the dossier that it is in."""
    from archive.signatures.verdicts import to_json

    place = {"dossier_id": one.dossier_id, "code": one.code, "path": one.verdict.path}
    return {**place, **to_json(one.verdict)}


def _listed(found: Any) -> Iterator[str]:
    for one in found:
        yield click.style(one.code, bold=True)
        yield from verdict_lines(one.verdict)
    yield words.say("sig.count", count=len(found))


def _rechecked_json(one: Rechecked) -> dict[str, Any]:
    from archive.signatures.verdicts import to_json

    return {
        "dossier_id": one.holding.dossier.id,
        "code": one.holding.dossier.code,
        "changed": one.changed,
        "version": one.receipt.version if one.receipt else None,
        "signatures": [{"path": v.path, **to_json(v)} for v in one.verdicts],
    }


def _rechecked(done: Any) -> Iterator[str]:
    for one in done:
        yield click.style(one.holding.dossier.code, bold=True)
        for verdict in one.verdicts:
            yield from verdict_lines(verdict)
        if one.receipt is not None:
            yield words.say("sig.kept", version=one.receipt.version)
        elif not one.changed:
            yield words.say("sig.unchanged")
