"""Batches: many submissions at once; one bad dossier never stops the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive import jobs
from archive.assembly import Archive
from archive.catalogue import checkpoints
from archive.catalogue.checkpoints import Item, ItemState, Job
from archive.catalogue.engine import Connection
from archive.errors import ArchiveError, DossierRejected
from archive.fixity import sha256_of
from archive.indexing import index_pending
from archive.ingest import Intake, take_in
from archive.locking import lock_pending
from archive.model import ObjectName, Receipt
from archive.packages import sip
from archive.packages.sip import SubmissionRef
from archive.segments import flush

FINISH_EVERY = 200
"""Dossiers after which locks, index and journal segments are brought up to date."""
TEXTS_CHARACTERS = 16 << 20
"""How much text is kept in memory between two of these times."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission."""

    label: str
    receipt: Receipt | None
    error: ArchiveError | None
    findings: tuple[dict[str, str], ...] = ()
    """What was noticed about a submission that is held: warnings and notes."""
    resumed: bool = False
    """Whether an earlier, stopped run had done it already."""

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as the batch report has it."""
        if self.receipt is not None:
            receipt, findings = receipt_json(self.receipt), list(self.findings)
            return {"label": self.label, "held": True, "receipt": receipt, "findings": findings}
        error = self.error.to_problem() if self.error else None
        return {"label": self.label, "held": False, "problem": error}


def receipt_json(receipt: Receipt) -> dict[str, object]:
    """Return a receipt as it is printed and kept."""
    return {
        "dossier_id": receipt.dossier_id,
        "code": receipt.code,
        "version": receipt.version,
        "place": receipt.place,
        "seal_digest": receipt.seal_digest,
        "submission_digest": receipt.submission_digest,
        "held_since": receipt.held_since.isoformat(),
    }


def ingest_all(
    archive: Archive,
    paths: Iterable[Path],
    *,
    update: bool = False,
    workers: int | None = None,
    counted: Callable[[int], None] = lambda total: None,
) -> Iterator[Outcome]:
    """Take many submissions in, in parallel, and yield each outcome as it comes.

    A run that was stopped or killed is taken up where it was: what it had finished is
    yielded from its checkpoints, without reading the submissions again.

    Args:
        archive: where to.
        paths: submissions, folders of submissions, lists.
        update: see `archive.ingest.ingest`.
        workers: dossiers at once, instead of the setting.
        counted: is told how many submissions there are; one that is named twice counts once.
    """
    refs = [ref for path in paths for ref in sip.discover(path)]
    by_key = {_key(ref): ref for ref in refs}
    counted(len(by_key))
    job, pending = _take_up(archive, by_key)
    for item in _settled(archive, job):
        if item.key in by_key:
            yield _again(archive, by_key[item.key], item)

    @jobs.contained
    def act(item: Item) -> Intake:
        def settle(connection: Connection, intake: Intake) -> None:
            outcome = {
                **receipt_json(intake.receipt),
                "findings": intake.report.to_json()["findings"],
            }
            at = archive.clock()
            checkpoints.settle(connection, job.id, item.ordinal, ItemState.DONE, outcome, at=at)

        return take_in(archive, by_key[item.key], update=update, also=settle)

    texts = Texts()
    for count, done in enumerate(jobs.run(pending, act, workers=workers or archive.workers), 1):
        texts.keep(done.result)
        yield _outcome(by_key[done.item.key].label, done)
        if count % FINISH_EVERY == 0:
            finish(archive, texts)
    finish(archive, texts)
    with archive.catalogue.begin() as connection:
        checkpoints.finish(connection, job.id, at=archive.clock())


class Texts:
    """Texts on their way to the index, so that they are not read back from the store.

    Beyond `TEXTS_CHARACTERS` no more are kept; the store has them all.
    """

    def __init__(self) -> None:
        self._texts: dict[ObjectName, str] = {}
        self._left = TEXTS_CHARACTERS

    def keep(self, intake: Intake | None) -> None:
        """Keep the text of what was just taken in, if there is room."""
        if intake is not None and intake.text is not None and len(intake.text) <= self._left:
            self._left -= len(intake.text)
            self._texts[intake.receipt.place] = intake.text

    def taken(self) -> Mapping[ObjectName, str]:
        """Return the texts and forget them."""
        texts, self._texts, self._left = self._texts, {}, TEXTS_CHARACTERS
        return texts


def finish(archive: Archive, texts: Texts | None = None) -> None:
    """Do what follows the commit point: (8) lock, (9) index, (10) journal and evidence."""
    lock_pending(archive)
    index_pending(archive, texts.taken() if texts is not None else {})
    flush(archive)


def _take_up(archive: Archive, refs: dict[str, SubmissionRef]) -> tuple[Job, list[Item]]:
    paths = sorted(str(ref.path.absolute()) for ref in refs.values())
    name = sha256_of(os.fsencode("\n".join(paths)))
    with archive.catalogue.begin() as connection:
        job = checkpoints.start(connection, "ingest", name, refs, at=archive.clock())
        items = checkpoints.items(connection, job.id, ItemState.PENDING)
        return job, [item for item in items if item.key in refs]


def _settled(archive: Archive, job: Job) -> list[Item]:
    with archive.catalogue.connect() as connection:
        return list(checkpoints.items(connection, job.id, ItemState.DONE))


def _again(archive: Archive, ref: SubmissionRef, item: Item) -> Outcome:
    from archive.catalogue import dossiers

    with archive.catalogue.connect() as connection:
        receipt = dossiers.by_submission(connection, item.outcome["submission_digest"])
    findings = tuple(item.outcome.get("findings", ()))
    return Outcome(ref.label, receipt, None, findings, resumed=True)


def _outcome(label: str, done: jobs.Done[Item, Intake]) -> Outcome:
    if done.result is None:
        return Outcome(label, None, done.error)
    findings = tuple(finding.to_json() for finding in done.result.report)
    return Outcome(label, done.result.receipt, None, findings)


def _key(ref: SubmissionRef) -> str:
    """Return a key that changes when the submission's files do: path, sizes and times.

    It is asked for once a run: files may still be written while the run goes on.
    """
    parts = [str(ref.path.absolute()), str(ref.row)]
    place = str(ref.path)
    for path in _below(place) if ref.path.is_dir() and not ref.findings else [place]:
        with suppress(OSError):  # gone since it was listed, or not to be looked at
            status = os.lstat(path)
            parts.append(f"{path}:{status.st_size}:{status.st_mtime_ns}")
    return sha256_of(os.fsencode("\n".join(parts)))


def _below(folder: str) -> list[str]:
    """Return every path below a folder, in the order of their parts; links are not followed."""
    found = (
        f"{place}/{name}"
        for place, folders, names in os.walk(folder)
        for name in (*folders, *names)
    )
    return sorted(found, key=lambda path: path.split("/"))


def worst(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes that are not held, rejected ones first."""
    failed = [outcome for outcome in outcomes if outcome.receipt is None]
    return sorted(failed, key=lambda o: not isinstance(o.error, DossierRejected))
