"""A store in a folder: every object is a read-only file of its name.

FOLDER/aip/3f/a0/…/v00001-….zip         an object
FOLDER/aip/3f/a0/…/.v00001-….zip.lock   its retention date and hold, if it has any
FOLDER/.kho/incoming/                   what is being written; never visible as an object
"""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from archive.errors import NotInitialised
from archive.findings import Finding, Severity
from archive.fixity import sha256_of_file
from archive.model import ObjectName
from archive.storage import StoredObject
from archive.storage.disk import (
    Durable,
    Incoming,
    flush_folder,
    locked_file,
    read_error,
    reading,
    write_all,
    writing,
)
from archive.storage.locks import Lock, read_lock, write_lock
from archive.storage.names import (
    checked,
    forbid_if_locked,
    is_part,
    not_held,
    other_content,
    store_time,
    whole_second,
)
from archive.storage.probing import probe
from archive.storage.streams import declared, stored

OWN_FOLDER = ".kho"
_DIGEST = "user.kho.sha256"
"""Extended attribute with the digest that was checked when the object was written."""


class FolderStore:
    """Objects as files, whole or not at all, on a file system with hard links."""

    def __init__(
        self, root: Path, *, create: bool = True, clock: Callable[[], datetime] = store_time
    ) -> None:
        """Open the store in `root`.

        Args:
            root: the folder.
            create: make a new store there if there is none. Without it, a disk that is not
                mounted is an error and not an empty store.
            clock: decides whether a lock has ended.

        Raises:
            NotInitialised: `create` is off and there is no store.
        """
        self.root = root.absolute()
        self.url = f"folder://{self.root}"
        self._own = self.root / OWN_FOLDER
        self._clock = clock
        if create:
            self._create()
        elif not self._own.is_dir():
            raise NotInitialised(
                f"there is no store in {self.root}",
                where=str(self.root),
                hint="is its disk mounted? a new store is made by: kho init",
            )
        self._durable = Durable(self.root)
        self._incoming = Incoming(self._own / "incoming")
        self._latest_lock: Path | None = None

    def _create(self) -> None:
        with writing(str(self.root)):
            if self._own.is_dir():
                return
            self.root.mkdir(mode=0o750, parents=True, exist_ok=True)
            (self._own / "incoming").mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self._own, self.root, self.root.parent):
                flush_folder(folder)

    def put(self, name: ObjectName, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store content create-only; see `ObjectStore.put`."""
        place = self._place(name)
        with writing(name):
            if place.exists():
                return self._compare(name, place, size, sha256)

            # (1) Everything goes to a private file, is checked and reaches the disk there.
            with self._incoming.file() as (path, stream):
                descriptor = stream.fileno()
                write_all(descriptor, declared(content, name, size=size, sha256=sha256))
                _note_digest(descriptor, sha256)
                os.fchmod(descriptor, 0o440)
                os.fsync(descriptor)

                # (2) The name appears in one step, and never in place of another object.
                try:
                    self._durable.link(path, place)
                except FileExistsError:
                    self._compare(name, place, size, sha256)
        return None

    @contextmanager
    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> Iterator[BinaryIO]:
        """Open an object or a range of it; see `ObjectStore.open`."""
        with reading(name):
            source = self._place(name).open("rb", buffering=0)
            source.seek(offset)
        translate = partial(read_error, name=name)
        with stored(source, length=length, errors=(OSError,), translate=translate) as stream:
            yield stream

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        """Return an object or a range of it; see `ObjectStore.read`."""
        with self.open(name, offset=offset, length=length) as stream:
            return stream.read()

    def stat(self, name: ObjectName) -> StoredObject:
        """Describe an object; see `ObjectStore.stat`."""
        place = self._place(name)
        with reading(name):
            found = place.stat()
            if not modes.S_ISREG(found.st_mode):
                raise not_held(name)
            lock = read_lock(place)
            return StoredObject(
                name,
                found.st_size,
                _noted_digest(place),
                datetime.fromtimestamp(found.st_mtime, UTC),
                lock.retained_until,
                lock.legal_hold,
            )

    def names(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectName]:
        """Yield names in byte order; see `ObjectStore.names`."""
        return _walk(self.root, "", prefix, after)

    def delete(self, name: ObjectName) -> None:
        """Remove an object unless it is locked; see `ObjectStore.delete`."""
        place = self._place(name)
        with writing(name), self._changing():
            if not place.exists():
                return
            lock = read_lock(place)
            forbid_if_locked(
                name,
                retained_until=lock.retained_until,
                legal_hold=lock.legal_hold,
                at=self._clock(),
            )
            self._durable.unlink(place)

    def retain(self, name: ObjectName, until: datetime) -> None:
        """Lock an object; see `ObjectStore.retain`."""
        until = whole_second(until)
        with self._lock_of(name) as (place, lock):
            if lock.retained_until is None or until > lock.retained_until:
                self._write_lock(place, Lock(until, lock.legal_hold))

    def set_legal_hold(self, name: ObjectName, on: bool) -> None:
        """Set or clear the hold; see `ObjectStore.set_legal_hold`."""
        with self._lock_of(name) as (place, lock):
            if lock.legal_hold is not on:
                self._write_lock(place, Lock(lock.retained_until, on))

    def probe(self) -> tuple[Finding, ...]:
        """Try the promises out; see `ObjectStore.probe`."""
        own = Finding(
            "KHO-STORE-ADVISORY-LOCK",
            Severity.INFO,
            self.url,
            "object lock in a folder binds Kho only: whoever may write there can delete; "
            "for a lock that the store enforces use S3",
        )
        return (*probe(self), own)

    def sweep(self) -> int:
        """Remove what crashed writers left behind and return how many files it was."""
        with writing(self.url):
            return self._incoming.sweep()

    def _place(self, name: ObjectName) -> Path:
        return self.root / checked(name)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Let one process at a time change locks or delete."""
        with locked_file(self._own / "changing"):
            yield

    @contextmanager
    def _lock_of(self, name: ObjectName) -> Iterator[tuple[Path, Lock]]:
        place = self._place(name)
        with writing(name), self._changing():
            if not place.is_file():
                raise not_held(name)
            yield place, read_lock(place)

    def _write_lock(self, place: Path, lock: Lock) -> None:
        """Write a lock while nobody else changes any."""
        self._latest_lock = write_lock(place, lock, self._incoming, self._latest_lock)

    def _compare(self, name: ObjectName, place: Path, size: int, sha256: str) -> None:
        if not place.is_file() or place.stat().st_size != size or sha256_of_file(place) != sha256:
            raise other_content(name)
        # Whoever wrote it may not have come to the end: make sure of the name.
        self._durable.confirm(place)


def _note_digest(descriptor: int, sha256: str) -> None:
    try:
        os.setxattr(descriptor, _DIGEST, sha256.encode())
    except OSError:  # a file system without extended attributes
        return


def _noted_digest(place: Path) -> str | None:
    try:
        return os.getxattr(place, _DIGEST).decode()
    except OSError:
        return None


def _walk(folder: Path, inside: str, prefix: str, after: str) -> Iterator[ObjectName]:
    """Yield the objects of a folder in byte order of their whole names.

    A folder sorts as its name with `/` at the end: `a-b` comes before `a/b`. Of a prefix that
    leads on into a folder, nothing but that folder is looked at.
    """
    begin, leads_on, _ = prefix[len(inside) :].partition("/")
    with reading(str(folder)):
        keys = _folder_key(folder, begin) if leads_on else sorted(_keys(folder, begin))
    for key in keys:
        name = inside + key
        if not key.endswith("/"):
            if name.startswith(prefix) and name > after:
                yield ObjectName(name)
        elif _may_hold(name, prefix, after):
            yield from _walk(folder / key, name, prefix, after)


def _folder_key(folder: Path, name: str) -> list[str]:
    """Return the one entry of this name, with `/`, if it is a folder."""
    try:
        held = is_part(name) and modes.S_ISDIR((folder / name).lstat().st_mode)
    except FileNotFoundError:
        return []
    return [name + "/"] if held else []


def _keys(folder: Path, begin: str) -> list[str]:
    """Return the entries of a folder that begin so, folders with `/`; only what can be objects."""
    try:
        with os.scandir(folder) as entries:
            return [
                entry.name + "/" if entry.is_dir() else entry.name
                for entry in entries
                if entry.name.startswith(begin) and is_part(entry.name) and not entry.is_symlink()
            ]
    except FileNotFoundError:  # deleted since it was listed
        return []


def _may_hold(folder: str, prefix: str, after: str) -> bool:
    """Tell whether a name that begins with `folder` can match."""
    if not (folder.startswith(prefix) or prefix.startswith(folder)):
        return False
    return folder > after or after.startswith(folder)
