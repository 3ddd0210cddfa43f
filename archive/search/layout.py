"""Where an index lies on disk, which generation of a year counts, and who may write.

    index/schema.json           engine and version; another one means: rebuild
    index/write.lock            held by the one process that writes
    index/2024/CURRENT          the name of the generation that counts
    index/2024/g000002/         the engine's files

A generation is built beside the one that counts and takes its place by the replacement of
`CURRENT`, which is atomic. The lock is the kernel's (`flock`): it ends with its process,
however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.errors import SchemaMismatch, Unavailable
from archive.search import schema

_SCHEMA_FILE = "schema.json"
_LOCK_FILE = "write.lock"
_CURRENT = "CURRENT"
_POLL_SECONDS = 0.02
Mark = tuple[int, int, int]
"""Inode, time of change in nanoseconds, size: of a file that is only ever replaced."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folder of one index."""

    folder: Path
    engine: str
    lock_seconds: float = 30.0
    """How long to wait for another writer."""

    def expected(self) -> dict[str, object]:
        """Return what the schema file of a usable index says."""
        return {"engine": self.engine, "schema": schema.VERSION}

    def prepare(self) -> None:
        """Make the folder, if there is none, and write its schema file.

        Raises:
            SchemaMismatch: it was made by another engine or version.
            Unavailable: it cannot be made or read.
        """
        path = self.folder / _SCHEMA_FILE
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                if self.years():
                    raise self._mismatch("an unknown one")
                replace(path, json.dumps(self.expected()))
            found = json.loads(path.read_text())
        except ValueError:
            raise self._mismatch("an unknown one") from None
        except OSError as error:
            raise unavailable(self.folder, error) from error
        if found != self.expected():
            raise self._mismatch(json.dumps(found))

    def _mismatch(self, found: str) -> SchemaMismatch:
        return SchemaMismatch(
            f"the search index was made for another engine or version ({found})",
            where=str(self.folder),
            hint="rebuild it from the archive: kho rebuild --from-store",
        )

    def years(self) -> list[int]:
        """Return the years that have an index, in order."""
        if not self.folder.is_dir():
            return []
        names = (path.name for path in self.folder.iterdir() if (path / _CURRENT).is_file())
        return sorted(int(name) for name in names if name.isdigit())

    def current(self, year: int) -> Path | None:
        """Return the folder of the generation that counts, None if the year has none."""
        try:
            name = (self.folder / str(year) / _CURRENT).read_text().strip()
        except FileNotFoundError:
            return None
        return self.folder / str(year) / name

    def marks(self) -> dict[int, Mark]:
        """Return what changes when another generation of a year comes to count, year by year.

        Two looks with the same marks saw the same generations; a tenth of the work of `current`.
        """
        found: dict[int, Mark] = {}
        home = str(self.folder)
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(home):  # noqa: PTH208 - asked with every search
                with contextlib.suppress(OSError, ValueError):
                    found[int(name)] = mark_of(f"{home}/{name}/{_CURRENT}")
        return dict(sorted(found.items()))

    def schema_mark(self) -> Mark | None:
        """Return what changes when the schema file is written anew; None if there is none."""
        try:
            return mark_of(f"{self.folder}/{_SCHEMA_FILE}")
        except OSError:
            return None

    def new_generation(self, year: int) -> Path:
        """Make an empty folder for a year's next generation; only while writing."""
        home = self.folder / str(year)
        if not home.is_dir():
            home.mkdir()
            sync_folder(self.folder)
        present = self.current(year)
        number = int(present.name[1:]) + 1 if present else 1
        path = home / f"g{number:06}"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def switch(self, year: int, generation: Path) -> None:
        """Make a generation the one that counts and remove all others."""
        replace(self.folder / str(year) / _CURRENT, generation.name)
        self.sweep(year)

    def sweep(self, year: int) -> None:
        """Remove the generations of a year that do not count; only while writing."""
        present = self.current(year)
        for path in (self.folder / str(year)).glob("g*"):
            if path != present:
                shutil.rmtree(path, ignore_errors=True)

    def drop(self, year: int) -> None:
        """Remove a year; only while writing."""
        (self.folder / str(year) / _CURRENT).unlink(missing_ok=True)
        shutil.rmtree(self.folder / str(year), ignore_errors=True)

    def clear(self) -> None:
        """Remove every year and the schema file; only while writing."""
        (self.folder / _SCHEMA_FILE).unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if path.is_dir() and path.name.isdigit():
                self.drop(int(path.name))

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer.

        Raises:
            Unavailable: another process writes, and did not end in `lock_seconds`.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise unavailable(self.folder, error) from error
        try:
            self._wait_for(handle)
            yield
        finally:
            os.close(handle)

    def _wait_for(self, handle: int) -> None:
        end = time.monotonic() + self.lock_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise Unavailable(
                        "another process writes to the search index",
                        where=str(self.folder),
                        hint="try again when it has finished",
                    ) from None
                time.sleep(_POLL_SECONDS)
            else:
                return


def mark_of(path: str) -> Mark:
    """Return inode, time of change in nanoseconds and size of a file; raises OSError."""
    found = os.stat(path)  # noqa: PTH116 - asked with every search
    return found.st_ino, found.st_mtime_ns, found.st_size


def replace(path: Path, text: str) -> None:
    """Write a small file so that it has either its old content or all of the new."""
    new = path.with_name(path.name + ".new")
    with new.open("w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unavailable(folder: Path, error: BaseException) -> Unavailable:
    """Return the error for a folder that cannot be used."""
    return Unavailable(
        f"the search index cannot be used: {type(error).__name__}: {error}",
        where=str(folder),
        hint="look at the folder's disk and permissions: kho doctor",
    )
