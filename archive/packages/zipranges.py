"""Reading stored ZIPs by byte ranges.

Only what `zipstore` writes is taken: stored entries, one after the other, no gaps, no
comment. So a file is a byte range of the object, and nothing can hide in between.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Collection

from archive.errors import FixityMismatch, IntegrityError
from archive.packages.zipstore import (
    CENTRAL,
    END,
    END_64,
    LIMIT_16,
    LIMIT_32,
    LOCAL,
    LOCATOR_64,
    UTF8_NAMES,
    Entry,
    local_header,
    name_problem,
)

ReadRange = Callable[[int, int | None], bytes]
"""`read(offset, length)`; None reads to the end."""

_MAX_DIRECTORY_BYTES = 256 << 20


class TailReader:
    """Reads ranges of an object, the last part of which is fetched once and kept."""

    def __init__(self, read: ReadRange, size: int, *, tail_bytes: int = 128 << 10) -> None:
        self._read = read
        self._start = max(0, size - tail_bytes)
        self._tail = read(self._start, size - self._start)
        self.size = size

    def __call__(self, offset: int, length: int | None) -> bytes:
        """Return a range; None reads to the end."""
        end = self.size if length is None else offset + length
        if offset >= self._start:
            return self._tail[offset - self._start : end - self._start]
        return self._read(offset, end - offset)

    def widen(self, offset: int) -> None:
        """Fetch from `offset` to the kept part too, in one read."""
        if offset < self._start:
            self._tail = self._read(offset, self._start - offset) + self._tail
            self._start = offset


def read_directory(read: ReadRange, size: int) -> dict[str, Entry]:
    """Return the entries of a ZIP that `ZipWriter` made, in the order in which they lie.

    Raises:
        IntegrityError: it is not such a ZIP, or it is damaged, cut off or built to
            deceive (overlaps, gaps, unsafe or repeated names, compression).
    """
    count, start, length = _read_end(read, size)
    _require(length <= _MAX_DIRECTORY_BYTES, "its directory is too large")
    directory = read(start, length)
    entries: dict[str, Entry] = {}
    position = expected = 0
    for _ in range(count):
        entry, header, position = _read_line(directory, position)
        _require(header == expected, "its entries overlap or leave gaps")
        _require(entry.name not in entries, "it has two entries of one name")
        entries[entry.name] = entry
        expected = entry.offset + entry.size
    _require(position == length and expected == start, "its directory does not fit its entries")
    return entries


def find_entries(read: ReadRange, size: int, names: Collection[str]) -> dict[str, Entry]:
    """Return some entries of a ZIP that `ZipWriter` made, by their path below its root folder.

    Only their own lines of the directory are read, so that what is wrong elsewhere in it is
    not noticed: for what is shown, not for what is relied upon.

    Raises:
        IntegrityError: it is not such a ZIP, or one of these lines is damaged.
    """
    count, start, length = _read_end(read, size)
    _require(length <= _MAX_DIRECTORY_BYTES, "its directory is too large")
    directory = read(start, length)
    root = _read_line(directory, 0)[0].name.partition("/")[0] if count else ""
    lines = {name: _line_of(directory, f"{root}/{name}".encode()) for name in names}
    return {name: entry for name, entry in lines.items() if entry is not None}


def _line_of(directory: bytes, path: bytes) -> Entry | None:
    at = directory.find(path)
    while at >= 0:
        line = at - CENTRAL.size
        if line >= 0 and directory.startswith(b"PK\x01\x02", line):
            entry = _read_line(directory, line)[0]
            if entry.name.encode() == path:
                return entry
        at = directory.find(path, at + 1)
    return None


def _read_end(read: ReadRange, size: int) -> tuple[int, int, int]:
    """Return how many entries there are, where the directory begins, and its length."""
    _require(size >= END.size, "it is too short")
    end = read(size - END.size, END.size)
    _require(len(end) == END.size and end[:4] == b"PK\x05\x06", "it has no end record")
    _, disk, start_disk, here, count, length, start, comment = END.unpack(end)
    _require(disk == start_disk == comment == 0 and here == count, "its end record is unusual")
    after = size - END.size
    if count == LIMIT_16 or LIMIT_32 in (length, start):
        after -= END_64.size + LOCATOR_64.size
        _require(after >= 0, "it is too short")
        count, start, length = _read_end_64(read(after, END_64.size + LOCATOR_64.size), after)
    _require(start + length == after, "its directory is not where its end record says")
    return count, start, length


def _read_end_64(records: bytes, offset: int) -> tuple[int, int, int]:
    _require(len(records) == END_64.size + LOCATOR_64.size, "its end record is cut off")
    sign, _, _, _, disk, start_disk, here, count, length, start = END_64.unpack(
        records[: END_64.size]
    )
    locator, _, at, disks = LOCATOR_64.unpack(records[END_64.size :])
    _require((sign, locator) == (b"PK\x06\x06", b"PK\x06\x07"), "it has no ZIP64 end record")
    usual = disk == start_disk == 0 and here == count and at == offset and disks == 1
    _require(usual, "its ZIP64 end record is unusual")
    return count, start, length


def _read_line(directory: bytes, position: int) -> tuple[Entry, int, int]:
    """Return an entry, where its local header begins, and where the next line begins."""
    _require(position + CENTRAL.size <= len(directory), "its directory is cut off")
    sign, _, _, flags, method, moment, crc, packed, size, names, extras, comments, _, _, _, at = (
        CENTRAL.unpack_from(directory, position)
    )
    _require(sign == b"PK\x01\x02", "its directory is damaged")
    _require(method == 0 and packed == size, "an entry is compressed")
    _require(flags == UTF8_NAMES and comments == 0, "an entry is encrypted or unusual")
    position += CENTRAL.size
    end = position + names + extras
    _require(end <= len(directory), "its directory is cut off")
    name = _decoded(directory[position : position + names])
    size, at = _wide(directory[position + names : end], size, at)
    start = at + LOCAL.size + names + (20 if size >= LIMIT_32 else 0)
    return Entry(name, start, size, crc, moment), at, end


def _decoded(encoded: bytes) -> str:
    try:
        name = encoded.decode()
    except UnicodeDecodeError as error:
        raise IntegrityError("not a stored package: a name is not UTF-8") from error
    problem = name_problem(name)
    _require(problem is None, f"a name {problem}")
    return name


def _wide(extra: bytes, size: int, offset: int) -> tuple[int, int]:
    """Return size and offset with the values of the ZIP64 field, if there is one."""
    if not extra:
        return size, offset
    wanted = [2] * (size == LIMIT_32) + [1] * (offset == LIMIT_32)
    shape = struct.Struct(f"<HH{sum(wanted)}Q")
    _require(len(extra) == shape.size, "an entry has an unusual extra field")
    kind, length, *values = shape.unpack(extra)
    _require((kind, length) == (1, shape.size - 4), "an entry has an unusual extra field")
    if size == LIMIT_32:
        _require(values[0] == values[1], "an entry is compressed")
        size = values[0]
    return size, values[-1] if offset == LIMIT_32 else offset


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise IntegrityError(
            f"not a stored package: {what}", hint="compare with another copy: kho fixity run"
        )


def read_entry(read: ReadRange, entry: Entry) -> bytes:
    """Return an entry's content, whole in memory.

    Raises:
        FixityMismatch: its CRC differs, or it is cut off.
    """
    content = read(entry.offset, entry.size)
    found = zlib.crc32(content)
    if len(content) != entry.size or found != entry.crc:
        raise FixityMismatch(entry.name, recorded=f"{entry.crc:08x}", found=f"{found:08x}")
    return content


def has_local_header(read: ReadRange, entry: Entry) -> bool:
    """Tell whether the header before an entry's content agrees with the directory."""
    header = local_header(entry.name, entry.size, entry.crc, entry.moment)
    return read(entry.offset - len(header), len(header)) == header
