"""The journal's hash chain: what is hashed, and what makes a chain whole. Pure.

One entry's leaf is the canonical JSON of `seq at type outcome agent subject commitment prev`;
its digest is the SHA-256 of the leaf, and the next entry's `prev`. The details of the event
stand in the leaf only as a commitment, the SHA-256 of a random salt and the details: who has
the chain but not the salt learns nothing of them and cannot try out guesses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from archive.errors import JournalBroken
from archive.events import Event, EventType

NO_DIGEST: Final = "00" * 32
"""`prev` of the first entry."""
SALT_BYTES: Final = 16

_canonical_encoder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def canonical(value: object) -> str:
    """Return JSON in one form: keys sorted, no spaces, letters as they are.

    Raises:
        TypeError: `value` is not made of JSON values.
        ValueError: it has a number that JSON cannot write.
    """
    return _canonical_encoder.encode(value)


@dataclass(frozen=True, slots=True)
class Head:
    """A position in the chain. Who keeps it elsewhere can prove that nothing was cut off."""

    seq: int
    """Of the last entry; 0 for the empty journal."""
    digest: str


EMPTY: Final = Head(0, NO_DIGEST)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal."""

    seq: int
    """1-based, without gaps."""
    at: str
    """UTC to the microsecond, `2026-01-02T03:04:05.000006Z`; no two entries share one."""
    type: str
    outcome: str
    agent: str
    subject: str
    details: str
    """Canonical JSON of the event's details."""
    salt: str
    """32 hex digits."""
    commitment: str
    prev: str
    digest: str

    @property
    def head(self) -> Head:
        """The chain's position after this entry."""
        return Head(self.seq, self.digest)

    @property
    def event(self) -> Event:
        """The event as it was appended, with its time in UTC."""
        return Event(
            type=EventType(self.type),
            at=datetime.fromisoformat(self.at),
            outcome=self.outcome,
            agent=self.agent,
            subject=self.subject,
            details=json.loads(self.details),
        )

    def to_json(self) -> dict[str, object]:
        """Return the entry as a segment's line has it."""
        return {name: getattr(self, name) for name in FIELDS}


FIELDS: Final = (
    *("seq", "at", "type", "outcome", "agent", "subject"),
    *("details", "salt", "commitment", "prev", "digest"),
)


def commitment_to(salt: str, details: str) -> str:
    """Return the SHA-256 of the salt's bytes followed by the details in UTF-8."""
    return hashlib.sha256(bytes.fromhex(salt) + details.encode()).hexdigest()


def leaf(entry: Entry) -> bytes:
    """Return the bytes whose SHA-256 is the entry's digest. No detail is in them."""
    return canonical(
        {
            "seq": entry.seq,
            "at": entry.at,
            "type": entry.type,
            "outcome": entry.outcome,
            "agent": entry.agent,
            "subject": entry.subject,
            "commitment": entry.commitment,
            "prev": entry.prev,
        }
    ).encode()


def digest_of(entry: Entry) -> str:
    """Return the SHA-256 of the entry's leaf."""
    return hashlib.sha256(leaf(entry)).hexdigest()


def verified(entries: Iterable[Entry], after: Head = EMPTY) -> Iterator[Entry]:
    """Yield entries that continue the chain after a position, each one checked.

    Raises:
        JournalBroken: at the first entry that does not; `where` is its place.
    """
    last = after
    for entry in entries:
        _check(entry, last)
        yield entry
        last = entry.head


def _check(entry: Entry, last: Head) -> None:
    where = f"journal#{entry.seq}"
    if entry.seq != last.seq + 1:
        raise broken(f"entry {last.seq + 1} is missing, {entry.seq} follows", where)
    if entry.prev != last.digest:
        raise broken(f"entry {entry.seq} does not continue entry {last.seq}", where)
    try:
        commitment, digest = commitment_to(entry.salt, entry.details), digest_of(entry)
    except (TypeError, ValueError, AttributeError):
        raise broken(f"entry {entry.seq} cannot be read", where) from None
    if entry.commitment != commitment:
        raise broken(f"the details of entry {entry.seq} were changed", where)
    if entry.digest != digest:
        raise broken(f"entry {entry.seq} was changed", where)


def broken(message: str, where: str) -> JournalBroken:
    """Return the error for a chain that does not hold."""
    return JournalBroken(
        message, where=where, hint="compare with the segments in the store: kho journal verify"
    )
