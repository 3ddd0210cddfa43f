"""Long work in steps, on this machine: many items, each whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from archive.errors import ArchiveError, defect

LOG = logging.getLogger("kho.jobs")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Done(Generic[Item, Result]):
    """What became of one item: a result or an error, never both."""

    item: Item
    result: Result | None
    error: ArchiveError | None


def run(
    items: Iterable[Item], act: Callable[[Item], Result], *, workers: int
) -> Iterator[Done[Item, Result]]:
    """Do `act` for each item on `workers` threads and yield outcomes as they come.

    An `ArchiveError` is the item's outcome and does not stop the others. Items are drawn
    as workers become free, so that memory does not grow with their number. When the
    caller stops (Ctrl-C, `close`), items under way are finished and no new ones begun.
    """
    drawn = iter(items)
    pending: dict[Future[Result], Item] = {}
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        try:
            for item in islice(drawn, 2 * workers):
                pending[pool.submit(act, item)] = item
            while pending:
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield _outcome(pending.pop(future), future)
                for item in islice(drawn, len(finished)):
                    pending[pool.submit(act, item)] = item
        finally:
            for future in pending:
                future.cancel()


def contained(act: Callable[[Item], Result]) -> Callable[[Item], Result]:
    """Return an act of which a defect of Kho, too, is the one item's outcome and ends no run."""

    def careful(item: Item) -> Result:
        try:
            return act(item)
        except ArchiveError:
            raise
        except Exception as error:
            told = defect(error)
            LOG.error("%s", told.message)  # kind and place alone
            raise told from error

    return careful


def _outcome(item: Item, future: Future[Result]) -> Done[Item, Result]:
    try:
        return Done(item, future.result(), None)
    except ArchiveError as error:
        return Done(item, None, error)
