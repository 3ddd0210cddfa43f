"""PDFs looked at once, by one call to a child: their format, what is wrong with them, their text.

The answers are those of `identify`, `pdf.inspect` and `text.pages`. If a call for several files
fails (a limit, a crash), each is looked at by a call of its own; a file on which that fails is
looked at by each of the three, so that it gets the findings that it would get from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from archive.errors import UnsafeInput
from archive.findings import Finding, Severity
from archive.formats import identify, pdf, text
from archive.formats.identify import Format
from archive.formats.mapped import mapped
from archive.formats.text import Text
from archive.sandbox import Limits, shared, together


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to know of a PDF."""

    format: Format
    findings: tuple[Finding, ...]
    text: Text | None
    """None if it cannot be read, which a finding says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A PDF, or a file that claims to be one."""

    path: Path
    name: str
    """Its place in the report."""
    sha256: str


def read_all(files: Sequence[Asked], *, limits: Limits = pdf.LIMITS) -> list[Reading]:
    """Look into several files; the answers are in their order.

    Args:
        files: small ones are handed to the child together.
        limits: what the look into one file may cost, and into several together.
    """
    sizes = [file.path.stat().st_size for file in files]
    found: list[Reading] = []
    for group in together(sizes):
        found += _read_group([files[place] for place in group], limits)
    return found


def read(path: Path, name: str, *, sha256: str, limits: Limits = pdf.LIMITS) -> Reading:
    """Look into one file; see `read_all`."""
    return _read_group([Asked(path, name, sha256)], limits)[0]


def _read_group(files: Sequence[Asked], limits: Limits) -> list[Reading]:
    try:
        told = shared().run(_read, [(str(f.path), f.name) for f in files], limits=limits)
    except UnsafeInput:
        if len(files) > 1:
            return [_read_group([file], limits)[0] for file in files]
        return [_one_by_one(file.path, file.name, file.sha256, limits) for file in files]
    return [_reading(file, each) for file, each in zip(files, told, strict=True)]


def _reading(file: Asked, told: dict[str, Any]) -> Reading:
    found = Format(**told["format"]) if told["format"] else None
    findings = [_finding(each) for each in told["outside"]]
    if told["inside"] is not None:
        findings += pdf.inside_findings(told["inside"], file.name)
    return Reading(
        found or identify.identify(file.path, sha256=file.sha256),
        tuple(findings),
        text.of(told["text"]) if told["text"] else None,
    )


def _one_by_one(path: Path, name: str, sha256: str, limits: Limits) -> Reading:
    findings = pdf.inspect(path, name, limits=limits)
    try:
        read = text.pages(path, limits=limits)
    except UnsafeInput:
        read = None
    return Reading(identify.identify(path, sha256=sha256), tuple(findings), read)


def _read(files: list[tuple[str, str]]) -> list[dict[str, object]]:
    """Look into files; runs in a child process.

    First outside all, then inside all: what pdfium works with does not leave the processor's
    cache between two files. Their bytes are held meanwhile, as many as `together` allows.
    """
    looked = [_read_outside(path, name) for path, name in files]
    return [told if source is None else told | _inside(source) for told, source in looked]


def _read_outside(path: str, name: str) -> tuple[dict[str, object], str | bytes | None]:
    """Look at the bytes; return what they tell, and what to open as a PDF, if anything."""
    with mapped(Path(path)) as file:
        found = identify.of_pdf(file)
        outside = pdf.outside_of(file, name)
        source = path if file.whole is None else file.whole
    told: dict[str, object] = {
        "format": asdict(found) if found else None,
        "outside": [finding.to_json() for finding in outside],
        "inside": None,
        "text": None,
    }
    return told, None if pdf.stops(outside) else source


def _inside(source: str | bytes) -> dict[str, object]:
    """Open the PDF once for both questions."""
    with pdf.opened(source) as document:
        read = _text(document)
        # Who has read the pages need not open the first one to see whether it opens.
        return {"inside": pdf.look(document, pages_open=read is not None), "text": read}


def _text(document: pdf.Opened) -> dict[str, object] | None:
    if document.pdf is None:
        return None
    try:
        return text.read_all(document.pdf, text.MAX_PAGES, text.MAX_CHARACTERS)
    except MemoryError:
        raise  # the child is not to be used again
    except Exception:  # noqa: BLE001 - as `text.pages` says of it: cannot be read
        return None


def _finding(told: dict[str, str]) -> Finding:
    return Finding(told["rule"], Severity(told["severity"]), told["path"], told["message"])
