"""The condition of the archive: copies, how much of each was read again, what was repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from archive import rehearsal
from archive.assembly import Archive
from archive.catalogue import journal_pages
from archive.catalogue.checkpoints import Job
from archive.catalogue.fixity_results import FixityCheck, FixityOutcome, FixityStatus
from archive.catalogue.journal import Entry
from archive.errors import NotPermitted
from archive.events import EventType
from archive.jobs.background import Background, Progress
from archive.preservation import fixity
from archive.preservation.fixity import FIXITY_YEARS
from archive.rehearsal import Rehearsal
from archive.viewers import Right, Viewer

CHECK = "fixity-check"
REHEARSAL = "recovery-rehearsal"
REPAIRS = (EventType.REPLICATION,)


@dataclass(frozen=True, slots=True)
class Copy:
    """How one copy stands."""

    url: str
    status: FixityStatus

    @property
    def checked(self) -> int:
        """Versions that were read again and found intact."""
        return self.status.outcomes[FixityOutcome.INTACT]

    @property
    def bad(self) -> int:
        """Versions whose last check did not end well."""
        return sum(
            count
            for each, count in self.status.outcomes.items()
            if each is not FixityOutcome.INTACT
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """What an archivist asks first."""

    copies: tuple[Copy, ...]
    wrong: tuple[FixityCheck, ...]
    """The first checks that did not end well."""
    repairs: tuple[Entry, ...]
    """The last ones, the newest first."""
    rehearsed: Rehearsal | None
    """The last rehearsal of a recovery; None if there was none."""
    rehearsal_overdue: bool
    checks: tuple[Entry, ...]
    """The last pages of fixity runs."""
    overdue_before: datetime
    """A check before this day is too long ago (Circular 05/2025/TT-BNV, art. 28)."""


def condition(archive: Archive, viewer: Viewer) -> Condition:
    """Return how the archive stands.

    Raises:
        NotPermitted: no right.
    """
    _require(viewer)
    with archive.catalogue.connect() as connection:
        last = {
            kind: journal_pages.of_type(connection, kind, 10)
            for kind in (*REPAIRS, EventType.FIXITY_CHECK)
        }
    rehearsed = rehearsal.last(archive)
    repairs = [entry for kind in REPAIRS for entry in last[kind]]
    return Condition(
        tuple(Copy(url, status) for url, status in fixity.status(archive).items()),
        fixity.mismatches(archive)[:100],
        tuple(repairs),
        rehearsed,
        rehearsal.is_overdue(archive, rehearsed),
        last[EventType.FIXITY_CHECK],
        archive.clock() - timedelta(days=365 * FIXITY_YEARS),
    )


def brief(archive: Archive) -> tuple[int, bool]:
    """Return how many packages are not intact, and whether a rehearsal is overdue."""
    return len(fixity.mismatches(archive)), rehearsal.is_overdue(archive, rehearsal.last(archive))


def check(archive: Archive, background: Background, viewer: Viewer) -> Job:
    """Begin to read every package on every copy; a run that was stopped goes on.

    Raises:
        NotPermitted: no right.
    """
    _require(viewer)

    def work(progress: Progress) -> Mapping[str, Any]:
        found: dict[str, int] = {each.value: 0 for each in FixityOutcome}
        read = 0
        for each in fixity.run(archive):
            found[each.check.outcome.value] += 1
            read += each.bytes
        return {**found, "bytes": read}

    return background.begin(CHECK, "", (), work)


def rehearse(archive: Archive, background: Background, viewer: Viewer) -> Job:
    """Begin to make catalogue and index anew beside the ones in use, and to compare them.

    Raises:
        NotPermitted: no right.
    """
    _require(viewer)

    def work(progress: Progress) -> Mapping[str, Any]:
        found = rehearsal.rehearse(archive, agent=viewer.account)
        return {"same": found.same, "seconds": found.seconds, "dossiers": found.dossiers}

    return background.begin(REHEARSAL, "", (), work)


def _require(viewer: Viewer) -> None:
    if not viewer.may(Right.INTEGRITY):
        raise NotPermitted("your roles do not include this")
