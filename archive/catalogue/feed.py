"""The feed: what the journal tells other systems, as far as each may see it.

The journal is the outbox: an event is there exactly if what it reports was committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, or_, select

from archive.catalogue import tables
from archive.catalogue.chain import Entry
from archive.catalogue.journal import entry_of
from archive.catalogue.visibility import visible
from archive.events import EventType
from archive.viewers import Viewer

TYPES: Final = (
    EventType.INGESTION,
    EventType.METADATA_MODIFICATION,
    EventType.SIGNATURE_VALIDATION,
    EventType.RETENTION_ASSIGNED,
    EventType.DESTRUCTION,
    EventType.TRANSFER,
)
"""What becomes of dossiers; who looked at them is nobody else's business."""


def page(
    conn: Connection, viewer: Viewer, after: int, limit: int, types: Sequence[EventType] = TYPES
) -> tuple[tuple[Entry, ...], int]:
    """Return the next events that a viewer may know of, and from where to go on.

    Args:
        conn: the transaction.
        viewer: of events about dossiers, those it may see; about lists of disposal, all if it
            may see everything.
        after: only events with a greater `seq`.
        limit: at most so many.
        types: some of `TYPES`.

    Returns:
        The entries, and the `seq` after which nothing was left out: the last one's if the page
        is full, else the journal's last.
    """
    table, dossiers = tables.journal, tables.dossiers
    seen = select(dossiers.c.id).where(visible(viewer))
    condition: ColumnElement[bool] = table.c.subject.in_(seen)
    if viewer.everywhere:
        about_lists = [EventType.DESTRUCTION.value, EventType.TRANSFER.value]
        condition = or_(condition, table.c.type.in_(about_lists))
    last = conn.execute(select(func.coalesce(func.max(table.c.seq), 0))).scalar_one()
    wanted = (
        select(table)
        .where(table.c.seq > after, table.c.seq <= last, condition)
        .where(table.c.type.in_([each.value for each in types if each in TYPES]))
        .order_by(table.c.seq)
        .limit(limit)
    )
    found = tuple(map(entry_of, conn.execute(wanted)))
    return found, found[-1].seq if len(found) == limit else max(last, after)
