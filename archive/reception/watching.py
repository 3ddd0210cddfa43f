"""A watched folder: what a scanner or a portal puts there is received when it has settled."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archive.assembly import Archive
from archive.catalogue.reception import Batch
from archive.errors import NotHeld
from archive.reception.handover import open_batch, take_in_all
from archive.reception.uploads import add_path

DONE = "_da-tiep-nhan"
"""Folder below the watched one to which what was received is moved."""
_BESIDE = (".part", ".tmp", ".crdownload", ".filepart")

Trace = tuple[int, int, int]
"""How many files, bytes, and the last change in nanoseconds."""


@dataclass(slots=True)
class Watch:
    """What was seen of a folder so far."""

    archive: Archive
    folder: Path
    producer: str
    agent: str
    settle_seconds: float = 10.0
    """How long nothing may change before it is taken."""
    _seen: dict[str, tuple[Trace, float]] = field(default_factory=dict)

    def look(self, *, now: float | None = None) -> Batch | None:
        """Receive what has settled since the last look, as one batch; None if nothing has.

        Args:
            now: seconds on any clock that only goes forward.

        Raises:
            NotHeld: the folder is not there.
        """
        moment = time.monotonic() if now is None else now
        ready = [path for path in self._there() if self._settled(path, moment)]
        return self._received(ready) if ready else None

    def _there(self) -> Iterator[Path]:
        if not self.folder.is_dir():
            raise NotHeld(f"{self.folder} is no folder", where=str(self.folder))
        for path in sorted(self.folder.iterdir()):
            hidden = path.name.startswith((".", "_")) or path.is_symlink()
            if not hidden and not path.name.lower().endswith(_BESIDE):
                yield path

    def _settled(self, path: Path, moment: float) -> bool:
        trace = _trace(path)
        before, since = self._seen.get(path.name, (None, moment))
        if before != trace:
            since = moment
        self._seen[path.name] = (trace, since)
        return trace[0] > 0 and moment - since >= self.settle_seconds

    def _received(self, ready: list[Path]) -> Batch:
        batch = open_batch(self.archive, self.producer, source="watch", agent=self.agent)
        for path in ready:
            add_path(self.archive, batch.id, path)
            self._seen.pop(path.name, None)
        # Taken away only when every file is in the inbox; a crash before receives it again,
        # and what is held already is answered with the same receipt.
        done = self.folder / DONE / batch.id
        done.mkdir(parents=True)
        for path in ready:
            shutil.move(path, done / path.name)
        take_in_all(self.archive, batch.id, agent=self.agent)
        return batch


def _trace(path: Path) -> Trace:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    found = [p.stat() for p in files]
    last = max((s.st_mtime_ns for s in found), default=0)
    return len(found), sum(s.st_size for s in found), last
