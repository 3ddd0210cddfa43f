"""Issue: copies are made, sealed, entered into the register and handed out."""

from __future__ import annotations

import tempfile
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from archive import access
from archive.assembly import VIETNAM, Archive
from archive.catalogue import dossiers, issued_copies, journal, state
from archive.catalogue.dossiers import Holding
from archive.catalogue.engine import Connection
from archive.catalogue.issued_copies import CopyKind, IssuedCopy
from archive.dissemination import certified, codes, package
from archive.dissemination.product import Product
from archive.errors import Changed, UsageError
from archive.events import Event, EventType
from archive.fixity import sha256_of
from archive.model import Document, ObjectName
from archive.segments import COPIES, state_document, try_to_flush

READING_DAYS = 15
"""Circular 05/2025/TT-BNV, article 37."""
MAX_AMOUNT = 1000
_TRIES = 5
_LONGEST = {"requester": 200, "requester_identity": 20, "purpose": 500}
_one_at_a_time = threading.Lock()
"""Running numbers have no gaps: who comes second in this process waits for the first."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, by whom and what for."""

    kind: CopyKind
    requester: str
    purpose: str
    documents: tuple[str, ...] = ()
    """Paths, names or ordinals of documents; all of the dossier if empty."""
    requester_identity: str | None = None
    amount: int = 1
    usable_until: date | None = None
    """The last day of use; None for no end. Of a reading copy it is the law's 15th day."""
    once: str = ""
    """A secret of this very request, 128 random bits: the same again issues nothing new."""


def issue(
    archive: Archive, holding: Holding, request: Request, *, agent: str
) -> tuple[IssuedCopy, ...]:
    """Make copies and enter them into the register, all of them or none.

    A certified copy is made of each document, under a number and code of its own; a reading
    copy or a package is one entry for all documents.

    Raises:
        UsageError: requester or purpose is missing, too long, or the amount is not possible.
        NotHeld: there is no such document, or the dossier is no longer held.
        Rejected: a document cannot be certified; the hint says how else to hand it out.
        FixityMismatch: an original is not what was recorded.
        Unavailable: key, timestamp service, store or catalogue did not answer.
    """
    request = checked(request)
    documents = chosen(holding, request)
    issued = _numbered(lambda: _issue(archive, holding, request, documents, agent))
    try_to_flush(archive)
    return issued


def _numbered(act: Callable[[], tuple[IssuedCopy, ...]]) -> tuple[IssuedCopy, ...]:
    """Do an act again, a few times, if another process took its running number."""
    for _ in range(_TRIES - 1):
        try:
            with _one_at_a_time:
                return act()
        except Changed:
            continue
    with _one_at_a_time:
        return act()


def _issue(
    archive: Archive,
    holding: Holding,
    request: Request,
    documents: Sequence[Document],
    agent: str,
) -> tuple[IssuedCopy, ...]:
    at = archive.clock()
    year = at.astimezone(VIETNAM).year
    groups = _groups(request, documents)
    with archive.catalogue.connect() as connection:
        before = _issued_before(connection, holding, request, len(groups))
        number = issued_copies.next_number(connection, year)
    if before:
        return before
    with tempfile.TemporaryDirectory(dir=archive.scratch) as folder:
        issued: list[IssuedCopy] = []
        # (1) Make each copy with its number in it; (2) store it. A crash here leaves a file
        #     that the register does not know; the sweep removes it.
        for offset, group in enumerate(groups):
            entry = _entry(holding, request, group, at, agent, year, number + offset)
            if request.once:
                entry = replace(entry, code=codes.derived(request.once, offset))
            made = _made(archive, holding, entry, group, Path(folder))
            issued.append(_stored(archive, entry, made))
    # (3) Register. This is the commit point: issued from the end of this transaction on.
    with archive.catalogue.begin() as connection:
        dossiers.get(connection, holding.dossier.id)  # a destruction meanwhile wins
        for entry in issued:
            issued_copies.add(connection, entry)
            record(connection, entry, "issued", EventType.COPY_ISSUED, at=at, agent=agent)
    return tuple(issued)


def _issued_before(
    connection: Connection, holding: Holding, request: Request, count: int
) -> tuple[IssuedCopy, ...]:
    """Return what the very same request issued already, nothing if it did not.

    Raises:
        UsageError: its secret was used for something else.
    """
    if not request.once:
        return ()
    asked = [codes.derived(request.once, ordinal) for ordinal in range(count)]
    found = [c for c in (issued_copies.by_code(connection, code) for code in asked) if c]
    if found and (len(found) != count or found[0].dossier_id != holding.dossier.id):
        raise UsageError("this request was used for other copies", where="once")
    return tuple(found)


def record(
    connection: Connection,
    entry: IssuedCopy,
    act: str,
    kind: EventType,
    *,
    at: datetime,
    agent: str,
) -> None:
    """Let the store have the entry as it now stands, and the journal its digests."""
    document = state_document(issued_copies.to_json(entry))
    state.add(connection, f"{COPIES}{entry.year}/{entry.number:05d}/{act}.json", document)
    details = {
        "copy": entry.label,
        "kind": entry.kind.value,
        "sha256": entry.sha256 or "",
        "documents": [each["sha256"] for each in entry.documents],
        "record": sha256_of(document),
    }
    journal.append(connection, Event(kind, at, "success", agent, entry.dossier_id, details))


def _groups(request: Request, documents: Sequence[Document]) -> list[tuple[Document, ...]]:
    """Return which documents come under one number."""
    if request.kind is CopyKind.CERTIFIED:
        return [(document,) for document in documents]
    return [tuple(documents)]


def _entry(
    holding: Holding,
    request: Request,
    documents: Sequence[Document],
    at: datetime,
    agent: str,
    year: int,
    number: int,
) -> IssuedCopy:
    told = tuple(
        {"ordinal": d.ordinal, "path": d.file.path, "title": d.title, "sha256": d.file.sha256}
        for d in documents
    )
    return IssuedCopy(
        year,
        number,
        codes.new(),
        request.kind,
        holding.dossier.id,
        holding.dossier.code,
        told,
        request.requester,
        request.purpose,
        at,
        agent,
        request.requester_identity,
        request.amount,
        _end_of_use(request, at),
    )


def _end_of_use(request: Request, at: datetime) -> datetime | None:
    if request.kind is CopyKind.READING:
        return at + timedelta(days=READING_DAYS)
    if request.usable_until is None:
        return None
    after = request.usable_until + timedelta(days=1)
    return datetime.combine(after, time(), VIETNAM)


def _made(
    archive: Archive,
    holding: Holding,
    entry: IssuedCopy,
    documents: Sequence[Document],
    folder: Path,
) -> Product | None:
    match entry.kind:
        case CopyKind.CERTIFIED:
            return certified.make(archive, holding, documents[0], entry, folder)
        case CopyKind.DIP:
            return package.make(archive, holding, documents, entry, folder)
        case CopyKind.READING:
            for document in documents:
                certified.expect_pages(document)
            return None


def _stored(archive: Archive, entry: IssuedCopy, made: Product | None) -> IssuedCopy:
    if made is None:
        return entry
    name = f"{entry.year}-{entry.number:05d}-{made.sha256[:16]}.{made.ending}"
    place = ObjectName(f"copies/{entry.dossier_id}/{name}")
    with made.open() as stream:
        archive.store.put(place, stream, size=made.size, sha256=made.sha256)
    return replace(entry, sha256=made.sha256, size=made.size, place=place)


def preview(archive: Archive, holding: Holding, request: Request) -> bytes:
    """Return the first page of what would be issued as a PNG; nothing is entered or sealed.

    Errors as `issue`.
    """
    request = checked(request)
    documents = chosen(holding, request)
    at = archive.clock()
    entry = _entry(holding, request, documents, at, "", at.astimezone(VIETNAM).year, 0)
    with tempfile.TemporaryDirectory(dir=archive.scratch) as folder:
        if request.kind is CopyKind.DIP:
            return package.preview(archive, holding, documents, entry, Path(folder))
        return certified.preview(archive, holding, documents[0], entry, Path(folder))


def chosen(holding: Holding, request: Request) -> tuple[Document, ...]:
    """Return the documents that are asked for, in the order of the dossier."""
    if not request.documents:
        return holding.dossier.documents
    found = {access.document_of(holding, name).ordinal for name in request.documents}
    return tuple(d for d in holding.dossier.documents if d.ordinal in found)


def checked(request: Request) -> Request:
    """Return a request with its words as they are printed.

    Raises:
        UsageError: something is missing, too long, or has characters that nobody can print.
    """
    requester = _words(request.requester, "requester")
    purpose = _words(request.purpose, "purpose")
    identity = _words(request.requester_identity, "requester_identity")
    for name, told in (("requester", requester), ("purpose", purpose)):
        if not told:
            raise UsageError(f"the {name} is missing", where=name, hint=f'--{name} "…"')
    if not 1 <= request.amount <= MAX_AMOUNT:
        raise UsageError(f"the number of copies is 1 to {MAX_AMOUNT}", where="amount")
    return replace(
        request, requester=requester, purpose=purpose, requester_identity=identity or None
    )


def _words(text: str | None, name: str) -> str:
    told = " ".join(unicodedata.normalize("NFC", text or "").split())
    if len(told) > _LONGEST[name]:
        raise UsageError(f"more than {_LONGEST[name]} characters", where=name)
    if not told.isprintable():
        raise UsageError("has characters that cannot be printed", where=name)
    return told
