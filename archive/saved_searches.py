"""Saved searches: kept by a person, and shared with the others if that is wanted."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_plus
from uuid import uuid4

from archive.assembly import Archive
from archive.catalogue import reading_room
from archive.catalogue.reading_room import SavedSearch
from archive.errors import NotHeld, UsageError
from archive.masking import IDENTITY

MAX_NAME: Final = 100
MAX_ADDRESS: Final = 2000
MAX_KEPT: Final = 200


def save(archive: Archive, person_id: str, name: str, address: str, *, shared: bool) -> SavedSearch:
    """Keep a search under a name.

    Args:
        archive: which.
        person_id: whose.
        name: as the list shows it.
        address: the query string of the search page.
        shared: whether everybody sees it; what it finds is still each person's own.

    Raises:
        UsageError: no name, too long, too many, or a shared one with an identity number.
    """
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable() or len(address) > MAX_ADDRESS:
        raise UsageError(f"a name is needed, of at most {MAX_NAME} characters", where="name")
    if shared and IDENTITY.search(f"{name} {unquote_plus(address)}"):
        raise UsageError("a search for an identity number cannot be shared", where="shared")
    made = SavedSearch(str(uuid4()), person_id, name, address, shared, archive.clock())
    with archive.catalogue.begin() as connection:
        own = [s for s in reading_room.saved(connection, person_id) if s.person_id == person_id]
        if len(own) >= MAX_KEPT:
            raise UsageError(f"at most {MAX_KEPT} searches are kept", where="name")
        reading_room.save(connection, made)
    return made


def listed(archive: Archive, person_id: str) -> tuple[SavedSearch, ...]:
    """Return a person's own searches and the shared ones, by name."""
    with archive.catalogue.connect() as connection:
        return reading_room.saved(connection, person_id)


def forget(archive: Archive, person_id: str, search_id: str) -> None:
    """Remove one's own search; raises NotHeld for anybody else's."""
    with archive.catalogue.begin() as connection:
        if not reading_room.forget(connection, search_id, person_id):
            raise NotHeld("there is no such search of yours", where=search_id)
