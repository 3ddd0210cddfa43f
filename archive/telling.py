"""Telling: other systems learn what became of dossiers, by webhooks that lose nothing.

The journal is the outbox. Each webhook has a place in it; events after that are sent in order,
each at least once, until the other side takes them. The home of httpx.

Source of the signatures: Standard Webhooks, 1.0.0, "Symmetric".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from archive.assembly import Archive
from archive.catalogue import feed, journal, people, webhooks
from archive.catalogue.chain import Entry
from archive.catalogue.people import Person
from archive.catalogue.webhooks import Webhook
from archive.errors import NotHeld, NotPermitted, UsageError
from archive.events import Event, EventType
from archive.json_values import encoded
from archive.viewers import Viewer

PAGE: Final = 50
TIMEOUT_SECONDS: Final = 10.0
MAX_ATTEMPTS: Final = 24
"""That failed in a row, over about five days; then the webhook is disabled."""
_FIRST_WAIT: Final = timedelta(seconds=5)
_LONGEST_WAIT: Final = timedelta(hours=6)
_MAX_WEBHOOKS: Final = 20


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of events."""

    events: tuple[dict[str, Any], ...]
    after: int
    """From where to go on."""


def events(
    archive: Archive, viewer: Viewer, *, after: int, limit: int, types: Iterable[str] = ()
) -> Feed:
    """Return what became of dossiers that a viewer may see, in order.

    Raises:
        UsageError: a type that is not told.
    """
    wanted = _types(types)
    with archive.catalogue.connect() as connection:
        found, last = feed.page(connection, viewer, after, limit, wanted)
    return Feed(tuple(map(told, found)), last)


def told(entry: Entry) -> dict[str, Any]:
    """Return an event as other systems learn it: what and when, not which person."""
    event = entry.event
    return {
        "seq": entry.seq,
        "at": entry.at,
        "type": entry.type,
        "outcome": entry.outcome,
        "subject": entry.subject,
        "details": dict(event.details),
    }


def _types(names: Iterable[str]) -> tuple[EventType, ...]:
    known = {each.value: each for each in feed.TYPES}
    asked = tuple(names)
    if unknown := [name for name in asked if name not in known]:
        raise UsageError(f"not told: {', '.join(unknown)}", where="types", hint=", ".join(known))
    return tuple(known[name] for name in asked) or feed.TYPES


def register(
    archive: Archive, system: Person, url: str, types: Iterable[str], *, by: Viewer
) -> Webhook:
    """Tell a system of events from now on; the answer has the secret of the signatures.

    Raises:
        UsageError: not an address, or a type that is not told.
        NotPermitted: the settings do not name this host; nothing else is ever called.
    """
    _check_address(archive, url)
    at, wanted = archive.clock(), _types(types)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    with archive.catalogue.begin() as connection:
        if len(webhooks.of_person(connection, system.id)) >= _MAX_WEBHOOKS:
            raise UsageError(f"a system has at most {_MAX_WEBHOOKS} webhooks")
        made = Webhook(
            str(uuid4()), system.id, url, secret, tuple(each.value for each in wanted), at,
            journal.head(connection).seq,
        )  # fmt: skip
        webhooks.add(connection, made)
        journal.append(connection, _event(made, system, archive, by, "webhook made"))
    return made


def _check_address(archive: Archive, url: str) -> None:
    parts, allowed = urlsplit(url), archive.settings.list("web.webhook_hosts")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or not url.isprintable() or parts.username or not parts.hostname:
        raise UsageError("a webhook is an address without user name", where="url")
    host = parts.hostname if port is None else f"{parts.hostname}:{port}"
    if host not in allowed:
        raise NotPermitted(
            f"the settings do not name the host {host}",
            where="url", hint=f'web.webhook_hosts = ["{host}"]',
        )  # fmt: skip
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise UsageError("a webhook is an https address", where="url")


def listed(archive: Archive, system: Person) -> tuple[Webhook, ...]:
    """Return a system's own webhooks."""
    with archive.catalogue.connect() as connection:
        return webhooks.of_person(connection, system.id)


def remove(archive: Archive, system: Person, webhook_id: str, *, by: Viewer) -> None:
    """Tell a system nothing more at this address; raises NotHeld."""
    with archive.catalogue.begin() as connection:
        own = {each.id: each for each in webhooks.of_person(connection, system.id)}
        if webhook_id not in own or not webhooks.remove(connection, webhook_id, system.id):
            raise NotHeld("there is no such webhook", where=webhook_id)
        event = _event(own[webhook_id], system, archive, by, "webhook removed")
        journal.append(connection, event)


def enable(archive: Archive, system: Person, webhook_id: str) -> Webhook:
    """Try again at once, also after it was given up; raises NotHeld."""
    with archive.catalogue.begin() as connection:
        if webhook_id not in {each.id for each in webhooks.of_person(connection, system.id)}:
            raise NotHeld("there is no such webhook", where=webhook_id)
        webhooks.change(connection, webhook_id, disabled_at=None, next_at=None, attempts=0)
        own = webhooks.of_person(connection, system.id)
    return next(each for each in own if each.id == webhook_id)


def deliver(archive: Archive) -> int:
    """Send what waits to every webhook whose time has come; return how many events were taken."""
    with archive.catalogue.connect() as connection:
        found = webhooks.ready(connection, archive.clock())
    if not found:
        return 0
    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client:
        return sum(_deliver_to(archive, webhook, client) for webhook in found)


def _deliver_to(archive: Archive, webhook: Webhook, client: httpx.Client) -> int:
    with archive.catalogue.connect() as connection:
        system = people.get(connection, webhook.person_id)
        types = [EventType(each) for each in webhook.types]
        found, last = feed.page(connection, system.viewer, webhook.after, PAGE, types)
    if system.disabled_at is not None:
        return 0
    for count, entry in enumerate(found):
        status = _send(archive, webhook, entry, client)
        if status is None or not 200 <= status < 300:
            _failed(archive, webhook, status)
            return count
        _reached(archive, webhook, entry.seq, status)
    if last > webhook.after and not found:
        _reached(archive, webhook, last, webhook.last_status)
    return len(found)


def _send(archive: Archive, webhook: Webhook, entry: Entry, client: httpx.Client) -> int | None:
    """Send one event; return the status, None if nobody answered in time."""
    event = told(entry)
    body = encoded({"type": entry.type, "timestamp": entry.at, "data": event})
    name, seconds = f"evt_{entry.seq}", str(int(archive.clock().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Kho",
        "webhook-id": name,
        "webhook-timestamp": seconds,
        "webhook-signature": signature(webhook.secret, name, seconds, body),
    }
    try:
        with client.stream("POST", webhook.url, content=body, headers=headers) as response:
            return response.status_code
    except httpx.HTTPError:
        return None


def signature(secret: str, name: str, seconds: str, body: bytes) -> str:
    """Return the signature of a message: `v1,` and the HMAC-SHA-256 in base 64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{name}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _reached(archive: Archive, webhook: Webhook, seq: int, status: int | None) -> None:
    with archive.catalogue.begin() as connection:
        webhooks.change(
            connection, webhook.id, after=seq, attempts=0, next_at=None, last_status=status,
            delivered_at=archive.clock(),
        )  # fmt: skip


def _failed(archive: Archive, webhook: Webhook, status: int | None) -> None:
    at, attempts = archive.clock(), webhook.attempts + 1
    wait = min(_FIRST_WAIT * 2 ** min(attempts - 1, 20), _LONGEST_WAIT)
    given_up = attempts >= MAX_ATTEMPTS or status == 410
    with archive.catalogue.begin() as connection:
        webhooks.change(
            connection, webhook.id, attempts=attempts, next_at=at + wait, last_status=status,
            disabled_at=at if given_up else None,
        )  # fmt: skip


def _event(webhook: Webhook, system: Person, archive: Archive, by: Viewer, change: str) -> Event:
    host = urlsplit(webhook.url).hostname or ""
    told_of = {"account": system.account, "change": change, "webhook": webhook.id, "host": host}
    return Event(
        EventType.TOKEN_CHANGED, archive.clock(), "success", by.account, system.id, told_of
    )
