"""A signed container opened: a ZIP whose files are read in place, within bounds.

Nothing is unpacked. What two readers could see differently is refused: names twice, names
that lead elsewhere, files that overlap, bytes before or after the ZIP.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from archive.signatures.algorithms import new_hash

MAX_FILES = 10_000
MAX_RATIO = 200
_RATIO_FLOOR_BYTES = 1_000_000
_CHUNK_BYTES = 1 << 20
_END_BYTES = 22
_LOCAL_BYTES = 30
_UTF8_NAMES = 0x800


class UnreadableContainer(ValueError):
    """The file is no ZIP, or one that is not safe to read."""


class Container:
    """The files in a container by name."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        """Open a container; nothing of its content is read yet.

        Args:
            path: the file.
            max_bytes: of all its files together, unpacked.

        Raises:
            UnreadableContainer: damaged, ambiguous or over a limit.
        """
        try:
            self._zip = zipfile.ZipFile(path)
            entries = self._zip.infolist()
            _check_frame(path, entries, len(self._zip.comment))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise UnreadableContainer(f"the container cannot be read: {error}") from error
        self._files: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            _check_entry(entry)
            if entry.filename in self._files:
                raise UnreadableContainer("the container has a name twice")
            if not entry.is_dir():
                self._files[entry.filename] = entry
        total = sum(entry.file_size for entry in self._files.values())
        if total > max_bytes:
            raise UnreadableContainer(
                f"the container holds {total} bytes; more than {max_bytes} are not read"
            )

    @property
    def names(self) -> list[str]:
        """The files' names in their order."""
        return list(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises:
            UnreadableContainer: its content is damaged.
        """
        return b"".join(self._pieces(name))

    def digest(self, name: str, algorithm: str) -> bytes:
        """Return the digest of a file's content; raises as `read` does."""
        running = new_hash(algorithm)
        for piece in self._pieces(name):
            running.update(piece)
        return running.digest()

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(self._files[name]) as stream:
                while piece := stream.read(_CHUNK_BYTES):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise UnreadableContainer(f"a file in the container is damaged: {error}") from error


def _check_frame(path: Path, entries: list[zipfile.ZipInfo], comment_bytes: int) -> None:
    """Refuse bytes around the ZIP and files that overlap."""
    if len(entries) > MAX_FILES:
        raise ValueError(f"more than {MAX_FILES} files")
    with path.open("rb") as stream:
        if stream.read(4) != b"PK\x03\x04":
            raise ValueError("something stands before the ZIP")
        stream.seek(-(_END_BYTES + comment_bytes), 2)
        if stream.read(4) != b"PK\x05\x06":
            raise ValueError("something follows after the ZIP")
        if not all(_is_named_twice_alike(stream, entry) for entry in entries):
            raise ValueError("a file has another name in its own header than in the directory")
    end = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < end:
            raise ValueError("files overlap")
        end = entry.header_offset + _LOCAL_BYTES + entry.compress_size
    first = min((entry.header_offset for entry in entries), default=0)
    if first != 0:
        raise ValueError("something stands before the first file")


def _is_named_twice_alike(stream: BinaryIO, entry: zipfile.ZipInfo) -> bool:
    """Return whether a file's local header names it as the directory does (APPNOTE, 4.3.7)."""
    stream.seek(entry.header_offset)
    head = stream.read(_LOCAL_BYTES)
    if len(head) < _LOCAL_BYTES or head[:4] != b"PK\x03\x04":
        return False
    encoding = "utf-8" if entry.flag_bits & _UTF8_NAMES else "cp437"
    name = stream.read(int.from_bytes(head[26:28], "little"))
    return name == entry.orig_filename.encode(encoding)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Refuse names that lead elsewhere, links, encryption and bombs."""
    name = entry.orig_filename
    parts = name.rstrip("/").split("/")
    if not name or "\0" in name or "\\" in name or set(parts) & {"", ".", ".."}:
        raise UnreadableContainer("the container has a name that leads elsewhere")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnreadableContainer("the container has a link in it")
    if entry.flag_bits & 1:
        raise UnreadableContainer("the container is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableContainer("the container is packed in an unusual way")
    if entry.file_size > max(_RATIO_FLOOR_BYTES, MAX_RATIO * entry.compress_size):
        raise UnreadableContainer("a file in the container would grow beyond measure")
