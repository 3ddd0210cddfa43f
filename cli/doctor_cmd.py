"""`kho doctor`: what is configured, what answers, what is weak."""

from __future__ import annotations

import click

from archive.errors import ExitCode
from archive.findings import Report
from cli import output, session
from cli.command import command, option, settled
from cli.sip_cmd import report_lines


@command("doctor", ExitCode.UNAVAILABLE, ExitCode.FINDINGS, ExitCode.NOT_INITIALISED)
@option(
    "--fail-on", type=click.Choice(["error", "warning"]), default="error", help="option.fail_on"
)
@click.pass_context
def doctor(context: click.Context, fail_on: str) -> int:
    """Look at every part of the archive."""
    from archive.checkup import checkup

    options = settled(context)
    with session.opened(options) as archive:
        report = Report.of(checkup(archive))
        config = str(archive.settings.home)
    result = {
        "archive": config,
        "healthy": report.accepted,
        "findings": report.to_json()["findings"],
    }
    output.emit(options, result, lambda: report_lines(report, "doctor"))
    if not report.accepted:
        return ExitCode.UNAVAILABLE if fail_on == "error" else ExitCode.FINDINGS
    warned = any(finding.severity == "warning" for finding in report)
    return ExitCode.FINDINGS if fail_on == "warning" and warned else ExitCode.DONE
