"""Where a package's files come from when it is checked: a ZIP read by ranges, or a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from archive.errors import IntegrityError
from archive.fixity import CHUNK_BYTES, chunks
from archive.model import PackagePath
from archive.packages.aip.layout import METS
from archive.packages.aip.read import directory
from archive.packages.zipranges import ReadRange, TailReader, has_local_header
from archive.packages.zipstore import Entry


class Source(Protocol):
    """A package's files."""

    @property
    def sizes(self) -> Mapping[PackagePath, int]:
        """Bytes, by path from the package's root."""

    def chunks(self, path: PackagePath) -> Iterator[bytes]:
        """Yield a file's content in pieces."""

    def crc(self, path: PackagePath) -> int | None:
        """Return the CRC-32 that stands beside a file; None where there is none."""

    def header_agrees(self, path: PackagePath) -> bool:
        """Tell whether what stands before the file says the same as the directory."""


class ZipSource:
    """A stored package, read by ranges."""

    def __init__(self, read: ReadRange, size: int) -> None:
        """Read the directory; raises IntegrityError as `read_directory` does."""
        self._read = read
        self.root, self._entries = directory(TailReader(read, size), size)
        self.sizes: Mapping[PackagePath, int] = {
            path: entry.size for path, entry in self._entries.items()
        }

    def chunks(self, path: PackagePath) -> Iterator[bytes]:
        """Yield a file's content in pieces."""
        return read_pieces(self._read, self._entries[path])

    def crc(self, path: PackagePath) -> int | None:
        """Return the CRC-32 that the directory gives."""
        return self._entries[path].crc

    def header_agrees(self, path: PackagePath) -> bool:
        """Compare the local header with the directory."""
        return has_local_header(self._read, self._entries[path])


class FolderSource:
    """An unpacked package."""

    def __init__(self, folder: Path) -> None:
        """List the folder, or the one folder in it; links are not followed.

        Raises:
            IntegrityError: there is no METS.xml.
        """
        self._root = folder if (folder / METS).is_file() else _only_child(folder)
        if not (self._root / METS).is_file():
            raise IntegrityError(f"{folder.name} is not a package: no METS.xml in it")
        self.sizes: Mapping[PackagePath, int] = dict(_files(self._root))

    def chunks(self, path: PackagePath) -> Iterator[bytes]:
        """Yield a file's content in pieces."""
        with (self._root / path).open("rb") as stream:
            yield from chunks(stream)

    def crc(self, path: PackagePath) -> int | None:
        """Return None: a folder keeps no CRC."""
        return None

    def header_agrees(self, path: PackagePath) -> bool:
        """Return True: a folder has no headers."""
        return True


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a package on disk, a ZIP or a folder. Raises IntegrityError if it is neither."""
    if path.is_dir():
        yield FolderSource(path)
        return
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)

        def read(offset: int, length: int | None) -> bytes:
            stream.seek(offset)
            return stream.read(-1 if length is None else length)

        yield ZipSource(read, size)


def read_pieces(read: ReadRange, entry: Entry) -> Iterator[bytes]:
    """Yield an entry's content in pieces of a bounded size."""
    for start in range(0, entry.size, CHUNK_BYTES):
        yield read(entry.offset + start, min(CHUNK_BYTES, entry.size - start))


def _only_child(folder: Path) -> Path:
    children = list(folder.iterdir())
    return children[0] if len(children) == 1 else folder


def _files(root: Path) -> Iterator[tuple[PackagePath, int]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield PackagePath(path.relative_to(root).as_posix()), path.stat().st_size
