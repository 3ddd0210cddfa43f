"""The outside of a PDF, byte by byte: its head, its end, the chain of its revisions.

Everything is bounded: a file of any size and any content costs at most a few searches
through it. Source for the structure: ISO 32000-1, clause 7.5.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass

from archive.findings import Finding, Severity
from archive.formats import byte_search
from archive.formats.mapped import Mapped

_HEAD_BYTES = 1024
_MAX_REVISIONS = 10_000
_DICTIONARY_BYTES = 64 << 10
_MAX_COUNTED_BYTES = 256 << 20
_MAX_STRAY_OBJECTS = 1000
_END = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_WHITE = b"\0\t\n\f\r "
_PREVIOUS = re.compile(rb"/(?:Prev|XRefStm)\s+(\d{1,12})")
_OBJECT = re.compile(rb"(?<![0-9])(\d{1,10})\s+\d{1,5}\s+obj\b")
_REFERENCE = re.compile(rb"(?<![0-9])(\d{1,10})\s+\d{1,5}\s+R\b")
_OTHER_FILES = (b"PK\x03\x04", b"MZ", b"\x7fELF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"%PDF-")
_NAMES = re.compile(rb"/(?:ObjStm|(?:JavaScript|Launch|RichMedia|XFA|SubmitForm)(?![A-Za-z0-9]))")


@dataclass(frozen=True, slots=True)
class Outside:
    """The bytes of a PDF and where the report places its findings."""

    file: Mapped
    path: str

    @property
    def content(self) -> bytes | mmap.mmap:
        """All of them."""
        return self.file.content

    def finding(self, rule: str, message: str, severity: Severity = Severity.ERROR) -> Finding:
        """Return a finding about the file."""
        return Finding(f"KHO-PDF-{rule}", severity, self.path, message)


def examine(outside: Outside) -> Iterator[Finding]:
    """Yield everything that the bytes outside the objects tell."""
    at = outside.content.find(b"%PDF-", 0, _HEAD_BYTES)
    if at < 0:
        yield outside.finding("NOT-PDF", "is not a PDF: %PDF- is not in the first 1024 bytes")
        return
    if at:
        yield outside.finding(
            "HEAD", f"{at} bytes stand before %PDF- (ISO 32000-1, 7.5.2)", Severity.WARNING
        )
    yield from _end(outside)
    yield from _archive_inside(outside)
    yield from _revisions(outside)
    yield from _passes(outside)


def _last_end(content: bytes | mmap.mmap) -> re.Match[bytes] | None:
    at = content.rfind(b"startxref")
    while at >= 0:
        found = _END.match(content, at)
        if found:
            return found
        at = content.rfind(b"startxref", 0, at)
    return None


def _end(outside: Outside) -> Iterator[Finding]:
    """ISO 32000-1, 7.5.5: startxref, the place of the last table, %%EOF; nothing after it."""
    content = outside.content
    end = _last_end(content)
    if end is None:
        yield outside.finding("TRUNCATED", "is cut off: has no startxref and %%EOF at its end")
        return
    if int(end[1]) >= len(content):
        yield outside.finding(
            "TRUNCATED", f"is cut off or altered: its table is at {end[1].decode()}, past its end"
        )
    rest = content[end.end() :].lstrip(_WHITE)
    if not rest:
        return
    other = rest.startswith(_OTHER_FILES)
    kind = "another file" if other else "data"
    yield outside.finding(
        "AFTER-END",
        f"{len(rest)} bytes of {kind} follow the last %%EOF",
        Severity.ERROR if other else Severity.WARNING,
    )


def _archive_inside(outside: Outside) -> Iterator[Finding]:
    """Yield a finding if the file is a ZIP too: a directory of one ends exactly at its end."""
    tail = outside.content[-65_557:]
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        comment = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + 22 + comment == len(tail):
            yield outside.finding("ZIP", "is a PDF and a ZIP archive at the same time")
            return
        at = tail.rfind(b"PK\x05\x06", 0, at)


def _revisions(outside: Outside) -> Iterator[Finding]:
    """Follow the cross-reference sections from the last to the first one.

    Source: ISO 32000-1, 7.5.6 (Prev) and 7.5.8.4 (XRefStm).
    """
    end = _last_end(outside.content)
    waiting = [int(end[1])] if end else []
    seen: set[int] = set()
    above: dict[int, int] = {}
    while waiting:
        at = waiting.pop()
        if at in seen:
            if _is_above(at, above):
                yield outside.finding("XREF-LOOP", f"the cross-reference at {at} leads to itself")
                return
            continue
        seen.add(at)
        if len(seen) > _MAX_REVISIONS:
            yield outside.finding("REVISIONS", f"has more than {_MAX_REVISIONS} revisions")
            return
        for previous in _previous(outside.content, at):
            above[previous] = at
            waiting.append(previous)


def _is_above(at: int, above: dict[int, int]) -> bool:
    """Tell whether the way from `at` back up comes to `at` again."""
    step = above.get(at)
    for _ in range(len(above) + 1):
        if step is None or step == at:
            return step == at
        step = above.get(step)
    return True


def _previous(content: bytes | mmap.mmap, at: int) -> list[int]:
    if at >= len(content):
        return []
    if content[at : at + 16].lstrip(_WHITE).startswith(b"xref"):
        at = content.find(b"trailer", at)
        if at < 0:
            return []
        until = content.find(b"startxref", at, at + _DICTIONARY_BYTES)
    else:
        until = content.find(b"stream", at, at + _DICTIONARY_BYTES)
    dictionary = content[at : until if until >= 0 else at + _DICTIONARY_BYTES]
    return [int(found[1]) for found in _PREVIOUS.finditer(dictionary)]


def _passes(outside: Outside) -> Iterator[Finding]:
    """Look through the whole file twice: for objects and for names.

    One expression that begins with a plain byte is three times faster than a search a name.
    """
    objects, in_streams, active = 0, False, set[bytes]()
    for window in outside.file.windows():
        objects += byte_search.count(window, b" obj", _MAX_STRAY_OBJECTS - objects)
        found = set(_NAMES.findall(window))
        in_streams = in_streams or b"/ObjStm" in found
        active |= found - {b"/ObjStm"}
    if objects >= _MAX_STRAY_OBJECTS and not in_streams:
        yield from _stray_objects(outside)
    if active:
        names = ", ".join(sorted(name.decode() for name in active))
        yield outside.finding("ACTIVE", f"has active content: {names}", Severity.WARNING)


def _stray_objects(outside: Outside) -> Iterator[Finding]:
    """Yield a finding for a file that is mostly objects which nothing refers to.

    Only where all objects are plain: in object streams references cannot be seen.
    """
    if len(outside.content) > _MAX_COUNTED_BYTES:
        return
    objects = {found[1] for found in _OBJECT.finditer(outside.content)}
    if len(objects) < _MAX_STRAY_OBJECTS:
        return
    stray = objects - {found[1] for found in _REFERENCE.finditer(outside.content)}
    if len(stray) >= _MAX_STRAY_OBJECTS and len(stray) > 0.8 * len(objects):
        yield outside.finding(
            "JUNK", f"{len(stray)} of {len(objects)} objects do not belong to the document"
        )
