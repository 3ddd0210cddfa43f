"""What a submission is, whichever of the four roads it came by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from archive.findings import Finding, Report, Severity
from archive.fixity import Mark
from archive.model import Document, Dossier, PackagePath
from archive.packages import dossier_json, json_text
from archive.packages.digests import Digests, marked
from archive.packages.names import is_litter, shown
from archive.packages.safe import Limits, Survey, SurveyedFile

BATCH = "batch"
BAGIT = "bagit"
EARK = "eark"
FOLDER = "folder"
ZIP = "zip"
UNKNOWN = "unknown"
_USUAL_BYTES = 1 << 16
"""Of a description; few are longer."""


@dataclass(frozen=True, slots=True)
class SubmissionRef:
    """Where one submission is, before anybody has looked into it."""

    path: Path
    """The folder, the ZIP, or the list of a batch."""
    kind: str
    """`folder`, `bagit`, `eark`, `zip` (its kind shows inside), `batch` or `unknown`."""
    row: int | None = None
    """The row of a batch list as a spreadsheet counts them; None if it is no batch."""
    cells: Mapping[str, str] = field(default_factory=dict)
    """The row's values by column."""
    findings: tuple[Finding, ...] = ()
    """What reading the list had to say on this row."""
    files: tuple[str, ...] = ()
    """The row's files, relative to the list's folder."""
    name: str = ""
    """Where it lies below the folder that was asked for; "" if it was asked for itself."""

    @property
    def may_be_packed(self) -> bool:
        """Whether it has to be unpacked to be looked into."""
        return self.kind != BATCH and not self.path.is_dir()

    @property
    def label(self) -> str:
        """How reports call it."""
        name = self.name or self.path.resolve().name
        if self.row is None:
            return name
        code = self.cells.get("dossierCode") or self.cells.get("dossierCodeOld")
        return f"{name} row {self.row}{f' ({code[:60]})' if code else ''}"


def changed_finding(name: str) -> Finding:
    """Return the finding on a file to which somebody wrote at the wrong time."""
    message = "was changed while it was taken in; submit it when nobody writes to it any more"
    return _named("KHO-FILE-CHANGED", name, message)


@dataclass(frozen=True, slots=True)
class Sip:
    """A submission that breaks no rule: a described dossier and its files on disk."""

    dossier: Dossier
    """Every document's file has its size and SHA-256."""
    files: Mapping[PackagePath, Path]
    submission_digest: str
    """Equal for equal content by whichever road; see `dossier_json.canonical`."""
    kind: str
    contents: Mapping[PackagePath, bytes] = field(default_factory=dict, repr=False)
    """The bytes that were hashed, of the files for which there was room."""
    marks: Mapping[PackagePath, Mark | None] = field(default_factory=dict, repr=False)
    """What each file was marked by when it was hashed."""

    def changed(self) -> list[Finding]:
        """Return a finding for each file that is not the one any more that was hashed.

        Signatures, viruses and texts are looked for in the files themselves: what was found
        there is of what is stored only if nobody wrote to them meanwhile.
        """
        return [
            changed_finding(path)
            for path, mark in self.marks.items()
            if marked(self.files[path]) != mark
        ]


@dataclass(frozen=True, slots=True)
class Examination:
    """What an examination of a submission found."""

    report: Report
    sip: Sip | None
    """None if the report has an error."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A submission as a folder on this machine, and the circumstances of its examination."""

    root: Path
    survey: Survey
    limits: Limits
    today: date
    digests: Digests
    unpacked: bool = False
    """Whether the folder was unpacked from a ZIP."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of a submission."""

    dossier: Dossier | None
    files: Mapping[PackagePath, SurveyedFile]
    """The depositor's files by the path that descriptions use for them."""
    findings: list[Finding]
    described: bool = True
    """Whether there is a description of Kho's at all."""


def read_description(opened: Opened, name: PackagePath) -> tuple[Dossier | None, list[Finding]]:
    """Read a `dossier.json` that lies at `name` below the submission's root."""
    file = opened.survey.files[name]
    limit = opened.limits.max_description_bytes
    with file.place.open("rb") as stream:
        # Asked for at once, room for the whole limit would be made first.
        source = stream.read(_USUAL_BYTES)
        if len(source) == _USUAL_BYTES <= limit:
            source += stream.read(limit + 1 - _USUAL_BYTES)
    content, found = json_text.parse(source, name, max_bytes=limit)
    if content is None:
        return None, found
    dossier, more = dossier_json.from_json(content, today=opened.today, name=name)
    found += more
    refused = any(finding.severity is Severity.ERROR for finding in found)
    return (None if refused else dossier), found


def concluded(reading: Reading, kind: str, digests: Digests, also: list[Finding]) -> Examination:
    """Hold a description against the files that are there and compute their digests.

    Args:
        reading: of the submission.
        kind: of the submission.
        digests: what was hashed already.
        also: findings from before the reading.
    """
    found = [*also, *reading.findings]
    if reading.dossier is None:
        return Examination(Report.of(found), None)
    documents, more = _matched(reading.dossier, reading.files, digests)
    report = Report.of(found + more)
    if not report.accepted:
        return Examination(report, None)
    dossier = replace(reading.dossier, documents=documents)
    places = {document.file.path: reading.files[document.file.path].place for document in documents}
    digest = dossier_json.submission_digest(dossier)
    contents = {path: digests.content(place) for path, place in places.items()}
    kept = {path: content for path, content in contents.items() if content is not None}
    marks = {path: digests.mark(place) for path, place in places.items()}
    return Examination(report, Sip(dossier, places, digest, kind, kept, marks))


def _matched(
    dossier: Dossier, files: Mapping[PackagePath, SurveyedFile], digests: Digests
) -> tuple[tuple[Document, ...], list[Finding]]:
    documents: list[Document] = []
    found: list[Finding] = []
    for document in dossier.documents:
        file = files.get(document.file.path)
        if file is None:
            message = f"is described as document {document.ordinal} but is not there"
            found.append(_named("KHO-FILE-MISSING", document.file.path, message))
            continue
        digest = digests.sha256(file.place)
        found += _differences(document, file, digest)
        known = replace(document.file, size=file.size, sha256=digest)
        documents.append(replace(document, file=known))
    found += _extra(dossier, files)
    found += _same_content(documents)
    return tuple(documents), found


def _differences(document: Document, file: SurveyedFile, digest: str) -> Iterator[Finding]:
    path, declared = document.file.path, document.file
    if file.size == 0:
        yield _named("KHO-FILE-EMPTY", path, "the file is empty", Severity.WARNING)
    if declared.size >= 0 and declared.size != file.size:
        message = f"has {file.size} bytes, the description says {declared.size}"
        yield _named("KHO-FILE-SIZE", path, message)
    if declared.sha256 and declared.sha256 != digest:
        message = (
            f"has the SHA-256 {digest[:12]}…, the description says {declared.sha256[:12]}…: "
            "it was altered on the way, or the description is of another file"
        )
        yield _named("KHO-FILE-DIGEST", path, message)


def _extra(dossier: Dossier, files: Mapping[PackagePath, SurveyedFile]) -> Iterator[Finding]:
    described = {document.file.path for document in dossier.documents}
    for path in sorted(files.keys() - described):
        if is_litter(path):
            message = "is left out: the operating system made it"
            yield _named("KHO-FILE-LITTER", path, message, Severity.INFO)
        else:
            message = "is there but not described; describe it or take it away"
            yield _named("KHO-FILE-EXTRA", path, message)


def _same_content(documents: list[Document]) -> Iterator[Finding]:
    first: dict[str, PackagePath] = {}
    for document in documents:
        twin = first.setdefault(document.file.sha256, document.file.path)
        if twin != document.file.path:
            message = f"has the same bytes as {shown(twin)}"
            yield _named("KHO-FILE-SAME", document.file.path, message, Severity.WARNING)


def _named(rule: str, path: str, message: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(rule, severity, shown(path), message)


Reader = Callable[[Opened], Reading]
"""Reads one kind of submission; never raises on bad input."""
