"""`kho sip`: make, check and look into submissions; needs no archive."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.errors import ExitCode
from archive.findings import Finding, Report, Severity
from cli import output, words
from cli.command import Effect, Globals, command, group, option, settled

if TYPE_CHECKING:
    from archive.packages.safe import Limits

sip = group("sip", ["new", "validate", "inspect", "schema"], "cli.sip_cmd")

OPTIONS = frozenset(
    [f"CSIP{n}" for n in (45, 61, 73, 74, 75)]
    + [f"SIP{n}" for n in (1, 3, 5, 6, 7, 8, 9, 12, 13, 18, 19, 21, 25, 26, 29, 30, 32, 33, 34, 35)]
)
"""Requirements of CSIP and SIP that say MAY."""
COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


@command("sip.new", ExitCode.REJECTED, effect=Effect.CHANGES, needs_archive=False)
@click.argument("folder", type=click.Path(path_type=Path))
@option(
    "--kind",
    type=click.Choice(["folder", "bagit", "eark", "batch"]),
    default="folder",
    help="option.kind",
)
@option("--from", "source", type=click.Path(path_type=Path), help="option.pack_from")
@click.pass_context
def new(context: click.Context, folder: Path, kind: str, source: Path | None) -> None:
    """Make a submission to fill in, or pack one that was filled in."""
    from archive.assembly import now
    from archive.packages.sip import template

    options = settled(context)
    written = template.write(folder, kind, source, at=now())
    output.emit(
        options,
        {"folder": str(folder), "kind": kind, "files": [str(path) for path in written]},
        lambda: [str(path) for path in written],
    )
    if not options.json:
        step = "packed" if source else f"fill_{kind}"
        output.note(options, f"sip.{step}", folder=shlex.quote(str(folder)))


@command("sip.validate", ExitCode.REJECTED, ExitCode.FINDINGS, needs_archive=False)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@option(
    "--fail-on", type=click.Choice(["error", "warning"]), default="error", help="option.fail_on"
)
@option("--for-ingest", is_flag=True, help="option.for_ingest")
@click.pass_context
def validate(
    context: click.Context, paths: tuple[Path, ...], fail_on: str, for_ingest: bool
) -> int:
    """Check submissions; exit 5 if one is not accepted."""
    from archive.assembly import VIETNAM, now
    from archive.packages import sip as submissions

    findings: list[Finding] = []
    with _scratch() as (scratch, limits):
        for path in paths:
            report = submissions.validate(
                path.absolute(),
                scratch=scratch,
                limits=limits,
                today=now().astimezone(VIETNAM).date(),
                as_package=not for_ingest,
            )
            findings += report
    report = Report.of(findings)
    output.emit(settled(context), report.to_json(), lambda: short_lines(report, settled(context)))
    if not report.accepted:
        return ExitCode.REJECTED
    warned = any(finding.severity is Severity.WARNING for finding in report)
    return ExitCode.FINDINGS if fail_on == "warning" and warned else ExitCode.DONE


@command("sip.inspect", ExitCode.REJECTED, needs_archive=False)
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_context
def inspect(context: click.Context, path: Path) -> int:
    """Show what a submission would become."""
    from archive.assembly import VIETNAM, now
    from archive.packages import dossier_json
    from archive.packages import sip as submissions

    options = settled(context)
    results, lines, accepted = [], [], True
    with _scratch() as (scratch, limits):
        for ref in submissions.discover(path.absolute()):
            with submissions.examined(
                ref, scratch=scratch, limits=limits, today=now().astimezone(VIETNAM).date()
            ) as examination:
                opened, report = examination.sip, examination.report
                accepted = accepted and report.accepted
                entry: dict[str, object] = {
                    "label": ref.label,
                    "kind": ref.kind,
                    **report.to_json(),
                }
                lines.append(click.style(f"{words.told(ref.label)} ({ref.kind})", bold=True))
                if opened is not None:
                    entry["submission_digest"] = opened.submission_digest
                    entry["dossier_id"] = opened.dossier.id
                    entry["description"] = dossier_json.to_json(opened.dossier)
                    lines += [f"  {opened.dossier.code}  {opened.dossier.title}"]
                    lines += [
                        f"  {d.ordinal:3}  {output.size(d.file.size):>9}  {d.file.sha256[:12]}  {d.file.path}"
                        for d in opened.dossier.documents
                    ]
                lines += [f"  {line}" for line in short_lines(report, options)]
                results.append(entry)
    output.emit(options, results, lambda: lines)
    return ExitCode.DONE if accepted else ExitCode.REJECTED


@command("sip.schema", needs_archive=False)
@option("--profile", is_flag=True, help="option.profile")
@click.pass_context
def schema(context: click.Context, profile: bool) -> None:
    """Print the JSON Schema of dossier.json or the field profile."""
    import schemas

    folder = Path(schemas.__file__).parent
    if profile:
        text = (folder / "profiles" / "tt05-2025-1.toml").read_text(encoding="utf-8")
        import tomllib

        output.emit(settled(context), tomllib.loads(text), lambda: [text.rstrip()])
        return
    document = json.loads((folder / "dossier-1.schema.json").read_text(encoding="utf-8"))
    output.emit(settled(context), document, lambda: [output.as_json(document)])


def short_lines(report: Report, options: Globals) -> Iterator[str]:
    """Return a report of a submission as lines; options that it does not use are counted only.

    What a standard merely permits (`CSIP73`, `SIP6`) is told in full with `-v`.
    """
    unused = [f for f in report if f.severity is Severity.INFO and f.rule in OPTIONS]
    if options.verbosity > 0 or len(unused) < 2:
        yield from report_lines(report)
        return
    *lines, verdict = report_lines(Report.of(f for f in report if f not in unused))
    yield from lines
    yield words.say("sip.unused", count=len(unused))
    yield verdict


def report_lines(report: Report, words_for: str = "sip") -> Iterator[str]:
    """Return a report as lines: each finding, then the verdict with its counts."""
    for finding in report:
        mark = click.style(
            f"{words.say(f'severity.{finding.severity}'):9}", fg=COLORS[finding.severity]
        )
        place = f" {finding.path}:" if finding.path else ""
        yield f"{mark} {finding.rule:20}{place} {words.told(finding.message)}"
    counts = {s: sum(f.severity is s for f in report) for s in Severity}
    key = f"{words_for}.accepted" if report.accepted else f"{words_for}.rejected"
    yield click.style(
        words.say(key, errors=counts[Severity.ERROR], warnings=counts[Severity.WARNING]),
        fg="green" if report.accepted else "red",
        bold=True,
    )


@contextmanager
def _scratch() -> Iterator[tuple[Path, Limits]]:
    from archive.packages.safe import Limits

    with tempfile.TemporaryDirectory(prefix="kho-") as folder:
        yield Path(folder), Limits()
