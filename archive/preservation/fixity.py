"""Fixity runs: every stored byte of every copy is read and compared with its record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from archive import jobs, segments
from archive.assembly import Archive
from archive.catalogue import checkpoints, dossiers, fixity_results, journal
from archive.catalogue.dossiers import HeldVersion
from archive.catalogue.fixity_results import FixityCheck, FixityOutcome, FixityStatus
from archive.errors import ArchiveError, NotHeld
from archive.events import Event, EventType
from archive.fixity import chunks, sha256_of
from archive.model import ObjectName
from archive.storage import ObjectStore

PAGE = 500
FIXITY_YEARS = 3
"""Every document is checked at least once in so many years (Circular 05/2025, art. 28)."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One object that was read."""

    check: FixityCheck
    bytes: int


def total(archive: Archive) -> tuple[int, int]:
    """Return how many objects and bytes a full run reads, over all copies."""
    with archive.catalogue.connect() as connection:
        counts = dossiers.counts(connection)
    copies = len(archive.copies)
    return counts.versions * copies, counts.stored_bytes * copies


def run(archive: Archive) -> Iterator[Checked]:
    """Read every package on every copy and yield what was found, mismatches included.

    A run that was stopped is taken up where it was. Results are recorded per page, in
    one transaction with the journal's event; the journal's own segments come last.
    """
    for store in archive.copies:
        job, started = _take_up(archive, store)
        yield from _packages(archive, store, started)
        with archive.catalogue.begin() as connection:
            checkpoints.finish(connection, job, at=archive.clock())
        yield from _segments(archive, store)
    segments.flush(archive)


def _take_up(archive: Archive, store: ObjectStore) -> tuple[str, datetime]:
    with archive.catalogue.begin() as connection:
        job = checkpoints.start(connection, "fixity", store.url, (), at=archive.clock())
        return job.id, job.started_at


def _packages(archive: Archive, store: ObjectStore, started: datetime) -> Iterator[Checked]:
    after = ""
    while True:
        with archive.catalogue.connect() as connection:
            page = fixity_results.unchecked(connection, store.url, started, limit=PAGE, after=after)
        if not page:
            return
        at = archive.clock()

        def act(held: HeldVersion, at: datetime = at) -> Checked:
            return _read(store, held, at)

        done = [d.result for d in jobs.run(page, act, workers=archive.workers) if d.result]
        _record(archive, store, (after, page[-1].version.place), at, [d.check for d in done])
        yield from done
        after = page[-1].version.place


def _read(store: ObjectStore, held: HeldVersion, at: datetime) -> Checked:
    place, digest, count = held.version.place, hashlib.sha256(), 0
    try:
        with store.open(place) as stream:
            for piece in chunks(stream):
                digest.update(piece)
                count += len(piece)
    except NotHeld:
        return Checked(FixityCheck(place, store.url, FixityOutcome.MISSING, at), 0)
    except (ArchiveError, OSError) as error:
        detail = type(error).__name__
        check = FixityCheck(place, store.url, FixityOutcome.UNREADABLE, at, None, detail)
        return Checked(check, count)
    found = digest.hexdigest()
    if found == held.version.sha256:
        return Checked(FixityCheck(place, store.url, FixityOutcome.INTACT, at), count)
    detail = f"recorded {held.version.sha256}, {held.version.size} bytes; found {count} bytes"
    return Checked(FixityCheck(place, store.url, FixityOutcome.MISMATCH, at, found, detail), count)


def _record(
    archive: Archive,
    store: ObjectStore,
    span: tuple[str, str],
    at: datetime,
    checks: list[FixityCheck],
) -> None:
    bad = [c for c in checks if c.outcome is not FixityOutcome.INTACT]
    details = {
        "copy": store.url,
        "after": span[0],
        "upto": span[1],
        "at": at.isoformat(),
        "checked": len(checks),
        "exceptions": [
            {"place": c.place, "outcome": c.outcome.value, "found": c.found, "detail": c.detail}
            for c in bad
        ],
    }
    outcome = "failure" if bad else "success"
    event = Event(EventType.FIXITY_CHECK, at, outcome, archive.agent, store.url, details)
    with archive.catalogue.begin() as connection:
        fixity_results.record(connection, checks)
        journal.append(connection, event)


def _segments(archive: Archive, store: ObjectStore) -> Iterator[Checked]:
    """Compare the journal's segments in a store with the journal in the catalogue."""
    at = archive.clock()
    for name in [n for n in store.names(segments.PREFIX) if n.endswith(segments.ENDING)]:
        first, last = map(int, name.removeprefix(segments.PREFIX).split(".")[0].split("-"))
        with archive.catalogue.connect() as connection:
            recorded = journal.segment(connection, first - 1, limit=last - first + 1)
        content = store.read(name)
        if content == recorded:
            check = FixityCheck(name, store.url, FixityOutcome.INTACT, at)
        else:
            found, detail = sha256_of(content), f"recorded {sha256_of(recorded)}"
            check = FixityCheck(name, store.url, FixityOutcome.MISMATCH, at, found, detail)
        yield Checked(check, len(content))


def replay(archive: Archive, entry: journal.Entry, details: dict[str, object]) -> None:
    """Enter again, at a rebuild, what a page of an earlier run had found."""
    at = datetime.fromisoformat(str(details["at"]))
    copy = str(details["copy"])
    exceptions = details["exceptions"]
    with archive.catalogue.begin() as connection:
        fixity_results.replay(
            connection, copy=copy, after=str(details["after"]), upto=str(details["upto"]), at=at
        )
        checks = [
            FixityCheck(
                ObjectName(e["place"]),
                copy,
                FixityOutcome(e["outcome"]),
                at,
                e["found"],
                e["detail"],
            )
            for e in (exceptions if isinstance(exceptions, list) else [])
        ]
        fixity_results.record(connection, checks)


def status(archive: Archive) -> dict[str, FixityStatus]:
    """Return how each copy stands, by its address."""
    with archive.catalogue.connect() as connection:
        return {s.url: fixity_results.status(connection, s.url) for s in archive.copies}


def mismatches(archive: Archive) -> tuple[FixityCheck, ...]:
    """Return the last checks that did not end well."""
    with archive.catalogue.connect() as connection:
        return fixity_results.not_intact(connection)
