"""The directory of a ZIP: read within bounds and compared with the entries it describes.

Everything here reads headers only. Nothing is decompressed, so a hostile archive is
judged before it can cost more than its own size.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 (structure) and 4.4 (fields).
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from archive.findings import Finding, Severity
from archive.packages.names import shown

_END, _END_SIZE, _MAX_COMMENT = b"PK\x05\x06", 22, 65535
_END64, _LOCATOR64, _LOCATOR_SIZE = b"PK\x06\x06", b"PK\x06\x07", 20
_CENTRAL, _CENTRAL_SIZE = b"PK\x01\x02", 46
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_LOCAL_MAGIC = b"PK\x03\x04"
_ENCRYPTED, _DESCRIPTOR, _STRONG, _UTF8 = 0x1, 0x8, 0x40, 0x800
_BYTES_PER_ENTRY = 1024
_UNKNOWN_SIZE = 0xFFFFFFFF
_UNIX = 3

_error = partial(Finding, severity=Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies and what the end record says of it."""

    offset: int
    """Of its first byte in the file."""
    size: int
    """Bytes."""
    entries: int
    """As the end record claims."""


class NotAnArchive(Exception):
    """The bytes are no ZIP, or one that was cut off; `rule` and the text say which."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.finding = Finding(rule, Severity.ERROR, "", message)


def looks_like_zip(stream: BinaryIO) -> bool:
    """Whether a stream begins like a ZIP; leaves it at its start."""
    stream.seek(0)
    begins = stream.read(4) in (_LOCAL_MAGIC, _END, b"PK\x07\x08")
    stream.seek(0)
    return begins


def find_directory(stream: BinaryIO) -> Directory:
    """Find the central directory.

    Raises:
        NotAnArchive: there is no end record, or it points outside the file.
    """
    size = stream.seek(0, 2)
    tail_at = max(0, size - _END_SIZE - _MAX_COMMENT)
    stream.seek(tail_at)
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise _no_end(stream)
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    end_at = tail_at + at
    # Some writers put a ZIP64 end record before the plain one without need.
    end_at, count, length = _end64(stream, end_at) or (end_at, count, length)
    if end_at - length < 0:
        raise NotAnArchive("KHO-ZIP-TRUNCATED", "the ZIP's directory lies outside the file")
    return Directory(end_at - length, length, count)


def check_directory(stream: BinaryIO, directory: Directory, max_entries: int) -> list[Finding]:
    """Check how many entries there are before anything is built from them."""
    if directory.size > max_entries * _BYTES_PER_ENTRY or directory.entries > max_entries:
        return [_too_many(max_entries)]
    stream.seek(directory.offset)
    counted = _count_entries(stream.read(directory.size))
    if counted is None:
        message = "the ZIP's directory is damaged"
        return [_error("KHO-ZIP-CORRUPT", path="", message=message)]
    if counted > max_entries:
        return [_too_many(max_entries)]
    if counted != directory.entries:
        message = f"the end record names {directory.entries} entries, the directory has {counted}"
        return [_error("KHO-ZIP-HEADER", path="", message=message)]
    return []


def check_entries(archive: zipfile.ZipFile, stream: BinaryIO) -> Iterator[Finding]:
    """Compare every entry of the directory with its local header and its neighbours."""
    end_of_last, last = 0, ""
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        name = shown(info.orig_filename)
        yield from _check_kind(info, name)
        stream.seek(max(0, info.header_offset))
        header = stream.read(_LOCAL.size) if info.header_offset >= 0 else b""
        if len(header) < _LOCAL.size or header[:4] != _LOCAL_MAGIC:
            message = "the directory points to a place where no entry begins"
            yield _error("KHO-ZIP-HEADER", path=name, message=message)
            continue
        yield from _compare(info, header, stream, name)
        if info.header_offset < end_of_last:
            message = f"the entry overlaps {last}"
            yield _error("KHO-ZIP-OVERLAP", path=name, message=message)
        end_of_last, last = _end_of(info, header), name


def entry_name(info: zipfile.ZipInfo) -> str | None:
    """Return an entry's name as written, None if its encoding is unknown.

    Names without the UTF-8 flag are UTF-8 all the same if they can be (Info-ZIP and macOS
    write them so); other 8-bit names are not guessed.
    """
    name = info.orig_filename
    if info.flag_bits & _UTF8 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return None


def _no_end(stream: BinaryIO) -> NotAnArchive:
    if looks_like_zip(stream):
        message = "the file begins like a ZIP but its end is missing: it was cut off"
        return NotAnArchive("KHO-ZIP-TRUNCATED", message)
    return NotAnArchive("KHO-ZIP-NOT-ZIP", "the file is not a ZIP archive")


def _end64(stream: BinaryIO, end_at: int) -> tuple[int, int, int] | None:
    """Return place, entry count and directory size of the ZIP64 end record, if there is one."""
    if end_at < _LOCATOR_SIZE:
        return None
    stream.seek(end_at - _LOCATOR_SIZE)
    locator = stream.read(_LOCATOR_SIZE)
    if locator[:4] != _LOCATOR64:
        return None
    record_at = int.from_bytes(locator[8:16], "little")
    if record_at + 56 > end_at:
        raise NotAnArchive("KHO-ZIP-TRUNCATED", "the ZIP64 end record lies outside the file")
    stream.seek(record_at)
    record = stream.read(56)
    if record[:4] != _END64:
        raise NotAnArchive("KHO-ZIP-CORRUPT", "the ZIP64 end record is missing")
    count, length = struct.unpack("<QQ", record[32:48])
    return record_at, count, length


def _count_entries(directory: bytes) -> int | None:
    at = count = 0
    while at < len(directory):
        if directory[at : at + 4] != _CENTRAL or at + _CENTRAL_SIZE > len(directory):
            return None
        at += _CENTRAL_SIZE + sum(struct.unpack_from("<HHH", directory, at + 28))
        count += 1
    return count if at == len(directory) else None


def _too_many(max_entries: int) -> Finding:
    message = f"the archive has more than {max_entries} entries"
    return _error("KHO-LIMIT-FILES", path="", message=message)


def _check_kind(info: zipfile.ZipInfo, name: str) -> Iterator[Finding]:
    if info.flag_bits & (_ENCRYPTED | _STRONG):
        message = "the entry is encrypted; an archive cannot keep what it cannot read"
        yield _error("KHO-ZIP-ENCRYPTED", path=name, message=message)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        message = f"compression method {info.compress_type} is not read; use stored or deflate"
        yield _error("KHO-ZIP-METHOD", path=name, message=message)
    kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == _UNIX else 0
    if kind == stat.S_IFLNK:
        message = "the entry is a symbolic link; put the file itself there"
        yield _error("KHO-ZIP-LINK", path=name, message=message)
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        message = "the entry is a device, pipe or socket"
        yield _error("KHO-ZIP-DEVICE", path=name, message=message)


def _compare(
    info: zipfile.ZipInfo, header: bytes, stream: BinaryIO, name: str
) -> Iterator[Finding]:
    _, _, flags, method, _, _, crc, packed, size, name_length, _ = _LOCAL.unpack(header)
    written = stream.read(name_length)
    codec = "utf-8" if info.flag_bits & _UTF8 else "cp437"
    differences = []
    if written != info.orig_filename.encode(codec, "surrogateescape"):
        differences.append("name")
    if method != info.compress_type or (flags ^ info.flag_bits) & _ENCRYPTED:
        differences.append("method")
    known = not flags & _DESCRIPTOR and _UNKNOWN_SIZE not in (packed, size)
    if known and (crc, packed, size) != (info.CRC, info.compress_size, info.file_size):
        differences.append("size or checksum")
    if differences:
        message = f"directory and entry say different things: {', '.join(differences)}"
        yield _error("KHO-ZIP-HEADER", path=name, message=message)


def _end_of(info: zipfile.ZipInfo, header: bytes) -> int:
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return info.header_offset + _LOCAL.size + lengths + info.compress_size
