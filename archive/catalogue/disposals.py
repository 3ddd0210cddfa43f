"""Lists of what is to be destroyed or transferred, with every act on them in order.

An act is one value: applied to the tables when it happens, kept in the store as a document,
and applied again in the same way at a rebuild.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, or_, select, update

from archive.catalogue import state, tables
from archive.catalogue.columns import instant_text
from archive.errors import Changed, NotHeld
from archive.model import DossierId, ObjectName

FORMAT: Final = "kho-disposal-1"
FOLDER: Final = "state/disposals/"
_BATCH: Final = 500


class Kind(StrEnum):
    """What the list is for."""

    DESTROY = "destroy"
    TRANSFER = "transfer"


class ListStatus(StrEnum):
    """How far a list is."""

    PROPOSED = "proposed"
    """Its dossiers have the status "Xem xét hủy"."""
    REVIEWED = "reviewed"
    APPROVED = "approved"
    EXPORTED = "exported"
    """Transfer only: packages were handed out, receipts are awaited."""
    RECEIVED = "received"
    """Transfer only: every package is acknowledged."""
    EXECUTING = "executing"
    """Past the commit point, and something is pending."""
    EXECUTED = "executed"
    REJECTED = "rejected"


OPEN = (
    ListStatus.PROPOSED,
    ListStatus.REVIEWED,
    ListStatus.APPROVED,
    ListStatus.EXPORTED,
    ListStatus.RECEIVED,
    ListStatus.EXECUTING,
)


class ItemState(StrEnum):
    """Where a dossier of a list stands."""

    LISTED = "listed"
    EXCLUDED = "excluded"
    """Taken out by a person."""
    DROPPED = "dropped"
    """No longer qualified at execution."""
    ACKNOWLEDGED = "acknowledged"
    """Transfer only: the receiver has it, with the same digests."""
    ORDERED = "ordered"
    """Past the commit point: no longer held, and not yet gone from every copy."""
    DESTROYED = "destroyed"
    """Gone from every copy, verified."""


GONE = (ItemState.ORDERED, ItemState.DESTROYED)


@dataclass(frozen=True, slots=True)
class Item:
    """One dossier of a list."""

    ordinal: int
    dossier_id: DossierId
    state: ItemState
    note: str
    """Why it is in this state; empty while there is nothing to say."""
    entry: Mapping[str, Any]
    """What the list says of it: description, digests, places, the decision. Never changed."""

    @property
    def places(self) -> tuple[ObjectName, ...]:
        """Where its versions lay."""
        return tuple(ObjectName(version["place"]) for version in self.entry["versions"])


@dataclass(frozen=True, slots=True)
class Change:
    """A new state of one item."""

    ordinal: int
    state: ItemState
    note: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was done with a list."""

    disposal: str
    number: int
    act: str
    """`proposed`, `excluded`, `reviewed`, `approved`, `ordered`, `destroyed`, …"""
    at: datetime
    agent: str
    status: ListStatus
    """The list's status from then on."""
    details: Mapping[str, Any]
    """JSON values."""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Disposal:
    """A list with its items and its acts."""

    id: str
    """`D-2026-0001`; transfers `T-…`."""
    kind: Kind
    status: ListStatus
    proposed_at: datetime
    heading: Mapping[str, Any]
    items: tuple[Item, ...]
    acts: tuple[Act, ...]

    def of_act(self, name: str) -> tuple[Act, ...]:
        """Return the acts of one name, in order."""
        return tuple(act for act in self.acts if act.act == name)

    def in_state(self, *states: ItemState) -> tuple[Item, ...]:
        """Return the items that stand in one of some states."""
        return tuple(item for item in self.items if item.state in states)

    @property
    def counted(self) -> tuple[Item, ...]:
        """The items that the list has: all but those that a person took out."""
        return tuple(item for item in self.items if item.state is not ItemState.EXCLUDED)


def next_id(conn: Connection, kind: Kind, year: int) -> str:
    """Return an id that no list has."""
    table, start = tables.disposals, f"{'D' if kind is Kind.DESTROY else 'T'}-{year}-"
    last = conn.execute(
        select(func.max(table.c.id)).where(table.c.id.startswith(start, autoescape=True))
    ).scalar()
    number = int(last.removeprefix(start)) + 1 if last else 1
    return f"{start}{number:04d}"


def open_list(
    conn: Connection,
    act: Act,
    kind: Kind,
    heading: Mapping[str, Any],
    items: Sequence[Item],
) -> None:
    """Record a new list; `act` is its proposal."""
    document = {"kind": kind.value, "heading": heading, "items": [_item_json(i) for i in items]}
    state.add(conn, _name(act), _document(act, document))
    _enter(conn, act, kind, heading, items)


def record(conn: Connection, act: Act) -> None:
    """Record an act on a list.

    Raises:
        Changed: another act came first.
    """
    known = conn.execute(
        select(tables.disposals.c.acts).where(tables.disposals.c.id == act.disposal)
    ).scalar()
    if known != act.number - 1:
        raise Changed("another act on this list came first", where=act.disposal, hint="look again")
    state.add(conn, _name(act), _document(act, {}))
    _apply(conn, act)


def restore(conn: Connection, content: bytes) -> None:
    """Apply a stored act again; one that is known already, or another paper, changes nothing."""
    value = json.loads(content)
    if value.get("format") != FORMAT:
        return
    act = _act_of(value)
    acts = tables.disposals.c.acts
    known = conn.execute(select(acts).where(tables.disposals.c.id == act.disposal)).scalar()
    if known is not None and known >= act.number:
        return
    if "items" in value:
        items = [_item_of(each) for each in value["items"]]
        _enter(conn, act, Kind(value["kind"]), value["heading"], items)
    else:
        _apply(conn, act)


def get(conn: Connection, disposal_id: str) -> Disposal:
    """Return a list with everything on it.

    Raises:
        NotHeld: there is no such list.
    """
    table = tables.disposals
    row = conn.execute(select(table).where(table.c.id == disposal_id.upper())).first()
    if row is None:
        raise NotHeld("there is no such list", where=disposal_id, hint="see: kho disposal list")
    return _disposal(conn, row)


def every(conn: Connection, kind: Kind) -> tuple[Disposal, ...]:
    """Return all lists of a kind, the oldest first, without their items' entries."""
    table = tables.disposals
    rows = conn.execute(select(table).where(table.c.kind == kind.value).order_by(table.c.id))
    return tuple(_disposal(conn, row) for row in rows.all())


def listed(conn: Connection) -> frozenset[str]:
    """Return the dossiers that stand on a list that is not finished."""
    item, table = tables.disposal_items, tables.disposals
    waiting = (ItemState.LISTED.value, ItemState.ACKNOWLEDGED.value, ItemState.ORDERED.value)
    wanted = (
        select(item.c.dossier_id)
        .join(table, table.c.id == item.c.disposal_id)
        .where(item.c.state.in_(waiting), table.c.status.in_([s.value for s in OPEN]))
    )
    return frozenset(conn.execute(wanted).scalars())


def gone(conn: Connection) -> frozenset[DossierId]:
    """Return the dossiers that were destroyed, or are past the commit point of it."""
    table = tables.disposal_items
    wanted = select(table.c.dossier_id).where(table.c.state.in_([s.value for s in GONE]))
    return frozenset(DossierId(each) for each in conn.execute(wanted).scalars())


@cache
def _gone() -> Select[Any]:
    """Return the statement that every registration asks, built once."""
    table = tables.disposal_items
    gone = or_(*(table.c.state == state.value for state in GONE))
    return select(table).where(table.c.dossier_id == bindparam("dossier"), gone)


def disposed(conn: Connection, dossier_id: str) -> tuple[str, Item] | None:
    """Return the list on which a dossier went, and its entry; None if it did not go."""
    row = conn.execute(_gone(), {"dossier": dossier_id}).first()
    return (row.disposal_id, _item(row)) if row is not None else None


def _enter(
    conn: Connection, act: Act, kind: Kind, heading: Mapping[str, Any], items: Sequence[Item]
) -> None:
    row = {
        "id": act.disposal,
        "kind": kind.value,
        "status": act.status.value,
        "proposed_at": act.at,
        "heading": dict(heading),
        "acts": 0,
    }
    conn.execute(insert(tables.disposals).values(row))
    rows = [
        {
            "disposal_id": act.disposal,
            "ordinal": item.ordinal,
            "dossier_id": item.dossier_id,
            "state": item.state.value,
            "note": item.note,
            "entry": dict(item.entry),
        }
        for item in items
    ]
    if rows:
        conn.execute(insert(tables.disposal_items), rows)
    _apply(conn, act)


def _apply(conn: Connection, act: Act) -> None:
    items = tables.disposal_items
    for change in act.changes:
        this = (items.c.disposal_id == act.disposal) & (items.c.ordinal == change.ordinal)
        values = {"state": change.state.value, "note": change.note}
        conn.execute(update(items).where(this).values(values))
        if change.state is ItemState.ORDERED:
            _claim_places(conn, act.disposal, change.ordinal)
    details: dict[str, Any] = {
        "details": dict(act.details),
        "changes": [_change_json(c) for c in act.changes],
    }
    row = {
        "disposal_id": act.disposal,
        "number": act.number,
        "act": act.act,
        "at": act.at,
        "agent": act.agent,
        "details": {**details, "status": act.status.value},
    }
    conn.execute(insert(tables.disposal_acts).values(row))
    table = tables.disposals
    reached: dict[str, Any] = {"status": act.status.value, "acts": act.number}
    conn.execute(update(table).where(table.c.id == act.disposal).values(reached))


def _claim_places(conn: Connection, disposal_id: str, ordinal: int) -> None:
    items, places = tables.disposal_items, tables.disposed_places
    this = (items.c.disposal_id == disposal_id) & (items.c.ordinal == ordinal)
    item = _item(conn.execute(select(items).where(this)).one())
    known = set(
        conn.execute(select(places.c.place).where(places.c.place.in_(item.places))).scalars()
    )
    rows = [
        {"place": place, "dossier_id": item.dossier_id, "disposal_id": disposal_id}
        for place in item.places
        if place not in known
    ]
    if rows:
        conn.execute(insert(places), rows)


def _disposal(conn: Connection, row: Row[Any]) -> Disposal:
    items, acts = tables.disposal_items, tables.disposal_acts
    of_list = select(items).where(items.c.disposal_id == row.id).order_by(items.c.ordinal)
    done = select(acts).where(acts.c.disposal_id == row.id).order_by(acts.c.number)
    return Disposal(
        row.id,
        Kind(row.kind),
        ListStatus(row.status),
        row.proposed_at,
        row.heading,
        tuple(map(_item, conn.execute(of_list))),
        tuple(map(_act, conn.execute(done))),
    )


def _item(row: Row[Any]) -> Item:
    return Item(row.ordinal, DossierId(row.dossier_id), ItemState(row.state), row.note, row.entry)


def _act(row: Row[Any]) -> Act:
    value = row.details
    return Act(
        row.disposal_id,
        row.number,
        row.act,
        row.at,
        row.agent,
        ListStatus(value["status"]),
        value["details"],
        tuple(_changes(value["changes"])),
    )


def _name(act: Act) -> str:
    return f"{FOLDER}{act.disposal}/{act.number:04d}-{act.act}.json"


def _document(act: Act, more: Mapping[str, Any]) -> bytes:
    value = {
        "format": FORMAT,
        "disposal": act.disposal,
        "number": act.number,
        "act": act.act,
        "at": instant_text(act.at),
        "agent": act.agent,
        "status": act.status.value,
        "details": dict(act.details),
        "changes": [_change_json(change) for change in act.changes],
        **more,
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _act_of(value: Mapping[str, Any]) -> Act:
    return Act(
        value["disposal"],
        value["number"],
        value["act"],
        datetime.fromisoformat(value["at"]),
        value["agent"],
        ListStatus(value["status"]),
        value["details"],
        tuple(_changes(value["changes"])),
    )


def _change_json(change: Change) -> dict[str, Any]:
    return {"ordinal": change.ordinal, "state": change.state.value, "note": change.note}


def _changes(values: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    for value in values:
        yield Change(value["ordinal"], ItemState(value["state"]), value["note"])


def _item_json(item: Item) -> dict[str, Any]:
    return {
        "ordinal": item.ordinal,
        "dossier": item.dossier_id,
        "state": item.state.value,
        "note": item.note,
        "entry": dict(item.entry),
    }


def _item_of(value: Mapping[str, Any]) -> Item:
    return Item(
        value["ordinal"],
        DossierId(value["dossier"]),
        ItemState(value["state"]),
        value["note"],
        value["entry"],
    )
