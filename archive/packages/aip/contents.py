"""What goes into a package and what comes out of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from archive.errors import NotHeld
from archive.events import Event
from archive.model import Dossier, ObjectName, PackagePath, Verdict, Version
from archive.packages.aip import layout
from archive.packages.zipranges import ReadRange
from archive.packages.zipstore import Entry, ZipImage

Opener = Callable[[ObjectName], tuple[ReadRange, int]]
"""Gives, for an object's name, how to read ranges of it, and its size."""


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """A file that an earlier version's package holds and this version keeps."""

    path: PackagePath
    """From the package's root, in both packages: `representations/rep1/data/01-don.pdf`."""
    size: int
    sha256: str
    media_type: str
    version: int
    """The version whose object holds the bytes."""
    place: ObjectName


@dataclass(frozen=True, slots=True)
class AipContents:
    """Everything that `build` puts into one version of a dossier's package."""

    dossier: Dossier
    """With size and digest of every file."""
    files: Mapping[PackagePath, Path]
    """`DigitalFile.path` to where the bytes are, for what is new in this version."""
    version: int
    created_at: datetime
    agent: str
    """Name and version of the program: `kho 0.1.0`."""
    submission_digest: str
    contents: Mapping[PackagePath, bytes] = field(default_factory=dict, repr=False)
    """What was read from those of `files` that are small."""
    previous: tuple[EarlierFile, ...] = ()
    """What earlier versions hold; see `AipHead.kept`. What this version does not need, or
    holds itself under the same path, is passed over."""
    versions: tuple[Version, ...] = ()
    """The earlier versions' objects."""
    events: tuple[Event, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    extra: Mapping[PackagePath, bytes] = field(default_factory=dict)
    """Further metadata files, by their path below `metadata/`: validation material,
    reports, receipts. `preservation/validation/‹digest›.crl`."""
    texts: Mapping[PackagePath, str] = field(default_factory=dict)
    """`DigitalFile.path` to the text extracted from that file, for the search index."""
    retention: Mapping[str, str] = field(default_factory=dict)
    """The retention decision made at ingest: codes, dates, schedule version."""
    archive_code: str = ""
    """The code of the archive, which begins `arcFileCode`; "" if it has none."""
    all_schemas: bool = False
    """Whether the standards' own XSDs (190 KB) go into the package too."""


@dataclass(frozen=True, slots=True)
class SealedAip:
    """A package that is ready to be stored."""

    place: ObjectName
    seal_digest: str
    """SHA-256 of METS.xml.p7s, 64 hex digits."""
    image: ZipImage
    root: str

    @property
    def size(self) -> int:
        """Bytes of the whole object."""
        return self.image.size

    @property
    def sha256(self) -> str:
        """Of the whole object, 64 hex digits."""
        return self.image.sha256

    @property
    def entries(self) -> dict[PackagePath, Entry]:
        """The files in it, by their path from the package's root, in order."""
        return relative(self.image.entries, self.root)

    def open(self) -> BinaryIO:
        """Open the whole ZIP as a seekable stream; no file's content is held in memory."""
        return self.image.open()


@dataclass(frozen=True, slots=True)
class AipFile:
    """A file that belongs to a version, wherever its bytes are."""

    path: PackagePath
    """From the package's root."""
    size: int
    sha256: str
    media_type: str
    version: int
    """The version whose object holds the bytes."""
    place: ObjectName | None = None
    """That object; None if it is the very package in which this was read."""


@dataclass(frozen=True, slots=True)
class AipHead:
    """Everything that a package says of itself, without the files' contents."""

    dossier: Dossier
    version: int
    created_at: datetime
    agent: str
    submission_digest: str
    retention: Mapping[str, str]
    events: tuple[Event, ...]
    verdicts: tuple[Verdict, ...]
    versions: tuple[Version, ...]
    """The earlier versions' objects."""
    files: tuple[AipFile, ...]
    """Every file of this version except METS.xml and its seal, in the order of the METS."""
    entries: Mapping[PackagePath, Entry]
    """What lies in this object, by path from the package's root."""
    mets: bytes
    seal: bytes
    seal_digest: str
    _by_path: Mapping[PackagePath, AipFile] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_path", {file.path: file for file in self.files})

    @property
    def place(self) -> ObjectName:
        """Where this package lies in a store."""
        return layout.place_of(self.dossier.id, self.version, self.seal_digest)

    def file(self, path: PackagePath) -> AipFile:
        """Return the file at `path` from the package's root.

        Raises:
            NotHeld: this version has no such file.
        """
        if path not in self._by_path:
            raise NotHeld(f"version {self.version} has no {path}", where=self.dossier.id)
        return self._by_path[path]

    def original(self, path: PackagePath) -> AipFile:
        """Return the file of `DigitalFile.path`. Errors as `file`."""
        return self.file(layout.data_path(path))

    def kept(self) -> tuple[EarlierFile, ...]:
        """Return what the next version may refer to instead of storing it again.

        These are the originals, their texts, and further metadata such as validation
        material; every version writes its own descriptions anew.
        """
        return tuple(
            EarlierFile(
                file.path, file.size, file.sha256, file.media_type, file.version,
                file.place or self.place,
            )
            for file in self.files
            if is_kept(file.path)
        )  # fmt: skip


def is_kept(path: PackagePath) -> bool:
    """Tell files that versions share from those that each version writes anew."""
    if path in layout.CORE or path == layout.EAD:
        return False
    return path.startswith((layout.DATA, layout.TEXTS, "metadata/"))


def relative(entries: Mapping[str, Entry], root: str) -> dict[PackagePath, Entry]:
    """Return entries by their path below the package's root folder; others are left out."""
    return {
        PackagePath(name.removeprefix(root)): entry
        for name, entry in entries.items()
        if name.startswith(root)
    }
