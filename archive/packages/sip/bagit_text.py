"""The tag files of a bag as text: declaration, manifests, metadata, list of files to fetch.

Source: RFC 8493, sections 2.1.1, 2.1.3, 2.2.1 to 2.2.3, and the drafts before it
(BagIt 0.93 to 0.97), whose looser rules hold for bags that declare those versions.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.findings import Finding, Severity
from archive.packages.names import shown

RFC = (1, 0)
"""The version that RFC 8493 defines; from here on its MUSTs are errors."""
VERSIONS = frozenset({(0, 93), (0, 94), (0, 95), (0, 96), (0, 97), RFC})
MAX_TAG_BYTES = 64 << 20
_MAX_DECLARATION_BYTES = 1 << 16

_DECLARATION = re.compile(
    r"BagIt-Version: ([0-9]+)\.([0-9]+)\nTag-File-Character-Encoding: (\S+)\n?"
)
_LOOSE_LINE = re.compile(r"\s*([^:]*?)\s*:\s*(.*?)\s*")
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)")
_ENTRY = re.compile(r"([0-9A-Fa-f]+)[ \t]+(.+)")
_FETCH = re.compile(r"(\S+)[ \t]+(-|[0-9]+)[ \t]+(.+)")
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What `bagit.txt` declares."""

    version: tuple[int, int]
    encoding: str
    """Of the other tag files, as Python names it."""

    @property
    def is_rfc(self) -> bool:
        """Whether RFC 8493 itself applies, not a draft before it."""
        return self.version >= RFC

    def severity(self) -> Severity:
        """Return how grave a breach is of what the RFC made a MUST."""
        return Severity.ERROR if self.is_rfc else Severity.WARNING


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a manifest."""

    path: str
    """As written, without the mark that `md5sum` puts before it."""
    digest: str
    """Lower-case hex."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """One line of `fetch.txt`."""

    url: str
    size: int | None
    """Bytes; None if not stated."""
    path: str


def read_declaration(root: Path) -> tuple[Declaration | None, list[Finding]]:
    """Read `bagit.txt`.

    Source: RFC 8493, section 2.1.1.
    """
    place = root / "bagit.txt"
    if not place.is_file():
        return None, [_declares("there is no bagit.txt in the bag's folder")]
    with place.open("rb") as stream:
        raw = stream.read(_MAX_DECLARATION_BYTES)
    found = []
    if raw.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found.append(_declares("begins with a byte order mark"))
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None, [*found, _declares("is not UTF-8")]
    declaration, more = _declared(_LINE_END.sub("\n", text))
    return declaration, found + more


def read_tag_file(root: Path, name: str, encoding: str) -> tuple[str | None, list[Finding]]:
    """Read a tag file as text, None if its bytes are not in the declared encoding.

    Source: RFC 8493, section 2.1.1 (encoding), 2.3 (text files).
    """
    place = root / name
    if place.stat().st_size > MAX_TAG_BYTES:
        message = f"is larger than {MAX_TAG_BYTES} bytes"
        return None, [Finding("BAGIT-2.3", Severity.ERROR, name, message)]
    raw = place.read_bytes()
    try:
        text = _decoded(raw, encoding)
    except UnicodeError:
        message = f"is not in {encoding}, the encoding that bagit.txt declares"
        return None, [Finding("BAGIT-2.1.1", Severity.ERROR, name, message)]
    if not text.startswith("\ufeff"):
        return text, []
    message = "begins with a byte order mark"
    return text[1:], [Finding("BAGIT-2.3", Severity.WARNING, name, message)]


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank with their numbers; LF, CR and CRLF end a line."""
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if line.strip(" \t"):
            yield number, line


def read_manifest(
    text: str, name: str, digits: int | None
) -> tuple[list[tuple[int, Entry]], list[Finding]]:
    """Read a payload or tag manifest.

    Args:
        text: of the file.
        name: of the file; it says which of the two it is.
        digits: length of a digest in hex; None if the algorithm is not known here.

    Source: RFC 8493, section 2.1.3.
    """
    rule = manifest_rule(name)
    entries: list[tuple[int, Entry]] = []
    found: list[Finding] = []
    for number, line in lines(text):
        match = _ENTRY.fullmatch(line)
        if match is None or (digits is not None and len(match[1]) != digits):
            message = f"line {number} is not a digest, white space and a path"
            found.append(Finding(rule, Severity.ERROR, name, message))
            continue
        path = match[2]
        if path.startswith("*"):
            path = path[1:]
            message = f"line {number}: the `*` before the path comes from md5sum's binary mode"
            found.append(Finding("BAGIT-6.1.3", Severity.WARNING, name, message))
        entries.append((number, Entry(path, match[1].lower())))
    return entries, found


def read_fetch(text: str, name: str) -> tuple[list[tuple[int, Fetch]], list[Finding]]:
    """Read `fetch.txt`: URL, length or `-`, path.

    Source: RFC 8493, section 2.2.3.
    """
    entries: list[tuple[int, Fetch]] = []
    found: list[Finding] = []
    for number, line in lines(text):
        match = _FETCH.fullmatch(line)
        if match is None:
            message = f"line {number} is not a URL, a length or `-`, and a path"
            found.append(Finding("BAGIT-2.2.3", Severity.ERROR, name, message))
            continue
        size = None if match[2] == "-" else int(match[2][:20])
        entries.append((number, Fetch(match[1], size, match[3])))
    return entries, found


def read_metadata(
    text: str, name: str, declaration: Declaration
) -> tuple[list[tuple[str, str]], list[Finding]]:
    """Read `bag-info.txt`: labels with values, which may continue on indented lines.

    Source: RFC 8493, section 2.2.2.
    """
    elements: list[tuple[str, str]] = []
    found: list[Finding] = []
    for number, line in lines(text):
        if line[0] in " \t" and elements:
            label, value = elements[-1]
            elements[-1] = (label, f"{value} {line.strip()}")
            continue
        label, colon, value = line.partition(":")
        if not colon or not label.strip():
            message = f"line {number} is not a label, a colon and a value"
            found.append(Finding("BAGIT-2.2.2", Severity.ERROR, name, message))
            continue
        if label != label.strip():
            message = f"line {number}: there is white space around the label"
            found.append(Finding("BAGIT-2.2.2", declaration.severity(), name, message))
        if value and value[0] not in " \t":
            message = f"line {number}: no space follows the colon"
            found.append(Finding("BAGIT-2.2.2", declaration.severity(), name, message))
        elements.append((label.strip(), value.strip()))
    return elements, found


def manifest_rule(name: str) -> str:
    """Return the section that a manifest of this name falls under."""
    return "BAGIT-2.2.1" if name.lower().startswith("tag") else "BAGIT-2.1.3"


def _declares(message: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding("BAGIT-2.1.1", severity, "bagit.txt", message)


def _declared(text: str) -> tuple[Declaration | None, list[Finding]]:
    match = _DECLARATION.fullmatch(text)
    if match is not None:
        return _known((int(match[1]), int(match[2])), match[3], [])
    values: dict[str, str] = {}
    for line in text.split("\n"):
        if loose := _LOOSE_LINE.fullmatch(line):
            values.setdefault(loose[1].lower(), loose[2])
    version = _VERSION.fullmatch(values.get("bagit-version", ""))
    encoding = values.get("tag-file-character-encoding")
    if version is None or not encoding:
        message = "does not declare `BagIt-Version: M.N` and `Tag-File-Character-Encoding: …`"
        return None, [_declares(message)]
    number = (int(version[1]), int(version[2]))
    if len(text.rstrip("\n").split("\n")) == 2:
        message = "its two lines are not written exactly as the rule says: check the white space"
    else:
        message = "must have exactly two lines, first the version, then the encoding"
    only_blank = _DECLARATION.fullmatch(text.rstrip("\n")) is not None
    strict = number >= RFC and not only_blank
    severity = Severity.ERROR if strict else Severity.WARNING
    return _known(number, encoding, [_declares(message, severity)])


def _known(
    version: tuple[int, int], encoding: str, found: list[Finding]
) -> tuple[Declaration, list[Finding]]:
    if version not in VERSIONS:
        written = ".".join(map(str, version))
        message = f"declares version {written}; BagIt 0.93 to 0.97 and 1.0 are known"
        found.append(_declares(message))
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, UnicodeError):
        message = f"declares an encoding that is not known: {shown(encoding)}"
        found.append(_declares(message))
        name = "utf-8"
    return Declaration(version, name), found


def _decoded(raw: bytes, encoding: str) -> str:
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if encoding != "utf-16" or raw.startswith(marks):
        return raw.decode(encoding)
    # RFC 2781, 4.3: without a mark it is big-endian; some tools write little-endian.
    little = raw.count(b" \0") + raw.count(b"\n\0") > raw.count(b"\0 ") + raw.count(b"\0\n")
    return raw.decode("utf-16-le" if little else "utf-16-be")
