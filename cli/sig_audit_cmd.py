"""`kho sig list`, `recheck`, `report`: the signatures in everything that is held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.access_cmd import MARKS, verdict_lines
from cli.command import Effect, Globals, command, option, settled
from cli.progress import Progress

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.auditing.audit import Scope
    from archive.auditing.endings import CheckpointsEnding, EvidenceEnding, SealsEnding
    from archive.auditing.listing import Wanted
    from archive.auditing.recheck import Rechecked
    from archive.auditing.report import AuditReport
    from archive.catalogue.verdict_list import HeldVerdict


@command("sig.list", ExitCode.USAGE, effect=Effect.TRIES)
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

    from archive.auditing.endings import CheckpointsEnding, EvidenceEnding, SealsEnding
    from archive.auditing.listing import Wanted, wanted

    options = settled(context)
    before = session.parse_day(given["before"]) if given["before"] else None
    asked = Wanted(
        before, given["issuer"], given["weak"], given["unknown"], given["year"], given["fonds"]
    )
    with session.opened(options) as archive:
        found = [*islice(wanted(archive, asked), limit)]
        others = [*_endings(archive, asked, only_known=options.dry_run)]
    seals = [one for one in others if isinstance(one, SealsEnding)]
    evidence = [one for one in others if isinstance(one, EvidenceEnding)]
    checkpoints = [one for one in others if isinstance(one, CheckpointsEnding)]
    result = {
        "signatures": [held_json(one) for one in found],
        "seals": [one.to_json() for one in seals],
        "evidence": [one.to_json() for one in evidence],
        "checkpoints": [one.to_json() for one in checkpoints],
    }
    output.emit(options, result, lambda: _listed(found, [*seals, *evidence, *checkpoints]))


def _endings(
    archive: Archive, asked: Wanted, *, only_known: bool
) -> Iterator[SealsEnding | EvidenceEnding | CheckpointsEnding]:
    """Yield seals, evidence, checkpoints asked for; they are of no one year, fonds or issuer."""
    from archive.auditing import endings
    from archive.auditing.listing import ending_fits

    if asked.year is None and asked.fonds is None and asked.issuer is None:
        seals = endings.seals(archive, only_known=only_known)
        yield from (one for one in seals if ending_fits(one.ending, asked))
        yield from (one for one in endings.evidence(archive) if ending_fits(one.ending, asked))
        found = endings.checkpoints(archive)
        yield from (one for one in found if ending_fits(one.ending, asked))


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
    from archive.ingest.batch import finish

    options = settled(context)
    done: Any = []
    with session.opened(options) as archive:
        if fetch and not options.dry_run:
            _fetch(options, archive)
        for holding in chosen(archive, ids, undecided=undecided):
            found = again.recheck(archive, holding, fetch=fetch)
            if not options.dry_run:
                found = again.keep(archive, found, agent=session.agent(archive))
            done.append(found)
        if any(one.receipt is not None for one in done):
            finish(archive)
    output.emit(options, [_rechecked_json(one) for one in done], lambda: _rechecked(done))
    outcomes = {v.indication.value for one in done for v in one.verdicts}
    if "failed" in outcomes:
        return ExitCode.INTEGRITY
    return ExitCode.INCONCLUSIVE if "indeterminate" in outcomes else ExitCode.DONE


def _fetch(options: Globals, archive: Archive) -> None:
    """Fetch newer CRLs from the configured services; one that fails stops nothing."""
    from archive.trusting import revocation

    for one in revocation.update(archive, agent=session.agent(archive)):
        if one.error is not None:
            output.say(f"{one.url}: {words.told(one.error.message)}", err=True)


def held_json(one: HeldVerdict) -> dict[str, Any]:
    """Return a verdict with the dossier that it is in."""
    from archive.signatures.verdicts import to_json

    place = {"dossier_id": one.dossier_id, "code": one.code, "path": one.verdict.path}
    return {**place, **to_json(one.verdict)}


def _listed(found: Any, others: Any) -> Iterator[str]:
    for one in found:
        yield click.style(one.code, bold=True)
        yield from verdict_lines(one.verdict)
    yield words.say("sig.count", count=len(found))
    for one in others:
        told = one.to_json()
        mark, color = MARKS[one.ending.indication.value]
        yield click.style(mark, fg=color) + " " + words.say(f"sig.{one.KIND}", **told)
        until = told["provable_until"]
        day = output.day(until.date()) if until else "–"
        yield "      " + words.say("sig.until", day=day, link=words.told(told["limited_by"]))


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
    if not done:
        yield words.say("sig.nothing_undecided")
    for one in done:
        yield click.style(one.holding.dossier.code, bold=True)
        for verdict in one.verdicts:
            yield from verdict_lines(verdict)
        if one.receipt is not None:
            yield words.say("sig.kept", version=one.receipt.version)
        elif not one.changed:
            yield words.say("sig.unchanged")


@command(
    "sig.report",
    ExitCode.NOT_HELD,
    ExitCode.BATCH_FAILED,
    ExitCode.INTEGRITY,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@option("--year", type=int, help="option.f_year")
@option("--fonds", help="option.f_fonds")
@option("--all", "everything", is_flag=True, help="option.all_dossiers")
@option("--sample", metavar="SHARE", help="option.sample")
@option("--seed", type=int, default=0, help="option.seed")
@option("--reread", is_flag=True, help="option.reread")
@option("--render", metavar="AUDIT", help="option.render")
@option("--to", type=click.Path(path_type=Path), default=Path("audit"), help="option.to")
@click.pass_context
def report(context: click.Context, /, **given: Any) -> int:
    """Audit signatures in bulk and report on them."""
    from archive.auditing import audit
    from archive.auditing.report import new_folder
    from archive.auditing.report import report as written

    options, folder, audit_id = settled(context), given["to"], given["render"]
    with session.opened(options) as archive, Progress(options, "progress.sig_report") as progress:
        new_folder(folder)
        if audit_id is None:
            job = audit.audit(
                archive,
                _scope(given),
                agent=session.agent(archive),
                reread=given["reread"],
                counted=progress.total,
                stepped=progress.step,
            )
            audit_id = job.id
        made = written(archive, audit_id, folder)
    figures = made.figures.to_json()
    result = {"audit": made.heading, "figures": figures, "files": [str(p) for p in made.files]}
    output.emit(options, result, lambda: _reported(made))
    return ExitCode.BATCH_FAILED if made.figures.problems else ExitCode.DONE


def _scope(given: dict[str, Any]) -> Scope:
    """Return what is to be audited; raises UsageError if nothing was named."""
    from archive.auditing.audit import Scope

    named = ("everything", "year", "fonds", "sample")
    if all(given[name] in (None, False) for name in named):
        raise UsageError(words.say("sig.what"))
    text = (given["sample"] or "100").removesuffix("%").replace(",", ".")
    try:
        share = float(text) / 100
    except ValueError as error:
        raise UsageError(words.say("sig.bad_share", value=given["sample"])) from error
    return Scope(given["year"], given["fonds"], share, given["seed"])


def _reported(made: AuditReport) -> Iterator[str]:
    figures = made.figures
    counts = {name: figures.by_outcome[name] for name in ("passed", "failed", "indeterminate")}
    told = {"dossiers": figures.dossiers, "signatures": figures.signatures}
    yield words.say("sig.reported", **told, **counts, reused=figures.reused)
    for problem in figures.problems[:20]:
        yield click.style(f"✗ {problem['dossier_id']}", fg="red") + f"  {problem['detail']}"
    for path in made.files:
        yield f"  {path}"
    yield words.say("sig.audit_id", id=made.heading["id"])
