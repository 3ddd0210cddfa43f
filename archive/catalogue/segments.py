"""Segments of the journal as they lie in the object store: NDJSON, a line per entry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from archive.catalogue.chain import FIELDS, Entry, Head, broken, canonical, verified


def to_bytes(entries: Iterable[Entry]) -> bytes:
    """Return the lines of `entries`: canonical JSON, UTF-8, each with a line feed."""
    return b"".join(canonical(entry.to_json()).encode() + b"\n" for entry in entries)


def from_bytes(content: bytes) -> tuple[Entry, ...]:
    """Return the entries of a segment, with the chain inside it checked.

    Raises:
        JournalBroken: a line cannot be read, or does not continue the one before.
    """
    entries = tuple(_lines(content))
    if not entries:
        return ()
    before = Head(entries[0].seq - 1, entries[0].prev)
    return tuple(verified(entries, before))


def _lines(content: bytes) -> Iterator[Entry]:
    for number, line in enumerate(content.splitlines(), start=1):
        where = f"segment#{number}"
        try:
            value = json.loads(line)
        except ValueError:
            raise broken(f"line {number} of the segment is not JSON", where) from None
        if not _is_entry(value):
            raise broken(f"line {number} of the segment is not an entry", where)
        yield Entry(**value)


def _is_entry(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != set(FIELDS):
        return False
    texts = (each for name, each in value.items() if name != "seq")
    return type(value["seq"]) is int and all(isinstance(each, str) for each in texts)
