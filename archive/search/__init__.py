"""Finding dossiers: the port `SearchIndex`, and what goes into an index.

The index is a cache of the archive: it can be deleted and made again at any time. It holds
the keys of dossiers, not their texts; snippets are cut from the text that the caller has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from archive.findings import Finding
from archive.search.query import Diagnostic, Facet, FacetValue, Hit, Page, Query, Sort

__all__ = [
    "Diagnostic",
    "Facet",
    "FacetValue",
    "Hit",
    "IndexRecord",
    "Page",
    "PurgeProof",
    "Query",
    "SearchIndex",
    "Sort",
]


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """What is known of one dossier for finding it. Personal data: never logged."""

    id: str
    """The dossier's id; the key of the record."""
    year: int
    """The year of `received_on`, by which the index is divided."""
    code: str
    name: str
    """The applicant's name."""
    procedure: str
    """Procedure code."""
    agency: str
    """The agency's electronic identifier."""
    status: str
    """A value of `archive.model.Status`."""
    received_on: date
    code_old: str | None = None
    file_code: str | None = None
    identity_number: str | None = None
    procedure_name: str | None = None
    agency_name: str | None = None
    signature_outcome: str | None = None
    """`passed`, `failed`, `indeterminate`, or `none` for a dossier without signatures."""
    closed_on: date | None = None
    result_number: str | None = None
    """Number and sign of the result, for example `12/GP-UBND`."""
    title: str = ""
    text: str = ""
    """The full text of the documents."""
    result_code: str | None = None
    """The portal's code of the result paper, for example `KQ.G15.000469`."""
    fonds: str = ""
    access: str = ""
    """The access level: a value of `archive.viewers.LEVELS`."""

    def __post_init__(self) -> None:
        if self.year != self.received_on.year:
            raise ValueError("the year of a record is the year of its receipt")
        if not self.id:
            raise ValueError("a record needs an id")


@dataclass(frozen=True, slots=True)
class PurgeProof:
    """What was done to take records out of the index's files."""

    years: tuple[int, ...]
    """The years that were built anew."""
    kept: int
    """Records that those years hold now."""
    files: int
    """Files that were read whole, byte by byte."""
    bytes: int
    traces: int
    """Texts that were looked for and not found, in the bytes and in the dictionaries."""


class SearchIndex(Protocol):
    """An index of dossiers, divided by year of receipt.

    Every implementation passes `tests/contract/test_search_index.py`. One process writes
    at a time; any number may read meanwhile, and reading never fails because of a writer.
    """

    def write(self, upserts: Iterable[IndexRecord], deletes: Iterable[str] = ()) -> None:
        """Add or replace records, and remove records by id; found from then on.

        When this returns, what was written survives the death of the process. Writing the
        same again changes nothing; after an error or a crash write the whole batch again.

        Raises:
            IntegrityError: the index did not take what it was given.
            SchemaMismatch: the index was made by another version of Kho: rebuild it.
            Unavailable: another process writes, or the disk refused; writing again is safe.
        """

    def search(self, query: Query) -> Page:
        """Return one page of what a query finds.

        The total and the facets are exact. Following the cursors to the end yields every
        record once that was there at the start and was not rewritten, also while others
        are added. A tree with an `ErrorLeaf` finds nothing and repeats the diagnostics.

        Raises:
            QueryRejected: the cursor is of another question, or the limit is out of range.
            SchemaMismatch: as for `write`.
            Unavailable: the index cannot be read.
        """

    def rebuild(self, year: int, records: Iterable[IndexRecord]) -> int:
        """Replace a whole year by `records` and return how many there are.

        Readers see the old year until the new one is complete. Errors as `write`.
        """

    def purge(
        self,
        ids: Iterable[str],
        remaining: Callable[[int], Iterable[IndexRecord]],
        *,
        traces: Iterable[str] = (),
    ) -> PurgeProof:
        """Take records out of the index for good, so that no file holds them any more.

        Deleting alone leaves words in an index's files; every year that holds one of `ids`
        is therefore built anew from `remaining(year)` and its new files are searched for
        the ids and `traces` before it takes the old one's place.

        Args:
            ids: the records that must go.
            remaining: yields the records that stay in a year, without the purged ones.
            traces: texts that must be gone, such as the dossier's code and the identity
                number; those that a remaining record has too are not looked for.

        Raises:
            IntegrityError: `remaining` yielded one of `ids`, or a trace was found; the old
                files are still there, without the records being findable.
        """

    def counts(self) -> Mapping[int, int]:
        """Return the number of records in each year."""

    def keys(self, year: int) -> Iterator[str]:
        """Yield the ids of a year's records, in no order, for comparing with the catalogue."""

    def clear(self) -> None:
        """Remove everything, whatever version made it, and begin an empty index."""

    def check(self) -> tuple[Finding, ...]:
        """Read every year and report what is wrong with it, as findings `KHO-INDEX-…`."""

    def close(self) -> None:
        """Let go of files; the index may be used again and opens them anew."""
