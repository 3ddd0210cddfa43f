"""The sweep: what a crash left undone is done, what it left over is removed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from archive.assembly import Archive
from archive.catalogue import dossiers, outbox
from archive.indexing import index_pending
from archive.locking import extend_locks, lock_pending, reconcile_legal_hold
from archive.model import ObjectName
from archive.segments import flush

LEFTOVER_AGE = timedelta(days=1)
"""An object that nothing refers to may belong to an ingest that is under way."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found to do."""

    locked: int
    extended: int
    """Locks that would have ended while their dossier is still to be kept."""
    indexed: int
    journal_entries: int
    legal_holds: tuple[ObjectName, ...]
    """Places where store and catalogue disagreed about a hold."""
    leftovers: tuple[ObjectName, ...]
    """Objects of attempts that never became held."""


def sweep(archive: Archive, *, age: timedelta = LEFTOVER_AGE, dry_run: bool = False) -> Swept:
    """Finish what is unfinished and remove the leftovers of attempts older than `age`.

    Only objects that no version refers to are removed, and none that is locked: object
    lock is set after registering.
    """
    leftovers = tuple(_leftovers(archive, age))
    if dry_run:
        with archive.catalogue.connect() as connection:
            waiting = len(dossiers.unlocked(connection))
            return Swept(waiting, 0, outbox.backlog(connection), 0, (), leftovers)
    for place in leftovers:
        archive.store.delete(place)
    _empty_scratch(archive)
    locked, extended, indexed = lock_pending(archive), extend_locks(archive), index_pending(archive)
    disagreements: list[ObjectName] = []
    with archive.catalogue.connect() as connection:
        for holding in dossiers.all(connection):
            disagreements += reconcile_legal_hold(archive, holding)
    return Swept(locked, extended, indexed, flush(archive), tuple(disagreements), leftovers)


def _leftovers(archive: Archive, age: timedelta) -> list[ObjectName]:
    before, found = archive.clock() - age, []
    names = archive.store.names("aip/")
    while places := tuple(islice(names, 500)):
        with archive.catalogue.connect() as connection:
            known = dossiers.known_places(connection, places)
        found += [
            place
            for place in places
            if place not in known and archive.store.stat(place).stored_at <= before
        ]
    return found


def _empty_scratch(archive: Archive) -> None:
    before = (archive.clock() - LEFTOVER_AGE).timestamp()
    for path in archive.scratch.iterdir():
        if path.lstat().st_mtime < before:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
