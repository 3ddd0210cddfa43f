"""Ingest: a submission becomes a held dossier, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from archive.assembly import Archive
from archive.catalogue import dossiers, journal
from archive.catalogue.dossiers import Holding
from archive.catalogue.engine import Connection
from archive.errors import AlreadyHeld, CatalogueLocked, Changed, IntegrityError
from archive.events import Event, EventType
from archive.findings import Report
from archive.ingest import description, examination
from archive.ingest.refusal import expect_unchanged, rejected, undisturbed
from archive.model import Receipt, Version
from archive.packages import sip
from archive.packages.aip import SealedAip
from archive.packages.sip import SubmissionRef
from archive.records import Record, details_of
from archive.retention import due_of


@dataclass(frozen=True, slots=True)
class Intake:
    """A submission that is held, with what was noticed about it on the way in."""

    receipt: Receipt
    report: Report
    """Warnings and notes; no errors, or it would not be held."""
    text: str | None = None
    """The full text of its documents, for the index; None where the package has to be asked."""


Also = Callable[[Connection, Intake], None]
"""What else is to be written in the transaction that registers a dossier."""


def ingest(archive: Archive, ref: SubmissionRef, *, update: bool = False) -> Receipt:
    """Take one submission in and return its receipt; see `take_in`."""
    return take_in(archive, ref, update=update).receipt


def take_in(
    archive: Archive, ref: SubmissionRef, *, update: bool = False, also: Also | None = None
) -> Intake:
    """Take one submission in, whole or not at all.

    Running it again after a failure is safe and finishes the work; the same submission
    again is answered with the same receipt.

    Args:
        archive: where to.
        ref: what; see `archive.packages.sip.discover`.
        update: whether a submission for a dossier that is held makes its next version.
        also: what else to write in the same transaction.

    Raises:
        DossierRejected: the submission breaks a MUST; the error has every finding.
        AlreadyHeld: the archive holds another submission under this dossier code.
        Unavailable: store, catalogue, timestamp service or scanner did not answer.
    """
    # (1) Open and (2) validate. Every finding is collected, so that the depositor sees all.
    with (
        undisturbed(ref),
        sip.examined(
            ref, scratch=archive.scratch, limits=archive.limits, today=archive.today()
        ) as opened,
    ):
        if opened.sip is None:
            raise rejected(ref, opened.report)
        with archive.catalogue.connect() as connection:
            known = _known(connection, opened.sip, update=update)
            if isinstance(known, Receipt):
                return Intake(known, opened.report)
            twins = examination.twins(connection, opened.sip)

        # (2) continued: formats and virus; (3) verify the signatures.
        examined = examination.examine(archive, opened.sip, opened.report, twins)
        if not examined.report.accepted:
            expect_unchanged(ref, opened.sip, examined.report)
            raise rejected(ref, examined.report)

        # (4) Describe: METS, EAD, PREMIS, text for the index.
        described = description.describe(archive, examined, known)
        package = described.package
        expect_unchanged(ref, opened.sip, examined.report)

        # (5) Seal. From here on the METS never changes.
        sealed = package.sealed(archive.sealer.seal(package.mets, at=described.at))

        # (6) Store, in a place that only this package can have: its seal's digest is in the
        #     name. A crash here leaves an object that nothing refers to; a sweep removes it.
        store(archive, sealed)

        # (7) Register. This is the commit point: held from the end of this transaction on.
        #     (8) Object lock, (9) the index and (10) the evidence are made for the whole batch,
        #     by `archive.ingest.batch.finish`; after a crash the next run or a sweep does it.
        try:
            receipt = register(
                archive,
                described,
                sealed,
                known,
                also=lambda c, r: also(c, Intake(r, examined.report)) if also else None,
            )
        except (AlreadyHeld, CatalogueLocked, Changed):
            # Another thread or process was faster; if with the same submission, that is the
            # answer. What was stored here is a leftover, as after a crash.
            faster = _receipt_of(archive, opened.sip)
            if faster is None:
                raise
            return Intake(faster, examined.report)
        return Intake(receipt, examined.report, examined.full_text if known is None else None)


def _known(
    connection: Connection, submission: sip.Sip, *, update: bool
) -> Receipt | Holding | None:
    """Return the receipt of the same submission, what is held of the dossier, or None."""
    dossier = submission.dossier
    # The digest covers the agency and the code, from which the id comes: what was
    # submitted before is held under this very id, or not at all.
    if not dossiers.knows(connection, dossier.id):
        return None
    receipt = dossiers.by_submission(connection, submission.submission_digest)
    if receipt is not None:
        return receipt
    if not update:
        raise AlreadyHeld(
            f"dossier code {dossier.code} is held with other content",
            where=dossier.code,
            hint="compare with: kho show CODE; to make a new version: kho ingest --update",
        )
    return dossiers.get(connection, dossier.id)


def _receipt_of(archive: Archive, submission: sip.Sip) -> Receipt | None:
    """Return the receipt that the same submission got, None if it is not held."""
    with archive.catalogue.connect() as connection:
        return dossiers.by_submission(connection, submission.submission_digest)


def store(archive: Archive, sealed: SealedAip) -> None:
    """Put a sealed package on every copy and read back what the store says it has.

    Raises:
        IntegrityError: the store has something else than what was sent.
        StoreFull, Unavailable: try again.
    """
    with sealed.open() as content:
        archive.store.put(sealed.place, content, size=sealed.size, sha256=sealed.sha256)
    found = archive.store.stat(sealed.place)
    if found.size != sealed.size or found.sha256 not in (None, sealed.sha256):
        raise IntegrityError(
            f"{sealed.place}: sent {sealed.size} bytes, the store has {found.size}",
            where=sealed.place,
        )


def register(
    archive: Archive,
    described: description.Described,
    sealed: SealedAip,
    held: Holding | None,
    *,
    also: Callable[[Connection, Receipt], None] = lambda connection, receipt: None,
) -> Receipt:
    """Enter a stored version into the catalogue, in one transaction with its journal event.

    Raises:
        AlreadyHeld: another submission took the code meanwhile.
        CatalogueLocked: another process writes; running ingest again finishes the work.
    """
    at = archive.clock()
    version = Version(
        described.number,
        sealed.place,
        sealed.sha256,
        sealed.size,
        sealed.seal_digest,
        described.at,
    )
    holding = Holding(
        described.dossier,
        (*(held.versions if held else ()), version),
        described.verdicts,
        described.submission_digest,
        at,
        held.receipts if held else (),
        due_of(described.dossier, described.decision),
        described.fixed,
    )
    with archive.catalogue.begin() as connection:
        receipt = (dossiers.revise if held else dossiers.register)(connection, holding)
        also(connection, receipt)
        journal.append(connection, _event(archive, holding, at))
    return receipt


def _event(archive: Archive, holding: Holding, at: datetime) -> Event:
    version = holding.versions[-1]
    kind = EventType.INGESTION if version.number == 1 else EventType.METADATA_MODIFICATION
    details = details_of(Record(version, holding.submission_digest, at))
    return Event(kind, at, "success", archive.agent, holding.dossier.id, details)
