"""ZIP files with stored entries, written as a stream without holding any large file's content.

A finished ZIP is a list of pieces, some in memory (headers, small files), some on disk.
The same input gives the same bytes. `zipranges` reads what is written here.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, cast

from archive.errors import FixityMismatch
from archive.fixity import CHUNK_BYTES, Hashed, Positioned

IN_MEMORY_BYTES = 8 << 20
"""Files up to this size are read once, for CRC and digest together; larger ones twice."""
KEPT_BYTES = 16 << 20
"""As long as a ZIP is not larger, the files that were read are kept until it is stored."""

LIMIT_32 = 0xFFFFFFFF
LIMIT_16 = 0xFFFF
UTF8_NAMES = 0x0800
_REGULAR_FILE = 0o100644 << 16
_MADE_BY_UNIX = 3 << 8
LOCAL = struct.Struct("<4sHHHLLLLHH")
CENTRAL = struct.Struct("<4sHHHHLLLLHHHHHLL")
END = struct.Struct("<4sHHHHLLH")
END_64 = struct.Struct("<4sQHHLLQQQQ")
LOCATOR_64 = struct.Struct("<4sLQL")
_CONTROL = re.compile(r"[\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in a ZIP."""

    name: str
    offset: int
    """Where its content begins in the ZIP, in bytes."""
    size: int
    crc: int
    """CRC-32 of the content."""
    moment: int = 0
    """DOS date and time, the date in the upper 16 bits."""


@dataclass(frozen=True, slots=True)
class ZipImage:
    """A finished ZIP that need not exist in one piece."""

    size: int
    sha256: str
    entries: Mapping[str, Entry]
    _starts: tuple[int, ...] = field(repr=False)
    _pieces: tuple[bytes | _OnDisk, ...] = field(repr=False)

    def open(self) -> BinaryIO:
        """Open the whole ZIP as a seekable stream of bytes.

        Reading raises `FixityMismatch` if a file on disk has become shorter meanwhile.
        """
        kept = [piece for piece in self._pieces if isinstance(piece, bytes)]
        if len(kept) == len(self._pieces):
            return cast(BinaryIO, Hashed(kept, self.sha256))
        return io.BufferedReader(_ImageStream(self._starts, self._pieces, self.size), CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class _OnDisk:
    path: Path
    size: int

    def __len__(self) -> int:
        return self.size


@dataclass(slots=True)
class _State:
    """How far a ZIP has been put together."""

    size: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    starts: list[int] = field(default_factory=list)
    pieces: list[bytes | _OnDisk] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    directory: list[bytes] = field(default_factory=list)

    def copy(self) -> _State:
        return _State(
            self.size,
            self.digest.copy(),
            self.starts.copy(),
            self.pieces.copy(),
            self.entries.copy(),
            self.directory.copy(),
        )

    def append(self, piece: bytes) -> None:
        self.digest.update(piece)
        self.starts.append(self.size)
        self.pieces.append(piece)
        self.size += len(piece)


class ZipWriter:
    """A ZIP being put together; its beginning can be given more than one ending."""

    def __init__(self, moment: datetime, state: _State | None = None) -> None:
        """Begin a ZIP whose entries all bear the wall-clock time of `moment`."""
        self._at = moment
        self._moment = _dos_moment(moment)
        self._state = state or _State()

    def add_bytes(self, name: str, content: bytes) -> Entry:
        """Add a file from memory."""
        entry = self._begin(name, len(content), zlib.crc32(content))
        self._state.digest.update(content)
        return self._end(entry, content)

    def add_file(self, name: str, path: Path, *, size: int, content: bytes | None = None) -> Entry:
        """Add a file from disk; unless it is kept, it must stay there until the ZIP has been read.

        Args:
            name: in the ZIP.
            path: where it is.
            size: bytes.
            content: what was read from there, if it is at hand.

        Raises:
            FixityMismatch: the file is not `size` bytes long.
        """
        if size <= IN_MEMORY_BYTES:
            content = path.read_bytes() if content is None else content
            _expect_size(path, size, len(content))
            entry = self._begin(name, size, zlib.crc32(content))
            self._state.digest.update(content)
            if self._state.size <= KEPT_BYTES - size:
                return self._end(entry, content)
        else:
            crc = 0
            for piece in _pieces_of(path, size):
                crc = zlib.crc32(piece, crc)
            entry = self._begin(name, size, crc)
            for piece in _pieces_of(path, size):
                self._state.digest.update(piece)
        return self._end(entry, _OnDisk(path, size))

    def finished(self, *last: tuple[str, bytes]) -> ZipImage:
        """Return the ZIP with `last`, as name and content, at its end.

        The writer stays as it is, so that another ending can be tried.
        """
        state = self._state.copy()
        ending = ZipWriter(self._at, state)
        for name, content in last:
            ending.add_bytes(name, content)
        state.append(_directory_and_end(state.directory, state.size))
        return ZipImage(
            state.size,
            state.digest.hexdigest(),
            MappingProxyType(state.entries),
            tuple(state.starts),
            tuple(state.pieces),
        )

    def _begin(self, name: str, size: int, crc: int) -> Entry:
        state = self._state
        if name in state.entries:
            raise ValueError(f"{name} is already in the ZIP")
        if problem := name_problem(name):
            raise ValueError(f"{name!r}: {problem}")
        state.directory.append(_central_header(name, size, crc, self._moment, state.size))
        state.append(local_header(name, size, crc, self._moment))
        return Entry(name, state.size, size, crc, self._moment)

    def _end(self, entry: Entry, source: bytes | _OnDisk) -> Entry:
        state = self._state
        if entry.size:
            state.starts.append(state.size)
            state.pieces.append(source)
            state.size += entry.size
        state.entries[entry.name] = entry
        return entry


class _ImageStream(Positioned):
    """The pieces of a ZIP as one stream; at most one file is open at a time."""

    def __init__(
        self, starts: tuple[int, ...], pieces: tuple[bytes | _OnDisk, ...], size: int
    ) -> None:
        super().__init__(size)
        self._starts, self._pieces = starts, pieces
        self._file: tuple[Path, BinaryIO] | None = None

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position >= self.size:
            return 0
        index = bisect_right(self._starts, self._position) - 1
        skip = self._position - self._starts[index]
        count = self._fill(memoryview(buffer), self._pieces[index], skip)
        self._position += count
        return count

    def _fill(self, buffer: memoryview, piece: bytes | _OnDisk, skip: int) -> int:
        count = min(len(buffer), len(piece) - skip)
        if isinstance(piece, bytes):
            buffer[:count] = piece[skip : skip + count]
            return count
        stream = self._opened(piece.path)
        stream.seek(skip)
        read: int = stream.readinto(buffer[:count])  # type: ignore[attr-defined]
        if not read:
            _expect_size(piece.path, piece.size, skip)
        return read

    def _opened(self, path: Path) -> BinaryIO:
        if self._file is None or self._file[0] != path:
            self._close_file()
            self._file = (path, path.open("rb", buffering=0))
        assert self._file is not None  # noqa: S101 - just set
        return self._file[1]

    def _close_file(self) -> None:
        if self._file is not None:
            self._file[1].close()
            self._file = None

    def close(self) -> None:
        self._close_file()
        super().close()


def name_problem(name: str) -> str | None:
    """Say why `name` must not be the name of an entry; None if it may."""
    if _CONTROL.search(name):
        return "has a backslash or a control character"
    closed = f"/{name}/"
    if "//" in closed or "/./" in closed or "/../" in closed:
        return "has an empty part, `.` or `..`"
    if len(name.encode()) > LIMIT_16:
        return "is too long"
    return None


def local_header(name: str, size: int, crc: int, moment: int) -> bytes:
    """Return what stands before an entry's content. Source: APPNOTE 4.3.7 and 4.5.3."""
    encoded = name.encode()
    large = size >= LIMIT_32
    extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
    shown = LIMIT_32 if large else size
    return (
        LOCAL.pack(
            b"PK\x03\x04", 45 if large else 20, UTF8_NAMES, 0, moment, crc, shown, shown,
            len(encoded), len(extra),
        )
        + encoded
        + extra
    )  # fmt: skip


def _central_header(name: str, size: int, crc: int, moment: int, offset: int) -> bytes:
    """Return an entry's line in the directory. Source: APPNOTE 4.3.12 and 4.5.3."""
    encoded = name.encode()
    wide = [size, size] if size >= LIMIT_32 else []
    wide += [offset] if offset >= LIMIT_32 else []
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    version = 45 if wide else 20
    shown = min(size, LIMIT_32)
    return (
        CENTRAL.pack(
            b"PK\x01\x02", _MADE_BY_UNIX | version, version, UTF8_NAMES, 0, moment, crc,
            shown, shown, len(encoded), len(extra), 0, 0, 0, _REGULAR_FILE,
            min(offset, LIMIT_32),
        )
        + encoded
        + extra
    )  # fmt: skip


def _directory_and_end(directory: list[bytes], offset: int) -> bytes:
    """Return the directory and the end records. Source: APPNOTE 4.3.14 to 4.3.16."""
    lines = b"".join(directory)
    count, size = len(directory), len(lines)
    end = b""
    if count >= LIMIT_16 or size >= LIMIT_32 or offset >= LIMIT_32:
        end = END_64.pack(
            b"PK\x06\x06", 44, _MADE_BY_UNIX | 45, 45, 0, 0, count, count, size, offset
        )
        end += LOCATOR_64.pack(b"PK\x06\x07", 0, offset + size, 1)
    shown = min(count, LIMIT_16)
    end += END.pack(
        b"PK\x05\x06", 0, 0, shown, shown, min(size, LIMIT_32), min(offset, LIMIT_32), 0
    )
    return lines + end


def _dos_moment(moment: datetime) -> int:
    year = min(max(moment.year, 1980), 2107) - 1980
    day = year << 9 | moment.month << 5 | moment.day
    return day << 16 | moment.hour << 11 | moment.minute << 5 | moment.second // 2


def _expect_size(path: Path, recorded: int, found: int) -> None:
    if recorded != found:
        raise FixityMismatch(path.name, recorded=f"{recorded} bytes", found=f"{found} bytes")


def _pieces_of(path: Path, size: int) -> Iterator[bytes]:
    total = 0
    with path.open("rb") as stream:
        while piece := stream.read(CHUNK_BYTES):
            total += len(piece)
            yield piece
    _expect_size(path, size, total)
