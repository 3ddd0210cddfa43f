"""The same dossiers in SQLite's FTS5, as a peer for the search benchmark."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.search import IndexRecord
from archive.search.names import neighbours
from archive.search.schema import entry_of

FACETS = ("procedure", "agency", "year", "status")


@dataclass(frozen=True)
class Fts:
    """What SQLite is asked: a condition for rows, how they are ordered, whether counted by facet."""

    where: str
    values: tuple[object, ...]
    order: str = "received DESC"
    offset: int = 0
    facets: bool = False
    guess: tuple[str, ...] = ()


class FtsIndex:
    """The same dossiers in SQLite with FTS5."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.executescript(
            """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-200000;
            CREATE TABLE d (id INTEGER PRIMARY KEY, key TEXT, code TEXT, idno TEXT, joined TEXT,
                            agency TEXT, procedure TEXT, status TEXT, year INT, received INT);
            CREATE VIRTUAL TABLE n USING fts5 (name, content='', tokenize="unicode61 remove_diacritics 0");
            CREATE VIRTUAL TABLE t USING fts5 (head, text, content='', prefix='3',
                                               tokenize="unicode61 remove_diacritics 0 tokenchars '¦'");
            """
        )
        self._vocabulary: frozenset[str] = frozenset()

    def build(self, records: Iterator[IndexRecord]) -> None:
        with self._db:
            for number, record in enumerate(records, 1):
                entry = entry_of(record)
                self._db.execute(
                    "INSERT INTO d VALUES (?,?,?,?,?,?,?,?,?,?)",
                    (number, record.id, entry.keys["code"][0], record.identity_number,
                     entry.keys["name_joined"][0], record.agency, record.procedure, record.status,
                     record.year, record.received_on.toordinal()),
                )  # fmt: skip
                self._db.execute(
                    "INSERT INTO n (rowid, name) VALUES (?, ?)", (number, entry.words["name"])
                )
                self._db.execute(
                    "INSERT INTO t (rowid, head, text) VALUES (?, ?, ?)",
                    (number, entry.words["head"], entry.words["text"]),
                )
        self._db.executescript(
            """
            CREATE INDEX d1 ON d (code); CREATE INDEX d2 ON d (idno); CREATE INDEX d3 ON d (joined);
            CREATE INDEX d4 ON d (received, key); CREATE INDEX d5 ON d (agency, received);
            INSERT INTO t (t) VALUES ('optimize'); INSERT INTO n (n) VALUES ('optimize');
            CREATE VIRTUAL TABLE v USING fts5vocab (n, 'row'); ANALYZE;
            """
        )
        self._vocabulary = frozenset(row[0] for row in self._db.execute("SELECT term FROM v"))

    def ask(self, fts: Fts) -> int:
        where, values = fts.where, fts.values
        total = self._total(where, values)
        if fts.guess and total < 10:
            where, values = self._guessed(fts)
            total = self._total(where, values)
        sql = f"SELECT key FROM d WHERE {where} ORDER BY {fts.order} LIMIT 20 OFFSET {fts.offset}"
        self._db.execute(sql, values).fetchall()
        if fts.facets:
            for facet in FACETS:
                sql = f"SELECT {facet}, count(*) FROM d WHERE {where} GROUP BY {facet}"
                self._db.execute(sql, values).fetchall()
        return total

    def _total(self, where: str, values: tuple[object, ...]) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM d WHERE {where}", values).fetchone()[0])

    def _guessed(self, fts: Fts) -> tuple[str, tuple[object, ...]]:
        words = fts.guess
        joined = sorted(neighbours("".join(words)))
        clauses = []
        for at, word in enumerate(words):
            near = sorted(neighbours(word) & self._vocabulary)
            if near and len(word) > 1:
                clauses.append(_all_of([*words[:at], *words[at + 1 :]], near))
        marks = ",".join("?" * len(joined))
        where = f"{fts.where} OR joined IN ({marks})"
        if clauses:
            where += " OR id IN (SELECT rowid FROM n WHERE n MATCH ?)"
        extra = (*joined, *([" OR ".join(clauses)] if clauses else []))
        return where, (*fts.values, *extra)


def _all_of(words: list[str], near: list[str]) -> str:
    parts = [f'"{word}"' for word in words]
    return "(" + " AND ".join([*parts, "(" + " OR ".join(f'"{n}"' for n in near) + ")"]) + ")"
