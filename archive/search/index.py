"""The index over all years: what both engines share; each adds how it keeps one year."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from archive.errors import ArchiveError, IntegrityError, SchemaMismatch, Unavailable
from archive.findings import Finding, Severity
from archive.search import IndexRecord, Page, PurgeProof, Query
from archive.search.answer import answer
from archive.search.layout import Layout, Mark
from archive.search.partition import Order, PartitionReader, PartitionWriter
from archive.search.purge import Traces
from archive.search.query import All, In, Sort
from archive.search.schema import KEY, entry_of

_ATTEMPTS = 5
"""How often a reader looks again when a writer has just replaced what it was opening."""
_BATCH = 1_000
T = TypeVar("T")


class PartitionedIndex(ABC):
    """A `SearchIndex` with one index of an engine for each year."""

    engine: str

    def __init__(self, folder: Path, *, lock_seconds: float = 30.0) -> None:
        self._layout = Layout(folder, self.engine, lock_seconds)
        self._open: dict[int, tuple[Mark, PartitionReader]] = {}
        self._prepared: Mark | None = None
        self._guard = threading.RLock()

    @abstractmethod
    def _create(self, path: Path) -> None:
        """Make an empty index in an empty folder."""

    @abstractmethod
    def _writer(self, path: Path, *, bulk: bool) -> PartitionWriter:
        """Begin to change the index in a folder, opened anew."""

    @abstractmethod
    def _reader(self, path: Path) -> PartitionReader:
        """Open the index in a folder as it is now."""

    # Reading

    def search(self, query: Query) -> Page:
        """See `SearchIndex.search`."""
        return self._reading(lambda readers: answer(readers, query))

    def counts(self) -> Mapping[int, int]:
        """See `SearchIndex.counts`."""
        return self._reading(
            lambda readers: {year: reader.count(All()) for year, reader in readers.items()}
        )

    def keys(self, year: int) -> Iterator[str]:
        """See `SearchIndex.keys`."""
        yield from self._reading(
            lambda readers: list(readers[year].keys()) if year in readers else []
        )

    def _reading(self, ask: Callable[[Mapping[int, PartitionReader]], T]) -> T:
        with self._guard:
            for attempt in range(_ATTEMPTS):
                try:
                    return ask(self._readers())
                except Unavailable:
                    # A writer may have taken a folder away between our two looks at it.
                    self.close()
                    if attempt == _ATTEMPTS - 1:
                        raise
        raise AssertionError

    def _readers(self) -> Mapping[int, PartitionReader]:
        schema = self._layout.schema_mark()
        if schema is None or schema != self._prepared:
            self._layout.prepare()
            self._prepared = self._layout.schema_mark()
        present: dict[int, tuple[Mark, PartitionReader]] = {}
        for year, mark in self._layout.marks().items():
            known = self._open.pop(year, None)
            if known and (known[0] != mark or not known[1].current()):
                known[1].close()
                known = None
            if known is None and (path := self._layout.current(year)) is not None:
                known = mark, self._reader(path)
            if known is not None:
                present[year] = known
        self.close()
        self._open = present
        return {year: reader for year, (_, reader) in present.items()}

    def close(self) -> None:
        """See `SearchIndex.close`."""
        with self._guard:
            for _, reader in self._open.values():
                reader.close()
            self._open = {}

    # Writing

    def write(self, upserts: Iterable[IndexRecord], deletes: Iterable[str] = ()) -> None:
        """See `SearchIndex.write`."""
        records = {record.id: record for record in upserts}
        gone = set(deletes) - records.keys()
        with self._layout.writing():
            self._layout.prepare()
            touched = sorted(gone | records.keys())
            by_year: dict[int, list[IndexRecord]] = {}
            for record in records.values():
                by_year.setdefault(record.year, []).append(record)
            with self._guard:
                readers = self._readers()
                stale = {year: _present(reader, touched) for year, reader in readers.items()}
                counts = {year: reader.count(All()) for year, reader in readers.items()}
            for year in sorted(by_year.keys() | stale.keys()):
                mine, old = by_year.get(year, []), stale.get(year, set())
                if mine or old:
                    self._change(year, old, mine, counts.get(year, 0))

    def _change(self, year: int, stale: set[str], records: list[IndexRecord], before: int) -> None:
        path = self._layout.current(year)
        new = path is None
        if path is None:
            path = self._layout.new_generation(year)
            self._create(path)
        writer = self._writer(path, bulk=False)
        try:
            for key in stale:
                writer.remove(key)
            for record in records:
                writer.add(entry_of(record))
            writer.commit()
        finally:
            writer.abandon()
        after = before - len(stale) + len(records)
        self._verify(path, year, after)
        if new or not after:
            self._put_in_place(year, path, after)

    def _count_in(self, path: Path) -> int:
        reader = self._reader(path)
        try:
            return reader.count(All())
        finally:
            reader.close()

    def _verify(self, path: Path, year: int, expected: int) -> None:
        found = self._count_in(path)
        if found != expected:
            raise IntegrityError(
                f"the search index of {year} holds {found} records, expected {expected}",
                where=str(path),
                hint="rebuild it from the archive: kho rebuild --from-store",
            )

    def rebuild(self, year: int, records: Iterable[IndexRecord]) -> int:
        """See `SearchIndex.rebuild`."""
        with self._layout.writing():
            self._layout.prepare()
            path, count = self._build(year, records)
            self._put_in_place(year, path, count)
            return count

    def _build(self, year: int, records: Iterable[IndexRecord]) -> tuple[Path, int]:
        path = self._layout.new_generation(year)
        self._create(path)
        writer = self._writer(path, bulk=True)
        seen: set[str] = set()
        try:
            for record in records:
                if record.year != year:
                    raise ValueError(f"a record of {record.year} cannot be in {year}")
                if record.id in seen:
                    writer.remove(record.id)
                seen.add(record.id)
                writer.add(entry_of(record))
            writer.commit()
        finally:
            writer.abandon()
        self._verify(path, year, len(seen))
        return path, len(seen)

    def _put_in_place(self, year: int, path: Path, count: int) -> None:
        if count:
            self._layout.switch(year, path)
        else:
            self._layout.drop(year)

    def purge(
        self,
        ids: Iterable[str],
        remaining: Callable[[int], Iterable[IndexRecord]],
        *,
        traces: Iterable[str] = (),
    ) -> PurgeProof:
        """See `SearchIndex.purge`."""
        wanted = frozenset(ids)
        with self._layout.writing():
            self._layout.prepare()
            # (1) Take the records out of what can be found, so that a crash in (2) or a
            #     trace found in (3) leaves nothing findable.
            with self._guard:
                readers = self._readers()
                known = [y for y, reader in readers.items() if any(map(reader.knows, wanted))]
                stale = {year: _present(readers[year], sorted(wanted)) for year in known}
                counts = {year: readers[year].count(All()) for year in known}
            years = tuple(known)
            for year in years:
                if stale[year]:
                    self._change(year, stale[year], [], counts[year])
            # (2) Build each year anew beside the old one, (3) look through its files, and
            # (4) let it take the old one's place.
            search = Traces(wanted, frozenset(traces))
            kept = 0
            for year in years:
                path, count = self._build(year, search.watch(remaining(year)))
                reader = self._reader(path)
                try:
                    search.examine(path, reader)
                finally:
                    reader.close()
                self._put_in_place(year, path, count)
                kept += count
        self.close()
        return search.proof(years, kept)

    def clear(self) -> None:
        """See `SearchIndex.clear`."""
        with self._layout.writing():
            self._layout.clear()
            self._layout.prepare()
        self.close()

    # Checking

    def check(self) -> tuple[Finding, ...]:
        """See `SearchIndex.check`."""
        where = str(self._layout.folder)
        try:
            self._layout.prepare()
        except SchemaMismatch as error:
            return (Finding("KHO-INDEX-SCHEMA", Severity.ERROR, where, error.message),)
        except Unavailable as error:
            return (Finding("KHO-INDEX-UNAVAILABLE", Severity.ERROR, where, error.message),)
        return tuple(found for year in self._layout.years() for found in self._check_year(year))

    def _check_year(self, year: int) -> Iterator[Finding]:
        path = self._layout.current(year)
        if path is None:
            return
        try:
            reader = self._reader(path)
            try:
                count, keys = reader.count(All()), list(reader.keys())
            finally:
                reader.close()
        except ArchiveError as error:
            yield Finding("KHO-INDEX-UNREADABLE", Severity.ERROR, str(path), error.message)
            return
        if not count == len(keys) == len(set(keys)):
            message = f"{count} records, {len(keys)} ids, {len(set(keys))} different ones"
            yield Finding("KHO-INDEX-COUNT", Severity.ERROR, str(path), message)


def _present(reader: PartitionReader, keys: list[str]) -> set[str]:
    """Return which of these ids a year has."""
    order = Order(Sort.RECEIVED, descending=True)
    return {
        row.key
        for start in range(0, len(keys), _BATCH)
        for row in reader.top(In(KEY, tuple(keys[start : start + _BATCH])), order, None, _BATCH)
    }
