"""The one door: the only module that removes held dossiers and their packages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from archive.assembly import Archive
from archive.catalogue import removing
from archive.catalogue.disposals import Item
from archive.catalogue.engine import Connection
from archive.errors import ArchiveError, DisposalForbidden, NotHeld
from archive.indexing import index_pending, year_records
from archive.model import ObjectName
from archive.search import PurgeProof
from archive.storage import ObjectStore


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one dossier on one copy."""

    copy: str
    """The address of the store, or of the key store."""
    objects: int
    """How many objects were removed in this run."""
    pending: str
    """Why it is not gone; empty if it is, verified."""
    key: bool = False
    """Whether it is the dossier's key in a key store that is spoken of."""


def unregister(connection: Connection, items: Iterable[Item]) -> None:
    """Take dossiers out of the register; the commit of this transaction is the commit point."""
    for item in items:
        removing.remove(connection, item.dossier_id)


def locked(archive: Archive, item: Item, *, at: datetime) -> str | None:
    """Return why a store would refuse to delete a dossier; None if none would.

    A copy that does not answer is not asked: what it has is deleted when it answers again.
    """
    for copy in archive.copies:
        try:
            for name in _names(copy, item):
                stored = copy.stat(name)
                if stored.legal_hold:
                    return f"{copy.url}: a legal hold stands on the stored object"
                if stored.retained_until is not None and stored.retained_until > at:
                    return f"{copy.url}: object lock until {stored.retained_until:%Y-%m-%d}"
        except ArchiveError:
            continue
    return None


def purge_index(archive: Archive, items: Iterable[Item], traces: Iterable[str]) -> PurgeProof:
    """Take dossiers out of the search index's files, and prove it.

    Raises:
        Unavailable: another process writes the index; try again.
        IntegrityError: a trace was found.
    """
    gone = tuple(items)
    index_pending(archive)
    codes = [item.entry["code"] for item in gone]
    return archive.index.purge(
        [item.dossier_id for item in gone],
        lambda year: year_records(archive, year),
        traces=[*codes, *traces],
    )


def erase(archive: Archive, item: Item) -> tuple[Fate, ...]:
    """Remove every object of a dossier from every copy that answers, then look again.

    Nothing is removed anywhere while a copy that answers has a lock on it. The key of an
    encrypted dossier goes first: with it, what is out of reach cannot be read any more.
    """
    refusal = locked(archive, item, at=archive.clock())
    if refusal is not None:
        return tuple(Fate(copy.url, 0, refusal) for copy in archive.copies)
    keyring = archive.keyring
    keys = keyring.destroy(item.dossier_id) if keyring is not None else ()
    return (
        *(Fate(key.store, key.removed, key.pending, key=True) for key in keys),
        *(_erase_on(copy, item) for copy in archive.copies),
    )


def _erase_on(copy: ObjectStore, item: Item) -> Fate:
    removed = 0
    try:
        for name in tuple(_names(copy, item)):
            copy.delete(name)
            removed += 1
        left = sum(_answers(copy, name) for name in {*_names(copy, item), *item.places})
    except DisposalForbidden as error:
        return Fate(copy.url, removed, error.message)
    except ArchiveError as error:
        return Fate(copy.url, removed, f"{copy.url}: {error.message}")
    return Fate(copy.url, removed, f"{left} objects still answer" if left else "")


def _answers(copy: ObjectStore, name: ObjectName) -> bool:
    try:
        copy.stat(name)
    except NotHeld:
        return False
    return True


def _names(copy: ObjectStore, item: Item) -> Iterator[ObjectName]:
    """Yield everything that a copy has of a dossier: attempts that never were held, and
    what was handed out of it and can still be fetched.
    """
    yield from copy.names(f"copies/{item.dossier_id}/")
    for folder in sorted({place.rsplit("/", 1)[0] + "/" for place in item.places}):
        yield from copy.names(folder)
