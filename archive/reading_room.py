"""The reading room: looking at dossiers as somebody, with what was looked at on record.

What an official, archivist or auditor does through pages and API; every function takes the
`Viewer`, answers as if what it may not see were not there, and enters views into the journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from archive import covering, heads, looks, purposes
from archive.access import Answer, Question, find, hand_out, search
from archive.assembly import Archive
from archive.catalogue import journal, journal_pages, notes, reading_room, relatives
from archive.catalogue.dossiers import Holding
from archive.catalogue.holds import Hold
from archive.catalogue.journal import Entry
from archive.catalogue.notes import NoteKind
from archive.catalogue.relatives import Relative
from archive.errors import FixityMismatch, NotPermitted
from archive.events import Event, EventType
from archive.fixity import chunks
from archive.formats import pictures
from archive.formats.kept import Kept
from archive.looks import Look
from archive.masking import IDENTITY
from archive.model import Document, Version
from archive.purposes import Act
from archive.viewers import Right, Viewer

LIES_OPEN: Final = timedelta(minutes=10)
"""For so long after a view its pages and texts are part of that view."""
MOST_RELATED: Final = 20
"""Dossiers of one kind of relation that are shown: a form letter may be in thousands."""
LATEST: Final = 50
"""Everyday acts that a dossier's history shows; the journal has all of them."""
_PICTURES: Final = Kept(64 << 20)


def look(
    archive: Archive, name: str, viewer: Viewer, *, person_id: str = "", purpose: str = ""
) -> Holding:
    """Open a dossier to look at it; that is on record from then on.

    Args:
        archive: which.
        name: the dossier's id or one of its codes.
        viewer: who.
        person_id: whose list of recently seen dossiers it goes to.
        purpose: why; "" for what the person said before.

    Raises:
        NotHeld: it is not there, or `viewer` may not see it.
        PurposeNeeded: the settings ask what for, and nobody said.
    """
    holding = find(archive, name, viewer)
    purpose = purposes.settled(archive, Act.VIEW, holding.dossier, purpose, person_id)
    event = _event(archive, EventType.VIEW, viewer, holding, purpose)
    looks.record(archive, Look(person_id, event))
    return holding


def take_away(
    archive: Archive,
    holding: Holding,
    what: str,
    viewer: Viewer,
    *,
    person_id: str = "",
    purpose: str = "",
) -> None:
    """Enter into the journal that a file, package or evidence is handed out to `viewer`.

    Errors as `taking`.
    """
    purpose = taking(archive, holding, viewer, person_id=person_id, purpose=purpose)
    event = _event(archive, EventType.DISSEMINATION, viewer, holding, purpose, what=what)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)


def taking(
    archive: Archive, holding: Holding, viewer: Viewer, *, person_id: str = "", purpose: str = ""
) -> str:
    """Return the purpose with which `viewer` may take something of a dossier away.

    Raises:
        NotPermitted: not this dossier's, to this viewer.
        PurposeNeeded: the settings ask what for, and nobody said.
    """
    if not viewer.may(Right.DOWNLOAD, holding.dossier):
        raise NotPermitted("your roles do not include taking files of this dossier away")
    return purposes.settled(archive, Act.DOWNLOAD, holding.dossier, purpose, person_id)


def ask(
    archive: Archive,
    question: Question,
    viewer: Viewer,
    *,
    person_id: str = "",
    purpose: str = "",
) -> Answer:
    """Search as `viewer`; a search by an identity number is on record, without the number.

    Errors as `archive.access.search`, and

    Raises:
        PurposeNeeded: the settings ask what identity numbers are looked up for.
    """
    identity = by_identity(question.text)
    if identity:
        purpose = purposes.settled(archive, Act.IDENTITY_SEARCH, None, purpose, person_id)
    answer = search(archive, question, viewer)
    if identity:
        details = {"hits": answer.total, **({"purpose": purpose} if purpose else {})}
        event = Event(
            EventType.IDENTITY_SEARCH, archive.clock(), "success", viewer.account, "", details
        )
        with archive.catalogue.begin() as connection:
            journal.append(connection, event)
    return answer


def by_identity(text: str) -> bool:
    """Whether a question names an identity number."""
    return IDENTITY.search(text) is not None


def recently_seen(
    archive: Archive, person_id: str, viewer: Viewer, limit: int = 8
) -> tuple[Holding, ...]:
    """Return what somebody looked at last and may still see, the latest first."""
    with archive.catalogue.connect() as connection:
        return reading_room.seen(connection, person_id, viewer, limit)


def _event(
    archive: Archive, kind: EventType, viewer: Viewer, holding: Holding, purpose: str,
    **details: object,
) -> Event:  # fmt: skip
    told = {**details, **({"purpose": purpose} if purpose else {})}
    return Event(kind, archive.clock(), "success", viewer.account, holding.dossier.id, told)


def glance(
    archive: Archive, name: str, viewer: Viewer, *, person_id: str, what: str = ""
) -> Holding:
    """Open a dossier for a part of it: a page, a text. Recorded unless it lies open already.

    Errors as `look`.
    """
    holding = find(archive, name, viewer)
    at = archive.clock()
    with archive.catalogue.connect() as connection:
        last = reading_room.last_seen(connection, person_id, holding.dossier.id)
    if last is not None and at - last < LIES_OPEN:
        return holding
    purpose = purposes.settled(archive, Act.VIEW, holding.dossier, "", person_id)
    details = {"what": what} if what else {}
    event = _event(archive, EventType.VIEW, viewer, holding, purpose, **details)
    looks.record(archive, Look(person_id, event))
    return holding


def history(archive: Archive, holding: Holding) -> tuple[Entry, ...]:
    """Return what happened to a dossier, in order; of looks and other everyday acts the last."""
    with archive.catalogue.connect() as connection:
        return journal_pages.life_of(connection, holding.dossier.id, latest=LATEST)


def text_of(archive: Archive, holding: Holding, document: Document) -> str:
    """Return the text that was read in a document; "" if there is none."""
    return heads.texts(archive, holding).get(document.file.path, "")


@contextmanager
def as_file(archive: Archive, holding: Holding, document: Document) -> Iterator[Path]:
    """Put an original where a child process can read it, for as long as that takes."""
    with TemporaryDirectory(dir=archive.scratch, prefix="view-") as folder:
        path = Path(folder) / "original"
        with path.open("wb") as draft:
            hand_out(archive, holding, document, draft)
        yield path


def picture(archive: Archive, holding: Holding, document: Document, page: int, width: int) -> bytes:
    """Return a page of a document as a JPEG; kept in memory only, so destruction is complete.

    Raises:
        UnsafeInput: it cannot be shown.
    """
    key = (document.file.sha256, page, width)
    if (kept := _PICTURES.get(key)) is not None:
        return kept
    with as_file(archive, holding, document) as path:
        made = pictures.of_page(path, page, width)
    _PICTURES.put(key, made)
    return made


def page_count(archive: Archive, holding: Holding, document: Document) -> int:
    """Return how many pages a PDF has; 1 for other pictures."""
    if document.file.media_type != "application/pdf":
        return 1
    with as_file(archive, holding, document) as path:
        return pictures.page_count(path)


def open_original(archive: Archive, holding: Holding, document: Document) -> Iterator[bytes]:
    """Yield an original in pieces, with its digest checked at the end.

    Raises:
        FixityMismatch: after the last piece: the stored bytes are not what was recorded.
    """
    with heads.original(archive, holding, document) as stream:
        yield from _checked(stream, document.file.path, document.file.sha256)


def open_package(archive: Archive, version: Version) -> Iterator[bytes]:
    """Yield a version's package in pieces; as `open_original`."""
    with archive.store.open(version.place) as stream:
        yield from _checked(stream, version.place, version.sha256)


def _checked(stream: BinaryIO, name: str, recorded: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in chunks(stream):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != recorded:
        raise FixityMismatch(name, recorded=recorded, found=digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Relations:
    """Other dossiers that belong to one, as far as a viewer may see them."""

    linked: tuple[Relative, ...]
    """Whose digital documents are linked to its own."""
    same_file: tuple[Relative, ...]
    """Filed under the same archive file code; `MOST_RELATED` at most."""
    same_papers: tuple[Relative, ...]
    """That hold one of its files, byte for byte; `MOST_RELATED` at most."""


def relations(archive: Archive, holding: Holding, viewer: Viewer) -> Relations:
    """Return what belongs to a dossier."""
    dossier = holding.dossier
    with archive.catalogue.connect() as connection:
        noted = notes.standing_for(connection, dossier.id)
        links = {n.value if n.dossier_id == dossier.id else n.dossier_id
                 for n in noted if n.kind is NoteKind.LINK}  # fmt: skip
        return Relations(
            relatives.named(connection, dossier, viewer, links, MOST_RELATED),
            relatives.of_same_file(connection, dossier, viewer, MOST_RELATED),
            relatives.of_same_papers(connection, dossier, viewer, MOST_RELATED),
        )


def holds_on(archive: Archive, holding: Holding) -> tuple[Hold, ...]:
    """Return the holds that stand on a dossier."""
    with archive.catalogue.connect() as connection:
        return covering.standing_on(connection, holding)


def open_part(
    archive: Archive, holding: Holding, document: Document, offset: int, length: int
) -> Iterator[bytes]:
    """Yield a range of an original in pieces; a digest of the whole says nothing about it.

    Args:
        archive: which.
        holding: whose.
        document: whose file.
        offset: of the first byte, within the file.
        length: bytes, at least one and not beyond the file's end.
    """
    with heads.original(archive, holding, document, offset=offset, length=length) as stream:
        yield from chunks(stream)
