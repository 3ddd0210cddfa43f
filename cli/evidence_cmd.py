"""`kho evidence`: RFC 4998 evidence records, made, shown, verified, renewed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode, UsageError
from cli import output, session, words
from cli.access_cmd import MARKS
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.evidence.given import DataObject
    from archive.evidence.verify import RecordVerdict
    from archive.proving import EvidenceStatus
    from archive.signatures.trust import TrustStore

evidence = group("evidence", ["build", "show", "verify", "renew", "status"], "cli.evidence_cmd")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@command("evidence.build", ExitCode.UNAVAILABLE, effect=Effect.TRIES)
@click.pass_context
def build(context: click.Context) -> None:
    """Bring what waits into a batch."""
    from archive import proving
    from archive.segments import flush

    options = settled(context)
    with session.opened(options) as archive:
        pending = proving.status(archive).coverage.pending
        proven = 0 if options.dry_run else proving.prove_pending(archive)
        if proven:
            flush(archive)
    result = {"proven": proven, "pending": pending - proven}
    output.emit(options, result, lambda: [words.say("evidence.built", **result)])


@command(
    "evidence.show",
    ExitCode.NOT_HELD,
    ExitCode.INTEGRITY,
    ExitCode.INCONCLUSIVE,
    ExitCode.UNAVAILABLE,
    effect=Effect.TRIES,
)
@click.argument("id", metavar="ID")
@option("--version", "number", type=int, metavar="N", help="option.version")
@option("--into", type=click.Path(path_type=Path), metavar="FILE", help="option.evidence_into")
@click.pass_context
def show(context: click.Context, id: str, number: int | None, into: Path | None) -> int:  # noqa: A002
    """Show the record of a stored version, checked against its bytes."""
    from archive import access, proving
    from archive.heads import version_of

    options = settled(context)
    with session.opened(options) as archive:
        holding = access.find(archive, id)
        version = version_of(holding, number)
        record = proving.record_for(archive, holding, version.number)
        verdict = proving.verify_held(archive, holding, version.number)
    if options.dry_run:
        into = None
    if into is not None:
        output.may_replace(options, into)
        into.write_bytes(record)
    result = {
        "id": holding.dossier.id,
        "code": holding.dossier.code,
        "version": version.number,
        "place": version.place,
        "size": len(record),
        "path": None if into is None else str(into),
        **verdict.to_json(),
    }
    output.emit(options, result, lambda: _lines(verdict))
    return _exit(verdict)


@command("evidence.verify", ExitCode.INTEGRITY, ExitCode.INCONCLUSIVE)
@click.argument("record", type=_FILE, metavar="RECORD")
@click.argument("more", nargs=-1, metavar="[DATA|DIGEST]...")
@option("--data", multiple=True, type=_FILE, metavar="FILE", help="option.evidence_data")
@option("--digest", multiple=True, metavar="ALG:HEX", help="option.evidence_digest")
@option("--at", "at_text", metavar="TIME", help="option.at")
@click.pass_context
def verify(
    context: click.Context,
    record: Path,
    more: tuple[str, ...],
    data: tuple[Path, ...],
    digest: tuple[str, ...],
    at_text: str | None,
) -> int:
    """Verify a record against files and digests."""
    from archive.evidence.attached import is_signature
    from archive.evidence.verify import verify as verified

    options = settled(context)
    files = [*data, *(Path(one) for one in more if Path(one).is_file())]
    digests = [*digest, *(one for one in more if not Path(one).is_file())]
    encoded, at = _read(record), session.moment(at_text)
    if is_signature(encoded):
        verdict = _attached(encoded, files, digests, session.trust(options), at)
    else:
        objects = _objects(encoded, files, digests)
        verdict = verified(encoded, objects, session.trust(options), at=at)
    output.emit(options, verdict.to_json(), lambda: _lines(verdict))
    return _exit(verdict)


@command("evidence.renew", ExitCode.INTEGRITY, ExitCode.UNAVAILABLE, effect=Effect.CHANGES)
@option(
    "--hash-tree",
    "algorithm",
    type=click.Choice(["sha256", "sha384", "sha512"]),
    help="option.evidence_hash_tree",
)
@option("--within", type=click.IntRange(1), metavar="DAYS", help="option.evidence_within")
@click.pass_context
def renew(context: click.Context, algorithm: str | None, within: int | None) -> None:
    """Renew the last timestamps, or the hash trees."""
    from archive import proving
    from archive.segments import flush

    options = settled(context)
    if algorithm is not None and within is not None:
        raise UsageError(words.say("evidence.within_what"), hint="kho evidence renew --help")
    with session.opened(options) as archive:
        if algorithm is None:
            ending = archive.clock() + timedelta(days=within) if within else None
            batches = proving.renew_timestamps(archive, ending=ending)
            result = {"renewed": "timestamps", "count": sum(b.shape.leaves for b in batches)}
        else:
            count = proving.renew_hash_trees(archive, algorithm)
            result = {"renewed": "hash-trees", "count": count}
        flush(archive)
    key = "evidence.timestamps_renewed" if algorithm is None else "evidence.trees_renewed"
    output.emit(options, result, lambda: [words.say(key, count=result["count"])])


@command("evidence.status", ExitCode.UNAVAILABLE)
@click.pass_context
def status(context: click.Context) -> None:
    """Say how much is covered, and until when."""
    from archive import proving

    options = settled(context)
    with session.opened(options) as archive:
        state = proving.status(archive)
    output.emit(options, _status(state), lambda: _status_lines(state))


def _status(state: EvidenceStatus) -> dict[str, Any]:
    return {
        "versions": state.coverage.versions,
        "covered": state.coverage.covered,
        "pending": state.coverage.pending,
        "batches": state.batches,
        "renewals": state.renewals,
        "algorithms": state.algorithms,
        "oldest_timestamp": state.oldest,
        "renew_before": state.renew_before,
    }


def _status_lines(state: EvidenceStatus) -> Iterator[str]:
    told = {k: v for k, v in _status(state).items() if isinstance(v, int)}
    yield words.say("evidence.coverage", **told)
    yield words.say("evidence.batches", **told, algorithms=", ".join(state.algorithms) or "–")
    yield words.say(
        "evidence.until",
        oldest=output.moment(state.oldest),
        until=output.moment(state.renew_before),
    )


def _read(record: Path) -> bytes:
    """Return a record's bytes, no more than are read of any record."""
    from archive.evidence.records import MAX_RECORD_BYTES

    with record.open("rb") as stream:
        return stream.read(MAX_RECORD_BYTES + 1)


def _attached(
    encoded: bytes,
    files: Sequence[Path],
    digests: Sequence[str],
    trust: TrustStore,
    at: datetime,
) -> RecordVerdict:
    """Verify the records that a signature carries; one file is what it is over."""
    from archive.evidence import given
    from archive.evidence.attached import verify_attached

    if digests or len(files) > 1:
        raise UsageError(words.say("evidence.attached_to_what"), hint="--data FILE")
    content = (lambda names: given.of_files(files, names)[0]) if files else None
    return verify_attached(encoded, content, trust, at=at)


def _objects(encoded: bytes, files: Sequence[Path], digests: Sequence[str]) -> list[DataObject]:
    from archive.evidence import agreement, given, records

    try:
        stated = [given.parse_digest(one) for one in digests]
    except ValueError as error:
        raise UsageError(words.say("evidence.bad_digest", error=error)) from error
    try:
        algorithms = agreement.algorithms_of(records.read(encoded))
    except ValueError:  # the verdict will say what is wrong with it
        algorithms = []
    return [*given.of_files(files, algorithms), *given.of_digests(stated)]


def _lines(verdict: RecordVerdict) -> Iterator[str]:
    mark, color = MARKS[verdict.indication.value]
    outcome = words.say(f"indication.{verdict.indication.value}")
    test = f" [{words.say('show.test')}]" if verdict.test else ""
    yield click.style(f"{mark} {outcome}", fg=color) + f" {verdict.sub_indication or ''}{test}"
    yield "  " + words.say(f"evidence.intact_{verdict.intact}".lower())
    if verdict.proven_at is not None:
        yield "  " + words.say("evidence.proven", at=output.moment(verdict.proven_at))
    for number, chain in enumerate(verdict.chains, 1):
        for stamp in chain:
            mark, color = MARKS[stamp.indication.value]
            told = words.say(
                "evidence.stamp",
                number=number,
                time=output.moment(stamp.time),
                algorithm=stamp.digest_algorithm,
                tsa=stamp.tsa or "?",
                until=output.day(stamp.good_until.date() if stamp.good_until else None),
            )
            yield "  " + click.style(mark, fg=color) + f" {told}"
    for reason in verdict.reasons:
        yield f"    {words.told(reason)}"


def _exit(verdict: RecordVerdict) -> int:
    codes = {"passed": ExitCode.DONE, "failed": ExitCode.INTEGRITY}
    return codes.get(verdict.indication.value, ExitCode.INCONCLUSIVE)
