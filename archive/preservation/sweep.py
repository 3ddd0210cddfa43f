"""The sweep: what a crash left undone is done, what it left over is removed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from archive.assembly import Archive
from archive.catalogue import dossiers, issued_copies, outbox, reception
from archive.indexing import index_pending
from archive.locking import extend_locks, lock_pending, reconcile_legal_hold
from archive.model import ObjectName
from archive.preservation import encryption
from archive.proving import prove_pending
from archive.segments import flush

COPY_FOLDER = "copies/"
COPY_AGE = timedelta(days=20)
"""Files of copies can be fetched for 15 days and are deleted 5 days later (Circular
05/2025/TT-BNV, articles 37 and 40); the register keeps their digests."""
UPLOAD_AGE = timedelta(days=7)
"""How long an upload that broke off waits to go on."""
LEFTOVER_AGE = timedelta(days=1)
"""An object that nothing refers to may belong to an ingest that is under way."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found to do."""

    locked: int
    extended: int
    """Locks that would have ended while their dossier is still to be kept."""
    indexed: int
    proven: int
    """Stored versions that were new to a batch of evidence."""
    journal_entries: int
    legal_holds: tuple[ObjectName, ...]
    """Places where store and catalogue disagreed about a hold."""
    leftovers: tuple[ObjectName, ...]
    """Objects and keys of attempts that never became held, and files of copies whose days are
    over."""


def sweep(archive: Archive, *, age: timedelta = LEFTOVER_AGE, dry_run: bool = False) -> Swept:
    """Finish what is unfinished and remove the leftovers of attempts older than `age`.

    Only objects that no version refers to are removed, and none that is locked: object
    lock is set after registering.
    """
    objects = (*_leftovers(archive, age), *_old_copies(archive, age))
    keys = tuple(encryption.leftover_keys(archive, age))
    leftovers = (*objects, *(ObjectName(f"keys/{dossier}") for dossier in keys))
    if dry_run:
        with archive.catalogue.connect() as connection:
            waiting = len(dossiers.unlocked(connection))
            return Swept(waiting, 0, outbox.backlog(connection), 0, 0, (), leftovers)
    for place in objects:
        archive.store.delete(place)
    encryption.forget(archive, keys)
    _empty_scratch(archive)
    _empty_queue(archive)
    locked, extended, indexed = lock_pending(archive), extend_locks(archive), index_pending(archive)
    disagreements: list[ObjectName] = []
    with archive.catalogue.connect() as connection:
        for holding in dossiers.all(connection):
            disagreements += reconcile_legal_hold(archive, holding)
    proven, written = prove_pending(archive), flush(archive)
    return Swept(locked, extended, indexed, proven, written, tuple(disagreements), leftovers)


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


def _old_copies(archive: Archive, age: timedelta) -> list[ObjectName]:
    """Return files of copies whose days are over, and those that the register never knew."""
    at = archive.clock()
    with archive.catalogue.connect() as connection:
        young = issued_copies.places(connection, at - COPY_AGE)
    return [
        name
        for name in archive.store.names(COPY_FOLDER)
        if name not in young and archive.store.stat(name).stored_at + age <= at
    ]


def _empty_queue(archive: Archive) -> None:
    """Remove what closed batches left in the ingest queue, and uploads that nobody goes on with."""
    queue, before = archive.settings.home / "queue", (archive.clock() - UPLOAD_AGE).timestamp()
    for folder in queue.iterdir() if queue.is_dir() else ():
        with archive.catalogue.connect() as connection:
            closed = reception.is_closed(connection, folder.name)
        if closed:
            shutil.rmtree(folder)
            continue
        for part in (folder / "incoming").glob("*"):
            if part.stat().st_mtime < before:
                part.unlink()


def _empty_scratch(archive: Archive) -> None:
    before = (archive.clock() - LEFTOVER_AGE).timestamp()
    for path in archive.scratch.iterdir():
        if path.lstat().st_mtime < before:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
