"""`kho queue`: batches that producers hand over: taken in, fixed, returned, receipted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, NotHeld, UsageError
from cli import output, session, words
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.reception import Batch, Item

MARKS = {"waiting": ("…", None), "held": ("✓", "green"), "to_fix": ("!", "yellow")}
NAMES = ["add", "watch", "list", "show", "fix", "retry", "return", "close", "receipt"]
queue = group("queue", NAMES, "cli.queue_cmd")
queue.lazy["return"] = "cli.queue_cmd:give_back"
_EXITS = (ExitCode.NOT_HELD, ExitCode.REJECTED, ExitCode.BATCH_FAILED, ExitCode.UNAVAILABLE)


@command("queue.add", *_EXITS, effect=Effect.CHANGES)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--producer", required=True, help="option.producer")
@click.pass_context
def add(context: click.Context, paths: tuple[Path, ...], producer: str) -> int:
    """Open a batch, copy submissions into it, take them in."""
    from archive import reception

    options = settled(context)
    with session.opened(options) as archive:
        agent = session.agent(archive)
        for path in paths:
            if not path.exists():
                raise NotHeld(words.say("queue.nothing_at", path=path), where=str(path))
        batch = reception.open_batch(archive, producer, source="command", agent=agent)
        for path in paths:
            reception.add_path(archive, batch.id, path.absolute())
        reception.take_in_all(archive, batch.id, agent=agent)
        told, code = _batch(archive, batch.id)
    output.emit(options, told, lambda: _lines(told))
    return code


def _batch(archive: Any, batch_id: str) -> tuple[dict[str, Any], int]:
    """Return a batch with its submissions, and the exit code that it means."""
    from archive import reception

    batch = reception.batch(archive, batch_id)
    items = reception.items(archive, batch_id)
    told = {**batch_json(batch), "submissions": [item_json(each) for each in items]}
    open_ones = [each for each in items if each.state in ("waiting", "to_fix")]
    return told, ExitCode.BATCH_FAILED if open_ones else ExitCode.DONE


def batch_json(batch: Batch) -> dict[str, Any]:
    """Return a batch as JSON values."""
    from archive.reception import ItemState

    return {
        "batch": batch.id,
        "producer": batch.producer,
        "source": batch.source,
        "opened_at": batch.opened_at,
        "opened_by": batch.opened_by,
        "closed_at": batch.closed_at,
        "minutes": batch.minutes,
        "counts": {state.value: batch.counts.get(state, 0) for state in ItemState},
    }


def item_json(item: Item) -> dict[str, Any]:
    """Return a submission of the queue as JSON values."""
    return {
        "submission": item.name,
        "label": item.label,
        "state": item.state.value,
        "changed_at": item.changed_at,
        "changed_by": item.changed_by,
        "code": item.code,
        "title": item.title,
        "findings": [dict(each) for each in item.findings],
        "receipt": None if item.receipt is None else dict(item.receipt),
        "corrections": dict(item.corrections),
        "reason": item.reason,
        "note": item.note,
    }


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield click.style(f"{told['batch']}  {told['producer']}", bold=True)
    for each in told["submissions"]:
        yield from _item_lines(each)
    yield words.say("queue.counts", **told["counts"])


def _item_lines(each: dict[str, Any]) -> Iterator[str]:
    mark, color = MARKS.get(each["state"], ("↺", "yellow"))
    state = words.say(f"queue.{each['state']}")
    name = each["code"] or each["label"]
    yield click.style(f"{mark} {each['submission']}  {name}  {state}", fg=color)
    if each["state"] == "to_fix":
        for finding in each["findings"]:
            severity = words.say(f"severity.{finding['severity']}")
            yield f"    {severity:9} {finding['rule']:22} {finding['path']} {words.told(finding['message'])}"
    if each["reason"]:
        yield f"    {each['reason']}"


@command("queue.watch", *_EXITS, effect=Effect.CHANGES)
@click.argument("folder", type=click.Path(path_type=Path))
@option("--producer", required=True, help="option.producer")
@option("--settle", type=click.FloatRange(0, 3600), default=10.0, help="option.settle")
@option("--once", is_flag=True, help="option.once")
@click.pass_context
def watch(context: click.Context, folder: Path, producer: str, settle: float, once: bool) -> int:
    """Receive what is put into a folder, as it comes, until stopped."""
    from archive.reception.watching import Watch

    options = settled(context)
    with session.opened(options) as archive:
        agent = session.agent(archive)
        looking = Watch(archive, folder.absolute(), producer, agent, 0.0 if once else settle)
        while True:
            batch = looking.look()
            told, code = _batch(archive, batch.id) if batch is not None else ({}, ExitCode.DONE)
            if once:
                output.emit(options, [told] if told else [], partial(_seen, told))
                return code
            if told:
                output.emit(options, told, partial(_lines, told))
            time.sleep(min(2.0, settle + 0.2))


def _seen(told: dict[str, Any]) -> Iterator[str]:
    if told:
        yield from _lines(told)
    else:
        yield words.say("queue.nothing_new")


@command("queue.list")
@option("--limit", type=click.IntRange(1, 10_000), default=50, help="option.limit")
@click.pass_context
def list(context: click.Context, limit: int) -> None:  # noqa: A001 - the command's name
    """List batches, the latest first."""
    from archive import reception

    options = settled(context)
    with session.opened(options) as archive:
        told = [batch_json(each) for each in reception.batches(archive, limit=limit)]
    output.emit(options, told, lambda: _batch_lines(told))


def _batch_lines(told: Any) -> Iterator[str]:
    if not told:
        yield words.say("queue.none")
    for each in told:
        closed = words.say("queue.closed", day=output.moment(each["closed_at"]))
        state = closed if each["closed_at"] else words.say("queue.open")
        yield click.style(f"{each['batch']}  {each['producer']}  {state}", bold=True)
        yield f"    {words.say('queue.counts', **each['counts'])}"


@command("queue.show", ExitCode.NOT_HELD)
@click.argument("name", metavar="BATCH")
@click.pass_context
def show(context: click.Context, name: str) -> None:
    """Show a batch and what became of each submission."""
    options = settled(context)
    with session.opened(options) as archive:
        told, _ = _batch(archive, name)
    output.emit(options, told, lambda: _lines(told))


@command("queue.fix", *_EXITS, effect=Effect.CHANGES)
@click.argument("name", metavar="SUBMISSION")
@click.argument("changes", metavar="PLACE=VALUE…", nargs=-1, required=True)
@click.pass_context
def fix(context: click.Context, name: str, changes: tuple[str, ...]) -> int:
    """Correct a submission's description and take it in."""
    from archive import reception

    options, corrections = settled(context), {}
    for change in changes:
        place, equals, value = change.partition("=")
        if not equals:
            raise UsageError(words.say("queue.no_change", change=change), where=change)
        corrections[place.strip()] = value.strip() or None
    with session.opened(options) as archive:
        agent, why = session.agent(archive), session.reason(options)
        item = reception.fix(archive, name, corrections, agent=agent, reason=why)
        reception.take_in_all(archive, item.batch_id, agent=agent, only=[item.ordinal])
        told = item_json(reception.item(archive, name))
    output.emit(options, told, lambda: _item_lines(told))
    return ExitCode.DONE if told["state"] == "held" else ExitCode.BATCH_FAILED


@command("queue.retry", *_EXITS, effect=Effect.CHANGES)
@click.argument("name", metavar="BATCH")
@click.pass_context
def retry(context: click.Context, name: str) -> int:
    """Try again everything of a batch that is not settled."""
    from archive import reception

    options = settled(context)
    with session.opened(options) as archive:
        reception.retry(archive, name, agent=session.agent(archive))
        told, code = _batch(archive, name)
    output.emit(options, told, lambda: _lines(told))
    return code


@command("queue.return", *_EXITS, effect=Effect.CHANGES)
@click.argument("name", metavar="SUBMISSION")
@click.pass_context
def give_back(context: click.Context, name: str) -> None:
    """Return a submission to its producer, with --reason."""
    from archive import reception

    options = settled(context)
    with session.opened(options) as archive:
        agent, why = session.agent(archive), session.reason(options)
        item = reception.give_back(archive, name, agent=agent, reason=why)
        if options.output is not None:
            options.output.write_bytes(reception.paper(archive, item.note))
            options.output = None
    told = item_json(item)
    output.emit(options, told, lambda: _item_lines(told))


@command("queue.close", *_EXITS, effect=Effect.CHANGES)
@click.argument("name", metavar="BATCH")
@click.pass_context
def close(context: click.Context, name: str) -> None:
    """Close a batch and make the minutes of hand-over."""
    from archive import reception

    options = settled(context)
    with session.opened(options) as archive:
        batch = reception.close(archive, name, agent=session.agent(archive))
    told = batch_json(batch)
    output.emit(options, told, lambda: _batch_lines([told]))


@command("queue.receipt", ExitCode.NOT_HELD, effect=Effect.CHANGES)
@click.argument("name", metavar="BATCH|SUBMISSION")
@click.pass_context
def receipt(context: click.Context, name: str) -> None:
    """Write the minutes of a batch, or the return note of a submission, as a PDF."""
    from archive import reception

    options = settled(context)
    with session.opened(options) as archive:
        if "." in name:
            place = reception.item(archive, name).note
        else:
            place = reception.batch(archive, name).minutes
        content = reception.paper(archive, place)
        target = options.output or Path(f"{name}.pdf")
        if options.output is None:
            output.may_replace(options, target)
        target.write_bytes(content)
    options.output = None
    output.emit(options, {"name": name, "path": str(target)}, lambda: [str(target)])
