"""Long work in items: what is done and what remains, so that a job can be taken up again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from archive.catalogue import tables
from archive.errors import NotHeld

_PAGE: Final = 1000
_JOBS = tables.jobs
_ITEMS = tables.job_items
# Built once: that costs as much as running it.
_SETTLE: Final = update(_ITEMS).where(
    _ITEMS.c.job_id == bindparam("of_job"), _ITEMS.c.ordinal == bindparam("at_ordinal")
)


class ItemState(StrEnum):
    """How far an item got."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    """It was tried and refused, with a reason; it is not tried again by itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of long work."""

    id: str
    """A UUID in canonical form."""
    kind: str
    """For example `ingest`."""
    key: str
    """What it is about; the same kind and key again take up the unfinished job."""
    started_at: datetime
    finished_at: datetime | None = None
    """None while it is unfinished."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON values only."""


@dataclass(frozen=True, slots=True)
class Item:
    """One step of a job."""

    ordinal: int
    """1-based place in the job."""
    key: str
    """What it is about, for example a path."""
    state: ItemState
    outcome: Any = None
    """A JSON value, for example a receipt or findings; None while it is pending."""
    settled_at: datetime | None = None


def start(
    conn: Connection,
    kind: str,
    key: str,
    items: Iterable[str],
    *,
    at: datetime,
    parameters: Mapping[str, Any] | None = None,
) -> Job:
    """Start a job, or take up the unfinished one of this kind and key.

    Items that an unfinished job does not have yet are added at its end.
    """
    job = _unfinished_one(conn, kind, key)
    if job is None:
        job = Job(str(uuid4()), kind, key, at, None, parameters or {})
        row = {"id": job.id, "kind": kind, "key": key, "started_at": at}
        conn.execute(insert(_JOBS).values(**row, parameters=dict(job.parameters)))
    _add_items(conn, job.id, items)
    return job


def _add_items(conn: Connection, job_id: str, keys: Iterable[str]) -> None:
    of_job = _ITEMS.c.job_id == job_id
    known = set(conn.execute(select(_ITEMS.c.key).where(of_job)).scalars())
    last = conn.execute(select(func.max(_ITEMS.c.ordinal)).where(of_job)).scalar() or 0
    new = [key for key in dict.fromkeys(keys) if key not in known]
    if new:
        pending = {"job_id": job_id, "state": ItemState.PENDING.value}
        numbered = enumerate(new, start=last + 1)
        conn.execute(insert(_ITEMS), [{**pending, "ordinal": n, "key": key} for n, key in numbered])


def get(conn: Connection, job_id: str) -> Job:
    """Return a job.

    Raises:
        NotHeld: there is no such job.
    """
    row = conn.execute(select(_JOBS).where(_JOBS.c.id == job_id)).first()
    if row is None:
        raise NotHeld("there is no such job", where=job_id)
    return _job(row)


def unfinished(conn: Connection, kind: str | None = None) -> tuple[Job, ...]:
    """Return the jobs that were not finished, the oldest first."""
    statement = select(_JOBS).where(_JOBS.c.finished_at.is_(None))
    if kind is not None:
        statement = statement.where(_JOBS.c.kind == kind)
    return tuple(map(_job, conn.execute(statement.order_by(_JOBS.c.started_at, _JOBS.c.id))))


def latest(conn: Connection, limit: int, *, kind: str | None = None) -> tuple[Job, ...]:
    """Return the jobs that were started last, the newest first."""
    statement = select(_JOBS).order_by(_JOBS.c.started_at.desc(), _JOBS.c.id).limit(limit)
    if kind is not None:
        statement = statement.where(_JOBS.c.kind == kind)
    return tuple(map(_job, conn.execute(statement)))


def of_key(conn: Connection, kind: str, key: str) -> Job | None:
    """Return the job of a kind and key that was started last; None if there is none."""
    same = (_JOBS.c.kind == kind) & (_JOBS.c.key == key)
    row = conn.execute(select(_JOBS).where(same).order_by(_JOBS.c.started_at.desc()).limit(1))
    found = row.first()
    return _job(found) if found is not None else None


def settled(conn: Connection, job_id: str, key: str) -> Item | None:
    """Return an item of a job by its key; None if the job has none."""
    wanted = (_ITEMS.c.job_id == job_id) & (_ITEMS.c.key == key)
    row = conn.execute(select(_ITEMS).where(wanted)).first()
    return _item(row) if row is not None else None


def items(conn: Connection, job_id: str, state: ItemState | None = None) -> Iterator[Item]:
    """Yield a job's items in their order, in bounded memory; of one state if given."""
    statement = select(_ITEMS).where(_ITEMS.c.job_id == job_id)
    if state is not None:
        statement = statement.where(_ITEMS.c.state == state.value)
    after = 0
    while True:
        page = statement.where(_ITEMS.c.ordinal > after).order_by(_ITEMS.c.ordinal).limit(_PAGE)
        rows = conn.execute(page).all()
        yield from map(_item, rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1].ordinal


def previous(conn: Connection, kind: str, keys: Sequence[str]) -> dict[str, Item]:
    """Return the last settled item of each key among the finished jobs of a kind."""
    statement = (
        select(_ITEMS)
        .join(_JOBS, _JOBS.c.id == _ITEMS.c.job_id)
        .where(_JOBS.c.kind == kind, _JOBS.c.finished_at.is_not(None))
        .where(_ITEMS.c.key.in_(keys), _ITEMS.c.state == ItemState.DONE.value)
        .order_by(_ITEMS.c.settled_at)
    )
    return {row.key: _item(row) for row in conn.execute(statement)}


def settle(
    conn: Connection,
    job_id: str,
    ordinal: int,
    state: ItemState,
    outcome: Any = None,
    *,
    at: datetime,
) -> None:
    """Record how an item ended, in the same transaction as what was done for it.

    Raises:
        NotHeld: the job has no such item.
    """
    values = {"of_job": job_id, "at_ordinal": ordinal}
    values |= {"state": state.value, "outcome": outcome, "settled_at": at}
    if conn.execute(_SETTLE, values).rowcount == 0:
        raise NotHeld("the job has no such item", where=f"{job_id}#{ordinal}")


def retry(conn: Connection, job_id: str) -> int:
    """Make failed items pending again and the job unfinished; return how many they are."""
    failed = (_ITEMS.c.job_id == job_id) & (_ITEMS.c.state == ItemState.FAILED.value)
    values = {"state": ItemState.PENDING.value, "outcome": None, "settled_at": None}
    changed = conn.execute(update(_ITEMS).where(failed).values(values)).rowcount
    if changed:
        conn.execute(update(_JOBS).where(_JOBS.c.id == job_id).values(finished_at=None))
    return changed


def tally(conn: Connection, job_id: str) -> Mapping[ItemState, int]:
    """Return how many items are in each state."""
    grouped = (
        select(_ITEMS.c.state, func.count())
        .where(_ITEMS.c.job_id == job_id)
        .group_by(_ITEMS.c.state)
    )
    found: dict[str, int] = dict(conn.execute(grouped).all())
    return {state: found.get(state.value, 0) for state in ItemState}


def finish(conn: Connection, job_id: str, *, at: datetime) -> None:
    """Close a job: the same kind and key again start a new one."""
    conn.execute(update(_JOBS).where(_JOBS.c.id == job_id).values(finished_at=at))


def forget(conn: Connection, finished_before: datetime) -> int:
    """Remove jobs that were finished before a time; return how many."""
    old = select(_JOBS.c.id).where(_JOBS.c.finished_at < finished_before)
    conn.execute(delete(_ITEMS).where(_ITEMS.c.job_id.in_(old)))
    return conn.execute(delete(_JOBS).where(_JOBS.c.finished_at < finished_before)).rowcount


def _unfinished_one(conn: Connection, kind: str, key: str) -> Job | None:
    same = (_JOBS.c.kind == kind) & (_JOBS.c.key == key) & _JOBS.c.finished_at.is_(None)
    row = conn.execute(select(_JOBS).where(same).order_by(_JOBS.c.started_at).limit(1)).first()
    return _job(row) if row is not None else None


def _job(row: Row[Any]) -> Job:
    return Job(row.id, row.kind, row.key, row.started_at, row.finished_at, row.parameters)


def _item(row: Row[Any]) -> Item:
    return Item(row.ordinal, row.key, ItemState(row.state), row.outcome, row.settled_at)
