"""What an engine does for one year: the two small ports behind every `SearchIndex` here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from archive.search.query import Node, Sort
from archive.search.schema import Entry


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One hit and its place in an order: by both numbers, then by key."""

    high: int
    low: int
    key: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order of rows."""

    sort: Sort
    descending: bool

    @property
    def fields(self) -> tuple[str, str]:
        """The index fields of a row's two numbers."""
        match self.sort:
            case Sort.CODE:
                return "code_high", "code_low"
            case Sort.CLOSED:
                return "closed", "closed"
            case Sort.RECEIVED | Sort.RELEVANCE:
                return "received", "received"

    def after(self, row: Row, other: Row) -> bool:
        """Whether `row` comes strictly after `other`."""
        return row < other if self.descending else row > other

    def sorted(self, rows: list[Row]) -> list[Row]:
        """Return rows in this order."""
        return sorted(rows, reverse=self.descending)


class PartitionReader(Protocol):
    """One year as it was at one moment. Conditions are over the fields of the index."""

    def count(self, node: Node) -> int:
        """Return how many records meet a condition, exactly."""

    def top(self, node: Node, order: Order, after: Row | None, limit: int) -> list[Row]:
        """Return the first `limit` rows that come after `after`, in order."""

    def facets(self, node: Node, names: Collection[str]) -> dict[str, dict[str, int]]:
        """Return for each facet how many of the records that are met have each value."""

    def knows(self, token: str) -> bool:
        """Whether any dictionary of the files has this text, removed records included."""

    def keys(self) -> Iterator[str]:
        """Yield the id of every record."""

    def current(self) -> bool:
        """Whether nothing was written since this reader was opened."""

    def close(self) -> None:
        """Let go of the files."""


class PartitionWriter(Protocol):
    """Changes to one year, all of which take effect with `commit`."""

    def remove(self, key: str) -> None:
        """Remove the record with this id, if there is one."""

    def add(self, entry: Entry) -> None:
        """Add a record that is not there, or that was removed before."""

    def commit(self) -> None:
        """Make the changes visible and durable."""

    def abandon(self) -> None:
        """Drop the changes and let go of the engine's own lock."""
