"""Cursors: where the next page begins, as an opaque text that fits one question only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from archive.errors import QueryRejected
from archive.search.partition import Row
from archive.search.query import Query


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended."""

    tier: int
    row: Row
    guessing: int
    """The level of approximate search, decided on the first page and kept to the last."""


def encode(place: Place, query: Query) -> str:
    """Return the cursor for a place in the answer to a query."""
    row = place.row
    parts = [_question(query), place.tier, place.guessing, row.high, row.low, row.key]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(cursor: str, query: Query) -> Place:
    """Return the place that a cursor stands for.

    Raises:
        QueryRejected: it is no cursor, or one of another question.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        question, tier, guessing, high, low, key = parts
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise _foreign() from None
    numbers = (tier, guessing, high, low)
    fits = all(isinstance(number, int) and 0 <= number < 1 << 64 for number in numbers)
    if not fits or guessing > 2 or not isinstance(key, str) or question != _question(query):
        raise _foreign()
    return Place(tier, Row(high, low, key), guessing)


def _foreign() -> QueryRejected:
    return QueryRejected(
        "the cursor does not belong to this query", hint="ask again without a cursor"
    )


def _question(query: Query) -> str:
    asked = (
        query.node,
        sorted(query.filters.items()),
        query.permit,
        query.sort,
        query.reversed,
        query.approximate,
    )
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]
