"""Access: find dossiers, show them, hand out originals bit for bit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final

from archive.assembly import Archive
from archive.catalogue import dossiers, journal
from archive.catalogue.dossiers import Holding
from archive.errors import FixityMismatch, NotHeld, UsageError
from archive.events import Event, EventType
from archive.fixity import chunks
from archive.heads import glimpse, original
from archive.model import Document, DossierId, Version
from archive.search import Facet, Query, Sort
from archive.search.permission import permit
from archive.search.query import Diagnostic, Node, Page
from archive.search.snippets import Snippet, highlight
from archive.viewers import OPERATOR, Viewer

FOLDER: Final = "folder://"
READERS: Final = 16
"""Packages that are read at once for snippets, by all searches of a process; half of the
connections that a process keeps to an S3 service."""


def find(archive: Archive, name: str, viewer: Viewer = OPERATOR) -> Holding:
    """Return what is held under an id, a dossier code or an archive file code.

    What `viewer` may not see is not held, in the same words and as quickly.

    Raises:
        NotHeld: nothing is.
        UsageError: several dossiers have this code; the hint lists their ids.
    """
    with archive.catalogue.connect() as connection:
        found = dossiers.by_code(connection, name.strip(), viewer)
        if not found:
            return dossiers.get(connection, name.strip(), viewer)
    if len(found) > 1:
        ids = ", ".join(holding.dossier.id for holding in found[:5])
        raise UsageError(f"{len(found)} dossiers have the code {name}", where=name, hint=ids)
    return found[0]


def document_of(holding: Holding, name: str) -> Document:
    """Return a document by its file's path, its file's name, or its ordinal.

    Raises:
        NotHeld: there is none; the hint lists what there is.
        UsageError: several files have this name.
    """
    documents = holding.dossier.documents
    found = [d for d in documents if name in (d.file.path, str(d.ordinal))]
    found = found or [d for d in documents if d.file.path.rsplit("/", 1)[-1] == name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{d.ordinal}: {d.file.path}" for d in documents)
    if found:
        raise UsageError(f"{len(found)} files are called {name}", hint=names)
    raise NotHeld(f"the dossier has no file {name}", where=holding.dossier.code, hint=names)


def hand_out(archive: Archive, holding: Holding, document: Document, target: BinaryIO) -> None:
    """Write an original to `target` bit for bit, with its digest checked on the way.

    Raises:
        FixityMismatch: the stored bytes are not what was recorded; what was written so far
            is not the original.
    """
    digest = hashlib.sha256()
    with original(archive, holding, document) as stream:
        for piece in chunks(stream):
            digest.update(piece)
            target.write(piece)
    if digest.hexdigest() != document.file.sha256:
        raise FixityMismatch(
            document.file.path, recorded=document.file.sha256, found=digest.hexdigest()
        )


def hand_out_package(archive: Archive, version: Version, target: Path) -> None:
    """Write a version's package to a file as it is stored, with its digest checked.

    Raises:
        FixityMismatch: the stored bytes are not what was recorded; nothing is written.
    """
    digest, draft = hashlib.sha256(), target.with_name(f".{target.name}.part")
    try:
        with archive.store.open(version.place) as stream, draft.open("wb") as out:
            for piece in chunks(stream):
                digest.update(piece)
                out.write(piece)
        if digest.hexdigest() != version.sha256:
            raise FixityMismatch(version.place, recorded=version.sha256, found=digest.hexdigest())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def record_dissemination(
    archive: Archive, holding: Holding, what: str, *, agent: str, reason: str | None
) -> None:
    """Enter into the journal that something was handed out."""
    event = Event(
        EventType.DISSEMINATION,
        archive.clock(),
        "success",
        agent,
        holding.dossier.id,
        {"what": what, "reason": reason or ""},
    )
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)


@dataclass(frozen=True, slots=True)
class Found:
    """One dossier that was found, with the place in its papers."""

    holding: Holding
    score: float
    approximate: bool
    snippet: Snippet | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of what a search found."""

    total: int
    approximate: int
    found: tuple[Found, ...]
    facets: tuple[Facet, ...]
    cursor: str | None
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, as a person puts it."""

    text: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    cursor: str | None = None
    approximate: bool = True
    snippets: bool = True


def search(archive: Archive, question: Question, viewer: Viewer = OPERATOR) -> Answer:
    """Find dossiers that `viewer` may see; errors in the question are diagnostics of the answer.

    Hits, totals, facets, guesses and snippets are as if there were no others.

    Raises:
        QueryRejected: the cursor or the limit is not valid.
        Unavailable: the index cannot be read.
    """
    from archive.search.language import parse  # with whoosh's parser, for this alone

    parsed = parse(question.text)
    page = archive.index.search(
        Query(
            parsed.node,
            permit=permit(viewer),
            filters=question.filters,
            sort=question.sort,
            limit=question.limit,
            cursor=question.cursor,
            facets=question.facets,
            approximate=question.approximate,
        )
    )
    marked = parsed.node if question.snippets else None
    found = tuple(_found(archive, marked, page, viewer))
    told = not page.total and viewer.everywhere
    incomplete = _incomplete(archive) if told else ()
    diagnostics = tuple(dict.fromkeys((*parsed.diagnostics, *page.diagnostics, *incomplete)))
    return Answer(page.total, page.approximate, found, page.facets, page.cursor, diagnostics)


def _incomplete(archive: Archive) -> tuple[Diagnostic, ...]:
    """Say so when nothing was found because the index knows less than the catalogue."""
    with archive.catalogue.connect() as connection:
        held = dossiers.counts(connection).dossiers
    indexed = sum(archive.index.counts().values())
    if indexed >= held:
        return ()
    message = f"the index knows {indexed} of {held} dossiers"
    hint = "kho sweep, or kho rebuild --index-only"
    return (Diagnostic(0, 0, "KHO-QUERY-INDEX", message, hint, fatal=False),)


def _found(archive: Archive, marked: Node | None, page: Page, viewer: Viewer) -> Iterator[Found]:
    """Yield the hits of a page, with a snippet in which `marked` is marked, if it is given."""
    with archive.catalogue.connect() as connection:
        held = dossiers.many(connection, [hit.id for hit in page.hits], viewer)
    holdings = {holding.dossier.id: holding for holding in held}
    # Who is missing is gone, or moved out of sight, since it was indexed; the outbox has it.
    hits = [(hit, holdings[DossierId(hit.id)]) for hit in page.hits if hit.id in holdings]
    texts = _glimpses(archive, [holding for _, holding in hits] if marked is not None else [])
    for hit, holding in hits:
        snippet = None
        if marked is not None:
            snippet = highlight(f"{holding.dossier.title}\n{texts[holding.dossier.id]}", marked)
        yield Found(holding, hit.score, hit.approximate, snippet)


def _glimpses(archive: Archive, holdings: Sequence[Holding]) -> dict[DossierId, str]:
    """Return the beginnings of the texts of dossiers, each read once.

    Over the network several at once, in threads that all searches of this process share;
    from a folder one after the other, which is sooner than handing them to threads.
    """
    if archive.store.url.startswith(FOLDER):
        read: Iterator[str] = (glimpse(archive, holding) for holding in holdings)
    else:
        read = _readers().map(lambda holding: glimpse(archive, holding), holdings)
    return dict(zip((holding.dossier.id for holding in holdings), read, strict=True))


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(READERS, thread_name_prefix="glimpse")
