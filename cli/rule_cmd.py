"""`kho rule`: the retention schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive import settings as configuration
from archive.errors import ExitCode, NotHeld, NotInitialised
from cli import output, session, words
from cli.command import Globals, command, group, option, settled

if TYPE_CHECKING:
    from retention_rules.rule import Rule
    from retention_rules.schedule import Schedule

rule = group("rule", ["list", "show", "lint", "test"], "cli.rule_cmd")
rule.lazy |= {name: f"cli.forecast_cmd:{name}" for name in ("diff", "simulate", "adopt")}


def _schedule(options: Globals, named: str | None) -> Schedule:
    """Return the named schedule, that of the archive, or the built-in one."""
    from archive.assembly import load_schedule

    if named is not None:
        return load_schedule(named, Path.cwd())
    try:
        settings = configuration.load(session.config_path(options))
    except NotInitialised:
        return load_schedule("vn-2026-1", Path.cwd())
    return load_schedule(settings.text("retention.schedule"), settings.home)


@command("rule.list", ExitCode.REJECTED)
@option("--schedule", help="option.schedule")
@click.pass_context
def list(context: click.Context, schedule: str | None) -> None:  # noqa: A001 - the command's name
    """List the rows."""
    options = settled(context)
    found = _schedule(options, schedule)
    result = {"version": found.version, "rules": [rule_json(row) for row in found.rules]}
    output.emit(options, result, lambda: _rows(found))


def rule_json(row: Rule) -> dict[str, Any]:
    """Return a row as JSON values."""
    return {
        "code": row.code,
        "title": row.title,
        "group": row.group,
        "period": str(row.period.words()[1]),
        "action": row.action,
        "basis": row.basis,
        "status": row.status,
        "source": {
            "instrument": row.source.instrument,
            "read_in": row.source.read,
            "mark": row.source.mark,
        },
        "in_force_from": row.in_force_from,
        "in_force_until": row.in_force_until,
    }


def _rows(found: Schedule) -> Iterator[str]:
    at = 0 if words.language() == "vi" else 1
    rows = []
    for row in found.rules:
        status = words.say(f"rule.{row.status.value}")
        color = "green" if row.confirmed else "yellow"
        rows.append(
            (row.code, click.style(status, fg=color), str(row.period.words()[at]), row.title)
        )
    yield from output.table(rows)
    yield words.say("rule.version", version=found.version, count=len(found.rules))


@command("rule.show", ExitCode.NOT_HELD, ExitCode.REJECTED)
@click.argument("code")
@option("--schedule", help="option.schedule")
@click.pass_context
def show(context: click.Context, code: str, schedule: str | None) -> None:
    """Show one row."""
    options = settled(context)
    found = _schedule(options, schedule)
    row = next((row for row in found.rules if row.code == code), None)
    if row is None:
        raise NotHeld(words.say("rule.unknown", code=code), where=code, hint="kho rule list")
    shown = rule_json(row)
    output.emit(options, shown, lambda: output.table([(k, _text(v)) for k, v in shown.items()]))


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{k}: {v}" for k, v in value.items() if v)
    return "–" if value is None or value == "" else str(value)


@command("rule.lint", ExitCode.REJECTED, ExitCode.FINDINGS)
@click.argument("schedule", required=False)
@click.pass_context
def lint(context: click.Context, schedule: str | None) -> int:
    """Check a schedule."""
    from retention_rules.lint import lint as problems_of

    options = settled(context)
    problems = problems_of(_schedule(options, schedule), _in_use(options))
    result = {"problems": [problem.to_json() for problem in problems]}
    output.emit(options, result, lambda: _problems(problems))
    return ExitCode.FINDINGS if any(p.gravity.value == "error" for p in problems) else ExitCode.DONE


def _in_use(options: Globals) -> Sequence[str]:
    """Return the procedures of the dossiers held; none if there is no archive here."""
    from archive.catalogue import dossiers

    try:
        session.config_path(options)
    except NotInitialised:
        return ()
    with session.opened(options) as archive, archive.catalogue.connect() as connection:
        return dossiers.procedures(connection)


def _problems(problems: Any) -> Iterator[str]:
    for problem in problems:
        yield f"{problem.rule:22} {problem.row}: {words.told(problem.message)}"
    yield words.say("rule.problems", count=len(problems))


@command("rule.test", ExitCode.REJECTED, ExitCode.FINDINGS)
@click.argument("schedule", required=False)
@click.pass_context
def test(context: click.Context, schedule: str | None) -> int:
    """Run the cases of a schedule."""
    from retention_rules.cases import run

    options = settled(context)
    found = _schedule(options, schedule)
    outcomes = run(found)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    result = {
        "cases": [
            {"name": o.case.name, "passed": o.passed, "differences": o.differences}
            for o in outcomes
        ]
    }
    output.emit(options, result, lambda: _cases(outcomes))
    return ExitCode.FINDINGS if failed else ExitCode.DONE


def _cases(outcomes: Any) -> Iterator[str]:
    passed = sum(outcome.passed for outcome in outcomes)
    for outcome in outcomes:
        mark = click.style("✓", fg="green") if outcome.passed else click.style("✗", fg="red")
        yield f"{mark} {outcome.case.name}"
        for difference in outcome.differences:
            yield f"    {words.told(difference)}"
    yield words.say("rule.cases", passed=passed, count=len(outcomes))
