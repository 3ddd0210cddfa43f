"""Webhooks in the catalogue: who is told of events, and how far each has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from archive.catalogue import people_tables as tables


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of a system that is told of events, each at least once and in order."""

    id: str
    person_id: str
    """The system whose it is, and whose roles say what it is told of."""
    url: str
    secret: str
    """Of the signatures (Standard Webhooks); base 64 after `whsec_`."""
    types: tuple[str, ...]
    """Values of `EventType`."""
    made_at: datetime
    after: int
    """`seq` of the last event that was delivered or passed over."""
    attempts: int = 0
    """That failed since the last one that was taken."""
    next_at: datetime | None = None
    """Not before this time; None: at once."""
    last_status: int | None = None
    """HTTP status of the last attempt; None: none, or nobody answered."""
    delivered_at: datetime | None = None
    disabled_at: datetime | None = None
    """When it was given up; events are kept, and go on when it is enabled again."""


def add(conn: Connection, webhook: Webhook) -> None:
    """Enter a webhook."""
    values = {name: getattr(webhook, name) for name in webhook.__dataclass_fields__}
    conn.execute(insert(tables.webhooks).values({**values, "types": list(webhook.types)}))


def of_person(conn: Connection, person_id: str) -> tuple[Webhook, ...]:
    """Return a system's webhooks, the oldest first."""
    table = tables.webhooks
    wanted = select(table).where(table.c.person_id == person_id).order_by(table.c.made_at)
    return tuple(map(_webhook, conn.execute(wanted)))


def ready(conn: Connection, at: datetime) -> tuple[Webhook, ...]:
    """Return those that may be tried now."""
    table = tables.webhooks
    wanted = select(table).where(
        table.c.disabled_at.is_(None), table.c.next_at.is_(None) | (table.c.next_at <= at)
    )
    return tuple(map(_webhook, conn.execute(wanted.order_by(table.c.id))))


def change(conn: Connection, webhook_id: str, **values: Any) -> None:
    """Set columns of a webhook."""
    table = tables.webhooks
    conn.execute(update(table).where(table.c.id == webhook_id).values(**values))


def remove(conn: Connection, webhook_id: str, person_id: str) -> bool:
    """Remove a system's webhook; return whether there was one."""
    table = tables.webhooks
    this = (table.c.id == webhook_id) & (table.c.person_id == person_id)
    return conn.execute(delete(table).where(this)).rowcount == 1


def _webhook(row: Row[Any]) -> Webhook:
    values = row._asdict()
    return Webhook(**{**values, "types": tuple(values["types"])})
