"""Heads: what stored packages say of themselves, read from the store by ranges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from archive.assembly import Archive
from archive.catalogue.dossiers import Holding
from archive.errors import NotHeld
from archive.model import Document, ObjectName, PackagePath, Version
from archive.packages.aip import AipHead, layout, read_head, read_texts
from archive.packages.aip.read import Contents
from archive.packages.zipranges import ReadRange, TailReader, find_entries


def reader(archive: Archive, place: ObjectName) -> ReadRange:
    """Return a function that reads ranges of a stored object."""
    return lambda offset, length: archive.store.read(place, offset=offset, length=length)


def head_of_version(archive: Archive, version: Version) -> AipHead:
    """Read a version's head; its size is known from the catalogue."""
    return read_head(reader(archive, version.place), version.size)


def head_of_place(archive: Archive, place: ObjectName) -> AipHead:
    """Read the head of whatever package lies at a place."""
    return read_head(reader(archive, place), archive.store.stat(place).size)


def earlier(archive: Archive, place: ObjectName) -> tuple[ReadRange, int]:
    """Open an earlier version's object, as `read_texts` asks for it."""
    return reader(archive, place), archive.store.stat(place).size


def texts(archive: Archive, holding: Holding) -> dict[PackagePath, str]:
    """Return the text of each original of the latest version, by its path."""
    version = holding.versions[-1]
    read = reader(archive, version.place)
    head = read_head(read, version.size)
    return read_texts(head, read, lambda place: earlier(archive, place))


def full_text(archive: Archive, holding: Holding) -> str:
    """Return the texts of a dossier's originals in the order of its documents."""
    found = texts(archive, holding)
    paths = [document.file.path for document in holding.dossier.documents]
    return "\n".join(found[path] for path in paths if path in found)


def glimpse(archive: Archive, holding: Holding, max_bytes: int = 400_000) -> str:
    """Return the beginnings of the texts of a dossier's originals, to cut a snippet from.

    Reads two lines of a package's directory and the texts, and nothing else: what comes back
    was not compared with its digest, and is for showing where something was found only.
    """
    wanted = [layout.text_path(d.file.sha256) for d in holding.dossier.documents]
    found: dict[str, str] = {}
    for version in reversed(holding.versions):
        read = TailReader(reader(archive, version.place), version.size)
        missing = [path for path in wanted if path not in found]
        for path, entry in find_entries(read, version.size, missing).items():
            content = read(entry.offset, min(entry.size, max_bytes))
            found[path] = content.decode("utf-8", "ignore")
        if len(found) == len(set(wanted)):
            break
    return "\n".join(found[path] for path in wanted if path in found)


def version_of(holding: Holding, number: int | None) -> Version:
    """Return a version of a dossier, the latest if `number` is None; raises NotHeld."""
    if number is None:
        return holding.versions[-1]
    for version in holding.versions:
        if version.number == number:
            return version
    raise NotHeld(f"there is no version {number}", where=holding.dossier.code)


@contextmanager
def original(
    archive: Archive, holding: Holding, document: Document, *, offset: int = 0,
    length: int | None = None, head: AipHead | None = None,
) -> Iterator[BinaryIO]:  # fmt: skip
    """Open an original, or a range of it, where it lies: in the version that stores it.

    `head` is the latest version's, where it was read before.

    Raises:
        IntegrityError: the package that should have it does not.
    """
    head = head or head_of_version(archive, holding.versions[-1])
    file = head.original(document.file.path)
    version = version_of(holding, file.version)
    entries = head.entries
    if version.number != head.version:
        entries = head_of_version(archive, version).entries
    entry = entries[file.path]
    whole = entry.size - offset
    wanted = whole if length is None else min(length, whole)
    with archive.store.open(version.place, offset=entry.offset + offset, length=wanted) as stream:
        yield stream


def metadata_file(archive: Archive, version: Version, path: str) -> bytes:
    """Return a file of a version by its path from the package's root, whole in memory.

    Raises:
        NotHeld: the version has no such file.
        FixityMismatch: it is not what METS.xml says.
    """
    read = reader(archive, version.place)
    head = read_head(read, version.size)
    if path in (layout.METS, layout.SEAL):
        return head.mets if path == layout.METS else head.seal
    contents = Contents(head, read, lambda place: earlier(archive, place))
    return contents.read(head.file(PackagePath(path)))


def export(archive: Archive, version: Version, folder: Path, *, as_zip: bool) -> Path:
    """Write a version complete, with the files of earlier versions, into a folder."""
    from archive.packages.aip.export import export as write

    read = reader(archive, version.place)
    head = read_head(read, version.size)
    folder.mkdir(parents=True, exist_ok=True)
    return write(head, read, folder, earlier=lambda place: earlier(archive, place), as_zip=as_zip)
