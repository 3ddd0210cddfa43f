"""Encryption at rest: how it stands, and a new master key for all dossiers' keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from heapq import merge
from itertools import groupby
from operator import itemgetter

from archive.assembly import Archive
from archive.catalogue import dossiers, journal
from archive.errors import UsageError
from archive.events import Event, EventType
from archive.model import DossierId
from archive.packages.aip.layout import place_of
from archive.segments import try_to_flush
from archive.storage.encrypted.keyring import Keyring


@dataclass(frozen=True, slots=True)
class EncryptionStatus:
    """How the packages of an archive are encrypted."""

    masters: tuple[str, ...]
    """Ids of the master keys, the present one first; none if packages are not encrypted."""
    key_stores: tuple[str, ...]
    with_key: int
    """Dossiers held that have a key."""
    without_key: int
    """Dossiers held from before encryption was switched on: their packages are plain."""
    stray: tuple[str, ...]
    """Dossiers that have a key and are not held: of attempts, or back from a backup."""


def status(archive: Archive) -> EncryptionStatus:
    """Compare the dossiers held with the keys that are there."""
    keyring = archive.keyring
    if keyring is None:
        return EncryptionStatus((), (), 0, _count(archive), ())
    with_key = without_key = 0
    stray: list[str] = []
    with archive.catalogue.connect() as connection:
        held = ((each, True) for each in dossiers.ids(connection))
        keyed = ((each, False) for each in keyring.dossiers())
        for dossier, sides in groupby(merge(held, keyed), key=itemgetter(0)):
            found = {side for _, side in sides}
            with_key += found == {True, False}
            without_key += found == {True}
            if found == {False}:
                stray.append(dossier)
    return EncryptionStatus(
        tuple(master.id for master in keyring.masters),
        tuple(store.url for store in keyring.stores),
        with_key,
        without_key,
        tuple(stray),
    )


def rewrap(archive: Archive, *, on_key: Callable[[int], None] = lambda done: None) -> int:
    """Wrap every dossier's key with the present master key only; return how many were not so.

    Afterwards the former master key, and with it every old backup of the key stores, opens
    nothing any more: destroy it, and take it out of the settings. Stopping it loses nothing.

    Raises:
        UsageError: packages are not encrypted.
        IntegrityError: a key does not unwrap under any master key of the settings.
    """
    keyring = _keyring(archive)
    changed = 0
    for done, dossier in enumerate(tuple(keyring.dossiers()), 1):
        changed += keyring.rewrap(dossier)
        on_key(done)
    details = {"master": keyring.masters[0].id, "keys": changed}
    event = Event(
        EventType.KEYS_REWRAPPED, archive.clock(), "success", archive.agent, details=details
    )
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)
    try_to_flush(archive)
    return changed


def leftover_keys(archive: Archive, age: timedelta) -> Iterator[str]:
    """Yield the dossiers of keys that are older than `age` and have nothing left to open.

    Of attempts that never became held: no such dossier, and no package of it on any copy.

    Raises:
        Unavailable: a copy did not answer; it could have a package.
    """
    keyring, before = archive.keyring, archive.clock() - age
    for dossier in status(archive).stray if keyring is not None else ():
        folder = place_of(DossierId(dossier), 1, "").rsplit("/", 1)[0] + "/"
        since = keyring.made_at(dossier) if keyring is not None else None
        if since is not None and since <= before and not any(archive.store.names(folder)):
            yield dossier


def forget(archive: Archive, dossiers_: Iterable[str]) -> None:
    """Remove the keys of dossiers that `leftover_keys` yielded."""
    for dossier in dossiers_:
        if archive.keyring is not None:
            archive.keyring.destroy(dossier)


def _keyring(archive: Archive) -> Keyring:
    if archive.keyring is None:
        raise UsageError(
            "the packages of this archive are not encrypted",
            where="encryption.master",
            hint="kho encryption make-key FILE, then name it in encryption.master",
        )
    return archive.keyring


def _count(archive: Archive) -> int:
    with archive.catalogue.connect() as connection:
        return dossiers.counts(connection).dossiers
