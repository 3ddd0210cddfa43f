"""Identification: the PRONOM identifier of a file, by its content.

PDFs, nearly all of what comes in, are looked at here (header and PDF/A claim, a fraction of
a millisecond); everything else goes to siegfried, which takes some 6 to 9 ms a file. Both
give the same answer: a test compares them over the PDF/A corpus.
"""

from __future__ import annotations

import re
import resource
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.errors import UnsafeInput
from archive.formats.byte_search import contains
from archive.formats.mapped import Mapped, mapped
from archive.sandbox import Limits, Sandbox, closed_at_exit

UNKNOWN_MEDIA_TYPE = "application/octet-stream"
_REMEMBERED = 10_000
_TAIL_BYTES = 2048
_LIMITS = Limits(cpu_seconds=60, wall_seconds=120, memory_bytes=8 << 30)
"""The address space is that of siegfried's Go runtime, which reserves far more than it uses."""

_LARGE_BYTES = 32 << 20
_ROOM_BYTES = 96 << 20
"""What siegfried gets beside its own, some of it for threads of its runtime; a file that is larger than `_LARGE_BYTES` and less than
this may still be mapped, which counts as memory although the system can take it back."""

_HEADER = re.compile(rb"%PDF-(1\.[0-7]|2\.0)")
_END = b"%%EOF"
_MARK = b"pdfaid:part"
_PART = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>\s*)(\d)")
_CONFORMANCE = re.compile(rb"pdfaid:conformance\s*(?:=\s*[\"']|>\s*)([A-Z])")
_NAMESPACE = b"http://www.aiim.org/pdfa/ns/id/"
_NEAR = 4096
_OTHER_PROFILES = (b"GTS_PDFX", b"PDFEVersion")
_OTHER_NAMESPACES = (b"pdfxid:", b"pdfvtid:")
"""Marks of PDF/X, PDF/E and PDF/VT, which siegfried tells apart."""
_NAMESPACE_ENDS = b"id:"
"""What is in every mark with a namespace: most scans have none, and are searched once."""

_PDF = {
    "1.0": "fmt/14",
    "1.1": "fmt/15",
    "1.2": "fmt/16",
    "1.3": "fmt/17",
    "1.4": "fmt/18",
    "1.5": "fmt/19",
    "1.6": "fmt/20",
    "1.7": "fmt/276",
    "2.0": "fmt/1129",
}
_PDFA = {
    "1a": "fmt/95",
    "1b": "fmt/354",
    "2a": "fmt/476",
    "2b": "fmt/477",
    "2u": "fmt/478",
    "3a": "fmt/479",
    "3b": "fmt/480",
    "3u": "fmt/481",
}


@dataclass(frozen=True, slots=True)
class Format:
    """What a file is, as far as its bytes tell."""

    puid: str | None
    """PRONOM identifier; None if no signature fits."""
    name: str | None
    media_type: str
    version: str | None = None
    pdfa_claim: str | None = None
    """The PDF/A level that a PDF claims for itself, `2b`; nobody has verified it."""


UNKNOWN = Format(None, None, UNKNOWN_MEDIA_TYPE)


def identify(path: Path, *, sha256: str | None = None) -> Format:
    """Return the format of a file.

    What cannot be identified, or not within limits, has no `puid`. A file that begins as a
    PDF but does not end as one has the media type of PDF and no `puid`.

    Args:
        path: the file.
        sha256: its digest, if it is known: then equal files are looked at once.
    """
    key = f"{sha256}{path.suffix.lower()}" if sha256 else None
    known = _known.get(key) if key else None
    if known is not None:
        return known
    found = as_pdf(path) or _by_siegfried(path)
    if key:
        _known.put(key, found)
    return found


class _Known:
    """The formats of the files that were looked at last, by digest."""

    def __init__(self) -> None:
        self._formats: OrderedDict[str, Format] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Format | None:
        with self._lock:
            return self._formats.get(key)

    def put(self, key: str, found: Format) -> None:
        with self._lock:
            self._formats[key] = found
            if len(self._formats) > _REMEMBERED:
                self._formats.popitem(last=False)


_known = _Known()


def as_pdf(path: Path) -> Format | None:
    """Return the format of a plain PDF or PDF/A; None if siegfried should look."""
    with mapped(path) as file:
        return of_pdf(file)


def of_pdf(file: Mapped) -> Format | None:
    """Return what `as_pdf` says of a file that is open."""
    if not file.size:
        return Format(None, "empty file", UNKNOWN_MEDIA_TYPE)
    header = _HEADER.match(file.piece(0, 8))
    if header is None:
        return None
    if _END not in file.piece(max(0, file.size - _TAIL_BYTES), _TAIL_BYTES):
        return Format(None, "PDF that is not complete", "application/pdf")
    claim, other = None, False
    for window in file.windows():
        in_xmp = contains(window, _NAMESPACE_ENDS)
        claim = (_claim(window) if in_xmp else None) or claim
        if claim is None:
            marks = (*_OTHER_PROFILES, *(_OTHER_NAMESPACES if in_xmp else ()))
            other = other or any(contains(window, mark) for mark in marks)
    if claim is None and other:
        return None
    return _pdf(header[1].decode(), claim)


def _claim(content: bytes) -> str | None:
    """Return the last PDF/A claim in uncompressed XMP, for example `2b`."""
    at = content.rfind(_MARK)
    while at >= 0:
        near = content[max(0, at - _NEAR) : at + _NEAR]
        part = _PART.match(content, at)
        conformance = _CONFORMANCE.search(near)
        begins = not content[at - 1 : at].isalnum()
        if part and begins and _NAMESPACE in near:
            return part[1].decode() + (conformance[1].decode().lower() if conformance else "")
        at = content.rfind(_MARK, 0, at)
    return None


def _pdf(version: str, claim: str | None) -> Format | None:
    if claim is None:
        name = f"{'' if version == '2.0' else 'Acrobat '}PDF {version} - Portable Document Format"
        return Format(_PDF[version], name, "application/pdf", version)
    if claim not in _PDFA:
        return None
    name = "Acrobat PDF/A - Portable Document Format"
    return Format(_PDFA[claim], name, "application/pdf", claim, claim)


def _by_siegfried(path: Path) -> Format:
    large = path.stat().st_size > _LARGE_BYTES
    for narrow in (True, False) if large else (False,):
        try:
            found: dict[str, Any] = _siegfried().run(_match, str(path), narrow)
        except UnsafeInput:
            continue
        return Format(
            found.get("puid"),
            found.get("name"),
            found.get("media_type") or UNKNOWN_MEDIA_TYPE,
            found.get("version"),
            found.get("pdfa_claim"),
        )
    return UNKNOWN


def _leave_room(more: int) -> None:
    """Limit this process's address space to what it has and some more, until the next call."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _siegfried() -> Sandbox:
    return closed_at_exit("siegfried", workers=2, limits=_LIMITS)


def _match(path: str, narrow: bool) -> dict[str, str | None]:
    """Ask siegfried; runs in a child process.

    With `narrow` there is no room to map the whole file, and it is read in pieces.
    """
    import pygfried

    if narrow:
        pygfried.identify(__file__)  # now the signatures are loaded
        _leave_room(_ROOM_BYTES)
    details = pygfried.identify(path, detailed=True)
    matches = details["files"][0]["matches"]
    if not matches or matches[0]["id"] == "UNKNOWN":
        begins = Path(path).open("rb").read(1024)  # noqa: SIM115 - the child is short-lived
        return {"media_type": "application/pdf" if b"%PDF-" in begins else None}
    match = matches[0]
    name, version = match["format"] or None, match["version"] or None
    claim = version if name and "PDF/A" in name else None
    return {
        "puid": match["id"],
        "name": name,
        # PRONOM names several media types for some formats; the first is the usual one.
        "media_type": match["mime"].split(",")[0].strip() or None,
        "version": version,
        "pdfa_claim": claim,
    }
