"""Verification: a dossier from its bytes up: digests, seal, timestamp, signatures."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from archive import jobs, seals, segments
from archive.assembly import Archive
from archive.catalogue import dossiers, journal
from archive.catalogue.dossiers import Holding
from archive.catalogue.journal import Head
from archive.errors import ArchiveError, JournalBroken
from archive.findings import Finding, Report, Severity
from archive.fixity import chunks
from archive.heads import head_of_version, original
from archive.model import Document, Indication, ObjectName, PackagePath, Verdict, Version
from archive.preservation.log_verification import LogState, verify_log
from archive.signatures import pairing
from archive.signatures.seal import SealVerdict


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one dossier."""

    holding: Holding
    report: Report
    """Integrity findings; empty if everything stored is what was recorded."""
    seals: tuple[SealVerdict, ...]
    """One for each version."""
    signatures: tuple[Verdict, ...]
    """Of the latest version's files, checked anew."""

    @property
    def indication(self) -> Indication:
        """The worst of what was found: integrity, seals and signatures together."""
        found = [seal.indication for seal in self.seals]
        found += [verdict.indication for verdict in self.signatures]
        if not self.report.accepted or Indication.FAILED in found:
            return Indication.FAILED
        if Indication.INDETERMINATE in found:
            return Indication.INDETERMINATE
        return Indication.PASSED


def verify(archive: Archive, holding: Holding) -> Verified:
    """Check every version of a dossier anew; nothing that was found before is believed.

    A service that does not answer is an error, not a finding.

    Raises:
        Unavailable: the store did not answer.
    """
    findings: list[Finding] = []
    found_seals: list[SealVerdict] = []
    for version in holding.versions:
        findings += _digest(archive, version)
        try:
            head = head_of_version(archive, version)
        except ArchiveError as error:
            findings.append(Finding(error.code, Severity.ERROR, version.place, error.message))
            continue
        verdict = seals.verdict_on(archive, head.mets, head.seal)
        found_seals.append(verdict)
        if verdict.indication is Indication.FAILED:
            reasons = "; ".join(verdict.reasons)
            findings.append(Finding("KHO-SEAL", Severity.ERROR, version.place, reasons))
    signatures: list[Verdict] = []
    if not findings:
        with tempfile.TemporaryDirectory(dir=archive.scratch) as folder:
            found, verdicts = _originals(archive, holding, Path(folder))
            findings += found
            signatures += verdicts
    return Verified(holding, Report.of(findings), tuple(found_seals), tuple(signatures))


def _digest(archive: Archive, version: Version) -> Iterator[Finding]:
    digest = hashlib.sha256()
    try:
        with archive.store.open(version.place) as stream:
            for piece in chunks(stream):
                digest.update(piece)
    except ArchiveError as error:
        if error.code == "KHO-UNAVAILABLE":
            raise
        yield Finding(error.code, Severity.ERROR, version.place, error.message)
        return
    if digest.hexdigest() != version.sha256:
        message = f"recorded {version.sha256}, found {digest.hexdigest()}"
        yield Finding("KHO-FIXITY", Severity.ERROR, version.place, message)


def _originals(
    archive: Archive, holding: Holding, folder: Path
) -> tuple[list[Finding], list[Verdict]]:
    """Compare the originals with their digests and check their signatures.

    All of them are there at a time only if one may have signatures over others.
    """
    findings: list[Finding] = []
    verdicts: list[Verdict] = []
    together = any(pairing.may_refer(one.file.path) for one in holding.dossier.documents)
    here: dict[PackagePath, Path] = {}
    for document in holding.dossier.documents:
        path = document.file.path
        target = folder / str(document.ordinal)
        found = _copied(archive, holding, document, target)
        if found != document.file.sha256:
            message = f"recorded {document.file.sha256}, found {found}"
            findings.append(Finding("KHO-FIXITY", Severity.ERROR, path, message))
        else:
            here[path] = target
        if not together:
            verdicts += _signatures(archive, here)
            here.clear()
            target.unlink()
    verdicts += _signatures(archive, here)
    return findings, verdicts


def _copied(archive: Archive, holding: Holding, document: Document, target: Path) -> str:
    """Copy an original out of its package and return its digest."""
    digest = hashlib.sha256()
    with original(archive, holding, document) as stream, target.open("wb") as out:
        for piece in chunks(stream):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _signatures(archive: Archive, here: Mapping[PackagePath, Path]) -> list[Verdict]:
    """Check the signatures of files that are at hand."""
    at, check = archive.clock(), archive.checker.check
    return [
        v for path, place in here.items() for v in check(place, path, at=at, others=here).verdicts
    ]


def verify_all(archive: Archive, holdings: Iterable[Holding]) -> Iterator[Verified]:
    """Check many dossiers, in parallel; raises what `verify` raises."""
    for done in jobs.run(holdings, lambda each: verify(archive, each), workers=archive.workers):
        if done.error is not None:
            raise done.error
        if done.result is not None:
            yield done.result


def everything(archive: Archive) -> Iterator[Holding]:
    """Yield all that is held."""
    with archive.catalogue.connect() as connection:
        yield from dossiers.all(connection)


@dataclass(frozen=True, slots=True)
class JournalState:
    """What was found of the journal."""

    entries: int
    digest: str
    """Of the last entry."""
    segments: int
    """In the store, each with a seal that was checked."""
    stored_entries: int
    """How many entries lie in segments; the rest is written with the next act."""
    log: LogState
    """Of the Merkle log over the entries in segments."""


def verify_journal(archive: Archive) -> JournalState:
    """Check the journal's chain, and that segments and log in the store agree with it.

    Raises:
        JournalBroken: an entry or a segment was changed, removed or put in.
    """
    head, count, upto = verify_chain(archive, with_seals=True)
    return JournalState(head.seq, head.digest, count, upto, verify_log(archive))


def verify_chain(archive: Archive, *, with_seals: bool) -> tuple[Head, int, int]:
    """Check the journal's chain, and that the segments in the store are its entries.

    Returns:
        The last entry, the number of segments, and how many entries lie in them.

    Raises:
        JournalBroken: an entry or a segment was changed, removed or put in.
    """
    with archive.catalogue.connect() as connection:
        head, flushed = journal.verify(connection), journal.flushed(connection)
    upto, count = 0, 0
    for name in segments.names(archive):
        first, last = segments.span_of(name)
        if first > upto + 1:
            raise _missing(upto + 1, first - 1)
        content = _segment(archive, name, first, last)
        if with_seals:
            _verify_seal(archive, name, content)
        upto, count = max(upto, last), count + 1
    if upto < flushed.seq:
        raise _missing(upto + 1, flushed.seq)
    return head, count, upto


def _missing(first: int, last: int) -> JournalBroken:
    what = f"the segments with entries {first} to {last} are missing from the store"
    return JournalBroken(what, where=segments.PREFIX)


def _segment(archive: Archive, name: ObjectName, first: int, last: int) -> bytes:
    content = archive.store.read(name)
    with archive.catalogue.connect() as connection:
        recorded = journal.segment(connection, first - 1, limit=last - first + 1)
    if content != recorded:
        raise JournalBroken(f"{name} differs from the catalogue's journal", where=name)
    return content


def _verify_seal(archive: Archive, name: ObjectName, content: bytes) -> None:
    token = segments.seal_of(archive, name)
    verdict = seals.verdict_on(archive, content, token)
    if verdict.indication is Indication.FAILED:
        reasons = "; ".join(verdict.reasons)
        raise JournalBroken(f"the seal of {name} does not verify: {reasons}", where=name)
