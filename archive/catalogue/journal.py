"""The journal: what happened, append-only and chained, in the transaction of what it reports."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from archive.catalogue import segments, tables
from archive.catalogue.chain import (
    EMPTY,
    NO_DIGEST,
    SALT_BYTES,
    Entry,
    Head,
    broken,
    canonical,
    commitment_to,
    digest_of,
    verified,
)
from archive.catalogue.columns import instant_text
from archive.catalogue.engine import Lock, exclusive
from archive.events import Event, EventType

__all__ = [
    "Entry",
    "Head",
    "append",
    "append_all",
    "entries",
    "flushed",
    "head",
    "restore",
    "segment",
    "set_flushed",
    "verify",
]

SEGMENT_ENTRIES: Final = 10_000
_PAGE: Final = 2000
_FLUSHED: Final = "journal flushed"
_TABLE = tables.journal
_SECOND = len("2026-01-02T03:04:05")
# Statements that every append needs are built once: that costs as much as running them.
_LATEST: Final = select(func.max(_TABLE.c.at))
_END: Final = (
    select(_TABLE.c.seq, _TABLE.c.digest, _LATEST.scalar_subquery().label("latest"))
    .order_by(_TABLE.c.seq.desc())
    .limit(1)
)
_LAST: Final = select(_TABLE.c.seq, _TABLE.c.digest).order_by(_TABLE.c.seq.desc()).limit(1)
_INTO: Final = insert(_TABLE)
_PERSONAL: Final = frozenset(
    {"applicant", "applicantname", "identitynumber", "signedby", "signer", "fullname", "cccd"}
)


def append(conn: Connection, event: Event) -> Entry:
    """Append one event; it is on record when the surrounding transaction commits.

    No other process can append until then, so this is best the transaction's last statement.
    An event at a time that another entry has is recorded a microsecond later, because every
    entry's time is its own (QCVN 12:2026/BCA, 2.2.22).

    Raises:
        ValueError: the time has no zone, or the details have a key for personal data.
        TypeError: the details are not JSON values.
        CatalogueLocked (from the surrounding `begin`): another process appends.
    """
    return append_all(conn, (event,))[0]


def append_all(conn: Connection, events: Iterable[Event]) -> tuple[Entry, ...]:
    """Append several events in their order. Errors as `append`."""
    claimed = [(event, instant_text(event.at), _details_text(event)) for event in events]
    exclusive(conn, Lock.JOURNAL)
    end = conn.execute(_END).first()
    last = Head(end.seq, end.digest) if end is not None else EMPTY
    times = _Times(conn, end.latest if end is not None else "")
    appended: list[Entry] = []
    for event, at, details in claimed:
        entry = _sealed(event, times.take(at), details, last)
        appended.append(entry)
        last = entry.head
    _insert(conn, appended)
    return tuple(appended)


def _details_text(event: Event) -> str:
    for key in _keys(event.details):
        if key.casefold().replace("_", "").replace("-", "") in _PERSONAL:
            raise ValueError(f"personal data does not belong in the journal: {key!r}")
    return canonical(dict(event.details))


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _keys(inner)


def _sealed(event: Event, at: str, details: str, last: Head) -> Entry:
    salt = secrets.token_hex(SALT_BYTES)
    entry = Entry(
        seq=last.seq + 1,
        at=at,
        type=event.type.value,
        outcome=event.outcome,
        agent=event.agent,
        subject=event.subject,
        details=details,
        salt=salt,
        commitment=commitment_to(salt, details),
        prev=last.digest,
        digest=NO_DIGEST,
    )
    return replace(entry, digest=digest_of(entry))


class _Times:
    """The times that entries have: those in the catalogue, and those that a call has taken."""

    def __init__(self, conn: Connection, stored: str) -> None:
        self._conn = conn
        self._stored = stored
        """The latest in the catalogue; "" if it has none."""
        self._taken: set[str] = set()
        self._last: dict[str, str] = {}
        """The last time taken within each second."""

    def take(self, at: str) -> str:
        """Return `at`, or the microsecond after the last time taken within its second."""
        while at in self._taken or self._is_stored(at):
            at = _later(max(at, self._last_within(at)), timedelta(microseconds=1))
        self._taken.add(at)
        second = at[:_SECOND]
        self._last[second] = max(at, self._last.get(second, ""))
        return at

    def _is_stored(self, at: str) -> bool:
        if at > self._stored:
            return False
        one = select(_TABLE.c.seq).where(_TABLE.c.at == at)
        return self._conn.execute(one).first() is not None

    def _last_within(self, at: str) -> str:
        known = self._last.get(at[:_SECOND], "")
        if at > self._stored:
            return known
        end = _later(f"{at[:_SECOND]}.000000Z", timedelta(seconds=1))
        within = select(func.max(_TABLE.c.at)).where(_TABLE.c.at >= at, _TABLE.c.at < end)
        return max(known, self._conn.execute(within).scalar() or "")


def _later(at: str, by: timedelta) -> str:
    return instant_text(datetime.fromisoformat(at) + by)


def _insert(conn: Connection, new: Iterable[Entry]) -> None:
    rows = [{**entry.to_json(), "salt": bytes.fromhex(entry.salt)} for entry in new]
    if rows:
        conn.execute(_INTO, rows)


def head(conn: Connection) -> Head:
    """Return the position after the last entry."""
    row = conn.execute(_LAST).first()
    return Head(row.seq, row.digest) if row is not None else EMPTY


def entries(
    conn: Connection,
    after: int = 0,
    *,
    subject: str | None = None,
    type: EventType | None = None,  # noqa: A002 - the field's name
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> Iterator[Entry]:
    """Yield entries in their order, in bounded memory. They are not verified.

    Args:
        conn: may be used for other statements meanwhile.
        after: yield only entries with a greater `seq`.
        subject: only entries about this.
        type: only entries of this type.
        since: only entries at this time or later.
        until: only entries before this time.
        limit: at most so many.
    """
    wanted = select(_TABLE).order_by(_TABLE.c.seq)
    if subject is not None:
        wanted = wanted.where(_TABLE.c.subject == subject)
    if type is not None:
        wanted = wanted.where(_TABLE.c.type == type.value)
    if since is not None:
        wanted = wanted.where(_TABLE.c.at >= instant_text(since))
    if until is not None:
        wanted = wanted.where(_TABLE.c.at < instant_text(until))
    return _paged(conn, wanted, after, limit)


def _paged(conn: Connection, wanted: Select[Any], after: int, limit: int | None) -> Iterator[Entry]:
    while limit is None or limit > 0:
        size = _PAGE if limit is None else min(limit, _PAGE)
        page = conn.execute(wanted.where(_TABLE.c.seq > after).limit(size)).all()
        yield from map(entry_of, page)
        if len(page) < size:
            return
        after = page[-1].seq
        limit = None if limit is None else limit - size


def entry_of(row: Row[Any]) -> Entry:
    """Return a row of the journal as an entry."""
    values = row._asdict()
    return Entry(**{**values, "salt": bytes(values["salt"]).hex()})


def verify(conn: Connection, *, anchor: Head | None = None) -> Head:
    """Check the whole chain, in bounded memory, and return its end.

    Args:
        conn: the transaction.
        anchor: a position kept outside of the catalogue, for example the end of the last
            segment in the store; without one, entries cut off at the end are noticed only
            as far as `flushed` reaches.

    Raises:
        JournalBroken: an entry was changed, removed, put in, or the end was cut off.
    """
    anchors = [known for known in (anchor, flushed(conn)) if known is not None]
    last = EMPTY
    try:
        for entry in verified(entries(conn)):
            last = entry.head
            _refuse_replacement(last, anchors)
    except (TypeError, ValueError, AttributeError) as error:
        place = f"journal#{last.seq + 1}"
        raise broken(f"an entry after {last.seq} cannot be read", place) from error
    end = max((known.seq for known in anchors), default=0)
    if end > last.seq:
        raise broken(f"entries {last.seq + 1} to {end} are missing", "journal")
    return last


def _refuse_replacement(last: Head, anchors: list[Head]) -> None:
    for known in anchors:
        if known.seq == last.seq and known.digest != last.digest:
            raise broken(f"entry {last.seq} was replaced", f"journal#{last.seq}")


def segment(conn: Connection, after: int, *, limit: int = SEGMENT_ENTRIES) -> bytes:
    """Return the entries after `after` for the object store; empty if there are none.

    Args:
        conn: the transaction.
        after: the `seq` of the last entry that is stored already.
        limit: at most so many entries; the rest is the next segment.

    Returns:
        NDJSON, a line per entry, with salt and details. The same entries always give the
        same bytes.
    """
    return segments.to_bytes(entries(conn, after, limit=limit))


def restore(conn: Connection, content: bytes) -> int:
    """Enter a segment at the journal's end, with the digests that it has.

    Entries that are there already are passed over, so a restore may be repeated.

    Returns:
        How many entries were new.

    Raises:
        JournalBroken: the segment is damaged, does not continue the journal, or
            contradicts an entry that is there.
    """
    offered = segments.from_bytes(content)
    exclusive(conn, Lock.JOURNAL)
    last = head(conn)
    _refuse_contradiction(conn, [entry for entry in offered if entry.seq <= last.seq])
    new = tuple(verified((entry for entry in offered if entry.seq > last.seq), last))
    _insert(conn, new)
    return len(new)


def _refuse_contradiction(conn: Connection, offered: list[Entry]) -> None:
    if not offered:
        return
    there = entries(conn, offered[0].seq - 1, limit=len(offered))
    for entry, held in zip(offered, there, strict=True):
        if entry != held:
            raise broken(f"the segment contradicts entry {entry.seq}", f"journal#{entry.seq}")


def flushed(conn: Connection) -> Head:
    """Return the position up to which segments are in the object store."""
    table = tables.positions
    row = conn.execute(select(table).where(table.c.name == _FLUSHED)).first()
    return Head(row.seq, row.digest) if row is not None else EMPTY


def set_flushed(conn: Connection, seq: int) -> None:
    """Record that every entry up to `seq` is in the object store.

    Raises:
        JournalBroken: there is no such entry.
    """
    digest = conn.execute(select(_TABLE.c.digest).where(_TABLE.c.seq == seq)).scalar()
    if digest is None:
        raise broken(f"there is no entry {seq} that could be stored", "journal")
    table = tables.positions
    values = {"seq": seq, "digest": digest}
    changed = conn.execute(update(table).where(table.c.name == _FLUSHED).values(values))
    if changed.rowcount == 0:
        conn.execute(insert(table).values(name=_FLUSHED, **values))
