"""Rehearsals of a recovery: catalogue and index made anew beside the ones in use, and compared.

Nothing in use is touched and nothing is written to the store but the record of the rehearsal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from archive import indexing, segments
from archive.access import Question, search
from archive.assembly import Archive
from archive.catalogue import dossiers, journal, journal_pages, snapshot
from archive.catalogue.engine import Catalogue, Connection
from archive.errors import Unavailable
from archive.events import Event, EventType
from archive.preservation.rebuild import restore

QUESTIONS: Final = 50
"""Dossiers whose code and applicant are searched for in both indexes."""
_TRIES: Final = 10
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How one went."""

    at: datetime
    seconds: float
    agent: str
    same: bool
    """Whether everything that was made anew answers like what is in use."""
    dossiers: int
    versions: int
    journal_entries: int
    indexed: int
    questions: int
    """Searches that were asked of both indexes."""
    differences: Mapping[str, int]
    """By table of the catalogue, or `index`, `search`: how many rows or answers differ."""
    unreadable: int
    """Packages that could not be read."""


def rehearse(
    archive: Archive,
    *,
    agent: str,
    on_dossier: Callable[[int, int], None] = lambda done, total: None,
) -> Rehearsal:
    """Make catalogue and index anew from the store, compare all of it, and put that on record.

    Args:
        archive: in use meanwhile; what changes after the beginning is left out.
        agent: who asked for it.
        on_dossier: is told how many of how many dossiers are done.

    Raises:
        JournalBroken: a segment of the journal is damaged or missing.
        Unavailable: the store did not answer, or too much was written to begin.
    """
    began = archive.clock()
    with (
        TemporaryDirectory(dir=archive.scratch, prefix="rehearsal-") as room,
        _still(archive) as (present, upto),
    ):
        target = _beside(archive, Path(room))
        try:
            found = restore(target, on_dossier=on_dossier, upto=upto)
            indexed = indexing.rebuild(target)
            with target.catalogue.connect() as connection:
                differences = snapshot.differences(present, connection)
                asked = _questions(connection)
            differences |= _unlike_answers(archive, target, present, asked, indexed)
        finally:
            target.close()
    ended = archive.clock()
    rehearsed = Rehearsal(
        ended, round((ended - began).total_seconds(), 1), agent,
        not differences and not found.unreadable,
        found.dossiers, found.versions, found.journal_entries, indexed, len(asked),
        differences, len(found.unreadable),
    )  # fmt: skip
    _record(archive, rehearsed)
    return rehearsed


@contextmanager
def _still(archive: Archive) -> Iterator[tuple[Connection, int]]:
    """Yield a view of the catalogue at a moment at which the store knew all of its journal."""
    for _ in range(_TRIES):
        indexing.index_pending(archive)
        segments.flush(archive)
        with archive.catalogue.connect() as connection:
            head = journal.head(connection).seq
            if journal.flushed(connection).seq == head:
                yield connection, head
                return
    raise Unavailable("others write all the time", hint="rehearse at a quieter hour")


def _beside(archive: Archive, room: Path) -> Archive:
    """Return the archive with an empty catalogue and an empty index in a folder of its own."""
    values = {
        **archive.settings.values,
        "catalogue.url": f"sqlite:///{room / 'catalogue.db'}",
        "search.folder": str(room / "index"),
    }
    target = replace(archive, settings=replace(archive.settings, values=values))
    Catalogue(target.settings.catalogue_url()).migrate()
    return target


def _questions(connection: Connection) -> tuple[str, ...]:
    """Return searches for dossiers that lie far apart: codes, and names as people type them."""
    count = dossiers.counts(connection).dossiers
    chosen = islice(dossiers.ids(connection), 0, None, max(1, count // QUESTIONS))
    held = dossiers.many(connection, list(islice(chosen, QUESTIONS)))
    codes = [each.dossier.code for each in held]
    return tuple(dict.fromkeys([*codes, *(each.dossier.applicant.name for each in held)]))


def _unlike_answers(
    archive: Archive, target: Archive, present: Connection, asked: tuple[str, ...], indexed: int
) -> dict[str, int]:
    missing = abs(dossiers.counts(present).dossiers - indexed)
    unlike = sum(_found(archive, each) != _found(target, each) for each in asked)
    told = {"index": missing, "search": unlike}
    return {name: count for name, count in told.items() if count}


def _found(archive: Archive, text: str) -> tuple[int, list[str]]:
    """Return how many dossiers a search finds, and which, if they are on one page."""
    answer = search(archive, Question(text, limit=_PAGE, snippets=False))
    ids = sorted(str(each.holding.dossier.id) for each in answer.found)
    return answer.total, ids if answer.total <= _PAGE else []


def _record(archive: Archive, rehearsed: Rehearsal) -> None:
    details = asdict(rehearsed)
    for name in ("at", "agent"):
        del details[name]
    outcome = "success" if rehearsed.same else "failure"
    kind = EventType.RECOVERY_REHEARSED
    event = Event(kind, rehearsed.at, outcome, rehearsed.agent, "", details)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)
    segments.try_to_flush(archive)


def last(archive: Archive) -> Rehearsal | None:
    """Return the last rehearsal; None if there was none."""
    with archive.catalogue.connect() as connection:
        found = journal_pages.of_type(connection, EventType.RECOVERY_REHEARSED, 1)
    if not found:
        return None
    details: dict[str, Any] = json.loads(found[0].details)
    return Rehearsal(at=datetime.fromisoformat(found[0].at), agent=found[0].agent, **details)


def is_overdue(archive: Archive, rehearsed: Rehearsal | None) -> bool:
    """Whether it is time for the next one (`recovery.rehearse_days`)."""
    days = timedelta(days=archive.settings.number("recovery.rehearse_days"))
    return rehearsed is None or rehearsed.at < archive.clock() - days
