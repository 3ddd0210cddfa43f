"""`kho transfer`: handing over to the historical archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.errors import ExitCode
from cli import disposal_cmd, executions, output, session, words
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.disposal.transfer import Reconciled

transfer = group(
    "transfer", ["propose", "list", "export", "receipt", "reconcile", "purge"], "cli.transfer_cmd"
)
FILE = click.Path(path_type=Path)


@command("transfer.propose", ExitCode.BLOCKED, ExitCode.NOT_PERMITTED, effect=Effect.CHANGES)
@option("--agency", help="option.disposal_agency")
@option("--note", required=True, help="option.disposal_note")
@option("--id", "only", multiple=True, metavar="ID", help="option.disposal_only")
@option("--limit", type=click.IntRange(1), default=1000, help="option.limit")
@option("--key", required=True, metavar="KEY", help="option.own_key")
@option("--certificate", type=FILE, help="option.own_certificate")
@click.pass_context
def propose(
    context: click.Context,
    agency: str | None,
    note: str,
    only: tuple[str, ...],
    limit: int,
    key: str,
    certificate: Path | None,
) -> None:
    """List what is due for the historical archive."""
    disposal_cmd.propose_list(context, "transfer", agency, note, only, limit, key, certificate)


@command("transfer.list")
@click.pass_context
def list(context: click.Context) -> None:  # noqa: A001 - the command's name
    """List the transfers."""
    disposal_cmd.list_of(context, "transfer")


@command(
    "transfer.export",
    ExitCode.NOT_HELD,
    ExitCode.NOT_PERMITTED,
    ExitCode.INTEGRITY,
    effect=Effect.CHANGES,
)
@click.argument("list_id", metavar="LIST")
@click.argument("folder", type=FILE)
@click.pass_context
def export(context: click.Context, list_id: str, folder: Path) -> None:
    """Write the packages, the list and a receipt form."""
    from archive.disposal import transfer as acts

    options = settled(context)
    with session.opened(options) as archive:
        found = acts.export(archive, list_id, folder, agent=session.agent(archive))
    output.emit(options, disposal_cmd.disposal_json(found), lambda: disposal_cmd.lines(found))


@command(
    "transfer.receipt",
    ExitCode.NOT_HELD,
    ExitCode.NOT_PERMITTED,
    ExitCode.REJECTED,
    effect=Effect.CHANGES,
)
@click.argument("list_id", metavar="LIST")
@click.argument("table", type=FILE, metavar="RECEIPT.csv")
@option("--paper", type=FILE, help="option.receipt_paper")
@click.pass_context
def receipt(context: click.Context, list_id: str, table: Path, paper: Path | None) -> None:
    """Record what the receiver acknowledged."""
    from archive.disposal import transfer as acts

    options = settled(context)
    with session.opened(options) as archive:
        agent = session.agent(archive)
        acts.receipt(archive, list_id, table, paper=paper, agent=agent)
        found = acts.reconcile(archive, list_id)
    output.emit(options, _json(found), lambda: _lines(found))


@command("transfer.reconcile", ExitCode.NOT_HELD, ExitCode.FINDINGS)
@click.argument("list_id", metavar="LIST")
@click.pass_context
def reconcile(context: click.Context, list_id: str) -> int:
    """Compare the list with the receipts."""
    from archive.disposal import transfer as acts

    options = settled(context)
    with session.opened(options) as archive:
        found = acts.reconcile(archive, list_id)
    output.emit(options, _json(found), lambda: _lines(found))
    return ExitCode.FINDINGS if found.problems else ExitCode.DONE


def _json(found: Reconciled) -> dict[str, object]:
    return {
        "acknowledged": found.acknowledged,
        "problems": [{"code": code, "reason": why} for code, why in found.problems],
        "purge_from": found.purge_from,
    }


def _lines(found: Reconciled) -> Iterator[str]:
    for code in found.acknowledged:
        yield click.style("✓", fg="green") + f" {code}"
    for code, why in found.problems:
        yield click.style("✗", fg="red") + f" {code}: {why}"
    if found.purge_from is not None:
        yield words.say("transfer.purge_from", day=output.day(found.purge_from))


@command(
    "transfer.purge",
    ExitCode.NOT_HELD,
    ExitCode.NOT_PERMITTED,
    ExitCode.BLOCKED,
    ExitCode.BATCH_FAILED,
    ExitCode.UNAVAILABLE,
    effect=Effect.TRIES,
)
@click.argument("list_id", metavar="LIST")
@option("--confirm", metavar="DIGITS", help="option.confirm")
@click.pass_context
def purge(context: click.Context, list_id: str, confirm: str | None) -> int:
    """Remove what was acknowledged, three months after it was."""
    from archive.disposal import transfer as acts

    options = settled(context)
    with session.opened(options) as archive:
        if not options.dry_run:
            disposal_cmd.confirm_list(options, archive, list_id, confirm)
        agent = session.agent(archive)
        done = acts.purge(archive, list_id, agent=agent, dry_run=options.dry_run)
    output.emit(options, executions.execution_json(done), lambda: executions.executed(done))
    return executions.exit_of(done)
