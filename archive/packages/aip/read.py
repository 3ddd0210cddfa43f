"""Reading a stored package by ranges: its head, its texts, single files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archive.errors import FixityMismatch, IntegrityError
from archive.fixity import sha256_of
from archive.model import Dossier, DossierId, ObjectName, PackagePath
from archive.packages import mets, premis, tthc
from archive.packages.aip import layout, state
from archive.packages.aip.contents import AipFile, AipHead, Opener, relative
from archive.packages.aip.description import restore
from archive.packages.mets import Mets, Reference
from archive.packages.zipranges import ReadRange, TailReader, read_directory, read_entry
from archive.packages.zipstore import Entry


def read_head(read: ReadRange, size: int) -> AipHead:
    """Return what a package says of itself; contents and texts are not read.

    Usually one request: directory and metadata lie at the end of the object.

    Args:
        read: `read(offset, length)` of the stored object.
        size: of the object, in bytes.

    Raises:
        IntegrityError: the object is not a package that the archive wrote, or is damaged.
        FixityMismatch: a metadata file is not the one that METS.xml names.
    """
    tail = TailReader(read, size)
    root, entries = directory(tail, size)
    core = _core(tail, entries)
    package = mets.read(core[layout.METS])
    _check(core, package)
    representation = mets.read(core[layout.REP_METS])
    dossier_id = DossierId(package.id.removeprefix("urn:uuid:"))
    if layout.root_folder(dossier_id) != root:
        raise IntegrityError(f"the package of {dossier_id} lies in a folder of another name")
    digest, agent, retention, versions = state.read_state(core[layout.STATE])
    return AipHead(
        dossier=_restored(core[layout.TTHC], dossier_id),
        version=package.version,
        created_at=package.created_at,
        agent=agent,
        submission_digest=digest,
        retention=retention,
        events=premis.read_events(core[layout.PREMIS]),
        verdicts=state.read_verdicts(core[layout.VERDICTS]),
        versions=versions,
        files=tuple(files_of(package, representation)),
        entries=entries,
        mets=core[layout.METS],
        seal=core[layout.SEAL],
        seal_digest=sha256_of(core[layout.SEAL]),
    )


def directory(read: ReadRange, size: int) -> tuple[str, dict[PackagePath, Entry]]:
    """Return a package's root folder and its files by path from there. Errors as `read_head`."""
    entries = read_directory(read, size)
    root = next(iter(entries), "").partition("/")[0] + "/"
    inside = relative(entries, root)
    if root == "/" or len(inside) != len(entries):
        raise IntegrityError("not a package: not everything is in one folder")
    return root, inside


def files_of(package: Mets, representation: Mets) -> Iterator[AipFile]:
    """Yield the files that the two tables of contents name, wherever they lie."""
    for reference in package.references():
        yield _file(reference, "", package.version)
    for reference in representation.references():
        yield _file(reference, layout.REPRESENTATION, package.version)


def read_file(file: AipFile, read: ReadRange, entries: Mapping[PackagePath, Entry]) -> bytes:
    """Return a file that lies in this object, whole in memory.

    Raises:
        FixityMismatch: it is not what the METS.xml says.
        IntegrityError: it is not there.
    """
    entry = entries.get(file.path)
    if entry is None:
        raise IntegrityError(f"{file.path} is missing from the package", where=file.path)
    content = read_entry(read, entry)
    if (found := sha256_of(content)) != file.sha256:
        raise FixityMismatch(file.path, recorded=file.sha256, found=found)
    return content


def read_texts(
    head: AipHead, read: ReadRange, earlier: Opener | None = None
) -> dict[PackagePath, str]:
    """Return the text of each original for the search index, by `DigitalFile.path`.

    Args:
        earlier: opens the objects of earlier versions; without it only texts that lie in
            this object are returned.

    Raises: as `read_file`.
    """
    stored = {file.path: file for file in head.files if file.path.startswith(layout.TEXTS)}
    contents = Contents(head, read, earlier)
    texts: dict[PackagePath, str] = {}
    for document in head.dossier.documents:
        file = stored.get(layout.text_path(document.file.sha256))
        if file is not None and (file.place is None or earlier is not None):
            texts[document.file.path] = contents.read(file).decode()
    return texts


class Contents:
    """Finds a version's files in its own object and in those of earlier versions."""

    def __init__(self, head: AipHead, read: ReadRange, earlier: Opener | None = None) -> None:
        self._head = head
        self._earlier = earlier
        self._objects: dict[ObjectName | None, tuple[ReadRange, Mapping[PackagePath, Entry]]] = {
            None: (read, head.entries)
        }

    def read(self, file: AipFile) -> bytes:
        """Return a file, whole in memory. Errors as `read_file`."""
        read, entries = self._object(file.place)
        return read_file(file, read, entries)

    def located(self, file: AipFile) -> tuple[ReadRange, Entry]:
        """Return how to read the object that holds a file, and where in it the file lies.

        Raises:
            IntegrityError: it is not there.
        """
        read, entries = self._object(file.place)
        entry = entries.get(file.path)
        if entry is None:
            raise IntegrityError(f"{file.path} is missing from its package", where=file.path)
        return read, entry

    def _object(self, place: ObjectName | None) -> tuple[ReadRange, Mapping[PackagePath, Entry]]:
        if place not in self._objects:
            if place is None or self._earlier is None:
                raise IntegrityError(f"{place} is needed and was not given", where=place or "")
            read, size = self._earlier(place)
            self._objects[place] = (read, directory(TailReader(read, size), size)[1])
        return self._objects[place]


def _core(tail: TailReader, entries: Mapping[PackagePath, Entry]) -> dict[PackagePath, bytes]:
    if missing := layout.CORE - entries.keys():
        raise IntegrityError(f"not a package of the archive: without {', '.join(sorted(missing))}")
    tail.widen(min(entries[path].offset for path in layout.CORE))
    return {path: read_entry(tail, entries[path]) for path in layout.CORE}


def _check(core: Mapping[PackagePath, bytes], package: Mets) -> None:
    """Compare the head's files with the digests in METS.xml, which the seal protects."""
    named = {reference.href: reference.sha256 for reference in package.references()}
    for path in layout.CORE - {layout.METS, layout.SEAL}:
        found, recorded = sha256_of(core[path]), named.get(path, "nothing")
        if found != recorded:
            raise FixityMismatch(path, recorded=recorded, found=found)


def _restored(content: bytes, dossier_id: DossierId) -> Dossier:
    try:
        return restore(tthc.read(content), dossier_id)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError("tthc.xml is not one that the archive wrote") from error


def _file(reference: Reference, folder: str, version: int) -> AipFile:
    size, sha256, media_type = reference.size, reference.sha256, reference.media_type
    if mets.is_uri(reference.href):
        place, held_in, path = layout.read_locator(reference.href)
        return AipFile(path, size, sha256, media_type, held_in, place)
    return AipFile(PackagePath(folder + reference.href), size, sha256, media_type, version)
