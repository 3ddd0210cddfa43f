"""The fields of the index, and what a record puts into them. The same for every engine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from archive.search import IndexRecord
from archive.search.folding import (
    BOUNDARY,
    MAX_TOKEN,
    accented_tokens,
    code_key,
    compact,
    tokens,
)

VERSION = 2
"""Of this module and of `folding`: another one means that the index has to be rebuilt."""

KEY = "key"
"""The record's id; the only thing that is given back."""
WORDS = ("head", "name", "name_accented", "title", "title_accented", "text", "procedure_name",
         "agency_name")  # fmt: skip
"""Fields of tokens with their positions."""
KEYS = ("code", "name_joined", "name_sorted", "identity", "procedure_code", "agency_code", "result")
"""Fields of whole texts, several for one record, without positions."""
FACETS = ("procedure", "agency", "status", "signature_outcome", "fonds", "access")
"""Fields of one whole text, which are counted; the year is the partition's."""
DATES = ("received", "closed")
"""Numbers that order and bound: `Entry.date_number`."""
NUMBERS = (*DATES, "code_high", "code_low")
"""Unsigned 64-bit fields."""

_TIE_BITS = 40
_ALPHABET = {char: rank for rank, char in enumerate(" -./0123456789abcdefghijklmnopqrstuvwxyz", 1)}
_PACKED = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as the engines take it."""

    key: str
    words: dict[str, str]
    """Field to tokens with a space between."""
    keys: dict[str, tuple[str, ...]]
    facets: dict[str, str]
    """Only those that the record has."""
    numbers: dict[str, int]


def entry_of(record: IndexRecord) -> Entry:
    """Return what a record puts into the index."""
    codes = [code for code in (record.code, record.code_old, record.file_code) if code]
    results = [code for code in (record.result_number, record.result_code) if code]
    name = tokens(record.name)
    title = tokens(record.title)
    procedure = tokens(record.procedure_name or "")
    agency = tokens(record.agency_name or "")
    loose = [*codes, record.identity_number or "", *results, record.procedure, record.agency]
    parts = [name, title, procedure, agency, *(tokens(text) for text in loose)]
    high, low = code_numbers(record.code)
    return Entry(
        key=record.id,
        words={
            "head": f" {BOUNDARY} ".join(" ".join(part) for part in parts if part),
            "name": " ".join(name),
            "name_accented": " ".join(accented_tokens(record.name)),
            "title": " ".join(title),
            "title_accented": " ".join(accented_tokens(record.title)),
            "text": " ".join(tokens(record.text)),
            "procedure_name": " ".join(procedure),
            "agency_name": " ".join(agency),
        },
        keys={
            "code": _tails(codes),
            "name_joined": _given(compact(record.name)),
            "name_sorted": _given(sorted_name(name)),
            "identity": _given(compact(record.identity_number or "")),
            "procedure_code": _heads(record.procedure),
            "agency_code": _heads(record.agency),
            "result": _tails(results),
        },
        facets={
            field: value
            for field, value in (
                ("procedure", record.procedure),
                ("agency", record.agency),
                ("status", record.status),
                ("signature_outcome", record.signature_outcome),
                ("fonds", record.fonds),
                ("access", record.access),
            )
            if value
        },
        numbers={
            "received": date_number(record.received_on.toordinal(), record.id),
            "closed": date_number(
                record.closed_on.toordinal() if record.closed_on else 0, record.id
            ),
            "code_high": high,
            "code_low": low,
        },
    )


def sorted_name(words: list[str] | tuple[str, ...]) -> str:
    """Return the key of a name whose syllables may be in any order."""
    return " ".join(sorted(words))[: 4 * MAX_TOKEN]


def _given(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _tails(codes: list[str]) -> tuple[str, ...]:
    """Return each code and what is left of it after each of its separators."""
    tails: dict[str, None] = {}
    for code in codes:
        parts = code_key(code).split("-")
        tails.update(dict.fromkeys("-".join(parts[start:]) for start in range(len(parts))))
    tails.pop("", None)
    return tuple(tails)


def _heads(code: str) -> tuple[str, ...]:
    """Return a code and what is left of it before each of its separators."""
    parts = code_key(code).split("-")
    heads = dict.fromkeys("-".join(parts[:end]) for end in range(1, len(parts) + 1))
    heads.pop("", None)
    return tuple(heads)


def tie(key: str) -> int:
    """Return a number of 40 bits that stands for an id where an order has equal places."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=_TIE_BITS // 8).digest())


def date_number(ordinal: int, key: str) -> int:
    """Return what a day is ordered by: the day first, then a digest of the id."""
    return ordinal << _TIE_BITS | tie(key)


def date_bounds(low: int | None, high: int | None) -> tuple[int, int]:
    """Return the bounds of `date_number` for bounds of days; an absent day is in none."""
    top = ((1 << 22) - 1) if high is None else high
    return max(low or 1, 1) << _TIE_BITS, (top << _TIE_BITS) | ((1 << _TIE_BITS) - 1)


def code_numbers(code: str) -> tuple[int, int]:
    """Return two numbers that order codes as their first 24 characters would."""
    text = code.strip().lower()[: 2 * _PACKED].ljust(2 * _PACKED)
    return _packed(text[:_PACKED]), _packed(text[_PACKED:])


def _packed(text: str) -> int:
    number = 0
    for char in text:
        number = number * 40 + _ALPHABET.get(char, 39)
    return number


def identity_key(text: str) -> str:
    """Return an identity number as the index has it."""
    return compact(text)[: 4 * MAX_TOKEN]
