"""`kho trust algorithms`, `expire`: until when digests count; changed by two people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.command import Effect, command, option, settled
from cli.trust_cmd import algorithm_name, change_lines, proposal_json, proposed

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.trusting.algorithm_ends import Shown


@command("trust.algorithms", ExitCode.REJECTED)
@click.pass_context
def algorithms(context: click.Context) -> None:
    """Show until when digests and key sizes count, who says so, and what that ends."""
    from archive.trusting import algorithm_ends as ends

    options = settled(context)
    with session.opened(options) as archive:
        digests, own, keys = ends.shown(archive), ends.shown_sizes(archive), _seal_keys(archive)
        sizes = archive.trust.policy.to_json()["key_bits_from"]
    result = {
        "table": ends.TABLE,
        "digests": [one.to_json() for one in digests],
        "key_bits_from": sizes,
        "key_sizes": [one.to_json() for one in own],
        "seal_keys": keys,
    }
    output.emit(options, result, lambda: _shown(digests, sizes, own, keys, ends.TABLE))


@command("trust.expire", ExitCode.REJECTED, effect=Effect.TRIES)
@click.argument("days", nargs=-1, required=True, metavar="DIGEST=DATE...")
@option("--retroactive", is_flag=True, help="option.retroactive")
@option("--by", default="", help="option.by_first")
@click.pass_context
def expire(context: click.Context, days: tuple[str, ...], retroactive: bool, by: str) -> None:
    """Propose the days from which digests do not count any more."""
    from archive.trusting import algorithm_ends as ends
    from archive.trusting import proposals

    options, proposal = settled(context), None
    with session.opened(options) as archive:
        wanted = ends.ends(archive, _stated(days), retroactive=retroactive)
        if not options.dry_run:
            why, agent = session.reason(options), session.agent(archive)
            proposal = proposals.propose(archive, wanted, by=by, account=agent, reason=why)
    result = {
        "proposal": proposal_json(proposal) if proposal else None,
        "changes": [one.to_json() | {"sha256": one.sha256} for one in wanted],
    }
    output.emit(options, result, lambda: [*change_lines(wanted), *proposed(proposal)])


def _stated(days: tuple[str, ...]) -> dict[str, date | None]:
    """Return the days by digest; raises UsageError."""
    found: dict[str, date | None] = {}
    for text in days:
        name, equals, day = text.partition("=")
        if not equals or name in found:
            raise UsageError(words.say("trust.not_a_day", value=text), where=text)
        found[name] = None if day == "table" else session.parse_day(day)
    return found


def _seal_keys(archive: Archive) -> list[dict[str, Any]]:
    """Return the seal's keys with the day on which their algorithms end."""
    from archive import keyring, sealing

    found = []
    for key in sealing.state(archive).keys.values():
        end = keyring.good_until(key.certificate, archive.trust.policy)
        found.append(
            {
                "name": key.name,
                "algorithm": keyring.algorithm(key.certificate),
                "end": end[0].date() if end else None,
                "limited_by": end[1] if end else None,
            }
        )
    return found


def _shown(
    digests: list[Shown], sizes: Any, own: list[Shown], keys: Any, table: str
) -> Iterator[str]:
    yield click.style(words.say("trust.digests"), bold=True)
    rows = [(algorithm_name(one.name), _until(one.end), _whence(one, table)) for one in digests]
    yield from (f"  {line}" for line in output.table(rows))
    yield click.style(words.say("trust.sizes"), bold=True)
    rows = [
        (name, words.say("trust.bits", bits=bits), _until(day and date.fromisoformat(day)))
        for name, ends in sizes.items()
        for bits, day in ends.items()
    ]
    yield from (f"  {line}" for line in output.table(rows))
    for one in own:
        kind, _, bits = one.name.partition("-")
        upto = words.say("trust.bits_up_to", bits=bits)
        yield f"  {kind.upper()} {upto}  {_until(one.end)}  {_whence(one, table)}"
    yield click.style(words.say("trust.seal_keys"), bold=True)
    keyed = [
        (one["name"], one["algorithm"], _until(one["end"]), one["limited_by"] or "") for one in keys
    ]
    yield from (f"  {line}" for line in output.table(keyed))


def _until(day: date | None) -> str:
    return words.say("trust.counts", day=output.day(day)) if day else words.say("trust.no_end")


def _whence(one: Shown, table: str) -> str:
    if one.decision is None:
        return words.say(f"trust.from_{one.origin.value}", table=table)
    at = output.moment(one.decision["at"])
    return words.say("trust.from_archive", **(dict(one.decision) | {"at": at}))
