"""Answering a query from the readers of the years: totals, tiers, guesses, facets, pages."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

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
from archive.search.rewrite import Plan, differs_by_year, in_year, plan

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
    exact = _counts(readers, asked.base)
    level = 0
    if query.approximate:
        level = place.guessing if place else _level(readers, asked, sum(exact.values()))
    return _Answer(readers, query, asked, exact, _guesses(asked, level), level).page(place)


def _check(query: Query) -> None:
    if not 1 <= query.limit <= MAX_LIMIT:
        raise QueryRejected(f"a page has 1 to {MAX_LIMIT} hits, not {query.limit}")
    for name in query.facets:
        if name not in FACETS:
            raise QueryRejected(f"there is no facet {name!r}", hint=", ".join(FACETS))


def _counts(readers: Readers, node: Node) -> dict[int, int]:
    """Return how many hits each year has, without the years that have none."""
    counts = {year: reader.count(part) for year, reader, part in _parts(readers, node)}
    return {year: count for year, count in counts.items() if count}


def _parts(readers: Readers, node: Node) -> list[tuple[int, PartitionReader, Node]]:
    """Return the years that can have hits, with what the condition means in each."""
    if not differs_by_year(node):
        return [(year, reader, node) for year, reader in readers.items() if node != NOTHING]
    parts = ((year, reader, in_year(node, year)) for year, reader in readers.items())
    return [(year, reader, part) for year, reader, part in parts if part != NOTHING]


def _level(readers: Readers, asked: Plan, exact: int) -> int:
    """Return 0: nothing is to be guessed; 1: names; 2: names, then any words."""
    if exact >= names.ENOUGH or not asked.words:
        return 0
    return 1 if exact or _counts(readers, either(*_guesses(asked, 1))) else 2


def _guesses(asked: Plan, level: int) -> tuple[Node, ...]:
    """Return the guesses of a level, best first."""
    if level == 0:
        return ()
    found = names.misspelt_names(asked.words)
    if level > 1:
        found.append(names.misspelt_words(asked.words))
    return tuple(both(guess, asked.rest) for guess in found)


@dataclass(frozen=True, slots=True)
class _Answer:
    readers: Readers
    query: Query
    asked: Plan
    exact: Mapping[int, int]
    """Exact hits of each year that has some."""
    guesses: tuple[Node, ...]
    level: int

    def page(self, place: cursors.Place | None) -> Page:
        found = either(self.asked.base, *self.guesses)
        counts = _counts(self.readers, found) if self.guesses else self.exact
        hits, last = self._hits(self._steps(found), place, counts)
        total = sum(counts.values())
        return Page(
            total=total,
            hits=tuple(hits),
            facets=self._facets(found, counts),
            cursor=cursors.encode(last, self.query) if last else None,
            approximate=total - sum(self.exact.values()),
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
        self, steps: list[Node], place: cursors.Place | None, counts: Mapping[int, int]
    ) -> tuple[list[Hit], cursors.Place | None]:
        order = Order(self.query.sort, self.query.reversed)
        wanted = self.query.limit + 1
        left = sum(counts.values())
        unseen = dict(counts)
        rows: list[tuple[int, Row]] = []
        for step in range(place.tier if place else 0, len(steps)):
            after = place.row if place and step == place.tier else None
            readers = {year: self.readers[year] for year, hits in unseen.items() if hits}
            for year, row in _top(readers, steps[step], order, after, wanted - len(rows)):
                unseen[year] -= 1
                rows.append((step, row))
            if len(rows) >= min(wanted, left):
                break
        page, more = rows[: self.query.limit], rows[self.query.limit :]
        last = cursors.Place(page[-1][0], page[-1][1], self.level) if more else None
        return self._flagged(page, len(steps)), last

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
        return {row.key for _, row in _top(self.readers, node, order, None, len(keys))}

    def _facets(self, found: Node, counts: Mapping[int, int]) -> tuple[Facet, ...]:
        if not self.query.facets:
            return ()
        values = {name: Counter[str]() for name in self.query.facets}
        inside = [name for name in self.query.facets if name != "year"]
        readers = {year: self.readers[year] for year in counts} if inside else {}
        for _, reader, part in _parts(readers, found):
            for name, counted in reader.facets(part, inside).items():
                values[name].update(counted)
        if "year" in values:
            values["year"].update({str(year): count for year, count in counts.items()})
        return tuple(self._facet(name, values[name]) for name in self.query.facets)

    def _facet(self, name: str, values: Counter[str]) -> Facet:
        ranked = sorted((-count, value) for value, count in values.items() if count)
        shown = ranked[: self.query.facet_values]
        found = tuple(FacetValue(value, -count) for count, value in shown)
        return Facet(name, found, len(ranked) - len(found))


def _top(
    readers: Readers, node: Node, order: Order, after: Row | None, limit: int
) -> list[tuple[int, Row]]:
    """Return the first rows in order, each with its year."""
    parts = _parts(readers, node)
    if order.fields[0] == "received":
        # Years are in the order of receipt: the first ones that fill the page are enough.
        rows: list[tuple[int, Row]] = []
        for year, reader, part in sorted(parts, key=_year_of, reverse=order.descending):
            rows += [(year, row) for row in reader.top(part, order, after, limit - len(rows))]
            if len(rows) >= limit:
                break
        return rows
    tops = ([(y, row) for row in r.top(part, order, after, limit)] for y, r, part in parts)
    merged = heapq.merge(*tops, key=itemgetter(1), reverse=order.descending)
    return list(islice(merged, limit))


def _year_of(part: tuple[int, PartitionReader, Node]) -> int:
    return part[0]
