"""The register: find an issued copy, fetch its file again, take it back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO

from archive.assembly import Archive
from archive.catalogue import issued_copies
from archive.catalogue.issued_copies import CopyKind, IssuedCopy
from archive.dissemination import codes
from archive.dissemination.issue import record
from archive.errors import NotHeld, NotPermitted, UsageError
from archive.events import EventType
from archive.segments import try_to_flush

FETCH_DAYS = 15
"""Circular 05/2025/TT-BNV, article 40."""
_LABEL = re.compile(r"\d{4}/BS-\d+")


def register(
    archive: Archive,
    *,
    dossier_id: str | None = None,
    kind: CopyKind | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 100,
) -> tuple[IssuedCopy, ...]:
    """Return entries of the register, the latest first; see `issued_copies.listed`."""
    with archive.catalogue.connect() as connection:
        return issued_copies.listed(
            connection, dossier_id=dossier_id, kind=kind, before=before, limit=limit
        )


def find(archive: Archive, name: str) -> IssuedCopy:
    """Return the copy with a running number, `2026/BS-00418`, or a check code.

    Raises:
        NotHeld: there is none.
        UsageError: it is neither.
    """
    with archive.catalogue.connect() as connection:
        if _LABEL.fullmatch(name.strip()):
            return issued_copies.by_label(connection, name.strip())
        found = issued_copies.by_code(connection, codes.read(name))
    if found is None:
        raise NotHeld("no copy with this code was issued", where=name, hint="kho copy register")
    return found


@contextmanager
def fetch(archive: Archive, copy: IssuedCopy) -> Iterator[BinaryIO]:
    """Open the file of an issued copy, within 15 days of its issue.

    Raises:
        NotPermitted: it was revoked, or the days are over.
        NotHeld: a reading copy has no file.
    """
    if copy.place is None:
        raise NotHeld("a reading copy is read on its page and has no file", where=copy.label)
    if copy.revoked_at is not None:
        raise NotPermitted("the copy was revoked", where=copy.label)
    if archive.clock() >= copy.issued_at + timedelta(days=FETCH_DAYS):
        raise NotPermitted(
            f"a copy can be fetched for {FETCH_DAYS} days", where=copy.label, hint="issue a new one"
        )
    with archive.store.open(copy.place) as stream:
        yield stream


def revoke(archive: Archive, name: str, *, agent: str, reason: str) -> IssuedCopy:
    """Take a copy back; whoever checks it is told so from the commit of this act on.

    Raises:
        NotHeld: there is no such copy.
        UsageError: no reason is given, or it was revoked before.
    """
    if not reason.strip():
        raise UsageError("a copy is revoked with a reason", where=name, hint='--reason "…"')
    copy, at = find(archive, name), archive.clock()
    with archive.catalogue.begin() as connection:
        told = issued_copies.revoke(connection, copy, at=at, by=agent, reason=reason.strip())
        record(connection, told, "revoked", EventType.COPY_REVOKED, at=at, agent=agent)
    try_to_flush(archive)
    return told
