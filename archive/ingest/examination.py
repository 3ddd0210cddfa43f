"""Examination: formats, virus and signatures of a submission; steps 2 and 3 of ingest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from archive.assembly import Archive
from archive.catalogue import dossiers
from archive.catalogue.engine import Connection
from archive.events import Event, EventType
from archive.findings import Finding, Report, Severity
from archive.formats import identify, pdf_reading, text
from archive.formats.identify import Format
from archive.model import Document, Indication, PackagePath, Verdict
from archive.packages.sip import Sip
from archive.reports import validation
from archive.signatures.grounds import Grounds


@dataclass(frozen=True, slots=True)
class Examined:
    """A submission with everything that was found out about it."""

    sip: Sip
    report: Report
    verdicts: tuple[Verdict, ...]
    material: Mapping[str, bytes]
    """Validation material by file name: certificates, revocation lists, tokens, reports."""
    texts: Mapping[PackagePath, str]
    """The text of each file that has one."""
    events: tuple[Event, ...]

    @property
    def full_text(self) -> str:
        """The texts in the order of the documents, as `archive.heads.full_text` reads them back."""
        paths = [document.file.path for document in self.sip.dossier.documents]
        found = "\n".join(self.texts[path] for path in paths if path in self.texts)
        return found.encode(errors="replace").decode()


def examine(
    archive: Archive, submission: Sip, report: Report, also: Sequence[Finding] = ()
) -> Examined:
    """Identify formats, scan for viruses, look into PDFs, verify signatures.

    Args:
        archive: whose scanner, limits and trust.
        submission: what.
        report: what was found before.
        also: further findings, see `twins`.
    """
    at = archive.clock()
    findings = [*report, *_scan(archive, submission), *also]
    documents: list[Document] = []
    verdicts: list[Verdict] = []
    material: dict[str, bytes] = {}
    grounds: list[Grounds] = []
    texts: dict[PackagePath, str] = {}
    looks = _looked_into(archive, submission)
    checker = archive.checker
    checks = checker.check_all(submission.files, at=at, sunset=True)
    for document in submission.dossier.documents:
        name = document.file.path
        found, read = looks[name]
        documents.append(_with_format(document, found))
        checked = checks[name]
        verdicts += checked.verdicts
        grounds += checked.grounds
        material.update(checked.material)
        if read is None:
            continue
        findings += read.findings
        if read.text is not None:
            texts[name] = text.PAGE_BREAK.join(read.text.pages)
            findings += _pages(document, read.text)
    findings += _refused(archive, verdicts)
    told = validation.Checked(tuple(verdicts), tuple(grounds), at, archive.agent)
    material |= validation.documents(told, checker.trust)
    dossier = replace(submission.dossier, documents=tuple(documents))
    return Examined(
        replace(submission, dossier=dossier),
        Report.of(findings),
        tuple(verdicts),
        material,
        texts,
        tuple(_events(archive, findings, verdicts, at)),
    )


def _looked_into(
    archive: Archive, submission: Sip
) -> dict[PackagePath, tuple[Format, pdf_reading.Reading | None]]:
    """Return each file's format and, if it is a PDF or claims to be one by its name, what is in it."""
    found: dict[PackagePath, tuple[Format, pdf_reading.Reading | None]] = {}
    pdfs: list[pdf_reading.Asked] = []
    for document in submission.dossier.documents:
        file, path = document.file, submission.files[document.file.path]
        if not file.path.lower().endswith(".pdf"):
            of_it = identify.identify(path, sha256=file.sha256)
            if of_it.media_type != "application/pdf":
                found[file.path] = (of_it, None)
                continue
        pdfs.append(pdf_reading.Asked(path, file.path, file.sha256))
    for asked, read in zip(
        pdfs, pdf_reading.read_all(pdfs, limits=archive.pdf_limits), strict=True
    ):
        found[PackagePath(asked.name)] = (read.format, read)
    return found


def _with_format(document: Document, found: Format) -> Document:
    file = replace(
        document.file, puid=found.puid, format_name=found.name, media_type=found.media_type
    )
    return replace(document, file=file)


def _scan(archive: Archive, submission: Sip) -> Iterator[Finding]:
    if archive.scanner is None:
        return
    required = archive.settings.flag("antivirus.required")
    for path, source in submission.files.items():
        yield from archive.scanner.findings(source, path, required=required)


def twins(connection: Connection, submission: Sip) -> list[Finding]:
    """Say which of a submission's files other dossiers hold already."""
    paths = {document.file.sha256: document.file.path for document in submission.dossier.documents}
    return [
        Finding(
            "KHO-DUPLICATE-CONTENT",
            Severity.WARNING,
            paths[digest],
            f"the same bytes are held in dossier {dossier_id}",
        )
        for digest, dossier_id, _ in dossiers.holding_content(connection, paths)
        if dossier_id != submission.dossier.id
    ]


def _pages(document: Document, read: text.Text) -> Iterator[Finding]:
    """Compare the pages that a document has with those that its description declares."""
    declared = document.fields.get("numberOfPage", "")
    if declared.isdecimal() and int(declared) != read.page_count:
        message = f"has {read.page_count} pages, its description says {declared}: is one missing?"
        yield Finding("KHO-PDF-PAGES", Severity.WARNING, document.file.path, message)


def _refused(archive: Archive, verdicts: list[Verdict]) -> Iterator[Finding]:
    refuse = set(archive.settings.list("ingest.refuse"))
    for verdict in verdicts:
        if verdict.indication is Indication.PASSED:
            continue
        severity = Severity.ERROR if verdict.indication.value in refuse else Severity.WARNING
        yield Finding(
            f"KHO-SIGNATURE-{verdict.indication.value.upper()}",
            severity,
            f"{verdict.path}#{verdict.field}",
            f"{verdict.sub_indication}: {'; '.join(verdict.reasons)}",
        )


def _events(
    archive: Archive, findings: list[Finding], verdicts: list[Verdict], at: datetime
) -> Iterator[Event]:
    yield Event(EventType.VALIDATION, at, "success", archive.agent)
    yield Event(EventType.FORMAT_IDENTIFICATION, at, "success", archive.agent)
    missed = any(finding.rule == "KHO-VIRUS-NOT-SCANNED" for finding in findings)
    scanned = archive.scanner is not None and not missed
    outcome = "success" if scanned else "warning"
    yield Event(EventType.VIRUS_CHECK, at, outcome, archive.agent, details={"scanned": scanned})
    if verdicts:
        worst = "success" if all(v.indication is Indication.PASSED for v in verdicts) else "warning"
        counts = {i.value: sum(v.indication is i for v in verdicts) for i in Indication}
        yield Event(EventType.SIGNATURE_VALIDATION, at, worst, archive.agent, details=counts)
