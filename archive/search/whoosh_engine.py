"""The engine without native code: whoosh, one index for each year.

Only whoosh's storage is used: its dictionaries, postings and columns. Conditions are worked
out here on sets of record numbers, because whoosh's own searcher reports wrong totals when
a filter leaves no hits. Writing is by a single process (its writer with several loses
records without an error when one of them dies), and the number of records is compared
after each commit.

Good to about 100,000 short records or 10,000 full texts. Its files are pickles: whoever can
write the folder can run code in every reader.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from whoosh import analysis, columns, fields, formats, index
from whoosh.reading import TermNotFound

from archive.errors import Unavailable
from archive.search import schema
from archive.search.index import PartitionedIndex
from archive.search.layout import sync_folder, unavailable
from archive.search.names import LETTERS, neighbours
from archive.search.partition import Order, PartitionReader, PartitionWriter, Row
from archive.search.query import All, And, Fuzzy, In, Node, Not, Or, Phrase, Prefix, Range, Term
from archive.search.schema import Entry

_SEPARATOR = "\n"
_KEY_COLUMN = "key_column"
_HEAP_MIB = 64
_BULK_HEAP_MIB = 256
_CACHED = 512
"""Lists of record numbers that a reader keeps."""

Numbers = frozenset[int]


class WhooshIndex(PartitionedIndex):
    """A `SearchIndex` on whoosh."""

    engine = "whoosh"

    def _create(self, path: Path) -> None:
        with _own_errors(path):
            index.create_in(str(path), _schema()).close()

    def _writer(self, path: Path, *, bulk: bool) -> PartitionWriter:
        return _Writer(path, bulk)

    def _reader(self, path: Path) -> PartitionReader:
        return _Reader(path)


@contextmanager
def _own_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except Unavailable:
        raise
    except Exception as error:  # damaged pickles raise anything
        raise unavailable(path, error) from error


class _Tokens(analysis.Tokenizer):  # type: ignore[misc]
    """Splits what was folded before, at one character."""

    def __init__(self, separator: str) -> None:
        self._separator = separator

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tokens) and other._separator == self._separator

    def __hash__(self) -> int:
        return hash(self._separator)

    def __call__(self, value: str, **_: Any) -> Iterator[Any]:
        token = analysis.Token(positions=True, chars=False)
        token.boost = 1.0
        token.stopped = False
        for position, text in enumerate(value.split(self._separator)):
            token.text, token.pos = text, position
            yield token


def _schema() -> Any:
    def exact() -> Any:
        return fields.FieldType(formats.Existence(), _Tokens(_SEPARATOR))

    def words() -> Any:
        return fields.FieldType(formats.Positions(), _Tokens(" "))

    def column(kind: Any) -> Any:
        return fields.COLUMN(kind)

    known = {schema.KEY: exact(), _KEY_COLUMN: column(columns.VarBytesColumn())}
    known |= {name: words() for name in schema.WORDS}
    known |= {name: exact() for name in (*schema.KEYS, *schema.FACETS)}
    known |= {f"{name}_column": column(columns.VarBytesColumn()) for name in schema.FACETS}
    known |= {name: column(columns.NumericColumn("Q")) for name in schema.NUMBERS}
    return fields.Schema(**known)


class _Writer:
    def __init__(self, path: Path, bulk: bool) -> None:
        self._path = path
        with _own_errors(path):
            opened = index.open_dir(str(path))
            limit = _BULK_HEAP_MIB if bulk else _HEAP_MIB
            self._writer: Any = opened.writer(procs=1, limitmb=limit, timeout=5.0)
        self._removed = False

    def remove(self, key: str) -> None:
        with _own_errors(self._path):
            self._removed |= bool(self._writer.delete_by_term(schema.KEY, key))

    def add(self, entry: Entry) -> None:
        values: dict[str, Any] = {schema.KEY: entry.key, _KEY_COLUMN: entry.key.encode()}
        values |= {name: text for name, text in entry.words.items() if text}
        values |= {name: _SEPARATOR.join(texts) for name, texts in entry.keys.items() if texts}
        for name, text in entry.facets.items():
            values[name] = text
            values[f"{name}_column"] = text.encode()
        values |= entry.numbers
        with _own_errors(self._path):
            self._writer.add_document(**values)

    def commit(self) -> None:
        with _own_errors(self._path):
            writer, self._writer = self._writer, None
            writer.commit()
            sync_folder(self._path)

    def abandon(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with _own_errors(self._path):
                writer.cancel()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        with _own_errors(path):
            self._index = index.open_dir(str(path))
            self._reader: Any = self._index.reader()
            self._all = frozenset(self._reader.all_doc_ids())
            self._postings: dict[tuple[str, str], Numbers] = {}
            self._columns: dict[str, Any] = {}
            self._words: dict[str, tuple[frozenset[str], str]] = {}

    def current(self) -> bool:
        with _own_errors(self._path):
            return bool(self._index.latest_generation() == self._reader.generation())

    def close(self) -> None:
        self._reader.close()

    def count(self, node: Node) -> int:
        return len(self._matching(node))

    def top(self, node: Node, order: Order, after: Row | None, limit: int) -> list[Row]:
        high, low = (self._numbers(name) for name in order.fields)
        keys = self._texts(_KEY_COLUMN)
        rows = [Row(high[at], low[at], keys[at]) for at in self._first(node, order, after, limit)]
        rows = [row for row in rows if not after or order.after(row, after)]
        return order.sorted(rows)[:limit]

    def _first(self, node: Node, order: Order, after: Row | None, limit: int) -> list[int]:
        """Return enough records for the top rows: all that are equal to the last one too."""
        high = self._numbers(order.fields[0])
        found = self._matching(node)
        if after:
            first = after.high
            within = first.__ge__ if order.descending else first.__le__
            found = frozenset(at for at in found if within(high[at]))
        ranked = sorted(found, key=high.__getitem__, reverse=order.descending)
        end = limit
        if after:
            end += sum(1 for at in ranked if high[at] == after.high)
        while 0 < end < len(ranked) and high[ranked[end]] == high[ranked[end - 1]]:
            end += 1
        return ranked[:end]

    def facets(self, node: Node, names: Collection[str]) -> dict[str, dict[str, int]]:
        found = self._matching(node)
        answer: dict[str, dict[str, int]] = {}
        for name in names:
            values = self._texts(f"{name}_column")
            counts = Counter(values[at] for at in found)
            answer[name] = {value: count for value, count in counts.items() if value}
        return answer

    def knows(self, token: str) -> bool:
        names = (schema.KEY, *schema.WORDS, *schema.KEYS, *schema.FACETS)
        with _own_errors(self._path):
            return any((name, token) in self._reader for name in names)

    def keys(self) -> Iterator[str]:
        keys = self._texts(_KEY_COLUMN)
        yield from (keys[at] for at in self._all)

    # Columns

    def _numbers(self, name: str) -> Any:
        return self._column(name, lambda column: array("Q", column))

    def _texts(self, name: str) -> Any:
        return self._column(name, lambda column: [value.decode() for value in column])

    def _column(self, name: str, read: Callable[[Any], Any]) -> Any:
        if name not in self._columns:
            with _own_errors(self._path):
                size = self._reader.doc_count_all()
                column = self._reader.column_reader(name)
                self._columns[name] = read(column[at] for at in range(size))
        return self._columns[name]

    # Conditions

    def _matching(self, node: Node) -> Numbers:
        match node:
            case All():
                return self._all
            case Term(name, text):
                return self._having(name, text)
            case In(name, values):
                return frozenset[int]().union(*(self._having(name, value) for value in values))
            case Phrase(name, words):
                return self._phrase(name, words)
            case Prefix(name, text):
                return self._prefix(name, text)
            case Fuzzy(name, text):
                return self._near(name, text)
            case Range(name, low, high):
                return self._between(name, low or 0, (1 << 64) - 1 if high is None else high)
            case And(nodes):
                return self._conjunction(nodes)
            case Or(nodes):
                return frozenset[int]().union(*map(self._matching, nodes))
            case Not(inner):
                return self._all - self._matching(inner)
            case _:
                return frozenset()

    def _conjunction(self, nodes: tuple[Node, ...]) -> Numbers:
        found: Numbers | None = None
        for node in sorted(nodes, key=lambda node: isinstance(node, Not)):
            if found is not None and not found:
                break
            if isinstance(node, Not):
                found = (self._all if found is None else found) - self._matching(node.node)
            else:
                matching = self._matching(node)
                found = matching if found is None else found & matching
        return self._all if found is None else found

    def _having(self, name: str, text: str) -> Numbers:
        key = (name, text)
        if key not in self._postings:
            if len(self._postings) >= _CACHED:
                self._postings.pop(next(iter(self._postings)))
            self._postings[key] = self._read(name, text)
        return self._postings[key]

    def _read(self, name: str, text: str) -> Numbers:
        with _own_errors(self._path):
            try:
                return frozenset(self._reader.postings(name, text).all_ids())
            except TermNotFound:
                return frozenset()

    def _prefix(self, name: str, text: str) -> Numbers:
        with _own_errors(self._path):
            terms = [term.decode() for term in self._reader.expand_prefix(name, text)]
        return frozenset[int]().union(*(self._read(name, term) for term in terms))

    def _near(self, name: str, text: str) -> Numbers:
        if name not in self._words:
            with _own_errors(self._path):
                words = frozenset(term.decode() for term in self._reader.lexicon(name))
            letters = frozenset(LETTERS).union(*words)
            self._words[name] = (words, "".join(sorted(letters)))
        words, alphabet = self._words[name]
        near = ({text} | neighbours(text, alphabet)) & words
        return frozenset[int]().union(*(self._having(name, word) for word in near))

    def _between(self, name: str, low: int, high: int) -> Numbers:
        numbers = self._numbers(name)
        return frozenset(at for at in self._all if low <= numbers[at] <= high)

    def _phrase(self, name: str, words: tuple[str, ...]) -> Numbers:
        candidates = self._conjunction(tuple(Term(name, word) for word in set(words)))
        if not candidates:
            return candidates
        ordered = sorted(candidates)
        with _own_errors(self._path):
            starts = self._positions(name, words[0], ordered)
            for offset, word in enumerate(words[1:], 1):
                places = self._positions(name, word, ordered)
                for at in ordered:
                    starts[at] &= {place - offset for place in places[at]}
                ordered = [at for at in ordered if starts[at]]
        return frozenset(ordered)

    def _positions(self, name: str, word: str, ordered: list[int]) -> dict[int, set[int]]:
        found: dict[int, set[int]] = {}
        matcher = self._reader.postings(name, word)
        for at in ordered:
            if matcher.id() < at:
                matcher.skip_to(at)
            found[at] = set(matcher.value_as("positions"))
        return found
