"""Work beside the pages: what systems handed over is taken in, webhooks are sent, old things go.

One thread of one process of this machine does it, whichever has the lock; another takes over
when that one ends. A failure is logged and tried again; it never ends the thread.
"""

from __future__ import annotations

import fcntl
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from archive import handing_over, telling
from archive.assembly import Archive
from archive.errors import ArchiveError
from archive.people import stays

LOG: Final = logging.getLogger("kho.web")
EVERY_SECONDS: Final = 2.0
SLOWEST_SECONDS: Final = 60.0
HOUSEKEEPING_EVERY: Final = 600
"""Rounds between two sweeps."""


@dataclass(slots=True)
class Work:
    """The thread and what wakes it."""

    archive: Archive
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _lock: IO[bytes] | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread = threading.Thread(target=self._run, name="kho-work", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now: something was handed over."""
        self._wake.set()

    def stop(self) -> None:
        """End after the piece of work in hand."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _run(self) -> None:
        wait, rounds = EVERY_SECONDS, 0
        while not self._stop.is_set():
            failed = self._mine() and self._round(rounds)
            rounds += 1
            wait = min(wait * 2, SLOWEST_SECONDS) if failed else EVERY_SECONDS
            self._wake.wait(wait)
            self._wake.clear()

    def _mine(self) -> bool:
        """Whether this process is the one that works."""
        if self._lock is None:
            place: Path = self.archive.settings.home / "work.lock"
            self._lock = place.open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _round(self, rounds: int) -> bool:
        """Do what waits; return whether something failed."""
        tasks: list[Callable[[Archive], int]] = [handing_over.work, telling.deliver]
        if rounds % HOUSEKEEPING_EVERY == 0:
            tasks += [stays.sweep, handing_over.sweep]
        failed = [task for task in tasks if not self._done(task)]
        return bool(failed)

    def _done(self, task: Callable[[Archive], int]) -> bool:
        try:
            task(self.archive)
        except ArchiveError as error:
            self._told(task, error.code)
            return False
        except Exception as error:  # noqa: BLE001 - a defect here must not end the thread
            self._told(task, type(error).__name__)
            return False
        return True

    def _told(self, task: Callable[[Archive], int], what: str) -> None:
        """Log what failed; never its message, which may hold personal data."""
        LOG.error("%s", json.dumps({"work": f"{task.__module__}.{task.__name__}", "error": what}))
