"""Work behind the pages: begun by a request, done on threads, told of in the catalogue.

A job's items are its progress; its last one, `RESULT`, says how it ended. What a crash
leaves is a job without it: beginning the same work again takes it up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from archive.catalogue import checkpoints
from archive.catalogue.checkpoints import ItemState, Job
from archive.catalogue.engine import Catalogue
from archive.errors import ArchiveError, defect

RESULT = "result"
LOG = logging.getLogger("kho.jobs")


class Progress:
    """What a piece of work tells of itself while it goes on."""

    def __init__(self, catalogue: Catalogue, clock: Callable[[], datetime], job: Job) -> None:
        self._catalogue, self._clock, self.job = catalogue, clock, job

    def settle(self, key: str, state: ItemState, outcome: Any = None) -> None:
        """Say how one item ended; one that the job does not have is added."""
        with self._catalogue.begin() as connection:
            checkpoints.start(
                connection, self.job.kind, self.job.key, (key,), at=self.job.started_at
            )
            item = checkpoints.settled(connection, self.job.id, key)
            if item is not None:
                at = self._clock()
                checkpoints.settle(connection, self.job.id, item.ordinal, state, outcome, at=at)


Work = Callable[[Progress], Any]
"""Returns a JSON value: what came out."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stands."""

    job: Job
    counts: Mapping[ItemState, int]
    """Without the result."""
    running: bool
    """Here and now; a job that is neither running nor finished was interrupted."""
    result: Any = None
    """What came out; None before."""
    problem: Mapping[str, Any] | None = None
    """Why it failed, as an error object."""

    @property
    def total(self) -> int:
        """How many items it has."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """How many items are settled."""
        return self.total - self.counts[ItemState.PENDING]

    @property
    def interrupted(self) -> bool:
        """Whether somebody has to begin it again."""
        return self.job.finished_at is None and not self.running


class Background:
    """Runs work on a few threads; the same kind and key never twice at a time."""

    def __init__(
        self, catalogue: Catalogue, clock: Callable[[], datetime], *, workers: int = 2
    ) -> None:
        self._catalogue, self._clock = catalogue, clock
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="kho-job")
        self._running: dict[str, Future[None]] = {}
        self._lock = Lock()

    def begin(
        self,
        kind: str,
        key: str,
        items: Iterable[str],
        work: Work,
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> Job:
        """Begin work and return its job; one that goes on already is returned as it is."""
        with self._lock:
            with self._catalogue.begin() as connection:
                job = checkpoints.start(
                    connection, kind, key, items, at=self._clock(), parameters=parameters
                )
            future = self._running.get(job.id)
            if future is None or future.done():
                self._running[job.id] = self._pool.submit(self._run, job, work)
        return job

    def _run(self, job: Job, work: Work) -> None:
        progress = Progress(self._catalogue, self._clock, job)
        try:
            progress.settle(RESULT, ItemState.DONE, work(progress))
        except ArchiveError as error:
            progress.settle(RESULT, ItemState.FAILED, dict(error.to_problem()))
        except Exception as error:  # noqa: BLE001 - a defect must not leave the job without an end
            LOG.error("%s in job %s", type(error).__name__, job.kind)
            progress.settle(RESULT, ItemState.FAILED, dict(defect(error).to_problem()))
        with self._catalogue.begin() as connection:
            checkpoints.finish(connection, job.id, at=self._clock())

    def standing(self, job: Job) -> Standing:
        """Return how a job stands.

        Whether it goes on here is asked first: `job` may have been read before it ended.
        """
        future = self._running.get(job.id)
        running = job.finished_at is None and future is not None and not future.done()
        with self._catalogue.connect() as connection:
            job = checkpoints.get(connection, job.id)
            counts = dict(checkpoints.tally(connection, job.id))
            result = checkpoints.settled(connection, job.id, RESULT)
        if result is not None:
            counts[result.state] -= 1
        running = running and job.finished_at is None
        failed = result is not None and result.state is ItemState.FAILED
        return Standing(
            job, counts, running,
            result.outcome if result is not None and not failed else None,
            result.outcome if result is not None and failed else None,
        )  # fmt: skip

    def close(self) -> None:
        """Let what is going on come to an end, and begin nothing new."""
        self._pool.shutdown(wait=True, cancel_futures=True)
