"""`kho retention forecast` and `replay`, `kho rule diff`, `simulate`, `adopt`: looking ahead and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, NotHeld, Rejected, UsageError
from cli import output, session, words
from cli.chart import bars, svg
from cli.command import Effect, command, option, settled
from cli.progress import Progress
from cli.retention_cmd import recomputed

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.disposal.outlook import Month, Replayed
    from retention_rules.diff import Difference
    from retention_rules.simulate import Simulation

FILE = click.Path(path_type=Path)


@command("retention.forecast")
@option("--until", metavar="DATE", help="option.forecast_until")
@click.pass_context
def forecast(context: click.Context, until: str | None) -> None:
    """Show what falls due when; `-o FILE.svg` draws it."""
    from archive.disposal.outlook import forecast as foreseen

    options = settled(context)
    with session.opened(options) as archive:
        as_of = session.as_of(options, archive)
        last = session.parse_day(until) if until else as_of.replace(year=as_of.year + 10, day=1)
        found = foreseen(archive, as_of=as_of, until=last)
    if options.output is not None and options.output.suffix == ".svg":
        options.output.write_text(svg(found, as_of, last), encoding="utf-8")
        options.output = None
    months = [
        {"month": m.month, "action": m.action, "dossiers": m.dossiers, "bytes": m.bytes}
        for m in found
    ]
    result = {"as_of": as_of, "until": last, "months": months}
    output.emit(options, result, lambda: _forecast(found))


def _forecast(found: Sequence[Month]) -> Iterator[str]:
    yield from bars(found)
    count, size = sum(m.dossiers for m in found), sum(m.bytes for m in found)
    told = words.say("forecast.total", count=count, size=output.size(size))
    yield click.style(told, bold=True)


@command("retention.replay", ExitCode.NOT_HELD, ExitCode.REJECTED, ExitCode.INTEGRITY)
@click.argument("stored", metavar="FILE|DISPOSAL")
@option("--schedule", help="option.schedule")
@click.pass_context
def replay(context: click.Context, stored: str, schedule: str | None) -> int:
    """Make stored decisions again."""
    from archive.assembly import load_schedule
    from archive.disposal.outlook import replay as again

    options = settled(context)
    by = load_schedule(schedule, Path.cwd()) if schedule else None
    with session.opened(options) as archive:
        found = [(name, again(archive, each, by=by)) for name, each in _stored(archive, stored)]
    result = [
        {
            "dossier": name,
            "same": not each.differences,
            "schedule": each.again.schedule_version,
            "differences": list(each.differences),
        }
        for name, each in found
    ]
    output.emit(options, result, lambda: _replayed(found))
    return ExitCode.INTEGRITY if any(each.differences for _, each in found) else ExitCode.DONE


def _stored(archive: Archive, named: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the decisions of a file that `retention explain --json` wrote, or of a list."""
    path = Path(named)
    if path.is_file():
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Rejected(f"{path}: {error}", where=named) from error
        for each in read if isinstance(read, list) else [read]:
            if not isinstance(each, dict):
                raise Rejected(words.say("replay.not_stored"), where=named)
            yield str(each.get("code", path.name)), each.get("decision", each)
        return
    from archive.catalogue import disposals

    with archive.catalogue.connect() as connection:
        for item in disposals.get(connection, named).items:
            yield item.entry["code"], item.entry["decision"]


def _replayed(found: Sequence[tuple[str, Replayed]]) -> Iterator[str]:
    for name, each in found:
        mark = click.style("✗", fg="red") if each.differences else click.style("✓", fg="green")
        yield f"{mark} {name}  {each.again.rule_code or '–'}  {each.again.schedule_version}"
        yield from (f"    {difference}" for difference in each.differences)
    same = sum(not each.differences for _, each in found)
    yield click.style(words.say("replay.total", same=same, count=len(found)), bold=True)


@command("rule.diff", ExitCode.REJECTED)
@click.argument("old")
@click.argument("new")
@click.pass_context
def diff(context: click.Context, old: str, new: str) -> None:
    """Compare two versions of a schedule."""
    from archive.assembly import load_schedule
    from retention_rules.diff import diff as compare

    options = settled(context)
    before, after = (load_schedule(each, Path.cwd()) for each in (old, new))
    found = compare(before, after)
    result = {
        "old": before.version,
        "new": after.version,
        "differences": [
            {
                "kind": d.kind,
                "what": d.what,
                "code": d.code,
                "longer": d.longer,
                "changes": [{"part": p, "old": was, "new": now} for p, was, now in d.changes],
            }
            for d in found
        ],
    }
    output.emit(options, result, lambda: _differences(found, before.version, after.version))


SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def _differences(found: Sequence[Difference], old: str, new: str) -> Iterator[str]:
    yield click.style(f"{old} → {new}", bold=True)
    for each in found:
        sign, color = SIGNS[each.kind.value]
        length = {True: words.say("rule.longer"), False: words.say("rule.shorter"), None: ""}
        yield click.style(
            f"{sign} {each.what} {each.code} {length[each.longer]}".rstrip(), fg=color
        )
        for part, was, now in each.changes:
            yield f"    {part}: {was or '–'} → {now or '–'}"
    yield words.say("rule.differences", count=len(found))


@command("rule.simulate", ExitCode.REJECTED)
@click.argument("draft")
@option("--limit", type=click.IntRange(0), default=50, help="option.limit")
@click.pass_context
def simulate(context: click.Context, draft: str, limit: int) -> None:
    """Try a draft schedule on the holdings."""
    from archive.assembly import load_schedule
    from archive.catalogue import dossiers
    from archive.disposal.outlook import simulate as tried

    options = settled(context)
    new = load_schedule(draft, Path.cwd())
    with session.opened(options) as archive:
        as_of = session.as_of(options, archive)
        with archive.catalogue.connect() as connection:
            count = dossiers.counts(connection).dossiers
        with Progress(options, "progress.retention") as progress:
            progress.total(count)
            found = tried(archive, new, as_of=as_of, keep=limit, on_dossier=progress.reach)
    result = {
        "schedule": new.version,
        "as_of": as_of,
        "dossiers": found.dossiers,
        "changed": found.changed,
        "earlier": found.earlier,
        "later": found.later,
        "newly_due": found.newly_due,
        "newly_due_bytes": found.newly_due_bytes,
        "no_longer_due": found.no_longer_due,
        "no_longer_due_bytes": found.no_longer_due_bytes,
        "actions": dict(found.action_changes),
        "changes": [
            {
                "code": c.item.ref,
                "shift": c.shift,
                "before": {"rule": c.before.rule_code, "due_on": c.before.due_on},
                "after": {"rule": c.after.rule_code, "due_on": c.after.due_on},
                "actions": c.actions,
                "bytes": c.item.size,
            }
            for c in found.examples
        ],
    }
    output.emit(options, result, lambda: _simulated(found, new.version))


def _simulated(found: Simulation, version: str) -> Iterator[str]:
    yield click.style(words.say("simulate.head", version=version), bold=True)
    rows = [
        (
            change.item.ref,
            words.say(f"simulate.{change.shift}"),
            f"{output.day(change.before.due_on)} {change.before.rule_code or '–'}",
            "→",
            f"{output.day(change.after.due_on)} {change.after.rule_code or '–'}",
            change.actions,
            output.size(change.item.size),
        )
        for change in found.examples
    ]
    yield from output.table(rows)
    if found.changed > len(found.examples):
        yield words.say("simulate.more", count=found.changed - len(found.examples))
    yield words.say(
        "simulate.total",
        dossiers=found.dossiers,
        changed=found.changed,
        earlier=found.earlier,
        later=found.later,
    )
    yield words.say(
        "simulate.due",
        newly=found.newly_due,
        newly_size=output.size(found.newly_due_bytes),
        no_longer=found.no_longer_due,
        no_longer_size=output.size(found.no_longer_due_bytes),
    )


@command(
    "rule.adopt",
    ExitCode.NOT_HELD,
    ExitCode.NOT_PERMITTED,
    ExitCode.REJECTED,
    effect=Effect.CHANGES,
)
@click.argument("file", required=False, type=FILE)
@option("--by", required=True, help="option.adopt_by")
@option("--confirm", "version", metavar="VERSION", help="option.adopt_confirm")
@option("--agency", default="", help="option.adopt_agency")
@option("--in-force-from", metavar="DATE", help="option.in_force_from")
@option("--decision", default="", help="option.adopt_decision")
@click.pass_context
def adopt(
    context: click.Context,
    file: Path | None,
    by: str,
    version: str | None,
    agency: str,
    in_force_from: str | None,
    decision: str,
) -> None:
    """Put a schedule in force: one person proposes, another confirms."""
    from archive.disposal import adoption

    options = settled(context)
    if (file is None) == (version is None):
        raise UsageError(words.say("adopt.what"))
    with session.opened(options) as archive:
        account = session.agent(archive)
        if version is not None:
            done = adoption.confirm(archive, version, by=by, account=account)
            changed = recomputed(options, archive)
            result = {
                "adopted": done.version,
                "agency": done.agency,
                "in_force_from": done.in_force_from,
                "by": done.adopted_by.split("; "),
                "changed": changed,
            }
            told = words.say(
                "adopt.done", version=done.version, agency=done.agency, by=done.adopted_by
            )
            changes = words.say("retention.changed", count=changed)
            output.emit(options, result, lambda: [told, changes])
            return
        request = adoption.AdoptionRequest(
            _text(file),
            str(file),
            by,
            agency,
            session.parse_day(in_force_from) if in_force_from else None,
            decision,
        )
        proposal = adoption.propose(archive, request, account=account)
    result = {"proposed": proposal.version, "agency": proposal.agency, "by": proposal.proposed_by}
    told = words.say("adopt.proposed", version=proposal.version, agency=proposal.agency)
    output.emit(options, result, lambda: [told])


def _text(file: Path | None) -> str:
    try:
        return Path(file or "").read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotHeld(f"{file}: {error.strerror}", where=str(file)) from error
    except UnicodeDecodeError as error:
        raise Rejected(f"{file}: not UTF-8", where=str(file)) from error
