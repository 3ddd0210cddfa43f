"""`kho rebuild` and `kho sweep`: what was lost comes back, what was left undone is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.command import Effect, command, option, settled
from cli.progress import Progress

if TYPE_CHECKING:
    from archive.preservation.rebuild import Rebuilt
    from archive.preservation.sweep import Swept
    from archive.rehearsal import Rehearsal


@command(
    "rebuild",
    ExitCode.BATCH_FAILED,
    ExitCode.INTEGRITY,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@option("--from-store", is_flag=True, help="option.from_store")
@option("--index-only", is_flag=True, help="option.index_only")
@option("--rehearse", is_flag=True, help="option.rehearse")
@click.pass_context
def rebuild(context: click.Context, from_store: bool, index_only: bool, rehearse: bool) -> int:
    """Build catalogue and index anew."""
    options = settled(context)
    if [from_store, index_only, rehearse].count(True) != 1:
        raise UsageError(words.say("rebuild.what"), hint="kho rebuild --from-store")
    with session.opened(options) as archive, Progress(options, "progress.rebuild") as progress:
        if index_only:
            from archive.indexing import rebuild as rebuild_index

            count = rebuild_index(archive)
            output.emit(
                options, {"indexed": count}, lambda: [words.say("rebuild.index", count=count)]
            )
            return ExitCode.DONE

        def on_dossier(done: int, total: int) -> None:
            if done == 1:
                progress.total(total)
            progress.step()

        if rehearse:
            from archive.rehearsal import rehearse as rehearse_all

            who = session.agent(archive)
            rehearsed = rehearse_all(archive, agent=who, on_dossier=on_dossier)
            output.emit(options, asdict(rehearsed), lambda: _rehearsed(rehearsed))
            return ExitCode.DONE if rehearsed.same else ExitCode.INTEGRITY
        from archive.preservation.rebuild import rebuild as rebuild_all

        rebuilt = rebuild_all(archive, on_dossier=on_dossier)
    output.emit(options, asdict(rebuilt), lambda: _lines(rebuilt))
    return ExitCode.BATCH_FAILED if rebuilt.unreadable else ExitCode.DONE


def _lines(rebuilt: Rebuilt) -> Iterator[str]:
    for place, reason in rebuilt.unreadable:
        yield click.style(f"✗ {place}: {reason}", fg="red")
    for place in rebuilt.adopted:
        yield click.style(words.say("rebuild.adopted", place=place), fg="yellow")
    yield click.style(
        words.say(
            "rebuild.done",
            dossiers=rebuilt.dossiers,
            versions=rebuilt.versions,
            entries=rebuilt.journal_entries,
            holds=rebuilt.holds,
        ),
        fg="green",
        bold=True,
    )


def _rehearsed(rehearsed: Rehearsal) -> Iterator[str]:
    told = {
        "dossiers": rehearsed.dossiers,
        "entries": rehearsed.journal_entries,
        "questions": rehearsed.questions,
        "seconds": rehearsed.seconds,
    }
    if rehearsed.same:
        yield click.style(words.say("rebuild.rehearsed", **told), fg="green", bold=True)
        return
    yield click.style(words.say("rebuild.different", **told), fg="red", bold=True)
    for name, count in sorted(rehearsed.differences.items()):
        yield words.say("rebuild.differs", name=name, count=count)
    if rehearsed.unreadable:
        yield words.say("rebuild.unread", count=rehearsed.unreadable)


@command("sweep", ExitCode.UNAVAILABLE, effect=Effect.TRIES)
@option("--older-than", "hours", type=click.IntRange(0), default=24, help="option.older_than")
@click.pass_context
def sweep(context: click.Context, hours: int) -> None:
    """Finish what a crash left."""
    from datetime import timedelta

    from archive.preservation.sweep import sweep as sweep_all

    options = settled(context)
    with session.opened(options) as archive:
        swept = sweep_all(archive, age=timedelta(hours=hours), dry_run=options.dry_run)
    output.emit(options, asdict(swept), lambda: _swept(swept))


def _swept(swept: Swept) -> Iterator[str]:
    yield words.say(
        "sweep.done",
        locked=swept.locked,
        extended=swept.extended,
        indexed=swept.indexed,
        proven=swept.proven,
        entries=swept.journal_entries,
        holds=len(swept.legal_holds),
        leftovers=len(swept.leftovers),
    )
