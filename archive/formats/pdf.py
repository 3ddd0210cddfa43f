"""Sanity of a PDF: whole, readable without a password, and nothing hidden behind it.

KHO-PDF-NOT-PDF     error    does not begin as a PDF
KHO-PDF-HEAD        warning  something stands before the header
KHO-PDF-TRUNCATED   error    its end is missing
KHO-PDF-AFTER-END   error    another file follows its end (other data: warning)
KHO-PDF-ZIP         error    it is a ZIP archive too
KHO-PDF-XREF-LOOP   error    its cross-references go in a circle
KHO-PDF-REVISIONS   error    more revisions than any editor makes
KHO-PDF-JUNK        error    nearly all objects belong to nothing
KHO-PDF-ENCRYPTED   error    encrypted, with or without a password to open it
KHO-PDF-UNREADABLE  error    the reader cannot open it, or finds no page
KHO-PDF-LIMIT       error    reading it costs more than the limits, or the reader crashed
KHO-PDF-ACTIVE      warning  scripts or actions
KHO-PDF-ATTACHMENT  info     files are attached
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.errors import UnsafeInput
from archive.findings import Finding, Severity
from archive.formats import pdf_bytes
from archive.formats.mapped import Mapped, mapped
from archive.sandbox import Limits, shared

if TYPE_CHECKING:
    from archive.formats.pdfium import Document

LIMITS = Limits(cpu_seconds=30, wall_seconds=60, memory_bytes=1 << 30)
_STOP = frozenset({"KHO-PDF-NOT-PDF"})
_PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD of pdfium."""


def inspect(path: Path, name: str, *, limits: Limits = LIMITS) -> list[Finding]:
    """Return everything that is wrong with a PDF; `name` is its place in the report."""
    findings = outside(path, name)
    if not stops(findings):
        findings += _inside(path, name, limits)
    return findings


def stops(findings: list[Finding]) -> bool:
    """Whether what the outside of a file tells makes looking inside pointless."""
    return any(finding.rule in _STOP for finding in findings)


def attachments(path: Path, *, limits: Limits = LIMITS) -> dict[str, bytes]:
    """Return the files that are attached to a PDF, by number and name.

    Raises:
        UnsafeInput: they cannot be taken out within the limits.
    """
    found: dict[str, bytes] = shared().run(_attached, str(path), limits=limits)
    return found


def outside(path: Path, name: str) -> list[Finding]:
    """Return what the bytes of a file tell, without opening it as a PDF."""
    with mapped(path) as file:
        return outside_of(file, name)


def outside_of(file: Mapped, name: str) -> list[Finding]:
    """Return what `outside` says of a file that is open."""
    if not file.size:
        return [Finding("KHO-PDF-NOT-PDF", Severity.ERROR, name, "is empty")]
    return list(pdf_bytes.examine(pdf_bytes.Outside(file, name)))


def _inside(path: Path, name: str, limits: Limits) -> Iterator[Finding]:
    try:
        told: dict[str, Any] = shared().run(_look, str(path), limits=limits)
    except UnsafeInput as stopped:
        message = f"cannot be examined: {stopped}"
        yield Finding("KHO-PDF-LIMIT", Severity.ERROR, name, message)
    else:
        yield from inside_findings(told, name)


def inside_findings(told: Mapping[str, Any], name: str) -> Iterator[Finding]:
    """Yield what is wrong with a PDF of which `look` has told something."""

    def error(rule: str, message: str) -> Finding:
        return Finding(f"KHO-PDF-{rule}", Severity.ERROR, name, message)

    if told["encrypted"]:
        yield error("ENCRYPTED", "is encrypted: submit it without protection")
    elif not told["readable"]:
        yield error("UNREADABLE", "cannot be opened by a PDF reader")
    elif not told["pages"]:
        yield error("UNREADABLE", "has no page")
    if told["scripts"]:
        message = f"has active content: {told['scripts']} document script(s)"
        yield Finding("KHO-PDF-ACTIVE", Severity.WARNING, name, message)
    if told["attached"]:
        message = f"{told['attached']} file(s) are attached to it"
        yield Finding("KHO-PDF-ATTACHMENT", Severity.INFO, name, message)


def _look(path: str) -> dict[str, object]:
    """Open a PDF with pdfium and say what it is; runs in a child process."""
    with opened(path) as document:
        return look(document)


@dataclass(slots=True)
class Opened:
    """What pdfium says to a file, in a child process."""

    pdf: Document | None
    """The open document; None if pdfium cannot open it."""
    password: bool = False
    """Whether it cannot because a password is needed."""


@contextmanager
def opened(source: str | bytes) -> Iterator[Opened]:
    """Open a PDF as `pdfium.Document` does; only in a child process."""
    from archive.formats.pdfium import Document, PdfiumError

    try:
        document = Document(source)
    except PdfiumError:
        yield Opened(None, _needs_password(source))
        return
    with closing(document):
        yield Opened(document)


def _needs_password(source: str | bytes) -> bool:
    """Tell whether pdfium cannot open a file because a password is needed.

    It fails on some files without an error of their own, and then tells that of the file
    before. After one that is no PDF at all, that of a password must be this file's.
    """
    from archive.formats.pdfium import Document, PdfiumError

    code: object = None
    for each in (b"", source):
        try:
            Document(each).close()
        except PdfiumError as error:
            code = error.err_code
    return code == _PASSWORD_ERROR


def look(document: Opened, *, pages_open: bool = False) -> dict[str, object]:
    """Say what a PDF is, as `inside_findings` reads it; only in a child process.

    Args:
        document: the PDF.
        pages_open: whether its pages are known to open.
    """
    from archive.formats.pdfium import PdfiumError

    found = document.pdf
    told: dict[str, object] = {
        "readable": found is not None,
        "encrypted": document.password,
        "pages": 0,
        "scripts": 0,
        "attached": 0,
    }
    if found is None:
        return told
    told["encrypted"] = found.encrypted
    told["pages"] = found.page_count
    told["scripts"] = found.scripts
    told["attached"] = found.attached
    try:
        if told["pages"] and not pages_open:
            found.open_page(0)
    except PdfiumError:
        told["readable"] = False
    return told


def _attached(path: str) -> dict[str, bytes]:
    """Take the attached files out; runs in a child process."""
    import pypdfium2  # type: ignore[import-untyped]

    document = pypdfium2.PdfDocument(path)
    try:
        found = {}
        for number in range(document.count_attachments()):
            attachment = document.get_attachment(number)
            found[f"{number + 1} {attachment.get_name()}"] = bytes(attachment.get_data())
        return found
    finally:
        document.close()
