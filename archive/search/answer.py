"""Answering a query from the readers of the years: totals, tiers, guesses, facets, pages."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from archive.errors import QueryRejected
from archive.search import cursor as cursors
from archive.search import names
from archive.search.partition import Order, PartitionReader, Row
from archive.search.query import (
    FACETS,
    MAX_LIMIT,
    NOTHING,
    Facet,
    FacetValue,
    Hit,
    In,
    Node,
    Page,
    Query,
    Sort,
    both,
    either,
    errors_in,
    negation,
)
from archive.search.rewrite import Plan, in_year, plan

Readers = Mapping[int, PartitionReader]


def answer(readers: Readers, query: Query) -> Page:
    """Return one page of what a query finds in all years.

    Raises:
        QueryRejected: see `SearchIndex.search`.
    """
    _check(query)
    if wrong := [*errors_in(query.node), *errors_in(query.permit)]:
        return Page(0, (), diagnostics=tuple(wrong))
    place = cursors.decode(query.cursor, query) if query.cursor else None
    asked = plan(query)
    exact = _count(readers, asked.base)
    guesses = _Guesses(readers, asked)
    level = place.guessing if place else guesses.level(exact) if query.approximate else 0
    return _Answer(readers, query, asked, exact, guesses.at(level), level).page(place)


def _check(query: Query) -> None:
    if not 1 <= query.limit <= MAX_LIMIT:
        raise QueryRejected(f"a page has 1 to {MAX_LIMIT} hits, not {query.limit}")
    for name in query.facets:
        if name not in FACETS:
            raise QueryRejected(f"there is no facet {name!r}", hint=", ".join(FACETS))


def _count(readers: Readers, node: Node) -> int:
    return sum(reader.count(part) for _, reader, part in _parts(readers, node))


def _parts(readers: Readers, node: Node) -> list[tuple[int, PartitionReader, Node]]:
    """Return the years that can have hits, with what the condition means in each."""
    parts = ((year, reader, in_year(node, year)) for year, reader in readers.items())
    return [(year, reader, part) for year, reader, part in parts if part != NOTHING]


class _Guesses:
    """What is tried when there are few exact hits: names first, then any words."""

    def __init__(self, readers: Readers, asked: Plan) -> None:
        self._readers = readers
        self._asked = asked

    def level(self, exact: int) -> int:
        """Return 0: nothing is to be guessed; 1: names; 2: names and words."""
        if exact >= names.ENOUGH or not self._asked.words:
            return 0
        if exact == 0 and _count(self._readers, either(*self.at(1))) == 0:
            return 2
        return 1

    def at(self, level: int) -> tuple[Node, ...]:
        """Return the guesses of a level, best first."""
        if level == 0:
            return ()
        found = names.misspelt_names(self._asked.words, self._vocabulary)
        if level > 1:
            found.append(names.misspelt_words(self._asked.words))
        return tuple(both(guess, self._asked.rest) for guess in found)

    def _vocabulary(self, field: str) -> frozenset[str]:
        readers = self._readers.values()
        return frozenset[str]().union(*(reader.vocabulary(field) for reader in readers))


@dataclass(frozen=True, slots=True)
class _Answer:
    readers: Readers
    query: Query
    asked: Plan
    exact: int
    guesses: tuple[Node, ...]
    level: int

    def page(self, place: cursors.Place | None) -> Page:
        found = either(self.asked.base, *self.guesses)
        total = _count(self.readers, found) if self.guesses else self.exact
        steps = self._steps(found)
        hits, last = self._hits(steps, place)
        return Page(
            total=total,
            hits=tuple(hits),
            facets=tuple(self._facet(name, found) for name in self.query.facets),
            cursor=cursors.encode(last, self.query) if last else None,
            approximate=total - self.exact,
        )

    def _steps(self, found: Node) -> list[Node]:
        """Return disjoint conditions that together are `found`, best first."""
        if self.query.sort is not Sort.RELEVANCE:
            return [found]
        steps: list[Node] = []
        done: list[Node] = []
        for tier in self.asked.tiers:
            steps.append(both(self.asked.base, tier, *map(negation, done)))
            done.append(tier)
        done = [self.asked.base]
        for guess in self.guesses:
            steps.append(both(guess, *map(negation, done)))
            done.append(guess)
        return steps

    def _hits(
        self, steps: list[Node], place: cursors.Place | None
    ) -> tuple[list[Hit], cursors.Place | None]:
        order = Order(self.query.sort, self.query.reversed)
        wanted = self.query.limit + 1
        rows: list[tuple[int, Row]] = []
        for step in range(place.tier if place else 0, len(steps)):
            after = place.row if place and step == place.tier else None
            top = self._top(steps[step], order, after, wanted - len(rows))
            rows += [(step, row) for row in top]
            if len(rows) >= wanted:
                break
        page, more = rows[: self.query.limit], rows[self.query.limit :]
        last = cursors.Place(page[-1][0], page[-1][1], self.level) if more else None
        return self._flagged(page, len(steps)), last

    def _top(self, node: Node, order: Order, after: Row | None, limit: int) -> list[Row]:
        parts = _parts(self.readers, node)
        if order.fields[0] == "received":
            # Years are in the order of receipt: the first ones that fill the page are enough.
            rows: list[Row] = []
            for _, reader, part in sorted(parts, key=_year_of, reverse=order.descending):
                rows += reader.top(part, order, after, limit - len(rows))
                if len(rows) >= limit:
                    break
            return rows
        tops = [reader.top(part, order, after, limit) for _, reader, part in parts]
        return list(heapq.merge(*tops, reverse=order.descending))[:limit]

    def _flagged(self, page: list[tuple[int, Row]], steps: int) -> list[Hit]:
        if self.query.sort is Sort.RELEVANCE:
            exact_steps = len(self.asked.tiers)
            return [
                Hit(row.key, round(1 - step / (steps + 1), 4), step >= exact_steps)
                for step, row in page
            ]
        keys = tuple(row.key for _, row in page)
        exact = set(keys) if not self.guesses else self._exact_among(keys)
        return [Hit(key, 1.0, key not in exact) for key in keys]

    def _exact_among(self, keys: tuple[str, ...]) -> set[str]:
        node = both(self.asked.base, In("key", keys))
        order = Order(Sort.RECEIVED, descending=True)
        parts = _parts(self.readers, node)
        return {
            row.key for _, reader, part in parts for row in reader.top(part, order, None, len(keys))
        }

    def _facet(self, name: str, found: Node) -> Facet:
        counts: Counter[str] = Counter()
        for year, reader, part in _parts(self.readers, found):
            if name == "year":
                counts[str(year)] += reader.count(part)
            else:
                counts.update(reader.facets(part, [name])[name])
        ranked = sorted((-count, value) for value, count in counts.items() if count)
        shown = ranked[: self.query.facet_values]
        values = tuple(FacetValue(value, -count) for count, value in shown)
        return Facet(name, values, len(ranked) - len(values))


def _year_of(part: tuple[int, PartitionReader, Node]) -> int:
    return part[0]
