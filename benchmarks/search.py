"""Search: twelve kinds of query over tantivy, whoosh and SQLite FTS5 on the same dossiers.

    python -m benchmarks.search               100,000 records on all, 1,000,000 short on tantivy
    python -m benchmarks.search --quick       10,000 on tantivy and FTS5, 2,000 on whoosh too
    python -m benchmarks.search --records 100000 --engines tantivy --body-words 500

Every query returns 20 ids and the exact total. Totals are compared between the engines;
times are of this machine, what counts are the ratios. FTS5 gets the same folded tokens and,
where it ranks, its own ranking; whoosh is asked every third question.
"""

from __future__ import annotations

import argparse
import pickle
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from archive.search import IndexRecord, Query, Sort
from archive.search.folding import tokens
from archive.search.language import parse
from archive.search.schema import entry_of
from archive.search.tantivy_engine import TantivyIndex
from archive.search.whoosh_engine import WhooshIndex
from benchmarks.corpus import Corpus, typo
from benchmarks.fts5 import FACETS, Fts, FtsIndex
from benchmarks.measure import keep

DEEP = 2_000


@dataclass(frozen=True)
class Question:
    """One query in both forms."""

    kind: str
    query: Query
    sql: Fts
    deep: bool = False


class Spool:
    """Records by year on disk, so that a million of them need no memory."""

    def __init__(self, folder: Path, corpus: Corpus, count: int) -> None:
        self._folder = folder
        folder.mkdir()
        streams = {}
        for record in corpus.records(count):
            if record.year not in streams:
                streams[record.year] = (folder / str(record.year)).open("wb")
            pickle.dump(record, streams[record.year], protocol=5)
        for stream in streams.values():
            stream.close()
        self.years = sorted(streams)

    def of(self, year: int) -> Iterator[IndexRecord]:
        with (self._folder / str(year)).open("rb") as stream:
            while True:
                try:
                    yield pickle.load(stream)
                except EOFError:
                    return


def _match(table: str) -> str:
    return f"id IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)"


def questions(corpus: Corpus, count: int, each: int, seed: int) -> list[Question]:
    dice = random.Random(f"{seed}/questions")
    picked = lambda: corpus.record(dice.randrange(count))  # noqa: E731
    asked: list[Question] = []
    for _ in range(each):
        for make in _KINDS:
            asked.append(make(picked(), dice))
    dice.shuffle(asked)
    return asked


def _asked(text: str, **changes: object) -> Query:
    parsed = parse(text)
    assert parsed.accepted, (text, parsed.diagnostics)
    return replace(Query(parsed.node), **changes)  # type: ignore[arg-type]


def _code(record: IndexRecord, _: random.Random) -> Question:
    key = entry_of(record).keys["code"][0]
    where = "code >= ? AND code < ? || '~'"
    return Question("exact code", _asked(record.code), Fts(where, (key, key)))


def _identity(record: IndexRecord, _: random.Random) -> Question:
    number = record.identity_number or ""
    return Question("identity number", _asked(number), Fts("idno = ?", (number,)))


def _name_query(kind: str, words: list[str], shown: list[str], guess: bool) -> Question:
    text = " ".join(f"tên:{word}" for word in shown)
    match = " AND ".join(f'"{word}"' for word in words)
    where = f"({_match('n')} OR joined = ?)"
    fts = Fts(where, (match, "".join(words)), guess=tuple(words) if guess else ())
    return Question(kind, _asked(text), fts)


def _name(record: IndexRecord, _: random.Random) -> Question:
    words = tokens(record.name)
    return _name_query("name, no accents", words, words, True)


def _accented(record: IndexRecord, _: random.Random) -> Question:
    return _name_query("name, accents", tokens(record.name), record.name.split(), True)


def _typo(record: IndexRecord, dice: random.Random) -> Question:
    words = typo(" ".join(tokens(record.name)), dice).split()
    return _name_query("name, one typo", words, words, True)


def _phrase(record: IndexRecord, dice: random.Random) -> Question:
    words = tokens(record.text)
    start = dice.randrange(len(words) - 3)
    phrase = " ".join(words[start : start + 3])
    fts = Fts(_match("t"), (f'"{phrase}"',))
    return Question("phrase", _asked(f'"{phrase}"'), fts)


def _prefix(record: IndexRecord, dice: random.Random) -> Question:
    word = dice.choice([word for word in tokens(record.text) if len(word) > 3])[:3]
    return Question("prefix", _asked(f"{word}*"), Fts(_match("t"), (f'"{word}" *',)))


def _filtered(record: IndexRecord, dice: random.Random) -> Question:
    words = _two(record, dice)
    text = f"{words[0]} {words[1]} ngày:{record.year}"
    first, last = (f"{record.year}0101", f"{record.year}1231")
    where = f"{_match('t')} AND agency = ? AND year = ?"
    values = (f'"{words[0]}" AND "{words[1]}"', record.agency, record.year)
    assert first < last
    query = _asked(text, filters={"agency": (record.agency,)}, approximate=False)
    return Question("2 words + agency + dates", query, Fts(where, values))


def _two(record: IndexRecord, dice: random.Random) -> list[str]:
    words = sorted(
        {word for word in tokens(record.text) if len(word) in (2, 3, 4) and word.isalpha()}
    )
    return dice.sample(words, 2)


def _facets(record: IndexRecord, dice: random.Random) -> Question:
    word = _two(record, dice)[0]
    query = _asked(word, facets=FACETS, approximate=False)
    return Question("4 facets", query, Fts(_match("t"), (f'"{word}"',), facets=True))


def _deep(record: IndexRecord, dice: random.Random) -> Question:
    word = dice.choice(("so", "can", "cu", "luat", "nghi", "dinh"))
    query = _asked(word, sort=Sort.RECEIVED, approximate=False)
    fts = Fts(_match("t"), (f'"{word}"',), order="received DESC, key", offset=DEEP)
    return Question("by date, rows 2001-2020", query, fts, deep=True)


def _any_of(record: IndexRecord, dice: random.Random) -> Question:
    words = [*_two(record, dice), *_two(record, dice), _two(record, dice)[0]]
    match = " OR ".join(f'"{word}"' for word in words)
    return Question("OR of 5 words", _asked(" HOẶC ".join(words)), Fts(_match("t"), (match,)))


def _not(record: IndexRecord, dice: random.Random) -> Question:
    wanted, other = _two(record, dice)
    query = _asked(f"{wanted} -{other}", approximate=False)
    return Question("A and not B", query, Fts(_match("t"), (f'"{wanted}" NOT "{other}"',)))


_KINDS: tuple[Callable[[IndexRecord, random.Random], Question], ...] = (
    _code, _identity, _name, _accented, _phrase, _prefix, _typo, _filtered, _facets, _deep,
    _any_of, _not,
)  # fmt: skip


def _walked(index: TantivyIndex | WhooshIndex, asked: list[Question]) -> list[Question]:
    """Give deep questions the cursor at which their page begins; walking is not timed."""
    ready = []
    for question in asked:
        if question.deep:
            page = index.search(replace(question.query, limit=1_000))
            for _ in range(DEEP // 1_000 - 1):
                if page.cursor:
                    page = index.search(replace(question.query, limit=1_000, cursor=page.cursor))
            question = replace(question, query=replace(question.query, cursor=page.cursor))
        ready.append(question)
    return ready


def timed(asked: list[Question], ask: Callable[[Question], int]) -> tuple[dict, list[int]]:
    """Ask everything twice; the second pass is the warm one."""
    totals: list[int] = []
    figures: dict[str, dict[str, list[float]]] = {}
    for name in ("first", "warm"):
        totals = []
        for question in asked:
            start = time.perf_counter()
            totals.append(ask(question))
            spent = 1e3 * (time.perf_counter() - start)
            for kind in (question.kind, "all"):
                figures.setdefault(kind, {}).setdefault(name, []).append(spent)
    return figures, totals


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def show(title: str, figures: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    print(f"\n{title}: ms, p50 / p99 warm (p99 first pass)")
    rows = {}
    for kind, passes in figures.items():
        p50, p99 = statistics.median(passes["warm"]), _at(passes["warm"], 0.99)
        first = _at(passes["first"], 0.99)
        rows[kind] = {"p50": round(p50, 2), "p99": round(p99, 2), "first_p99": round(first, 2)}
        print(f"  {kind:26} {p50:9.2f} / {p99:9.2f}   ({first:.2f})")
    return rows


def _size(path: Path) -> float:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6


def _build(name: str, count: int, path: Path, build: Callable[[], object]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    build()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    row = {
        "seconds": round(wall, 1),
        "records_per_cpu_second": round(count / cpu),
        "MB": round(_size(path), 1),
    }
    print(
        f"{name:8} built {count:,} records in {wall:.1f} s ({count / cpu:,.0f} a CPU second), {row['MB']} MB"
    )
    return row


def _engine(
    index: TantivyIndex | WhooshIndex, spool: Spool, count: int, asked: list[Question], path: Path
) -> tuple[dict, list[int]]:
    built = _build(
        index.engine, count, path,
        lambda: [index.rebuild(year, spool.of(year)) for year in spool.years],
    )  # fmt: skip
    ready = _walked(index, asked)
    figures, totals = timed(ready, lambda question: index.search(question.query).total)
    rows = show(f"{index.engine}, {count:,} records", figures)
    index.close()
    return {"build": built, "queries": rows}, totals


def _fts(spool: Spool, count: int, asked: list[Question], path: Path) -> tuple[dict, list[int]]:
    path.mkdir()
    index = FtsIndex(path / "fts.db")
    stream = chain.from_iterable(spool.of(year) for year in spool.years)
    built = _build("FTS5", count, path, lambda: index.build(stream))
    figures, totals = timed(asked, lambda question: index.ask(question.sql))
    return {"build": built, "queries": show(f"FTS5, {count:,} records", figures)}, totals


def _compare(asked: dict[str, list[Question]], totals: dict[str, list[int]]) -> int:
    """Fail if two engines count the same question otherwise; return how many were compared."""
    counted: dict[int, tuple[str, int]] = {}
    compared = 0
    for name, found in totals.items():
        for question, count in zip(asked[name], found, strict=True):
            first, expected = counted.setdefault(id(question), (name, count))
            told = (question.kind, question.sql.values, first, expected, name, count)
            assert count == expected, f"counted otherwise: {told}"
            compared += first != name
    return compared


def run(count: int, engines: list[str], folder: Path, options: argparse.Namespace) -> dict:
    corpus = Corpus(options.seed, body_words=options.body_words)
    start = time.perf_counter()
    spool = Spool(folder / "records", corpus, count)
    print(f"\n{count:,} records generated in {time.perf_counter() - start:.1f} s")
    every = questions(corpus, count, options.queries, options.seed)
    asked = {name: every[::3] if name == "whoosh" else every for name in engines}
    results, totals = {}, {}
    for name in engines:
        if name == "fts5":
            results[name], totals[name] = _fts(spool, count, asked[name], folder / name)
        else:
            kind = TantivyIndex if name == "tantivy" else WhooshIndex
            index = kind(folder / name)
            results[name], totals[name] = _engine(index, spool, count, asked[name], folder / name)
        shutil.rmtree(folder / name)
    print(f"\ntotals are equal: {_compare(asked, totals)} answers compared")
    ratios = {
        name: {
            kind: round(row["p50"] / max(results["tantivy"]["queries"][kind]["p50"], 0.01), 1)
            for kind, row in result["queries"].items()
        }
        for name, result in results.items()
        if name != "tantivy" and "tantivy" in results
    }
    for name, row in ratios.items():
        print(f"p50 of {name} / p50 of tantivy: {row}")
    return {"records": count, "results": results, "p50_ratio_to_tantivy": ratios}


def _plan(options: argparse.Namespace) -> list[tuple[int, list[str]]]:
    """Return how many records on which engines, run by run."""
    if options.quick:
        return [(10_000, ["tantivy", "fts5"]), (2_000, ["tantivy", "whoosh", "fts5"])]
    plan = [(options.records, options.engines.split(","))]
    if options.short_records:
        plan.append((options.short_records, ["tantivy"]))
    return plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--short-records", type=int, default=1_000_000, help="0: without")
    parser.add_argument("--body-words", type=int, default=0)
    parser.add_argument("--queries", type=int, default=25, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", default="tantivy,whoosh,fts5")
    parser.add_argument("--quick", action="store_true", help="10,000 and 2,000 records")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    answers = []
    for count, engines in _plan(options):
        with tempfile.TemporaryDirectory(prefix="kho-bench-") as folder:
            answers.append(run(count, engines, Path(folder), options))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:.0f} MiB")
    keep(options.json, {"runs": answers})


if __name__ == "__main__":
    main()
