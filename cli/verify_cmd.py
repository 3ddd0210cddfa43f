"""`kho verify`: dossiers from their bytes up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode
from cli import output, session, words
from cli.access_cmd import MARKS, verdict_lines
from cli.command import command, option, settled
from cli.journal_cmd import state_json
from cli.progress import Progress

if TYPE_CHECKING:
    from archive.preservation.verification import JournalState, Verified
    from archive.signatures.seal import SealVerdict


@command(
    "verify",
    ExitCode.NOT_HELD,
    ExitCode.INTEGRITY,
    ExitCode.INCONCLUSIVE,
    ExitCode.UNAVAILABLE,
    ExitCode.NOT_INITIALISED,
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@option("--no-journal", is_flag=True, help="option.no_journal")
@click.pass_context
def verify(context: click.Context, ids: tuple[str, ...], no_journal: bool) -> int:
    """Check dossiers and the journal."""
    from archive import access
    from archive.catalogue import dossiers
    from archive.preservation import verification

    options = settled(context)
    with session.opened(options) as archive, Progress(options, "progress.verify") as progress:
        if ids:
            holdings = iter([access.find(archive, each) for each in ids])
            progress.total(len(ids))
        else:
            holdings = verification.everything(archive)
            with archive.catalogue.connect() as connection:
                progress.total(dossiers.counts(connection).dossiers)
        found = []
        for verified in verification.verify_all(archive, holdings):
            found.append(verified)
            progress.step(failed=not verified.report.accepted)
        state = None if no_journal else verification.verify_journal(archive)
    found.sort(key=lambda verified: verified.holding.dossier.code)
    result = {
        "dossiers": [_json(verified) for verified in found],
        "journal": state_json(state) if state else None,
        "counts": _counts(found),
    }
    output.emit(options, result, lambda: _lines(found, state, detailed=bool(ids)))
    return _exit(found)


def _counts(found: list[Verified]) -> dict[str, int]:
    return {mark: sum(v.indication.value == mark for v in found) for mark in MARKS}


def _exit(found: list[Verified]) -> int:
    counts = _counts(found)
    if counts["failed"]:
        return ExitCode.INTEGRITY
    return ExitCode.INCONCLUSIVE if counts["indeterminate"] else ExitCode.DONE


def _json(verified: Verified) -> dict[str, Any]:
    from archive.signatures.verdicts import to_json

    return {
        "id": verified.holding.dossier.id,
        "code": verified.holding.dossier.code,
        "indication": verified.indication,
        "findings": [finding.to_json() for finding in verified.report],
        "seals": [_seal(verdict) for verdict in verified.seals],
        "signatures": [{"path": v.path, **to_json(v)} for v in verified.signatures],
    }


def _seal(verdict: SealVerdict) -> dict[str, Any]:
    return {
        "indication": verdict.indication,
        "sub_indication": verdict.sub_indication,
        "sealed_by": verdict.sealed_by,
        "sealed_at_proven": verdict.sealed_at_proven,
        "test": verdict.test,
        "reasons": verdict.reasons,
    }


def _lines(found: list[Verified], state: JournalState | None, *, detailed: bool) -> Iterator[str]:
    for verified in found:
        mark, color = MARKS[verified.indication.value]
        dossier = verified.holding.dossier
        outcome = words.say(f"indication.{verified.indication.value}")
        yield click.style(f"{mark} {outcome:16}", fg=color) + f" {dossier.code}  {dossier.title}"
        for finding in verified.report:
            yield click.style(
                f"    {finding.rule} {finding.path}: {words.told(finding.message)}", fg="red"
            )
        if detailed:
            yield from _details(verified)
        else:
            yield from _short(verified)
    counts = _counts(found)
    yield click.style(words.say("verify.summary", **counts), bold=True)
    if state is not None:
        told = {"checkpoints": state.log.checkpoints, "size": state.log.size}
        told |= {"entries": state.entries, "segments": state.segments}
        yield words.say("verify.journal", **told)


def _short(verified: Verified) -> Iterator[str]:
    for verdict in verified.signatures:
        if verdict.indication.value != "passed":
            reason = words.told("; ".join(verdict.reasons))
            yield f"    {verdict.path}: {verdict.sub_indication} {reason}"


def _details(verified: Verified) -> Iterator[str]:
    for version, seal in zip(verified.holding.versions, verified.seals, strict=False):
        mark, color = MARKS[seal.indication.value]
        test = f" [{words.say('show.test')}]" if seal.test else ""
        told = words.say(
            "verify.seal",
            number=version.number,
            by=seal.sealed_by or "?",
            at=output.moment(seal.sealed_at_proven),
        )
        yield "  " + click.style(mark, fg=color) + f" {told}{test}"
        for reason in seal.reasons:
            yield f"      {words.told(reason)}"
    for verdict in verified.signatures:
        yield from verdict_lines(verdict)
