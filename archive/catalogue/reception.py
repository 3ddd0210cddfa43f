"""The ingest queue: batches that producers hand over, and how far each submission got.

Unfinished work: it is not rebuilt from the store. What comes out of it is there: dossiers,
minutes of hand-over, return notes, the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from archive.catalogue import tables
from archive.errors import Changed, NotHeld, NotNow

_BATCHES = tables.reception_batches
_ITEMS = tables.reception_items


class ItemState(StrEnum):
    """How far a submission got."""

    WAITING = "waiting"
    HELD = "held"
    TO_FIX = "to_fix"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a producer handed over at once."""

    id: str
    """`TN-20261127-001`."""
    producer: str
    """The agency or office, as it is named in the minutes."""
    source: str
    """`upload`, `watch` or `command`."""
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    minutes: str | None = None
    """The object with the minutes of hand-over; None while the batch is open."""
    counts: Mapping[ItemState, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One submission of a batch."""

    batch_id: str
    ordinal: int
    """1-based within its batch."""
    label: str
    """Its name below the batch's inbox."""
    state: ItemState
    changed_at: datetime
    changed_by: str
    code: str | None = None
    """The dossier code, as far as it could be read."""
    title: str | None = None
    findings: tuple[Mapping[str, str], ...] = ()
    receipt: Mapping[str, Any] | None = None
    corrections: Mapping[str, str | None] = field(default_factory=dict)
    """Place in the description to the value that replaces what is there; None removes it."""
    reason: str | None = None
    """Why it was returned."""
    note: str | None = None
    """The object with the return note."""

    @property
    def name(self) -> str:
        """How people call it: `TN-20261127-001.3`."""
        return f"{self.batch_id}.{self.ordinal}"


def next_id(conn: Connection, day: str) -> str:
    """Return the id of the next batch of a day, which is given as `20261127`."""
    prefix = f"TN-{day}-"
    last = select(func.max(_BATCHES.c.id)).where(_BATCHES.c.id.startswith(prefix))
    found = conn.execute(last).scalar()
    return f"{prefix}{int(found.removeprefix(prefix)) + 1 if found else 1:03d}"


def open_batch(conn: Connection, batch: Batch) -> None:
    """Enter a batch; raises Changed if its id was taken meanwhile."""
    values = {k: v for k, v in asdict(batch).items() if k != "counts"}
    try:
        conn.execute(insert(_BATCHES).values(values))
    except IntegrityError:
        raise Changed("another batch was opened meanwhile", where=batch.id) from None


def get(conn: Connection, batch_id: str) -> Batch:
    """Return a batch; raises NotHeld if there is none."""
    row = conn.execute(select(_BATCHES).where(_BATCHES.c.id == batch_id)).first()
    if row is None:
        raise NotHeld("there is no such batch", where=batch_id, hint="see: kho queue list")
    return _batch(row, _counts(conn, [batch_id]))


def is_closed(conn: Connection, batch_id: str) -> bool:
    """Whether there is a batch of this id, and it is closed."""
    closed = select(_BATCHES.c.closed_at).where(_BATCHES.c.id == batch_id)
    return conn.execute(closed).scalar() is not None


def listed(
    conn: Connection, *, by: str | None = None, before: str | None = None, limit: int = 50
) -> tuple[Batch, ...]:
    """Return batches, the latest first.

    Args:
        conn: the transaction.
        by: only those that this account opened.
        before: id of the last batch of the page before.
        limit: at most so many.
    """
    order = (_BATCHES.c.opened_at.desc(), _BATCHES.c.id.desc())
    wanted = select(_BATCHES).order_by(*order).limit(limit)
    if by is not None:
        wanted = wanted.where(_BATCHES.c.opened_by == by)
    if before is not None:
        wanted = wanted.where(_BATCHES.c.id < before)
    rows = conn.execute(wanted).all()
    counts = _counts(conn, [row.id for row in rows])
    return tuple(_batch(row, counts) for row in rows)


def _counts(conn: Connection, ids: list[str]) -> Mapping[str, Mapping[ItemState, int]]:
    grouped = (
        select(_ITEMS.c.batch_id, _ITEMS.c.state, func.count())
        .where(_ITEMS.c.batch_id.in_(ids))
        .group_by(_ITEMS.c.batch_id, _ITEMS.c.state)
    )
    found: dict[str, dict[ItemState, int]] = {}
    for batch_id, state, count in conn.execute(grouped):
        found.setdefault(batch_id, {})[ItemState(state)] = count
    return found


def add_items(
    conn: Connection, batch_id: str, labels: Iterable[str], *, at: datetime, by: str
) -> None:
    """Enter the submissions that a batch does not have yet, in their order."""
    of_batch = _ITEMS.c.batch_id == batch_id
    known = set(conn.execute(select(_ITEMS.c.label).where(of_batch)).scalars())
    last = conn.execute(select(func.max(_ITEMS.c.ordinal)).where(of_batch)).scalar() or 0
    for label in dict.fromkeys(labels):
        if label not in known:
            last += 1
            item = Item(batch_id, last, label, ItemState.WAITING, at, by)
            conn.execute(insert(_ITEMS).values(_row(item)))


def items(conn: Connection, batch_id: str, state: ItemState | None = None) -> tuple[Item, ...]:
    """Return a batch's submissions in their order; of one state if given."""
    wanted = select(_ITEMS).where(_ITEMS.c.batch_id == batch_id).order_by(_ITEMS.c.ordinal)
    if state is not None:
        wanted = wanted.where(_ITEMS.c.state == state.value)
    return tuple(map(_item, conn.execute(wanted)))


def open_items(conn: Connection, state: ItemState, *, by: str | None = None) -> int:
    """Return how many submissions of open batches are in a state; of one account's if given."""
    counted = (
        select(func.count())
        .select_from(_ITEMS.join(_BATCHES, _BATCHES.c.id == _ITEMS.c.batch_id))
        .where(_ITEMS.c.state == state.value, _BATCHES.c.closed_at.is_(None))
    )
    if by is not None:
        counted = counted.where(_BATCHES.c.opened_by == by)
    return int(conn.execute(counted).scalar_one())


def item(conn: Connection, name: str) -> Item:
    """Return a submission by its name, `TN-20261127-001.3`; raises NotHeld."""
    batch_id, _, ordinal = name.rpartition(".")
    if ordinal.isdecimal() and len(ordinal) < 8:
        this = (_ITEMS.c.batch_id == batch_id) & (_ITEMS.c.ordinal == int(ordinal))
        row = conn.execute(select(_ITEMS).where(this)).first()
        if row is not None:
            return _item(row)
    raise NotHeld("there is no such submission in the queue", where=name, hint="kho queue list")


def change(conn: Connection, changed: Item, *, expected: Iterable[ItemState]) -> None:
    """Write a submission as it now stands.

    Raises:
        NotNow: it is no longer in one of the states that were expected.
    """
    this = (_ITEMS.c.batch_id == changed.batch_id) & (_ITEMS.c.ordinal == changed.ordinal)
    states = [state.value for state in expected]
    done = conn.execute(
        update(_ITEMS).where(this, _ITEMS.c.state.in_(states)).values(_row(changed))
    )
    if done.rowcount == 0:
        raise NotNow("the submission was settled meanwhile", where=changed.name)


def close(conn: Connection, batch_id: str, minutes: str, *, at: datetime) -> None:
    """Close a batch; raises NotNow if it is closed already."""
    this = (_BATCHES.c.id == batch_id) & _BATCHES.c.closed_at.is_(None)
    done = conn.execute(update(_BATCHES).where(this).values(closed_at=at, minutes=minutes))
    if done.rowcount == 0:
        raise NotNow("the batch is closed already", where=batch_id)


def _row(item: Item) -> dict[str, Any]:
    return {
        **asdict(item),
        "state": item.state.value,
        "findings": [dict(each) for each in item.findings],
        "receipt": None if item.receipt is None else dict(item.receipt),
        "corrections": dict(item.corrections),
    }


def _batch(row: Row[Any], counts: Mapping[str, Mapping[ItemState, int]]) -> Batch:
    return Batch(**row._asdict(), counts=counts.get(row.id, {}))


def _item(row: Row[Any]) -> Item:
    values = row._asdict()
    return Item(**{**values, "state": ItemState(row.state), "findings": tuple(values["findings"])})
