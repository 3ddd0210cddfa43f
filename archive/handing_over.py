"""Handing over: a system submits through the ingest queue, each submission once.

The upload is answered as soon as it is on disk; `work` takes in what waits, also what waited
when the process ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from archive import reception
from archive.assembly import Archive
from archive.catalogue import hand_overs, people
from archive.catalogue.hand_overs import HandOver
from archive.catalogue.people import Person
from archive.errors import NotPermitted, UsageError
from archive.reception import Batch, desk
from archive.viewers import Right, Viewer

SOURCE: Final = "api"
KEYS_LAST: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A batch of the queue, and whether this call made it."""

    batch: Batch
    fresh: bool


def hand_over(
    archive: Archive,
    system: Person,
    viewer: Viewer,
    fill: Callable[[Batch], None],
    *,
    producer: str,
    key: str | None,
    digest: str,
) -> HandedOver:
    """Put what a system sends into the queue; the same again is answered with the same batch.

    Args:
        archive: where to.
        system: who sends.
        viewer: what it is to the archive.
        fill: puts the files into the batch's inbox.
        producer: who is named in the minutes of hand-over; the system's name if "".
        key: the caller's idempotency key; None: the content stands for it.
        digest: SHA-256 of what was sent, hex.

    Raises:
        UsageError: the key was used for other content.
        NotPermitted: the system may take nothing in.
    """
    if not viewer.may(Right.INGEST):
        raise NotPermitted("the token does not include taking dossiers in")
    key = f"key:{key}" if key else f"sha256:{digest}"
    with archive.catalogue.connect() as connection:
        known = hand_overs.found(connection, system.id, key)
    if known is not None:
        return HandedOver(_same(archive, known, digest), fresh=False)
    batch = reception.open_batch(
        archive, producer or system.name, source=SOURCE, agent=system.account
    )
    fill(batch)
    # From the end of this transaction on the batch is handed over, and is taken in once.
    with archive.catalogue.begin() as connection:
        at = archive.clock()
        hand_overs.keep(connection, HandOver(system.id, key, digest, batch.id, at))
    return HandedOver(batch, fresh=True)


def _same(archive: Archive, known: HandOver, digest: str) -> Batch:
    if known.digest != digest:
        raise UsageError(
            "this Idempotency-Key was used for other content",
            where="Idempotency-Key", hint="use a new key for new content",
        )  # fmt: skip
    return reception.batch(archive, known.batch_id)


def work(archive: Archive) -> int:
    """Take in what waits; return how many batches were looked at whole.

    Running it again after a crash goes on where it stopped.

    Raises:
        Unavailable: a service did not answer; what was not reached waits.
    """
    with archive.catalogue.connect() as connection:
        waiting = hand_overs.waiting(connection)
    for made in waiting:
        with archive.catalogue.connect() as connection:
            system = people.get(connection, made.person_id)
        reception.take_in_all(
            archive, made.batch_id, agent=system.account, permit=desk.permit_of(system.viewer)
        )
        with archive.catalogue.begin() as connection:
            hand_overs.taken_in(connection, made, archive.clock())
    return len(waiting)


def sweep(archive: Archive) -> int:
    """Forget keys that are older than anybody repeats a call; return how many."""
    with archive.catalogue.begin() as connection:
        return hand_overs.forget(connection, archive.clock() - KEYS_LAST)
