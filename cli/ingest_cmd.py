"""`kho ingest`: take submissions in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.errors import ArchiveError, BatchFailed, ExitCode
from cli import output, session, usage, words
from cli.command import Effect, Globals, command, option, settled
from cli.progress import Progress

if TYPE_CHECKING:
    from archive.ingest.batch import Outcome

FAILED_SHOWN = 50


@command(
    "ingest",
    ExitCode.REJECTED,
    ExitCode.BATCH_FAILED,
    ExitCode.UNAVAILABLE,
    ExitCode.NOT_INITIALISED,
    effect=Effect.TRIES,
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--update", is_flag=True, help="option.update")
@option("--report", type=click.Path(path_type=Path), help="option.report")
@option("--workers", type=click.IntRange(1, 64), help="option.workers")
@click.pass_context
def ingest(
    context: click.Context,
    paths: tuple[Path, ...],
    update: bool,
    report: Path | None,
    workers: int | None,
) -> int:
    """Take submissions in, each whole or not at all."""
    from archive.ingest.batch import ingest_all

    options = settled(context)
    paths = tuple(path.absolute() for path in paths)
    if report is not None:
        usage.check_writable(report)
    if options.dry_run:
        return _dry_run(options, paths)
    outcomes: list[Outcome] = []
    stopped: ArchiveError | None = None
    with session.opened(options) as archive, Progress(options, "progress.ingest") as progress:
        try:
            for outcome in ingest_all(
                archive, paths, update=update, workers=workers, counted=progress.total
            ):
                outcomes.append(outcome)
                progress.step(failed=outcome.receipt is None)
        except ArchiveError as error:
            if not outcomes:
                raise
            stopped = error
    result = _result(outcomes, stopped)
    if report is not None:
        output.write_json(report, result)
    output.emit(options, result, lambda: _lines(outcomes))
    if options.verbosity > 0:
        _tell_defects(outcomes)
    if stopped is None:
        return _exit(outcomes)
    if not options.json:
        output.problem(stopped, as_json=False)
    return stopped.exit_code


def _tell_defects(outcomes: list[Outcome]) -> None:
    """Show where in the program dossiers ran into a defect, as `-v` does for a whole command."""
    for outcome in outcomes:
        if outcome.error is not None and outcome.error.exit_code is ExitCode.UNEXPECTED:
            output.traceback_of(outcome.error)


def _dry_run(options: Globals, paths: tuple[Path, ...]) -> int:
    """Validate everything as ingest would and change nothing."""
    from archive.findings import Report
    from archive.packages import sip
    from cli.sip_cmd import report_lines

    with session.opened(options) as archive:
        findings = [
            finding
            for path in paths
            for finding in sip.validate(
                path,
                scratch=archive.scratch,
                limits=archive.limits,
                today=archive.today(),
                as_package=False,
            )
        ]
    report = Report.of(findings)
    output.emit(options, report.to_json(), lambda: report_lines(report))
    return ExitCode.DONE if report.accepted else ExitCode.REJECTED


def _result(outcomes: list[Outcome], stopped: ArchiveError | None) -> dict[str, object]:
    """Return the batch report; `stopped` is what ended the run before all was done."""
    held = sum(outcome.receipt is not None for outcome in outcomes)
    result: dict[str, object] = {
        "submissions": len(outcomes),
        "held": held,
        "failed": len(outcomes) - held,
        "dossiers": [outcome.to_json() for outcome in sorted(outcomes, key=lambda o: o.label)],
    }
    return result if stopped is None else result | {"stopped": stopped.to_problem()}


def _lines(outcomes: list[Outcome]) -> Iterator[str]:
    told = sorted(outcomes, key=lambda outcome: outcome.label)
    rows = [_row(outcome.label, outcome) for outcome in told]
    yield from output.table(rows)
    for outcome in [o for o in told if o.error is not None][:FAILED_SHOWN]:
        yield ""
        yield from _problem(outcome.label, outcome.error)
    held = sum(outcome.receipt is not None for outcome in told)
    color = "green" if held == len(told) else "yellow"
    summary = words.say("ingest.summary", held=held, failed=len(told) - held)
    yield click.style(summary, fg=color, bold=True)


def _row(label: str, outcome: Outcome) -> tuple[str, ...]:
    receipt = outcome.receipt
    if receipt is None:
        code = outcome.error.code if outcome.error else ""
        return (click.style("✗", fg="red"), words.told(label), code, "", "")
    mark = click.style("=" if outcome.resumed else "✓", fg="green")
    since = output.moment(receipt.held_since)
    return (mark, words.told(label), receipt.code, f"v{receipt.version}", since)


def _problem(label: str, error: ArchiveError | None) -> Iterator[str]:
    if error is None:
        return
    yield click.style(
        f"{words.told(label)}: {words.say(f'error.{error.code}')} [{error.code}]", fg="red"
    )
    yield f"  {words.told(error.message)}"
    for finding in error.errors():
        severity = words.say(f"severity.{finding['severity']}")
        place = f" {finding['path']}:" if finding["path"] else ""
        yield f"  {severity:9} {finding['rule']:22}{place} {words.told(finding['message'])}"
    if error.hint:
        yield f"  → {words.told(error.hint)}"


def _exit(outcomes: list[Outcome]) -> int:
    """Return how the run ends: where nothing was held because a part did not answer, 11."""
    failed = [outcome for outcome in outcomes if outcome.receipt is None]
    if not failed:
        return ExitCode.DONE
    codes = {outcome.error.exit_code for outcome in failed if outcome.error is not None}
    alone = len(outcomes) == 1 or codes == {ExitCode.UNAVAILABLE}
    if len(failed) == len(outcomes) and len(codes) == 1 and alone:
        return codes.pop()
    return BatchFailed.exit_code
