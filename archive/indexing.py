"""Indexing: what the catalogue has changed reaches the search index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archive.assembly import Archive
from archive.catalogue import dossiers, outbox
from archive.catalogue.dossiers import Holding
from archive.errors import NotHeld
from archive.heads import full_text
from archive.search import IndexRecord

BATCH = 500


def index_pending(archive: Archive) -> int:
    """Bring the index up to date with the catalogue's outbox; return how many changes.

    A crash between the index and the outbox repeats a batch, which changes nothing.

    Raises:
        Unavailable: another process writes the index; the changes stay in the outbox.
    """
    done = 0
    while True:
        with archive.catalogue.connect() as connection:
            pending = outbox.pending(connection, BATCH)
        if not pending:
            return done
        records, gone = _changes(archive, [change.dossier_id for change in pending])
        archive.index.write(records, gone)
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
    """Yield what the index is to know of the dossiers received in a year."""
    with archive.catalogue.connect() as connection:
        for holding in dossiers.all(connection, year=year):
            yield record_of(archive, holding)


def _changes(archive: Archive, ids: Iterable[str]) -> tuple[list[IndexRecord], list[str]]:
    records, gone = [], []
    for dossier_id in dict.fromkeys(ids):
        try:
            with archive.catalogue.connect() as connection:
                holding = dossiers.get(connection, dossier_id)
        except NotHeld:
            gone.append(dossier_id)
        else:
            records.append(record_of(archive, holding))
    return records, gone


def record_of(archive: Archive, holding: Holding) -> IndexRecord:
    """Return what the index is to know of a dossier; texts are read from its packages."""
    dossier, result = holding.dossier, holding.dossier.result
    return IndexRecord(
        id=dossier.id,
        year=dossier.year,
        code=dossier.code,
        name=dossier.applicant.name,
        procedure=dossier.procedure,
        agency=dossier.agency,
        status=dossier.status.value,
        received_on=dossier.received_on,
        code_old=dossier.code_old,
        file_code=dossier.file_code,
        identity_number=dossier.applicant.identity_number,
        procedure_name=dossier.procedure_name,
        agency_name=dossier.agency_name,
        signature_outcome=holding.signature_outcome,
        closed_on=dossier.closed_on,
        result_number=result.number if result else None,
        result_code=result.code if result else None,
        title=dossier.title,
        text=full_text(archive, holding),
    )
