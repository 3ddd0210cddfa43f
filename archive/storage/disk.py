"""Files that survive a power cut: written aside, linked into place, folders flushed."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from archive.errors import ArchiveError, NotHeld, StoreFull, Unavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REMEMBERED_FOLDERS = 100_000
_AT_ONCE_BYTES = 4 << 20
_AT_ONCE_PIECES = 512


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Translate what the operating system says while something is read.

    Raises:
        NotHeld: there is no such file.
        Unavailable: anything else.
    """
    try:
        yield
    except OSError as error:
        raise read_error(error, name) from error


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Translate what the operating system says while something is written.

    Raises:
        StoreFull: no room, or over a quota.
        Unavailable: anything else.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            cause = os.strerror(error.errno)
            hint = "make room and try again"
            raise StoreFull(f"{name} was not stored: {cause}", where=name, hint=hint) from error
        raise _unavailable(error, name) from error


def read_error(error: Exception, name: str) -> ArchiveError:
    """Return our error for what was raised while `name` was read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return NotHeld(f"{name} is not in the store", where=name)
    return _unavailable(error, name)


def _unavailable(error: Exception, name: str) -> Unavailable:
    number = error.errno if isinstance(error, OSError) else None
    cause = os.strerror(number) if number else type(error).__name__
    hint = "see to the store's disk: kho doctor"
    return Unavailable(f"the store cannot reach {name}: {cause}", where=name, hint=hint)


def flush_folder(folder: Path) -> None:
    """Return when the entries of a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, made if absent; the system lets go of it after a crash."""
    with path.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def write_all(descriptor: int, pieces: Iterable[bytes]) -> None:
    """Write pieces one after the other, many in one call: the file system finds room for all."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _AT_ONCE_BYTES or len(waiting) >= _AT_ONCE_PIECES:
            _write_gathered(descriptor, waiting)
            waiting, size = [], 0
    _write_gathered(descriptor, waiting)


def _write_gathered(descriptor: int, pieces: Sequence[bytes]) -> None:
    left = [memoryview(piece) for piece in pieces if piece]
    while left:
        written = os.writev(descriptor, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if left:
            left[0] = left[0][written:]


class Durable:
    """Links files into a tree and keeps the tree's folders durable."""

    def __init__(self, root: Path) -> None:
        """Work below `root`, which exists."""
        self._root = root
        self._flushed: set[Path] = set()
        self._lock = threading.Lock()

    def link(self, source: Path, place: Path) -> None:
        """Give a flushed file its name, durably.

        Raises:
            FileExistsError: the name is taken; nothing was changed.
        """
        for _ in range(10):
            place.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            try:
                os.link(source, place)
                break
            except FileNotFoundError:
                if not source.exists():
                    raise
                continue  # a deletion took the empty folder away: make it again
        self.confirm(place)

    def confirm(self, place: Path) -> None:
        """Return when a name, and every folder above it, is on the disk."""
        own = folder = place.parent
        flush_folder(own)
        while folder != self._root:
            below, folder = folder, folder.parent
            # The folder just above may come and go with its one object; those above it stay.
            if below is not own and folder in self._flushed:
                continue
            flush_folder(folder)
            self._remember(folder)

    def _remember(self, folder: Path) -> None:
        with self._lock:
            if len(self._flushed) >= _REMEMBERED_FOLDERS:
                self._flushed.clear()
            self._flushed.add(folder)

    def unlink(self, place: Path) -> None:
        """Remove a file, the lock beside it, and its folder if that is now empty."""
        place.unlink()
        place.with_name(f".{place.name}.lock").unlink(missing_ok=True)
        flush_folder(place.parent)
        if place.parent != self._root:
            try:
                place.parent.rmdir()
            except OSError:
                return
            flush_folder(place.parent.parent)


class Incoming:
    """Private files of writers; whose writer is gone is swept away."""

    def __init__(self, folder: Path) -> None:
        """Keep the files in `folder`."""
        self._folder = folder
        self._swept = False

    @contextmanager
    def file(self) -> Iterator[tuple[Path, BinaryIO]]:
        """Open a new private file; it is gone afterwards."""
        if not self._swept:
            self._swept = True
            self.sweep()
        path, stream = self._locked()
        try:
            with stream:
                yield path, stream
        finally:
            path.unlink(missing_ok=True)

    def _locked(self) -> tuple[Path, BinaryIO]:
        """Return a new file under a lock, by which a sweep knows that its writer lives."""
        while True:
            path = self._folder / secrets.token_hex(16)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return path, os.fdopen(descriptor, "wb")
            os.close(descriptor)  # a sweep came between the two calls

    def sweep(self) -> int:
        """Remove the files that no living process writes to; return how many."""
        removed = 0
        for path in list(self._folder.iterdir()):
            try:
                with path.open("rb") as stream:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                    removed += 1
            except (BlockingIOError, FileNotFoundError):
                continue
        return removed
