"""The gate for what depositors bring: hostile archives and folders become findings.

`unpack` writes nothing unless the whole archive is harmless, and leaves nothing behind if
it turns out damaged half-way. `survey` looks at a folder in place and follows no link.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from archive.errors import StoreFull, UnsafeInput
from archive.findings import Finding, Severity
from archive.fixity import CHUNK_BYTES
from archive.model import PackagePath
from archive.packages import zip_directory
from archive.packages.names import (
    MAX_PARTS,
    check_name,
    collisions,
    folder_conflicts,
    is_litter,
    normalised,
    shown,
)

_GIB = 1 << 30
_RATIO_FLOOR_BYTES = 1_000_000
"""Below this size no ratio is held against an entry: a bomb must be big to harm."""
_OFFICE_FIRST_ENTRIES = ("[Content_Types].xml", "mimetype", "_rels/", "docProps/", "word/", "xl/")
_WHOLE = ""

_error = partial(Finding, severity=Severity.ERROR)
_warning = partial(Finding, severity=Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one submission may hold."""

    max_files: int = 10_000
    max_file_bytes: int = 20 * _GIB
    max_total_bytes: int = 50 * _GIB
    max_ratio: int = 200
    """Uncompressed to compressed size, of an entry of a megabyte or more and of the whole."""
    max_depth: int = 1
    """How many levels of archives an archive may hold; office documents do not count."""
    max_description_bytes: int = 16 << 20
    """Of `dossier.json` or another description."""
    max_list_bytes: int = 256 << 20
    """Of a batch list."""
    max_rows: int = 1_000_000


@dataclass(frozen=True, slots=True)
class SurveyedFile:
    """One regular file below a surveyed folder."""

    place: Path
    """Where it lies on disk, under the name it has there."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What lies below a folder."""

    findings: tuple[Finding, ...]
    files: dict[PackagePath, SurveyedFile] = field(default_factory=dict)
    """Regular files by their path in NFC, sorted by it; of colliding names the first."""
    names: tuple[str, ...] = ()
    """Every file's path as it stands on disk, sorted."""
    folders: tuple[str, ...] = ()
    """Every folder's path as it stands on disk, sorted."""


def unpack(path: Path, into: Path, limits: Limits) -> list[Finding]:
    """Unpack a ZIP into `into`, an empty or absent folder that becomes private (0700).

    Returns:
        Findings; if one of them is an error, `into` does not exist afterwards.

    Raises:
        StoreFull: there is no room to unpack; nothing is left behind.
    """
    try:
        with path.open("rb") as stream:
            found = _unpack(stream, into, limits)
    except OSError as error:
        shutil.rmtree(into, ignore_errors=True)
        raise _no_room(error) from error
    if any(finding.severity is Severity.ERROR for finding in found):
        shutil.rmtree(into, ignore_errors=True)
    return found


def judge(path: Path, limits: Limits) -> list[Finding]:
    """Return what the headers of a ZIP say against it; nothing is unpacked."""
    with path.open("rb") as stream:
        archive, _, found = _headers(stream, limits)
    if archive is not None:
        archive.close()
    return found


def survey(folder: Path, limits: Limits) -> list[Finding]:
    """Return what is wrong with the names, kinds, number and sizes of a folder's files."""
    return list(look_through(folder, limits).findings)


def look_through(folder: Path, limits: Limits) -> Survey:
    """List a folder's files without following links, with findings on all of them."""
    walk = _Walk(limits)
    walk.enter(folder, "")
    names = sorted(walk.sizes)
    found = [*walk.findings]
    for name in names:
        found += check_name(name)
    found += collisions(names)
    found += _links_out(walk)
    found += _over_limits(walk.sizes, limits)
    files: dict[PackagePath, SurveyedFile] = {}
    for name in names:
        files.setdefault(normalised(name), SurveyedFile(folder / name, walk.sizes[name]))
    return Survey(tuple(found), files, tuple(names), tuple(sorted(walk.folders)))


@dataclass(slots=True)
class _Walk:
    limits: Limits
    sizes: dict[str, int] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    links: dict[tuple[int, int], tuple[int, list[str]]] = field(default_factory=dict)

    def enter(self, folder: Path | str, prefix: str) -> None:
        if prefix.count("/") > MAX_PARTS:
            message = f"the folder lies more than {MAX_PARTS} deep"
            self.findings.append(_error("KHO-NAME-DEEP", path=shown(prefix), message=message))
            return
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if len(self.sizes) > self.limits.max_files:
                        return
                    self.take(entry, prefix + entry.name)
        except OSError as error:
            self.findings.append(unreadable(prefix, error))

    def take(self, entry: os.DirEntry[str], name: str) -> None:
        status = entry.stat(follow_symlinks=False)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFDIR:
            self.folders.append(name)
            self.enter(entry.path, name + "/")
        elif kind == stat.S_IFREG:
            self.sizes[name] = status.st_size
            if not is_readable(entry.path):
                self.findings.append(unreadable(name))
            if status.st_nlink > 1:
                _, places = self.links.setdefault(
                    (status.st_dev, status.st_ino), (status.st_nlink, [])
                )
                places.append(name)
        elif kind == stat.S_IFLNK:
            message = "is a symbolic link; put the file itself there"
            self.findings.append(_error("KHO-NAME-LINK", path=shown(name), message=message))
        else:
            message = "is a device, pipe or socket"
            self.findings.append(_error("KHO-NAME-DEVICE", path=shown(name), message=message))


def is_readable(place: Path | str, *, folder: bool = False) -> bool:
    """Whether the system lets this process read a file, or list and enter a folder."""
    return os.access(place, os.R_OK | os.X_OK if folder else os.R_OK, effective_ids=True)


def unreadable(name: str, error: OSError | None = None) -> Finding:
    """Return the finding on what cannot be read; without an error: for want of the right."""
    message = "may not be read; let the account that runs Kho read it"
    if error is not None and not isinstance(error, PermissionError):
        message = f"cannot be read: {error.strerror}"
    return _error("KHO-NAME-UNREADABLE", path=shown(name), message=message)


def _links_out(walk: _Walk) -> Iterator[Finding]:
    for count, places in walk.links.values():
        if count > len(places):
            message = "is also linked to from outside the folder and can change from there"
            yield _warning("KHO-NAME-HARDLINK", path=shown(places[0]), message=message)


def _over_limits(sizes: dict[str, int], limits: Limits) -> Iterator[Finding]:
    if len(sizes) > limits.max_files:
        message = f"there are more than {limits.max_files} files"
        yield _error("KHO-LIMIT-FILES", path=_WHOLE, message=message)
    for name, size in sizes.items():
        if size > limits.max_file_bytes:
            message = f"has {size} bytes; {limits.max_file_bytes} are taken"
            yield _error("KHO-LIMIT-SIZE", path=shown(name), message=message)
    if (total := sum(sizes.values())) > limits.max_total_bytes:
        message = f"the files have {total} bytes together; {limits.max_total_bytes} are taken"
        yield _error("KHO-LIMIT-TOTAL", path=_WHOLE, message=message)


def _unpack(stream: BinaryIO, into: Path, limits: Limits) -> list[Finding]:
    # (1) Judge the headers alone.
    archive, entries, found = _headers(stream, limits)
    if archive is None:
        return found
    with archive:
        if any(finding.severity is Severity.ERROR for finding in found):
            return found
        # (2) Write, counting what really comes out.
        found += _extract(archive, entries, into)
    # (3) Look at archives inside, without unpacking them.
    if not any(finding.severity is Severity.ERROR for finding in found):
        for name in entries:
            found += _nested(into.joinpath(*name.split("/")), name, limits)
    return found


def _headers(
    stream: BinaryIO, limits: Limits
) -> tuple[zipfile.ZipFile | None, dict[str, zipfile.ZipInfo], list[Finding]]:
    """Open an archive within bounds; return it, its files by name, and the findings."""
    try:
        directory = zip_directory.find_directory(stream)
        found = zip_directory.check_directory(stream, directory, 2 * limits.max_files)
        if found:
            return None, {}, found
        archive = zipfile.ZipFile(stream)
    except zip_directory.NotAnArchive as refusal:
        return None, {}, [refusal.finding]
    except UnicodeDecodeError:
        message = "an entry says that its name is UTF-8, but it is not"
        return None, {}, [_error("KHO-NAME-ENCODING", path=_WHOLE, message=message)]
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        message = f"the ZIP is damaged: {error}"
        return None, {}, [_error("KHO-ZIP-CORRUPT", path=_WHOLE, message=message)]
    found = list(zip_directory.check_entries(archive, stream))
    entries, odd = _named(archive)
    found += odd
    found += _over_limits({name: info.file_size for name, info in entries.items()}, limits)
    found += _ratios(archive, entries, limits)
    return archive, entries, found


def _named(archive: zipfile.ZipFile) -> tuple[dict[str, zipfile.ZipInfo], list[Finding]]:
    """Return the files by name, and findings on the names of files and folders."""
    entries: dict[str, zipfile.ZipInfo] = {}
    folders: list[str] = []
    names: list[str] = []
    found: list[Finding] = []
    for info in archive.infolist():
        name = zip_directory.entry_name(info)
        if name is None:
            message = "the name is in an unknown 8-bit encoding; make the ZIP with UTF-8 names"
            found.append(
                _error("KHO-NAME-ENCODING", path=shown(info.orig_filename), message=message)
            )
            continue
        if name.endswith("/") and name != "/":
            folders.append(name[:-1])
        else:
            entries.setdefault(name, info)
            names.append(name)
        found += check_name(name[:-1] if name.endswith("/") and len(name) > 1 else name)
    found += collisions([*names, *dict.fromkeys(folders)])
    found += folder_conflicts(names)
    return entries, found


def _ratios(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], limits: Limits
) -> Iterator[Finding]:
    for name, info in entries.items():
        if _is_bomb(info.file_size, info.compress_size, limits):
            message = f"would grow from {info.compress_size} to {info.file_size} bytes"
            yield _error("KHO-ZIP-RATIO", path=shown(name), message=message)
    packed = sum(info.compress_size for info in archive.infolist())
    if _is_bomb(sum(info.file_size for info in archive.infolist()), packed, limits):
        message = f"would grow to more than {limits.max_ratio} times its size"
        yield _error("KHO-ZIP-RATIO", path=_WHOLE, message=message)


def _is_bomb(size: int, packed: int, limits: Limits) -> bool:
    return size >= _RATIO_FLOOR_BYTES and size > limits.max_ratio * max(packed, 1)


def _extract(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], into: Path
) -> list[Finding]:
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, info in entries.items():
        try:
            _write(archive, info, into.joinpath(*name.split("/")))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            message = f"the content is damaged: {error}"
            return [_error("KHO-ZIP-CORRUPT", path=shown(name), message=message)]
    return []


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with archive.open(info) as source, os.fdopen(os.open(target, flags, 0o600), "wb") as sink:
        written = 0
        while piece := source.read(CHUNK_BYTES):
            written += sink.write(piece)
    if written != info.file_size:
        raise zipfile.BadZipFile(f"{info.file_size} bytes were announced, {written} came")


def _nested(place: Path, name: str, limits: Limits) -> Iterator[Finding]:
    """Judge an archive inside the archive by its headers."""
    if is_litter(name):
        return
    with place.open("rb") as stream:
        if not zip_directory.looks_like_zip(stream):
            return
        try:
            directory = zip_directory.find_directory(stream)
            found = zip_directory.check_directory(stream, directory, 2 * limits.max_files)
            if found:
                yield from (_inside(finding, name) for finding in found)
                return
            with zipfile.ZipFile(stream) as inner:
                yield from _judge_nested(inner, name, limits)
        except (zip_directory.NotAnArchive, zipfile.BadZipFile, ValueError, NotImplementedError):
            return  # a file that only begins like a ZIP; formats are judged elsewhere


def _inside(finding: Finding, name: str) -> Finding:
    return Finding(finding.rule, finding.severity, shown(name), finding.message)


def _judge_nested(inner: zipfile.ZipFile, name: str, limits: Limits) -> Iterator[Finding]:
    infos = inner.infolist()
    size = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if _is_bomb(size, packed, limits) or size > limits.max_total_bytes:
        message = f"the archive inside would grow from {packed} to {size} bytes"
        yield _error("KHO-ZIP-RATIO", path=shown(name), message=message)
    depth = 0 if _is_office(inner) else 1
    deeper = depth and any(_holds_archive(inner, info) for info in infos)
    if depth + (1 if deeper else 0) > limits.max_depth:
        message = f"archives lie inside archives more than {limits.max_depth} deep"
        yield _error("KHO-ZIP-NESTED", path=shown(name), message=message)


def _is_office(archive: zipfile.ZipFile) -> bool:
    return any(info.filename.startswith(_OFFICE_FIRST_ENTRIES) for info in archive.infolist()[:3])


def _holds_archive(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    if info.file_size < 4 or info.flag_bits & 1:
        return False
    try:
        with archive.open(info) as content:
            begins = content.read(64)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        return False
    office = any(first.encode() in begins for first in _OFFICE_FIRST_ENTRIES)
    return begins.startswith(b"PK\x03\x04") and not office


def _no_room(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull("no room to unpack the submission", hint="make room and try again")
    return UnsafeInput(f"the submission cannot be unpacked: {error.strerror}")
