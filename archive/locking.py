"""Locking: object lock and legal hold on what is held, on every copy; step 8 of ingest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from archive import covering, jobs
from archive.assembly import VIETNAM, Archive
from archive.catalogue import dossiers, holds, notes
from archive.catalogue.dossiers import HeldVersion, Holding
from archive.catalogue.engine import Connection
from archive.model import ObjectName
from archive.retention import circumstances, decide_now, hold_label, schedules_of
from retention_rules.decide import Decision
from retention_rules.rule import Action

LOCK_STEP = timedelta(days=3650)
"""Object lock is set at most this far ahead and extended by later sweeps: stores differ in
how far a date they keep, and no lock may outlast the first lawful day of disposal."""
UNSURE_STEP = timedelta(days=365)
"""How far a lock goes where no confirmed row says until when: another schedule may be adopted,
and its earliest lawful day of disposal may come sooner."""
BATCH = 500


EXTEND_AHEAD = timedelta(days=180)
"""How long before its end a lock is extended, if its dossier is kept for longer."""


def lock_pending(archive: Archive) -> int:
    """Lock every version that has no lock yet; return how many.

    After a crash the same is done again: locking twice changes nothing.
    """
    return _lock_pages(archive, dossiers.unlocked)


def extend_locks(archive: Archive) -> int:
    """Extend every lock that ends soon and before its dossier's time; return how many."""
    before = archive.clock() + EXTEND_AHEAD

    def ending(conn: Connection, limit: int, after: str) -> tuple[HeldVersion, ...]:
        return dossiers.locks_ending(conn, before, limit, after)

    return _lock_pages(archive, ending)


_Page = Callable[[Connection, int, str], tuple[HeldVersion, ...]]


def _lock_pages(archive: Archive, page_after: _Page) -> int:
    if archive.settings.text("store.lock") == "none":
        return 0
    done, after = 0, ""
    while True:
        with archive.catalogue.connect() as connection:
            page = page_after(connection, BATCH, after)
            wanted = list(_wanted(archive, connection, page))
        if not page:
            return done
        locked = _locked(archive, _longer(page, wanted))
        with archive.catalogue.begin() as connection:
            dossiers.set_locked_all(connection, locked, at=archive.clock())
        done, after = done + len(locked), page[-1].version.place


def _longer(page: Sequence[HeldVersion], wanted: Sequence[Wanted]) -> Iterator[Wanted]:
    """Yield the locks that are not there yet or would end later than they do."""
    for held, each in zip(page, wanted, strict=True):
        ends = held.locked_until
        if ends is None or (each.until is not None and each.until > ends):
            yield each


@dataclass(frozen=True, slots=True)
class Wanted:
    """The lock that an object needs."""

    place: ObjectName
    until: datetime | None
    """None for no lock by date."""
    legal_hold: bool


def _wanted(
    archive: Archive, connection: Connection, page: Sequence[HeldVersion]
) -> Iterator[Wanted]:
    """Decide for a page of versions; what is asked of the catalogue is asked once for all."""
    if not page:
        return
    found = dossiers.many(connection, (version.dossier_id for version in page))
    holdings = {holding.dossier.id: holding for holding in found}
    placed, noted = holds.active(connection), notes.standing(connection)
    by, on = schedules_of(archive, connection), archive.today()
    for held in page:
        holding = holdings[held.dossier_id]
        dossier = holding.dossier
        standing = covering.standing(placed, holding)
        own = noted.get(dossier.id, ())
        known = circumstances(archive, connection, holding, as_of=on, by=by, noted=own)
        under = tuple(hold_label(hold) for hold in standing)
        decision = decide_now(archive, dossier, as_of=on, under=under, known=known, by=by)
        yield Wanted(held.version.place, locked_until(archive, decision), bool(standing))


def _locked(archive: Archive, wanted: Iterable[Wanted]) -> dict[ObjectName, datetime | None]:
    """Lock objects, several at a time because each waits for its disk, and say until when."""

    def lock(each: Wanted) -> None:
        if each.until is not None:
            archive.store.retain(each.place, each.until)
        if each.legal_hold:
            archive.store.set_legal_hold(each.place, True)

    locked: dict[ObjectName, datetime | None] = {}
    for done in jobs.run(wanted, lock, workers=archive.workers):
        if done.error is not None:
            raise done.error
        locked[done.item.place] = done.item.until
    return locked


def locked_until(archive: Archive, decision: Decision) -> datetime | None:
    """Return when a lock set now ends: the last protected day, at most `LOCK_STEP` ahead.

    None if the protected time is over. A dossier whose end is not known is locked for one
    step only if it is permanent and the row is confirmed; an open one may be corrected and closed at any time, and
    a lock that is too long could keep a lawful destruction out.
    """
    now = archive.clock()
    if decision.protected_until is None:
        permanent = decision.final_action is Action.KEEP and decision.rule_code is not None
        step = LOCK_STEP if permanent and decision.confirmed else UNSURE_STEP
        return now + step
    last = datetime.combine(decision.protected_until, time.max, tzinfo=VIETNAM)
    step = LOCK_STEP if decision.confirmed else UNSURE_STEP
    return min(last, now + step) if last > now else None


def reconcile_legal_hold(archive: Archive, holding: Holding) -> list[ObjectName]:
    """Make the store's legal hold on every version agree with the catalogue's holds.

    Returns:
        The places where they disagreed.
    """
    if archive.settings.text("store.lock") == "none":
        return []
    with archive.catalogue.connect() as connection:
        wanted = bool(covering.standing_on(connection, holding))
    changed = []
    for version in holding.versions:
        if archive.store.stat(version.place).legal_hold != wanted:
            archive.store.set_legal_hold(version.place, wanted)
            changed.append(version.place)
    return changed
