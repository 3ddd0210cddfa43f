"""File names inside packages: what is refused, what is only odd, what collides.

A name may not leave its folder, must fit every file system that the archive may be
restored to, and must stay one name when case or Unicode form is lost on the way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import PurePosixPath

from archive.findings import Finding, Severity
from archive.model import PackagePath

MAX_PART_BYTES = 255
"""What ext4, XFS, APFS and NTFS take for one name, in bytes of UTF-8 (NTFS: UTF-16 units)."""
MAX_PATH_BYTES = 1024
"""What an S3 key and a ZIP tool on any system take for a whole path."""
MAX_PARTS = 32

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX", ".fseventsd"})
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM[1-9]|LPT[1-9])(?:\..*)?", re.IGNORECASE)
_WINDOWS = re.compile(r'[<>:"|?*]|[ .]$')
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")

_error = partial(Finding, severity=Severity.ERROR)
_warning = partial(Finding, severity=Severity.WARNING)


def shown(name: str) -> str:
    """Return a name as it can safely be printed: one line, no control or bidi characters."""
    text = (
        name
        if _is_plain(name)
        else "".join(
            repr(sign)[1:-1]
            if unicodedata.category(sign) in ("Cc", "Cs", "Cf", "Zl", "Zp")
            else sign
            for sign in name
        )
    )
    return text if len(text) <= 160 else f"{text[:120]}…{text[-30:]}"


def _is_plain(name: str) -> bool:
    """Tell names of visible ASCII characters and spaces, in which nothing odd can be."""
    return name.isascii() and name.isprintable()


def normalised(name: str) -> PackagePath:
    """Return a checked relative name as a package path (NFC)."""
    return PackagePath(unicodedata.normalize("NFC", name))


def is_litter(name: str) -> bool:
    """Whether an operating system left this file behind by itself, such as `.DS_Store`."""
    return any(part in _LITTER or part.startswith("._") for part in name.split("/"))


def check_name(name: str) -> Iterator[Finding]:
    """Check one relative path with `/` between its parts."""
    where = shown(name)
    yield from _escapes(name, where)
    if not _is_plain(name):
        categories = {unicodedata.category(sign) for sign in name}
        if "Cc" in categories:
            message = "the name has a NUL or control character"
            yield _error("KHO-NAME-CONTROL", path=where, message=message)
        if _BIDI.intersection(name):
            message = "the name has a character that turns the direction of writing"
            yield _error("KHO-NAME-CONTROL", path=where, message=message)
        if "Cs" in categories:
            yield _error("KHO-NAME-ENCODING", path=where, message="the name is not UTF-8")
            return
    yield from _too_long(name, where)
    if any(_is_odd_on_windows(part) for part in name.split("/")):
        message = "the name cannot be used on Windows; it is kept as it is"
        yield _warning("KHO-NAME-WINDOWS", path=where, message=message)


def collisions(names: Iterable[str]) -> Iterator[Finding]:
    """Report names that become one when repeated, normalised to NFC or folded in case.

    Names of folders count too: `Đơn/1.pdf` and `đơn/2.pdf` collide in their folder.
    """
    seen: set[str] = set()
    composed: dict[str, str] = {}
    folded: dict[str, str] = {}
    reported: set[str] = set()
    for name in names:
        if name in seen:
            yield _error("KHO-NAME-DUPLICATE", path=shown(name), message="the name occurs twice")
            continue
        seen.add(name)
        for prefix in _prefixes(name):
            if prefix not in reported and (finding := _collision(prefix, composed, folded)):
                reported.add(prefix)
                yield finding


def folder_conflicts(files: Iterable[str]) -> Iterator[Finding]:
    """Report files whose name is also that of a folder above another file."""
    names = set(files)
    above = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    for name in sorted(names & above):
        message = "the name stands for a file and for a folder"
        yield _error("KHO-NAME-CONFLICT", path=shown(name), message=message)


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split("/")
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])


def _collision(name: str, composed: dict[str, str], folded: dict[str, str]) -> Finding | None:
    nfc = unicodedata.normalize("NFC", name)
    twin = composed.setdefault(nfc, name)
    if twin != name:
        message = "another name is the same text in another Unicode form (NFC and NFD)"
        return _error("KHO-NAME-NFC", path=shown(name), message=message)
    rival = folded.setdefault(nfc.casefold(), name)
    if rival != name:
        message = f"differs from {shown(rival)} only in upper and lower case"
        return _error("KHO-NAME-CASE", path=shown(name), message=message)
    return None


def _is_odd_on_windows(part: str) -> bool:
    if part in (".", ".."):
        return False
    return bool(_WINDOWS.search(part) or _RESERVED.fullmatch(part))


def _escapes(name: str, where: str) -> Iterator[Finding]:
    parts = name.split("/")
    if name.startswith("/"):
        yield _error("KHO-NAME-ABSOLUTE", path=where, message="the path is absolute")
    elif not name or any(part in ("", ".") for part in parts):
        yield _error("KHO-NAME-EMPTY", path=where, message="the path has an empty part or `.`")
    if _DRIVE.match(name):
        yield _error("KHO-NAME-DRIVE", path=where, message="the path begins with a drive letter")
    if ".." in parts:
        yield _error("KHO-NAME-PARENT", path=where, message="the path leaves its folder with `..`")
    if "\\" in name:
        message = "the path has a backslash; `/` stands between its parts"
        yield _error("KHO-NAME-BACKSLASH", path=where, message=message)


def _too_long(name: str, where: str) -> Iterator[Finding]:
    for part in name.split("/"):
        if (size := len(part.encode())) > MAX_PART_BYTES:
            message = (
                f"the name has {len(part)} characters, {size} bytes; {MAX_PART_BYTES} bytes fit"
            )
            yield _error("KHO-NAME-LONG", path=where, message=message)
    if (size := len(name.encode())) > MAX_PATH_BYTES:
        message = f"the whole path has {size} bytes; {MAX_PATH_BYTES} fit"
        yield _error("KHO-NAME-LONG", path=where, message=message)
    if name.count("/") >= MAX_PARTS:
        message = f"the path has more than {MAX_PARTS} parts"
        yield _error("KHO-NAME-DEEP", path=where, message=message)
