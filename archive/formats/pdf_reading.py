"""A PDF looked at once, by one call to a child: its format, what is wrong with it, its text.

The answers are those of `identify`, `pdf.inspect` and `text.pages`. A file on which the one
call fails (a limit, a crash) is looked at by each of the three, so that it gets the findings
that it would get from them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from archive.errors import UnsafeInput
from archive.findings import Finding, Severity
from archive.formats import identify, pdf, text
from archive.formats.identify import Format
from archive.formats.text import Text
from archive.sandbox import Limits, shared


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to know of a PDF."""

    format: Format
    findings: tuple[Finding, ...]
    text: Text | None
    """None if it cannot be read, which a finding says."""


def read(path: Path, name: str, *, sha256: str, limits: Limits = pdf.LIMITS) -> Reading:
    """Look into a PDF, or into a file that claims to be one.

    Args:
        path: the file.
        name: its place in the report.
        sha256: its digest.
        limits: what the look may cost.
    """
    try:
        told: dict[str, Any] = shared().run(_read, str(path), name, limits=limits)
    except UnsafeInput:
        return _one_by_one(path, name, sha256, limits)
    found = Format(**told["format"]) if told["format"] else None
    findings = [_finding(each) for each in told["outside"]]
    if told["inside"] is not None:
        findings += pdf.inside_findings(told["inside"], name)
    return Reading(
        found or identify.identify(path, sha256=sha256),
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


def _read(path: str, name: str) -> dict[str, object]:
    """Look into a file; runs in a child process."""
    place = Path(path)
    found = identify.as_pdf(place)
    outside = pdf.outside(place, name)
    told: dict[str, object] = {
        "format": asdict(found) if found else None,
        "outside": [finding.to_json() for finding in outside],
        "inside": None,
        "text": None,
    }
    if not pdf.stops(outside):
        told |= _inside(path)
    return told


def _inside(path: str) -> dict[str, object]:
    """Open the PDF once for both questions."""
    with pdf.opened(path) as document:
        read = _text(document)
        # Who has read the pages need not open the first one to see whether it opens.
        return {"inside": pdf.look(document, pages_open=read is not None), "text": read}


def _text(document: pdf.Opened) -> dict[str, object] | None:
    if not document.readable:
        return None
    try:
        return text.read_all(document.pdf, text.MAX_PAGES, text.MAX_CHARACTERS)
    except MemoryError:
        raise  # the child is not to be used again
    except Exception:  # noqa: BLE001 - as `text.pages` says of it: cannot be read
        return None


def _finding(told: dict[str, str]) -> Finding:
    return Finding(told["rule"], Severity(told["severity"]), told["path"], told["message"])
