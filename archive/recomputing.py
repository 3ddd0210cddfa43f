"""Recomputing: due days of millions of dossiers after a change of schedule, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from archive.assembly import Archive
from archive.catalogue import bases, dossiers, notes
from archive.catalogue.bases import Basis, Key
from archive.catalogue.dossiers import Due
from archive.catalogue.engine import Connection
from archive.retention import Schedules, facts_from, known_of, schedules_of
from retention_rules.decide import decide
from retention_rules.facts import Facts
from retention_rules.schedule import Schedule

BATCH = 500
SCANNED = 20_000
"""Keys that are looked at in one go."""


def recompute(
    archive: Archive,
    *,
    everything: bool = False,
    on_page: Callable[[int], None] = lambda done: None,
) -> int:
    """Decide anew what was decided under another version of its schedule; return how many changed.

    Page by page, each in a transaction of its own: stopping it loses nothing, and the next
    run goes on where it was. Dossiers with a standing note are always decided anew, because
    what they are linked to may have changed.

    Args:
        archive: which.
        everything: whether to decide all of them, whatever their version.
        on_page: is told how many dossiers are done, those that need nothing too.
    """
    by, on = schedules_of(archive), archive.today()
    present = Present(by, on)
    changed, done, after = 0, 0, ""
    while True:
        with archive.catalogue.connect() as connection:
            scanned = bases.keys(connection, SCANNED, after)
            noted = notes.noted(connection) if not everything else frozenset()
        if not scanned:
            return changed
        wanted = [key.id for key in scanned if everything or _stale(key, present, noted)]
        for start in range(0, len(wanted), BATCH):
            page = wanted[start : start + BATCH]
            changed += _recomputed(archive, page, present)
            on_page(done + len(scanned) * (start + len(page)) // len(wanted))
        done, after = done + len(scanned), scanned[-1].id
        on_page(done)


def _stale(key: Key, present: Present, noted: frozenset[str]) -> bool:
    return key.schedule_version != present.of(key.agency).version or key.id in noted


def _recomputed(archive: Archive, ids: Sequence[str], present: Present) -> int:
    """Decide one page in one transaction, so that no note can come in between."""
    mode = archive.settings.text("retention.conflict")
    with archive.catalogue.begin() as connection:
        dues = []
        for basis, facts in prepared(archive, connection, ids, present):
            decision = decide(facts, present.of(basis.agency), as_of=present.on, mode=mode)
            due = Due(
                basis.id,
                decision.final_action.value,
                decision.due_on,
                decision.rule_code,
                decision.schedule_version,
            )
            if due != basis.due:
                dues.append(due)
        dossiers.set_dues(connection, dues)
    return len(dues)


class Present:
    """The schedules in force on one day, looked up once for each agency."""

    def __init__(self, by: Schedules, on: date) -> None:
        """Take the schedules and the day."""
        self.by, self.on = by, on
        self._of: dict[str, Schedule] = {}

    def of(self, agency: str) -> Schedule:
        """Return the schedule in force for an agency."""
        found = self._of.get(agency)
        if found is None:
            found = self._of[agency] = self.by.of(agency, self.on)
        return found


def prepared(
    archive: Archive,
    connection: Connection,
    ids: Sequence[str],
    present: Present,
    *,
    papers: bool = False,
) -> Iterator[tuple[Basis, Facts]]:
    """Yield the facts of dossiers, at most 500, with everything that is on record of them.

    Args:
        archive: which.
        connection: to its catalogue.
        ids: of dossiers; those that are not held are left out.
        present: the schedules.
        papers: whether documents are needed; they are read anyway where a row in force asks
            for kinds of documents, or a person noted something of one.
    """
    noted = notes.standing_on(connection, ids)
    papers = papers or _asks_for_papers(present)
    of_one = {each for each, found in noted.items() if any("#" in note.value for note in found)}
    without = [each for each in ids if papers or each not in of_one]
    for basis in (
        *bases.many(connection, without, papers=papers),
        *(bases.many(connection, sorted(of_one), papers=True) if of_one and not papers else ()),
    ):
        own = noted.get(basis.id, ())
        known = known_of(
            archive, connection, basis.id, basis.fixed, own, as_of=present.on, by=present.by
        )
        yield basis, facts_from(basis, known)


def _asks_for_papers(present: Present) -> bool:
    schedules = (*present.by.adopted(), present.by.configured)
    return any(rule.applies_to.document_types for each in schedules for rule in each.rules)
