"""`kho journal prove` and `check`: that an event is in the journal's log, to whom it concerns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, NotHeld, UsageError
from cli import output, session, words
from cli.access_cmd import MARKS
from cli.command import command, option, settled

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.evidence.entry_proof import EntryProof
    from archive.evidence.notes import NoteKey
    from archive.evidence.proof_verdict import ProofVerdict

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@command("journal.prove", ExitCode.NOT_HELD, ExitCode.INTEGRITY, ExitCode.UNAVAILABLE)
@click.argument("entry", metavar="ENTRY|ID", required=False)
@option("--size", type=click.IntRange(1), metavar="N", help="option.proof_size")
@option("--continues", type=click.IntRange(1), metavar="N", help="option.proof_continues")
@option("--into", type=click.Path(path_type=Path), metavar="FILE", help="option.proof_into")
@click.pass_context
def prove(
    context: click.Context,
    entry: str | None,
    size: int | None,
    continues: int | None,
    into: Path | None,
) -> None:
    """Prove that an entry is in the log, or that the log continues an earlier one."""
    from archive import checkpointing, log_proofs

    options = settled(context)
    if (entry is None) == (continues is None):
        raise UsageError(words.say("journal.prove_what"), hint="kho journal prove --help")
    with session.opened(options) as archive:
        if continues is not None:
            later = size or checkpointing.newest(archive)
            found = log_proofs.prove_consistency(archive, continues, later)
            output.emit(options, found.to_json(), lambda: [json.dumps(found.to_json())])
            return
        proof = log_proofs.prove_entry(archive, _number(archive, entry or ""), size=size)
    if into is not None and not options.dry_run:
        output.may_replace(options, into)
        into.write_text(_document(proof, into), encoding="utf-8")
    output.emit(options, proof.to_json(), lambda: [proof.to_tlog_proof().rstrip("\n")])


def _number(archive: Archive, text: str) -> int:
    """Return an entry's number; of a dossier that of the newest event about it."""
    from archive import access, log_proofs

    if text.isascii() and text.isdecimal() and len(text) < 12:
        return int(text)
    holding = access.find(archive, text)
    entries = log_proofs.entries_of(archive, holding.dossier.id)
    if not entries:
        raise NotHeld(words.say("journal.nothing_about", id=text), where=text)
    return entries[-1].seq


def _document(proof: EntryProof, into: Path) -> str:
    if into.suffix == ".json":
        return output.as_json(proof.to_json()) + "\n"
    return proof.to_tlog_proof()


@command("journal.check", ExitCode.INTEGRITY, ExitCode.INCONCLUSIVE)
@click.argument("proof", type=_FILE, metavar="PROOF")
@option("--key", "keys", multiple=True, metavar="KEY", help="option.proof_key")
@option("--witness", "witnesses", multiple=True, metavar="KEY", help="option.proof_witness")
@option("--at", "at_text", metavar="TIME", help="option.at")
@click.pass_context
def check(
    context: click.Context,
    proof: Path,
    keys: tuple[str, ...],
    witnesses: tuple[str, ...],
    at_text: str | None,
) -> int:
    """Check a proof that somebody handed over."""
    from archive.evidence import proof_verdict
    from archive.evidence.entry_proof import MAX_PROOF_BYTES

    options = settled(context)
    with proof.open("rb") as stream:
        content = stream.read(MAX_PROOF_BYTES + 1)
    verdict = proof_verdict.verify(
        content,
        session.trust(options),
        at=session.moment(at_text),
        keys=_keys(keys),
        witnesses=_keys(witnesses),
    )
    output.emit(options, verdict.to_json(), lambda: _lines(verdict))
    codes = {"passed": ExitCode.DONE, "failed": ExitCode.INTEGRITY}
    return codes.get(verdict.indication.value, ExitCode.INCONCLUSIVE)


def _keys(texts: Sequence[str]) -> list[NoteKey]:
    from archive.evidence.notes import NoteKey

    try:
        return [NoteKey.of_vkey(text) for text in texts]
    except ValueError as error:
        raise UsageError(words.say("journal.bad_key", error=error)) from error


def _lines(verdict: ProofVerdict) -> Iterator[str]:
    mark, color = MARKS[verdict.indication.value]
    outcome = words.say(f"indication.{verdict.indication.value}")
    yield click.style(f"{mark} {outcome}", fg=color) + f" {verdict.sub_indication or ''}"
    if verdict.entry is not None:
        entry: dict[str, Any] = verdict.entry
        at, kind = output.moment(datetime.fromisoformat(entry["at"])), words.event(entry["type"])
        told = {"seq": entry["seq"], "subject": entry["subject"], "at": at, "type": kind}
        yield "  " + words.say("journal.entry", **told)
        yield "  " + words.say("journal.under", origin=verdict.origin, size=verdict.tree_size)
    if verdict.proven_at is not None:
        yield "  " + words.say("journal.proven", at=output.moment(verdict.proven_at))
    for one in verdict.cosigned:
        yield "  " + words.say("journal.cosigned", name=one.name, at=output.moment(one.at))
    for reason in verdict.reasons:
        yield f"    {words.told(reason)}"
