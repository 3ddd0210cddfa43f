"""Together: small writes of many threads in one transaction, each answered after its commit.

A commit waits for the disk, and only one transaction writes at a time. Whoever comes while one
is under way waits for it and is written with all others that came meanwhile (group commit).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from archive.catalogue.engine import Catalogue, Connection

T = TypeVar("T")


@dataclass(slots=True)
class _Ticket(Generic[T]):
    item: T
    done: bool = False
    error: Exception | None = None


class Together(Generic[T]):
    """Writes items of one kind; may be used by many threads."""

    def __init__(
        self, catalogue: Catalogue, write: Callable[[Connection, Sequence[T]], None]
    ) -> None:
        """Write into `catalogue` with `write`, which takes the items of one transaction."""
        self._catalogue = catalogue
        self._write = write
        self._waiting: list[_Ticket[T]] = []
        self._guard = threading.Lock()
        self._turn = threading.Lock()

    def add(self, item: T) -> None:
        """Write an item; it is committed when this returns.

        Raises what `write` and `Catalogue.begin` raise; then this item is not written, and
        the others are.
        """
        ticket = _Ticket(item)
        with self._guard:
            self._waiting.append(ticket)
        with self._turn:
            if not ticket.done:
                with self._guard:
                    batch, self._waiting = self._waiting, []
                self._commit(batch)
        if ticket.error is not None:
            raise ticket.error

    def _commit(self, batch: Sequence[_Ticket[T]]) -> None:
        try:
            with self._catalogue.begin() as connection:
                self._write(connection, [ticket.item for ticket in batch])
        except Exception as error:  # noqa: BLE001 - told to whom it concerns
            if len(batch) > 1:
                # One of them cannot be written: each by itself, so that only that one fails.
                for ticket in batch:
                    self._commit((ticket,))
                return
            batch[0].error = error
        for ticket in batch:
            ticket.done = True
