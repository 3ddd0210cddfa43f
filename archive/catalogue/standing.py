"""Standing: how the whole archive stands, in figures that a monitor asks for every minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from archive.catalogue import outbox, people_tables, tables, verdict_list


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts over everything, whoever may see it; no names."""

    dossiers: int
    stored_bytes: int
    index_waiting: int
    """Changes that the search index does not know yet."""
    locks_waiting: int
    """Stored versions without their object lock."""
    journal_entries: int
    hand_overs_waiting: int
    """Batches of other systems that were not taken in yet."""
    events_behind: int
    """Journal entries that the slowest enabled webhook has before it."""
    signatures: Mapping[str, int]
    """By indication."""
    fixity_last: datetime | None
    """When a copy's bytes were last read again."""
    signatures_first_end: datetime | None
    """When the first signature can no longer be proven by itself."""


def of(conn: Connection) -> Standing:
    """Read the figures; a few scans of narrow columns."""
    versions, journal = tables.versions.c, tables.journal.c
    verdicts, fixity = tables.verdicts.c, tables.fixity_checks.c
    hooks, handed = people_tables.webhooks.c, people_tables.hand_overs.c
    entries = conn.execute(select(func.coalesce(func.max(journal.seq), 0))).scalar_one()
    slowest = conn.execute(
        select(func.min(hooks.after)).where(hooks.disabled_at.is_(None))
    ).scalar()
    by_outcome = select(verdicts.indication, func.count()).group_by(verdicts.indication)
    return Standing(
        dossiers=conn.execute(select(func.count(tables.dossiers.c.id))).scalar_one(),
        stored_bytes=int(
            conn.execute(select(func.coalesce(func.sum(versions.size), 0))).scalar_one()
        ),
        index_waiting=outbox.backlog(conn),
        locks_waiting=conn.execute(
            select(func.count()).where(versions.locked_at.is_(None))
        ).scalar_one(),
        journal_entries=entries,
        hand_overs_waiting=conn.execute(
            select(func.count()).where(handed.taken_in_at.is_(None))
        ).scalar_one(),
        events_behind=0 if slowest is None else entries - slowest,
        signatures={str(row[0]): int(row[1]) for row in conn.execute(by_outcome)},
        fixity_last=conn.execute(select(func.max(fixity.checked_at))).scalar(),
        signatures_first_end=verdict_list.earliest_end(conn),
    )
