"""The desk at which copies are handed out: what somebody may issue, see, fetch and revoke.

Every function takes the `Viewer` and answers as if what it may not see were not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from archive import access
from archive.assembly import Archive
from archive.catalogue import issued_copies, journal
from archive.catalogue.holding import Holding
from archive.catalogue.issued_copies import IssuedCopy
from archive.dissemination.issue import Request
from archive.dissemination.issue import issue as issue_copies
from archive.dissemination.issue import preview as preview_of
from archive.dissemination.reading import opened as opened_to_read
from archive.dissemination.register import fetch as open_file
from archive.dissemination.register import find
from archive.dissemination.register import revoke as take_back
from archive.errors import NotHeld, NotPermitted
from archive.events import Event, EventType
from archive.viewers import EVERYTHING, Right, Viewer


def opened(archive: Archive, name: str, viewer: Viewer) -> Holding:
    """Return a dossier of which a viewer may hand out copies.

    Raises:
        NotHeld: it is not there, or the viewer may not see it.
        NotPermitted: the viewer may see it and not hand out copies of it.
    """
    holding = access.find(archive, name, viewer)
    if not viewer.may(Right.COPY, holding.dossier):
        raise NotPermitted("your roles do not include handing out copies of this dossier")
    return holding


def issue(archive: Archive, name: str, request: Request, viewer: Viewer) -> tuple[IssuedCopy, ...]:
    """Issue copies as a viewer; errors as `opened` and `archive.dissemination.issue`."""
    holding = opened(archive, name, viewer)
    return issue_copies(archive, holding, request, agent=viewer.account)


def preview(archive: Archive, name: str, request: Request, viewer: Viewer) -> bytes:
    """Return a picture of what would be issued; errors as `issue`."""
    return preview_of(archive, opened(archive, name, viewer), request)


def register(
    archive: Archive,
    viewer: Viewer,
    *,
    dossier_id: str | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 50,
) -> tuple[IssuedCopy, ...]:
    """Return entries of the register about dossiers whose copies a viewer may hand out."""
    with archive.catalogue.connect() as connection:
        return issued_copies.listed(
            connection, dossier_id=dossier_id, before=before, limit=limit, viewer=viewer
        )


def entry(archive: Archive, label: str, viewer: Viewer) -> IssuedCopy:
    """Return an entry by its running number.

    Raises:
        NotHeld: there is none that the viewer may see.
    """
    copy = find(archive, label)
    if EVERYTHING in viewer.scopes(Right.COPY):
        return copy
    try:
        opened(archive, copy.dossier_id, viewer)
    except (NotHeld, NotPermitted):
        raise NotHeld(f"no copy {label} was issued", where=label) from None
    return copy


@contextmanager
def fetch(archive: Archive, label: str, viewer: Viewer) -> Iterator[tuple[IssuedCopy, BinaryIO]]:
    """Open the file of an issued copy; that it was taken is on record.

    Errors as `entry` and `archive.dissemination.fetch`.
    """
    copy = entry(archive, label, viewer)
    with open_file(archive, copy) as stream:
        _record(archive, copy, EventType.DISSEMINATION, viewer.account)
        yield copy, stream


def revoke(archive: Archive, label: str, viewer: Viewer, *, reason: str) -> IssuedCopy:
    """Take a copy back as a viewer; errors as `entry` and `archive.dissemination.revoke`."""
    copy = entry(archive, label, viewer)
    return take_back(archive, copy.label, agent=viewer.account, reason=reason)


def read(archive: Archive, code: str) -> IssuedCopy:
    """Open a reading copy by its code, which is all that its reader has; that is on record.

    Errors as `archive.dissemination.reading.opened`.
    """
    copy = opened_to_read(archive, code)
    _record(archive, copy, EventType.VIEW, f"reader of {copy.label}")
    return copy


def _record(archive: Archive, copy: IssuedCopy, kind: EventType, agent: str) -> None:
    event = Event(kind, archive.clock(), "success", agent, copy.dossier_id, {"copy": copy.label})
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)
