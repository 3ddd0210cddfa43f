"""Looks: that somebody opened a dossier is on record before they see it.

Looks of many people at once share a transaction; each waits until it is committed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from archive.assembly import Archive
from archive.catalogue import journal, reading_room
from archive.catalogue.engine import Catalogue, Connection
from archive.catalogue.together import Together
from archive.events import Event


@dataclass(frozen=True, slots=True)
class Look:
    """One person's look at one dossier."""

    person_id: str
    """Whose list of recently seen dossiers it goes to; "": nobody's."""
    event: Event
    """What the journal has of it; its subject is the dossier."""


_GUARD: Final = threading.Lock()
_DESKS: Final[WeakKeyDictionary[Catalogue, Together[Look]]] = WeakKeyDictionary()


def record(archive: Archive, look: Look) -> None:
    """Enter a look into the journal and the person's list. Errors as `journal.append`."""
    catalogue = archive.catalogue
    with _GUARD:
        desk = _DESKS.get(catalogue)
        if desk is None:
            desk = _DESKS[catalogue] = Together(catalogue, _write)
    desk.add(look)


def _write(connection: Connection, looks: Sequence[Look]) -> None:
    ordered = sorted(looks, key=lambda look: look.event.at)
    for look in ordered:
        if look.person_id:
            reading_room.saw(connection, look.person_id, look.event.subject, look.event.at)
    journal.append_all(connection, [look.event for look in ordered])
