"""Locking: object lock and legal hold on what is held, on every copy; step 8 of ingest."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from archive.assembly import VIETNAM, Archive
from archive.catalogue import dossiers, holds
from archive.catalogue.dossiers import HeldVersion, Holding
from archive.model import ObjectName
from archive.retention import explained
from retention_rules.decide import Decision
from retention_rules.rule import Action

LOCK_STEP = timedelta(days=3650)
"""Object lock is set at most this far ahead and extended by later sweeps: stores differ in
how far a date they keep, and no lock may outlast the first lawful day of disposal."""
BATCH = 500


def lock_pending(archive: Archive) -> int:
    """Lock every version that has no lock yet; return how many.

    After a crash the same is done again: locking twice changes nothing.
    """
    if archive.settings.text("store.lock") == "none":
        return 0
    done, after = 0, ""
    while True:
        with archive.catalogue.connect() as connection:
            page = dossiers.unlocked(connection, BATCH, after)
        if not page:
            return done
        locked = [(held.version.place, _lock(archive, held)) for held in page]
        with archive.catalogue.begin() as connection:
            at = archive.clock()
            for place, until in locked:
                dossiers.set_locked(connection, place, at=at, until=until)
        done, after = done + len(page), page[-1].version.place


def _lock(archive: Archive, held: HeldVersion) -> datetime | None:
    with archive.catalogue.connect() as connection:
        holding = dossiers.get(connection, held.dossier_id)
        under_hold = bool(holds.active_for(connection, held.dossier_id))
    until = locked_until(archive, explained(archive, holding))
    if until is not None:
        archive.store.retain(held.version.place, until)
    if under_hold:
        archive.store.set_legal_hold(held.version.place, True)
    return until


def locked_until(archive: Archive, decision: Decision) -> datetime | None:
    """Return when a lock set now ends: the last protected day, at most `LOCK_STEP` ahead.

    None if the protected time is over. A dossier whose end is not known is locked for one
    step only if it is permanent; an open one may be corrected and closed at any time, and
    a lock that is too long could keep a lawful destruction out.
    """
    now = archive.clock()
    if decision.protected_until is None:
        permanent = decision.final_action is Action.KEEP and decision.rule_code is not None
        return now + LOCK_STEP if permanent else now + timedelta(days=365)
    last = datetime.combine(decision.protected_until, time.max, tzinfo=VIETNAM)
    return min(last, now + LOCK_STEP) if last > now else None


def reconcile_legal_hold(archive: Archive, holding: Holding) -> list[ObjectName]:
    """Make the store's legal hold on every version agree with the catalogue's holds.

    Returns:
        The places where they disagreed.
    """
    if archive.settings.text("store.lock") == "none":
        return []
    with archive.catalogue.connect() as connection:
        wanted = bool(holds.active_for(connection, holding.dossier.id))
    changed = []
    for version in holding.versions:
        if archive.store.stat(version.place).legal_hold != wanted:
            archive.store.set_legal_hold(version.place, wanted)
            changed.append(version.place)
    return changed
