"""The default engine: tantivy, one index for each year.

Everything native goes through `_native`: a Rust panic arrives in Python as an exception
that is no `Exception`. Conditions become query objects, never query strings; a pattern is
only ever made of our own escaped tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import tantivy

from archive.errors import Unavailable
from archive.search import schema
from archive.search.index import PartitionedIndex
from archive.search.layout import Mark, mark_of, unavailable
from archive.search.partition import Order, PartitionReader, PartitionWriter, Row
from archive.search.query import (
    NOTHING,
    All,
    And,
    Fuzzy,
    In,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Sort,
    Term,
    both,
    either,
)
from archive.search.schema import Entry

_SMALL_HEAP = 30_000_000
_BULK_HEAP = 256_000_000
_MOST_VALUES = 65_000
"""Different values of one facet in one year that are counted exactly."""
_MOST_TIES = 10_000
_FEW_TERMS = 256
_PAGE = 1_000
_META = "meta.json"
_EVERY_FIELD = (schema.KEY, *schema.WORDS, *schema.KEYS, *schema.FACETS)


class TantivyIndex(PartitionedIndex):
    """A `SearchIndex` on tantivy."""

    engine = "tantivy"

    def _create(self, path: Path) -> None:
        with _native(path):
            tantivy.Index(_schema(), path=str(path), reuse=False)

    def _writer(self, path: Path, *, bulk: bool) -> PartitionWriter:
        return _Writer(path, bulk)

    def _reader(self, path: Path) -> PartitionReader:
        return _Reader(path)


@contextmanager
def _native(path: Path) -> Iterator[None]:
    """Turn whatever native code raises, panics included, into `Unavailable`."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, Unavailable):
        raise
    except BaseException as error:  # a panic is no Exception
        raise unavailable(path, error) from error


@cache
def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(schema.KEY, stored=True, tokenizer_name="raw", index_option="basic")
    for name in schema.WORDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in schema.KEYS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in schema.FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in schema.NUMBERS:
        builder.add_unsigned_field(name, indexed=False, fast=True)
    return builder.build()


def _from(name: str, value: int, descending: bool) -> Node:
    return Range(name, None, value) if descending else Range(name, value, None)


def _beyond(name: str, value: int, descending: bool) -> Node:
    if not descending:
        return Range(name, value + 1, None) if value + 1 < 1 << 64 else NOTHING
    return Range(name, None, value - 1) if value else NOTHING


class _Writer:
    """Opens the index anew for every batch, so that no old list of files is kept."""

    def __init__(self, path: Path, bulk: bool) -> None:
        self._path = path
        with _native(path):
            self._index = tantivy.Index.open(str(path))
            heap = _BULK_HEAP if bulk else _SMALL_HEAP
            self._writer: Any = self._index.writer(heap_size=heap, num_threads=1)

    def remove(self, key: str) -> None:
        with _native(self._path):
            self._writer.delete_documents_by_term(schema.KEY, key)

    def add(self, entry: Entry) -> None:
        with _native(self._path):
            document = tantivy.Document()
            document.add_text(schema.KEY, entry.key)
            for name, text in entry.words.items():
                if text:
                    document.add_text(name, text)
            for name, texts in entry.keys.items():
                for text in texts:
                    document.add_text(name, text)
            for name, text in entry.facets.items():
                document.add_text(name, text)
            for name, number in entry.numbers.items():
                document.add_unsigned(name, number)
            self._writer.add_document(document)

    def commit(self) -> None:
        with _native(self._path):
            self._writer.commit()
            writer, self._writer = self._writer, None
            writer.wait_merging_threads()

    def abandon(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with _native(self._path):
                writer.rollback()


@dataclass(slots=True)
class _Reader:
    path: Path
    _meta: str = field(init=False)
    _mark: Mark = field(init=False)
    _searcher: Any = field(init=False)

    def __post_init__(self) -> None:
        with _native(self.path):
            self._meta = str(self.path / _META)
            self._mark = mark_of(self._meta)
            index = tantivy.Index.open(str(self.path))
            index.config_reader(reload_policy="manual")
            index.reload()
            self._searcher = index.searcher()

    def current(self) -> bool:
        try:
            return mark_of(self._meta) == self._mark
        except OSError:
            return False

    def close(self) -> None:
        self._searcher = None

    def count(self, node: Node) -> int:
        if isinstance(node, All):
            return int(self._searcher.num_docs)
        with _native(self.path):
            return int(self._search(node, 1, "received", False, count=True).count)

    def top(self, node: Node, order: Order, after: Row | None, limit: int) -> list[Row]:
        high, low = order.fields
        with _native(self.path):
            if high == low:
                return self._top_of_one(node, order, high, after, limit)
            return self._top_of_two(node, order, (high, low), after, limit)

    def _top_of_one(
        self, node: Node, order: Order, name: str, after: Row | None, limit: int
    ) -> list[Row]:
        """Return rows by a number that all but never occurs twice."""
        spare = 4
        if after:
            node = both(node, _from(name, after.high, order.descending))
        rows = self._rows(node, name, name, order.descending, limit + spare)
        return order.sorted([row for row in rows if not after or order.after(row, after)])[:limit]

    def _top_of_two(
        self, node: Node, order: Order, names: tuple[str, str], after: Row | None, limit: int
    ) -> list[Row]:
        """Return rows by two numbers of which the first often occurs many times.

        The index orders by one number only: the group of equal first numbers in which the
        page before ended, and the one in which this page ends, are asked for by themselves.
        """
        high, low = names
        rows: list[Row] = []
        if after:
            rows = self._group(node, order, names, after.high, after)
            node = both(node, _beyond(high, after.high, order.descending))
        if len(rows) < limit:
            more = self._rows(node, high, low, order.descending, limit - len(rows) + 1)
            if len(more) > limit - len(rows):
                cut = more[-1].high
                more = [row for row in more if row.high != cut]
                more += self._group(node, order, names, cut, None)
            rows += more
        return order.sorted(rows)[:limit]

    def _group(
        self, node: Node, order: Order, names: tuple[str, str], value: int, after: Row | None
    ) -> list[Row]:
        high, low = names
        same = both(node, Range(high, value, value))
        if after:
            same = both(same, _from(low, after.low, order.descending))
        rows = self._rows(same, low, low, order.descending, _MOST_TIES)
        rows = [Row(value, row.low, row.key) for row in rows]
        return [row for row in rows if not after or order.after(row, after)]

    def _rows(self, node: Node, high: str, low: str, descending: bool, limit: int) -> list[Row]:
        hits = self._search(node, limit, high, descending).hits
        addresses = [address for _, address in hits]
        lows = self._searcher.fast_field_values(low, addresses) if low != high else None
        return [
            Row(value, lows[place] if lows else value, self._key(address))
            for place, (value, address) in enumerate(hits)
        ]

    def _key(self, address: Any) -> str:
        return str(self._searcher.doc(address).get_first(schema.KEY))

    def _search(
        self, node: Node, limit: int, name: str, descending: bool, count: bool = False
    ) -> Any:
        limit = max(1, min(limit, int(self._searcher.num_docs) or 1))
        way = tantivy.Order.Desc if descending else tantivy.Order.Asc
        return self._searcher.search(
            self._query(node), limit=limit, order_by_field=name, order=way, count=count
        )

    def facets(self, node: Node, names: Collection[str]) -> dict[str, dict[str, int]]:
        asked = {
            name: {"terms": {"field": name, "size": _MOST_VALUES, "segment_size": _MOST_VALUES}}
            for name in names
        }
        with _native(self.path):
            found = self._searcher.aggregate(self._query(node), asked)
        return {
            name: {bucket["key"]: bucket["doc_count"] for bucket in found[name]["buckets"]}
            for name in names
        }

    def knows(self, token: str) -> bool:
        with _native(self.path):
            return any(self._searcher.doc_freq(name, token) for name in _EVERY_FIELD)

    def keys(self) -> Iterator[str]:
        order = Order(Sort.RECEIVED, descending=False)
        rows = self.top(All(), order, None, _PAGE)
        while rows:
            yield from (row.key for row in rows)
            rows = self.top(All(), order, rows[-1], _PAGE)

    def _query(self, node: Node) -> Any:
        """Return what the index is asked; only a prefix depends on what the year's index has."""
        return _everywhere(node) or _compiled(node, self._prefix)

    def _prefix(self, name: str, text: str) -> Any:
        """Return the query for a prefix: of its terms if they are few, which is faster."""
        terms = self._searcher.terms_with_prefix(name, text, limit=_FEW_TERMS + 1)
        if len(terms) <= _FEW_TERMS:
            return self._query(In(name, tuple(term for term, _ in terms)))
        return tantivy.Query.regex_query(_schema(), name, re.escape(text) + ".*")


Expand = Callable[[str, str], Any]
"""Field and beginning of a word to the query for it in one year."""


@lru_cache(maxsize=1024)
def _everywhere(node: Node) -> Any:
    """Return the query if it is the same in every year, or None. A page asks it of all years."""
    return None if _has_prefix(node) else _compiled(node, None)


def _has_prefix(node: Node) -> bool:
    match node:
        case And(nodes) | Or(nodes):
            return any(map(_has_prefix, nodes))
        case Not(inner):
            return _has_prefix(inner)
        case _:
            return isinstance(node, Prefix)


def _compiled(node: Node, expand: Expand | None) -> Any:
    query, bare = tantivy.Query, _schema()
    match node:
        case All():
            return query.all_query()
        case Term(name, text):
            return query.term_query(bare, name, text, index_option="basic")
        case In(name, values):
            # Not a set query: that is compiled to an automaton each time it is asked, which takes
            # fifty times as long as looking two texts up, and five times as long for 256.
            return _compiled(either(*(Term(name, value) for value in values)), expand)
        case Phrase(name, words):
            return query.phrase_query(bare, name, list(words))
        case Prefix(name, text) if expand:
            return expand(name, text)
        case Fuzzy(name, text):
            return query.fuzzy_term_query(bare, name, text, 1, transposition_cost_one=True)
        case Range(name, low, high):
            return _range(name, low, high)
        case And(nodes):
            return _conjunction(nodes, expand)
        case Or(nodes) if nodes:
            return query.boolean_query(
                [(tantivy.Occur.Should, _compiled(part, expand)) for part in nodes]
            )
        case Not():
            return _conjunction((node,), expand)
        case _:
            return query.empty_query()


def _conjunction(nodes: tuple[Node, ...], expand: Expand | None) -> Any:
    must, must_not = tantivy.Occur.Must, tantivy.Occur.MustNot
    clauses = [
        (must_not, _compiled(node.node, expand))
        if isinstance(node, Not)
        else (must, _compiled(node, expand))
        for node in nodes
    ]
    if all(isinstance(node, Not) for node in nodes):
        clauses.insert(0, (must, tantivy.Query.all_query()))
    return tantivy.Query.boolean_query(clauses)


def _range(name: str, low: int | None, high: int | None) -> Any:
    if low is not None and high is not None and low > high:
        return tantivy.Query.empty_query()
    return tantivy.Query.range_query(
        _schema(), name, tantivy.FieldType.Unsigned, lower_bound=low, upper_bound=high
    )
