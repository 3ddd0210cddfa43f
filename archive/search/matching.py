"""Matching: whether one record meets a query, without an index; the same answer as an engine's."""

from __future__ import annotations

from functools import lru_cache

from archive.errors import QueryRejected
from archive.search import IndexRecord, fields, rewrite, schema
from archive.search.language import parse
from archive.search.query import (
    All,
    And,
    Fuzzy,
    In,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Range,
    Term,
)
from archive.search.schema import Entry


def condition(text: str) -> Node:
    """Return what a query asks of a record's description; the words in papers do not count.

    Raises:
        QueryRejected: it cannot be read, asks for everything, for words in papers (`text:`),
            or for words that are approximately so (`~`).
    """
    parsed = parse(text)
    if not parsed.accepted:
        told = "; ".join(f"{d.message} {d.suggestion}".strip() for d in parsed.diagnostics)
        raise QueryRejected(told, where=text)
    if isinstance(parsed.node, All):
        raise QueryRejected("the query asks for everything", where=text)
    unusable = _unusable(parsed.node)
    if unusable:
        raise QueryRejected(
            f"{unusable}: only what the description says can be asked here",
            where=text,
            hint="mã: tên: cccd: thủtục: cơquan: ngày: ngàytrả: năm: trạngthái: sốkq: tiêuđề:",
        )
    return rewrite.plan(Query(parsed.node)).base


def _unusable(node: Node) -> str:
    match node:
        case And(nodes) | Or(nodes):
            return next((found for part in nodes if (found := _unusable(part))), "")
        case Not(inner):
            return _unusable(inner)
        case Fuzzy(_, text):
            return f"{text}~"
        case Term(fields.TEXT, _) | Phrase(fields.TEXT, _) | Prefix(fields.TEXT, _):
            return "text:"
        case _:
            return ""


@lru_cache(maxsize=256)
def _condition(text: str) -> Node:
    return condition(text)


def meets(record: IndexRecord, text: str) -> bool:
    """Return whether a record meets a query that `condition` accepts. Errors as it."""
    asked = rewrite.in_year(_condition(text), record.year)
    return holds_for(asked, schema.entry_of(record))


def holds_for(node: Node, entry: Entry) -> bool:
    """Return whether a condition over the fields of the index is true of an entry."""
    match node:
        case All():
            return True
        case And(nodes):
            return all(holds_for(part, entry) for part in nodes)
        case Or(nodes):
            return any(holds_for(part, entry) for part in nodes)
        case Not(inner):
            return not holds_for(inner, entry)
        case Term(name, text):
            return text in _texts(entry, name)
        case Prefix(name, text):
            return any(each.startswith(text) for each in _texts(entry, name))
        case Phrase(name, words):
            there, count = _texts(entry, name), len(words)
            return any(there[at : at + count] == words for at in range(len(there) - count + 1))
        case In(name, values):
            return entry.facets.get(name) in values
        case Range(name, low, high):
            number = entry.numbers[name]
            return (low is None or number >= low) and (high is None or number <= high)
        case _:
            return False


def _texts(entry: Entry, name: str) -> tuple[str, ...]:
    if name in entry.keys:
        return entry.keys[name]
    return tuple(entry.words[name].split(" ")) if entry.words[name] else ()
