"""Indexing: what the catalogue has changed reaches the search index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from functools import partial
from types import MappingProxyType

from archive import jobs
from archive.assembly import Archive
from archive.catalogue import dossiers, outbox
from archive.catalogue.dossiers import Holding
from archive.heads import full_text
from archive.model import DossierId, ObjectName
from archive.search import IndexRecord, records

BATCH = 500


def index_pending(archive: Archive, texts: Mapping[ObjectName, str] = MappingProxyType({})) -> int:
    """Bring the index up to date with the catalogue's outbox; return how many changes.

    A crash between the index and the outbox repeats a batch, which changes nothing.

    Args:
        archive: which.
        texts: full texts that are at hand, by the place of the latest version's package;
            the others are read from the store.

    Raises:
        Unavailable: another process writes the index; the changes stay in the outbox.
    """
    done = 0
    while True:
        with archive.catalogue.connect() as connection:
            pending = outbox.pending(connection, BATCH)
        if not pending:
            return done
        found, gone = _changes(archive, {change.dossier_id for change in pending}, texts)
        archive.index.write(found, gone)
        with archive.catalogue.begin() as connection:
            outbox.done(connection, [change.id for change in pending])
        done += len(pending)


def rebuild(archive: Archive) -> int:
    """Build the whole index anew from catalogue and store; return how many dossiers."""
    archive.index.clear()
    with archive.catalogue.connect() as connection:
        years = dossiers.years(connection)
    total = sum(archive.index.rebuild(year, year_records(archive, year)) for year in years)
    with archive.catalogue.begin() as connection:
        outbox.clear(connection)
    return total


def year_records(archive: Archive, year: int) -> Iterator[IndexRecord]:
    """Yield what the index is to know of the dossiers received in a year, in any order."""
    with archive.catalogue.connect() as connection:
        holdings = dossiers.all(connection, year=year)
        read = partial(record_of, archive)
        for done in jobs.run(holdings, read, workers=archive.workers):
            if done.result is None:
                raise done.error or AssertionError
            yield done.result


def _changes(
    archive: Archive, ids: Set[DossierId], texts: Mapping[ObjectName, str]
) -> tuple[list[IndexRecord], list[str]]:
    with archive.catalogue.connect() as connection:
        holdings = dossiers.many(connection, ids)
    found = [_record(archive, holding, texts) for holding in holdings]
    return found, sorted(ids - {holding.dossier.id for holding in holdings})


def _record(archive: Archive, holding: Holding, texts: Mapping[ObjectName, str]) -> IndexRecord:
    text = texts.get(holding.versions[-1].place)
    if text is None:
        return record_of(archive, holding)
    return records.record_of(holding.dossier, holding.verdicts, text)


def record_of(archive: Archive, holding: Holding) -> IndexRecord:
    """Return what the index is to know of a dossier; texts are read from its packages."""
    return records.record_of(holding.dossier, holding.verdicts, full_text(archive, holding))
