"""The journal read as somebody: that it was looked at is on record too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from archive import access, log_proofs
from archive.assembly import Archive
from archive.catalogue import figures, journal, journal_pages, people
from archive.catalogue.journal import Entry
from archive.catalogue.journal_pages import Wanted
from archive.errors import ArchiveError, NotHeld, NotPermitted
from archive.events import Event, EventType
from archive.evidence.entry_proof import EntryProof
from archive.viewers import Right, Viewer


def read(
    archive: Archive, viewer: Viewer, wanted: Wanted, *, before: int | None, limit: int
) -> tuple[Entry, ...]:
    """Return a page of the journal, the newest first; looking is journalled, with the filters.

    Raises:
        NotPermitted: no right.
    """
    _require(viewer)
    wanted = replace(wanted, subject=_subject(archive, viewer, wanted.subject))
    with archive.catalogue.connect() as connection:
        found = journal_pages.page(connection, viewer, wanted, before=before, limit=limit)
    details = {
        "type": wanted.type.value if wanted.type else "",
        "subject": wanted.subject,
        "agent": wanted.agent,
        "entries": len(found),
    }
    _looked(archive, viewer, {name: value for name, value in details.items() if value != ""})
    return found


def names_of(archive: Archive, viewer: Viewer, entries: Iterable[Entry]) -> dict[str, str]:
    """Return what people call the subjects of entries: codes of dossiers, accounts of persons.

    Only of those that a viewer may see; people see an id where there is no name.
    """
    ids = [entry.subject for entry in entries]
    with archive.catalogue.connect() as connection:
        accounts = people.accounts_of(connection, ids)
        return {**accounts, **figures.codes_of(connection, viewer, Right.JOURNAL, ids)}


def _subject(archive: Archive, viewer: Viewer, named: str) -> str:
    """Return the id of a dossier that is named by a code; else what was named."""
    if not named:
        return ""
    try:
        return access.find(archive, named, viewer).dossier.id
    except ArchiveError:
        return named


def _looked(archive: Archive, viewer: Viewer, details: dict[str, object]) -> None:
    at = archive.clock()
    event = Event(EventType.JOURNAL_VIEWED, at, "success", viewer.account, "", details)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry, and its proof or why there is none."""

    entry: Entry
    proof: EntryProof | None
    missing: str = ""


def prove(archive: Archive, viewer: Viewer, seq: int) -> Proven:
    """Return an entry with the proof that it is in the journal's log; looking is journalled.

    Raises:
        NotHeld: there is no such entry, or `viewer` may not see it.
        NotPermitted: no right.
        JournalBroken: the log is not what was signed.
    """
    _require(viewer)
    with archive.catalogue.connect() as connection:
        entry = journal_pages.get(connection, viewer, seq)
    if entry is None:
        raise NotHeld("the journal has no such entry", where=str(seq))
    _looked(archive, viewer, {"entry": seq})
    try:
        return Proven(entry, log_proofs.prove_entry(archive, seq))
    except NotHeld as error:
        return Proven(entry, None, error.message)


def _require(viewer: Viewer) -> None:
    if not viewer.may(Right.JOURNAL):
        raise NotPermitted("your roles do not include the journal")
