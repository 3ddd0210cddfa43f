"""Both engines and a plain reading of the conditions agree on random dossiers and queries."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.search import IndexRecord, Query, SearchIndex, Sort
from archive.search.language import parse
from archive.search.names import neighbours
from archive.search.query import (
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
    Term,
)
from archive.search.rewrite import in_year, plan
from archive.search.schema import Entry, entry_of
from archive.search.tantivy_engine import TantivyIndex
from archive.search.whoosh_engine import WhooshIndex

_NAMES = [
    "nguyễn",
    "Nguyên",
    "van",
    "văn",
    "an",
    "ân",
    "anh",
    "đỗ",
    "do",
    "đức",
    "duc",
    "thị",
    "ж",
    "hoà",
    "hòa",
    "ß",
    "x",
]
_WORDS = [
    "giấy",
    "giáy",
    "phép",
    "phep",
    "xây",
    "xay",
    "dựng",
    "nhà",
    "số",
    "12",
    "căn",
    "cứ",
    "an",
    "nguyễn",
    "🙂",
    "–",
]
_AGENCIES = ("H26", "H26.18", "H26.18.03", "H40")

names = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4).map(" ".join)
texts = st.lists(st.sampled_from(_WORDS), max_size=7).map(" ".join)
days = st.dates(date(2021, 12, 20), date(2023, 1, 10))


@st.composite
def records(draw: st.DrawFn, number: int) -> IndexRecord:
    received = draw(days)
    agency = draw(st.sampled_from(_AGENCIES))
    return IndexRecord(
        id=f"id-{number}",
        year=received.year,
        code=f"{agency}-{received:%y%m%d}-{draw(st.integers(1, 12)):04}",
        name=draw(names),
        procedure=draw(st.sampled_from(("1.001193", "2.000001", "1.000318.000.00.00.H40"))),
        agency=agency,
        status=draw(st.sampled_from(("returned", "refused"))),
        received_on=received,
        closed_on=draw(st.none() | days),
        identity_number=draw(st.sampled_from((None, "001085012345", "001085012346"))),
        procedure_name=draw(st.sampled_from((None, "Cấp giấy phép", "Khai sinh"))),
        agency_name=draw(st.sampled_from((None, "Sở Xây dựng"))),
        signature_outcome=draw(st.sampled_from((None, "passed", "failed"))),
        result_number=draw(st.sampled_from((None, "12/GP-UBND", "2/GP"))),
        title=draw(texts),
        text=draw(texts),
    )


collections = st.integers(0, 24).flatmap(
    lambda count: st.tuples(*(records(number) for number in range(count))).map(list)
)

_atoms = st.one_of(
    st.sampled_from(_NAMES),
    st.sampled_from(_WORDS),
    texts.map(lambda text: f'"{text}"'),
    names.map(lambda name: name.replace(" ", "")),
    st.sampled_from(("ng*", "xa*", "phep~", "anh~", "nguyne~", "tên:an", "ten:do", "text:xay")),
    st.sampled_from(("tiêuđề:giấy", 'tên:"van an"', "cơquan:H26", "cơquan:H26.18", "12/GP")),
    st.sampled_from(("thutuc:1.001193", 'thủtục:"giấy phép"', "năm:2022", "năm:..2021", "220*")),
    st.sampled_from(("ngày:2022", "ngày:12/2021..01/2022", "ngày:>10/06/2022", "ngàytrả:2022")),
    st.sampled_from(("trạngthái:returned", "chữký:passed", "001085012345", "sốkq:12", "mã:2206")),
    st.sampled_from(("H26.18-2206", "220615-0001", "H26", "1.001193", "*")),
)
_queries = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map(lambda part: f"KHÔNG ({part})"),
    ),
    max_leaves=6,
)
_sorts = st.sampled_from(Sort)


class Oracle:
    """Reads conditions literally, record by record."""

    def __init__(self, collection: list[IndexRecord]) -> None:
        self._entries = [(record.year, entry_of(record)) for record in collection]

    def matching(self, node: Node) -> set[str]:
        return {e.key for year, e in self._entries if self._meets(e, in_year(node, year))}

    def _meets(self, entry: Entry, node: Node) -> bool:
        match node:
            case All():
                return True
            case And(nodes):
                return all(self._meets(entry, part) for part in nodes)
            case Or(nodes):
                return any(self._meets(entry, part) for part in nodes)
            case Not(inner):
                return not self._meets(entry, inner)
            case Term(field, text):
                return text in self._tokens(entry, field)
            case In(field, values):
                return not set(values).isdisjoint(self._tokens(entry, field))
            case Prefix(field, text):
                return any(token.startswith(text) for token in self._tokens(entry, field))
            case Fuzzy(field, text):
                tokens = self._tokens(entry, field)
                return any(
                    token == text or text in neighbours(token, "".join({*text})) for token in tokens
                )
            case Phrase(field, words):
                tokens = self._tokens(entry, field)
                starts = range(len(tokens) - len(words) + 1)
                return any(tuple(tokens[at : at + len(words)]) == words for at in starts)
            case Range(field, low, high):
                return (low or 0) <= entry.numbers[field] <= (1 << 64 if high is None else high)
            case _:
                raise AssertionError(node)

    @staticmethod
    def _tokens(entry: Entry, field: str) -> list[str]:
        if field == "key":
            return [entry.key]
        if field in entry.facets:
            return [entry.facets[field]]
        return list(entry.keys.get(field, ())) or entry.words.get(field, "").split()


def _all_hits(index: SearchIndex, query: Query) -> tuple[list[tuple[str, bool]], int]:
    found: list[tuple[str, bool]] = []
    page = index.search(query)
    total = page.total
    found += [(hit.id, hit.approximate) for hit in page.hits]
    while page.cursor:
        page = index.search(_with_cursor(query, page.cursor))
        found += [(hit.id, hit.approximate) for hit in page.hits]
        assert page.total == total
    return found, total


def _with_cursor(query: Query, cursor: str) -> Query:
    return Query(
        query.node, sort=query.sort, descending=query.descending, limit=query.limit,
        cursor=cursor, approximate=query.approximate, facets=query.facets,
    )  # fmt: skip


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    collection=collections,
    asked=st.lists(
        st.tuples(_queries, _sorts, st.sampled_from((None, True, False)), st.integers(1, 9)),
        min_size=6,
        max_size=12,
    ),
    removed=st.sets(st.integers(0, 24), max_size=4),
)
def test_engines_and_oracle_find_the_same_in_the_same_order(collection, asked, removed) -> None:
    folder = Path(tempfile.mkdtemp())
    gone = [f"id-{number}" for number in removed]
    kept = [record for record in collection if record.id not in gone]
    engines: list[SearchIndex] = [TantivyIndex(folder / "t"), WhooshIndex(folder / "w")]
    try:
        for index in engines:
            index.write(collection[::2])
            index.write(collection[1::2], gone)
            index.write([], gone)
        oracle = Oracle(kept)
        for text, sort, descending, limit in asked:
            node = parse(text).node
            for approximate in (False, True):
                query = Query(
                    node, sort=sort, descending=descending, limit=limit,
                    approximate=approximate, facets=("agency", "year"),
                )  # fmt: skip
                answers = [_all_hits(index, query) for index in engines]
                expected = oracle.matching(plan(query).base)

                assert answers[0] == answers[1], (text, sort)
                hits, total = answers[0]
                assert total == len(hits) == len({key for key, _ in hits})
                assert {key for key, guessed in hits if not guessed} == expected, text
                for index in engines:
                    facets = {f.field: f.values for f in index.search(query).facets}
                    present = [record for record in kept if record.id in dict(hits)]
                    counts = Counter(record.agency for record in present)
                    assert {v.value: v.count for v in facets["agency"]} == counts
                    assert sum(v.count for v in facets["year"]) == total
    finally:
        for index in engines:
            index.close()
        shutil.rmtree(folder)


_anything = st.text(max_size=60) | st.lists(
    st.sampled_from([*'()"*~:-^[]{}|&', " ", "AND", "OR", "NOT", "KHÔNG", "HOẶC", "tên:", "ngày:",
                     "2022", "..", "a", "đ", "\u0301", "\0", "\ud800", "mã:", "năm:", "chữký:"]),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True)
@given(text=_anything)
def test_whatever_is_typed_is_read_and_planned(text: str) -> None:
    parsed = parse(text)

    plan(Query(parsed.node))
    assert all(0 <= d.start <= d.end <= len(text) for d in parsed.diagnostics)
    assert parsed.accepted == (not any(d.fatal for d in parsed.diagnostics))
