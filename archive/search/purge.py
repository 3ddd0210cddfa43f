"""Making sure that purged records are in no file of an index any more."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

from archive.errors import IntegrityError
from archive.search import IndexRecord, PurgeProof
from archive.search.folding import code_key, compact, tokens
from archive.search.partition import PartitionReader
from archive.search.schema import entry_of

_SHORTEST = 4
"""Characters of a trace that can be looked for in bytes without chance hits."""


class Traces:
    """What must be gone, and what was looked through for it."""

    def __init__(self, ids: frozenset[str], traces: frozenset[str]) -> None:
        self._ids = ids
        self._forms = {trace: _forms(trace) for trace in traces}
        self._shared: set[str] = set()
        self._files = 0
        self._bytes = 0

    def watch(self, records: Iterable[IndexRecord]) -> Iterator[IndexRecord]:
        """Pass the remaining records on, noting which traces they rightly have too.

        Raises:
            IntegrityError: one of them is to be purged.
        """
        for record in records:
            if record.id in self._ids:
                raise IntegrityError("a record that is to be purged is among the remaining ones")
            if self._forms:
                self._note(record)
            yield record

    def _note(self, record: IndexRecord) -> None:
        entry = entry_of(record)
        keys = (key for values in entry.keys.values() for key in values)
        indexed = "\n".join((*entry.words.values(), *keys))
        for trace, forms in self._forms.items():
            if trace not in self._shared and any(form in indexed for form in forms):
                self._shared.add(trace)

    def examine(self, folder: Path, reader: PartitionReader) -> None:
        """Look for every trace in each file's bytes and in the dictionaries.

        Raises:
            IntegrityError: one was found; which one is not said, it may be personal.
        """
        forms = set(self._ids).union(*(self._forms[trace] for trace in self._looked_for()))
        for form in forms:
            if reader.knows(form):
                raise IntegrityError("a purged text is still in a dictionary", where=str(folder))
        needles = [form.encode() for form in forms if len(form) >= _SHORTEST]
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.stat().st_size:
                self._examine_file(path, needles)

    def _examine_file(self, path: Path, needles: list[bytes]) -> None:
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            self._files += 1
            self._bytes += len(content)
            if any(content.find(needle) >= 0 for needle in needles):
                raise IntegrityError("a purged text is still in a file", where=str(path))

    def _looked_for(self) -> list[str]:
        return [trace for trace in self._forms if trace not in self._shared]

    def proof(self, years: tuple[int, ...], kept: int) -> PurgeProof:
        """Return what was done."""
        looked_for = len(self._ids) + len(self._looked_for())
        return PurgeProof(years, kept, self._files, self._bytes, looked_for)


def _forms(trace: str) -> frozenset[str]:
    """Return the forms in which a text would be in the files: as code, joined, as one word."""
    words = tokens(trace)
    forms = {code_key(trace), compact(trace)} | (set(words) if len(words) == 1 else set())
    return frozenset(forms - {""})
