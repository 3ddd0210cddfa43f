"""`kho trust`: whose signatures, seals and timestamps count; changed by two people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.command import Effect, KhoGroup, command, option, settled

if TYPE_CHECKING:
    from archive.trusting.proposals import Proposal
    from archive.trusting.revocation import Added, Fetched
    from archive.trusting.status import Trust

NAMES = ["list", "add", "remove", "confirm", "withdraw", "update", "status"]
trust = KhoGroup(
    "trust",
    {name: f"cli.trust_cmd:{name}" for name in NAMES}
    | {name: f"cli.algorithms_cmd:{name}" for name in ("algorithms", "expire")},
)
ROOTS = {None: None, "root": True, "ca": False}
SCOPES = ("signatures", "seals", "timestamps")


@command("trust.list")
@click.pass_context
def list(context: click.Context) -> None:  # noqa: A001 - the command's name
    """List roots and the certificates that help to build paths."""
    from archive.trusting.status import status as state

    options = settled(context)
    with session.opened(options) as archive:
        found, at = state(archive), archive.clock()
    shown = {k: v for k, v in found.to_json(at).items() if k in ("roots", "certificates")}
    output.emit(options, shown, lambda: _roots(found))


@command("trust.add", ExitCode.REJECTED, ExitCode.NOT_INITIALISED, effect=Effect.TRIES)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@option("--scope", help="option.trust_scope")
@option("--label", default="", help="option.trust_label")
@option("--test", is_flag=True, help="option.trust_test")
@option("--from", "since", metavar="DATE", help="option.trust_from")
@option("--until", metavar="DATE", help="option.trust_until")
@option("--as", "role", type=click.Choice(["root", "ca"]), help="option.trust_as")
@option("--by", default="", help="option.by_first")
@click.pass_context
def add(context: click.Context, /, files: tuple[Path, ...], by: str, **given: Any) -> None:
    """Propose certificates or lists; add CRLs and OCSP answers at once."""
    from archive.trusting import changes, proposals, revocation

    options = settled(context)
    contents = [path.read_bytes() for path in files]
    with session.opened(options) as archive:
        agent = session.agent(archive)
        lists = [one for one in contents if revocation.is_revocation(one)]
        others = [one for one in contents if one not in lists]
        wanted = [
            change
            for one in others
            for change in changes.additions(
                one,
                _terms(given),
                as_root=None if given["role"] is None else given["role"] == "root",
            )
        ]
        keep = [] if options.dry_run else lists
        added = [revocation.add(archive, one, agent=agent) for one in keep]
        proposal = None
        if wanted and not options.dry_run:
            why = session.reason(options)
            proposal = proposals.propose(archive, wanted, by=by, account=agent, reason=why)
    result = {
        "added": [_added_json(one) for one in added],
        "proposal": proposal_json(proposal) if proposal else None,
        "changes": [_change_json(one) for one in wanted],
    }
    output.emit(
        options, result, lambda: [*_added(added), *change_lines(wanted), *proposed(proposal)]
    )


@command("trust.remove", ExitCode.NOT_HELD, effect=Effect.CHANGES)
@click.argument("fingerprints", nargs=-1, required=True, metavar="SHA256...")
@option("--by", default="", help="option.by_first")
@click.pass_context
def remove(context: click.Context, fingerprints: tuple[str, ...], by: str) -> None:
    """Propose that roots or CAs go."""
    from archive.trusting import changes, proposals

    options = settled(context)
    with session.opened(options) as archive:
        wanted = changes.removals(archive.trust, fingerprints)
        why, agent = session.reason(options), session.agent(archive)
        proposal = proposals.propose(archive, wanted, by=by, account=agent, reason=why)
    output.emit(
        options, proposal_json(proposal), lambda: [*change_lines(wanted), *proposed(proposal)]
    )


@command(
    "trust.confirm",
    ExitCode.NOT_HELD,
    ExitCode.NOT_PERMITTED,
    ExitCode.INTEGRITY,
    effect=Effect.CHANGES,
)
@click.argument("proposal_id", metavar="PROPOSAL")
@option("--by", required=True, help="option.by_second")
@click.pass_context
def confirm(context: click.Context, proposal_id: str, by: str) -> None:
    """Make a proposed change."""
    from archive.trusting import proposals

    options = settled(context)
    with session.opened(options) as archive:
        agent = session.agent(archive)
        made = proposals.confirm(archive, proposal_id, by=by, account=agent)
    output.emit(
        options,
        proposal_json(made),
        lambda: [*change_lines(made.changes), words.say("trust.confirmed", id=made.id)],
    )


@command("trust.withdraw", ExitCode.NOT_HELD, effect=Effect.CHANGES)
@click.argument("proposal_id", metavar="PROPOSAL")
@click.pass_context
def withdraw(context: click.Context, proposal_id: str) -> None:
    """Take a proposal away."""
    from archive.trusting import proposals

    options = settled(context)
    with session.opened(options) as archive:
        agent, why = session.agent(archive), session.reason(options)
        gone = proposals.withdraw(archive, proposal_id, account=agent, reason=why)
    output.emit(options, proposal_json(gone), lambda: [words.say("trust.withdrawn", id=gone.id)])


@command("trust.update", ExitCode.BATCH_FAILED, effect=Effect.CHANGES)
@click.pass_context
def update(context: click.Context) -> int:
    """Fetch CRLs and OCSP answers from the services that the settings name."""
    from archive.trusting import revocation

    options = settled(context)
    with session.opened(options) as archive:
        offline = revocation.is_offline(archive)
        found = [*revocation.update(archive, agent=session.agent(archive))]
    result = {"offline": offline, "fetched": [_fetched_json(one) for one in found]}
    output.emit(options, result, lambda: _fetched(found, offline=offline))
    failed = any(one.error is not None for one in found)
    return ExitCode.BATCH_FAILED if failed else ExitCode.DONE


@command("trust.status", ExitCode.FINDINGS)
@option("--fail-on-stale", is_flag=True, help="option.fail_on_stale")
@click.pass_context
def status(context: click.Context, fail_on_stale: bool) -> int:
    """Say what is trusted, how old the CRLs are, what waits for a second person."""
    from archive.trusting.status import status as state

    options = settled(context)
    with session.opened(options) as archive:
        found, at = state(archive), archive.clock()
    output.emit(options, found.to_json(at), lambda: _status(found, at))
    stale = fail_on_stale and any(age.stale for age in found.crls)
    return ExitCode.FINDINGS if stale else ExitCode.DONE


def _terms(given: dict[str, Any]) -> Any:
    from archive.signatures.trust import Scope
    from archive.trusting.changes import Terms

    named = [s.strip() for s in (given["scope"] or "").split(",") if s.strip()]
    unknown = [name for name in named if name not in SCOPES]
    if unknown:
        raise UsageError(words.say("usage.choices", name="--scope", values=", ".join(SCOPES)))
    day = session.parse_day
    return Terms(
        frozenset(Scope(name) for name in named),
        given["label"],
        given["test"],
        day(given["since"]) if given["since"] else None,
        day(given["until"]) if given["until"] else None,
    )


def _added_json(added: Added) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(added)


def _fetched_json(fetched: Fetched) -> dict[str, Any]:
    problem = fetched.error.to_problem() if fetched.error else None
    return {
        "url": fetched.url,
        "added": _added_json(fetched.added) if fetched.added else None,
        "problem": problem,
    }


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as every command about it prints it."""
    from archive.trusting import status as trusting

    return trusting.proposal_json(proposal)


def _change_json(change: Any) -> dict[str, Any]:
    return {k: v for k, v in change.to_json().items() if k != "certificate"}


def _roots(found: Trust) -> Iterator[str]:
    rows = []
    for root in found.roots:
        anchor = root.anchor
        test = f"[{words.say('show.test')}]" if anchor.test else ""
        dates = f"{output.day(anchor.accepted_from)} → {output.day(anchor.accepted_until)}"
        scopes = ",".join(sorted(anchor.scopes))
        ends = words.say("trust.ends", day=output.day(root.not_after.date()))
        rows.append((anchor.sha256[:16], anchor.label, scopes, dates, ends, test))
    yield click.style(words.say("trust.roots"), bold=True)
    yield from (f"  {line}" for line in output.table(rows))
    if found.others:
        yield click.style(words.say("trust.others"), bold=True)
    for other in found.others:
        kind = "TSA" if other.tsa else "CA"
        ends = words.say("trust.ends", day=output.day(other.not_after.date()))
        yield f"  {other.sha256[:16]}  {kind}  {other.subject} ← {other.issuer}  {ends}"


def _status(found: Trust, at: datetime) -> Iterator[str]:
    yield from _roots(found)
    yield click.style(words.say("trust.crls"), bold=True)
    for age in found.crls:
        days = (at - age.this_update).days
        key = "trust.crl_stale" if age.stale else "trust.crl_fresh"
        line = words.say(key, issuer=age.issuer, days=days, due=output.moment(age.next_update))
        yield "  " + click.style(line, fg="yellow" if age.stale else None)
    yield "  " + words.say("trust.ocsp", count=found.ocsp_answers)
    yield words.say("trust.offline" if found.offline else "trust.online")
    for proposal in found.pending:
        yield click.style(
            words.say("trust.waits", id=proposal.id, by=proposal.proposed_by), fg="yellow"
        )
        yield from change_lines(proposal.changes)


def _added(added: Any) -> Iterator[str]:
    for one in added:
        key = "trust.added" if one.new else "trust.known"
        yield words.say(
            key, kind=one.kind.upper(), issuer=one.issuer, at=output.moment(one.this_update)
        )


def change_lines(wanted: Any) -> Iterator[str]:
    """Yield a line for each change."""
    for change in wanted:
        if change.kind.value in ("end-digest", "end-key-size"):
            yield "  " + _end_line(change)
            continue
        anchor = change.anchor
        scopes = ",".join(sorted(anchor.scopes))
        test = f"[{words.say('show.test')}]" if anchor.test else ""
        yield (
            f"  {words.say(f'trust.{change.kind.value}')}  {anchor.sha256}  {anchor.label}"
            f"  {scopes} {test}".rstrip()
        )


def _end_line(change: Any) -> str:
    days = {"end": output.day(change.end), "was": output.day(change.was)}
    key = "trust.table-digest" if change.end is None else f"trust.{change.kind.value}"
    told = words.say(key, digest=algorithm_name(change.name), **days)
    return f"{told} {words.say('trust.retroactive')}" if change.retroactive else told


def algorithm_name(digest: str) -> str:
    """Return a digest's name as people write it: SHA-256, SHA3-256."""
    return digest.upper().replace("_", "-").replace("SHA", "SHA-").replace("SHA-3-", "SHA3-")


def proposed(proposal: Proposal | None) -> Iterator[str]:
    """Yield what the second person has to do."""
    if proposal is not None:
        yield words.say("trust.proposed", id=proposal.id)


def _fetched(found: Any, *, offline: bool) -> Iterator[str]:
    if offline:
        yield words.say("trust.offline")
    for one in found:
        if one.error is not None:
            yield click.style(f"✗ {one.url}: {words.told(one.error.message)}", fg="red")
        else:
            yield f"✓ {one.url}: {next(iter(_added([one.added])))}"
