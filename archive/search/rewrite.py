"""From what people ask to what the index is asked: recognising, tiers, filters, years.

A query becomes one condition that decides what is found, and *tiers*: narrower conditions
in the order of how good a match is. A hit belongs to the first tier whose condition it
meets; within a tier the newest dossiers come first. No weights, no statistics of the
collection: the same dossiers in the same order on every engine and whatever is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from archive.errors import QueryRejected
from archive.search import fields, schema
from archive.search.folding import accented_tokens, code_key, compact, has_accents, tokens
from archive.search.query import (
    FACETS,
    NOTHING,
    All,
    And,
    ErrorLeaf,
    Fuzzy,
    In,
    Mode,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Range,
    Term,
    both,
    either,
    negation,
)
from archive.search.recognise import Shape, shape_of

_FIELDS: dict[str, tuple[str, ...]] = {
    fields.ANY: ("head", "text"),
    fields.NAME: ("name",),
    fields.TITLE: ("title",),
    fields.TEXT: ("title", "text"),
    fields.PROCEDURE: ("procedure_name",),
    fields.AGENCY: ("agency_name",),
}
_CODES = {fields.PROCEDURE: "procedure_code", fields.AGENCY: "agency_code"}
_JOINED_LETTERS = 5
"""Letters from which on a single word may be a whole name without its spaces."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the index is asked for one query."""

    base: Node
    """What is found exactly; filters and permission included."""
    tiers: tuple[Node, ...]
    """Best first; each is meant together with `base`; the last one is `All`."""
    words: tuple[str, ...]
    """The folded words that could be a misspelt name; () if nothing of it is to be guessed."""
    rest: Node
    """What else must hold for a guess."""


def plan(query: Query) -> Plan:
    """Return how a query is answered.

    Raises:
        QueryRejected: a filter names no facet.
    """
    outside = both(_filters(query.filters), lowered(query.permit))
    words, rest = _words_and_rest(query.node)
    typed = tuple(token for word in words for token in tokens(word.text))
    base = lowered(query.node)
    if len(words) > 1:
        # Somebody may have typed the spaces of a name elsewhere.
        base = either(base, both(Term("name_joined", "".join(typed)), *map(lowered, rest)))
    return Plan(
        base=both(base, outside),
        tiers=(*_tiers(query.node, words, typed), All()),
        words=typed,
        rest=both(*map(lowered, rest), outside),
    )


def _filters(filters: Mapping[str, tuple[str, ...]]) -> Node:
    for facet in filters:
        if facet not in FACETS:
            raise QueryRejected(
                f"there is no filter {facet!r}", hint="filters are " + ", ".join(FACETS)
            )
    return both(*(In(facet, tuple(sorted(values))) for facet, values in filters.items()))


def lowered(node: Node) -> Node:
    """Return a condition over the fields of the index."""
    match node:
        case And(nodes):
            return both(*map(lowered, nodes))
        case Or(nodes):
            return either(*map(lowered, nodes))
        case Not(inner):
            return negation(lowered(inner))
        case Term():
            return _term(node)
        case Phrase(name, words):
            return _words(name, tuple(tokens(" ".join(words))))
        case Prefix(name, text):
            return _prefix(name, text)
        case Fuzzy(name, text):
            word = "".join(tokens(text))
            return either(*(Fuzzy(index_field, word) for index_field in _FIELDS[name]))
        case ErrorLeaf():
            return NOTHING
        case _:
            return node


def _term(term: Term) -> Node:
    name, text = term.field, term.text
    if term.mode is Mode.EXACT or name in fields.CHOICE_FIELDS:
        return In("signature_outcome" if name == fields.SIGNATURE else name, (text,))
    if term.mode is Mode.ACCENTED:
        return _in_order(f"{name}_accented", tuple(accented_tokens(text)))
    if name == fields.ANY:
        return _by_shape(text)
    if name == fields.CODE:
        return Prefix("code", code_key(text))
    if name == fields.RESULT:
        return Prefix("result", code_key(text))
    if name == fields.IDENTITY:
        return Term("identity", schema.identity_key(text))
    words = _words(name, tuple(tokens(text)))
    if name in _CODES:
        return either(Term(_CODES[name], code_key(text)), words)
    return words


def _by_shape(text: str) -> Node:
    words = _words(fields.ANY, tuple(tokens(text)))
    match shape_of(text):
        case Shape.IDENTITY:
            return Term("identity", schema.identity_key(text))
        case Shape.DOSSIER:
            return Prefix("code", code_key(text))
        case Shape.PROCEDURE:
            return Term("procedure_code", code_key(text))
        case Shape.RESULT:
            return either(Prefix("result", code_key(text)), words)
        case Shape.AGENCY:
            return either(Term("agency_code", code_key(text)), words)
        case Shape.WORD:
            return words


def _words(name: str, words: tuple[str, ...]) -> Node:
    """Return that a field has these words in this order, or the one word joined as a name."""
    found = either(*(_in_order(index_field, words) for index_field in _FIELDS.get(name, ())))
    joined = "".join(words)
    if len(words) == 1 and len(joined) >= _JOINED_LETTERS and name in (fields.ANY, fields.NAME):
        return either(found, Term("name_joined", joined))
    return found


def _in_order(index_field: str, words: tuple[str, ...]) -> Node:
    if not words:
        return NOTHING
    return Term(index_field, words[0]) if len(words) == 1 else Phrase(index_field, words)


def _prefix(name: str, text: str) -> Node:
    key, words = code_key(text), tokens(text)
    if name in (fields.CODE, fields.RESULT):
        return Prefix(name, key)
    if name == fields.IDENTITY:
        return Prefix("identity", compact(text))
    if not words:
        return NOTHING
    *whole, last = words
    found: list[Node] = [
        both(*(Term(index_field, word) for word in whole), Prefix(index_field, last))
        for index_field in _FIELDS[name]
    ]
    if name in _CODES:
        found.append(Prefix(_CODES[name], key))
    if name == fields.ANY and whole:
        found += [Prefix("code", key), Prefix("result", key)]
    return either(*found)


def _words_and_rest(node: Node) -> tuple[list[Term], list[Node]]:
    """Divide a conjunction into the words that may be a name and everything else."""
    parts = node.nodes if isinstance(node, And) else (node,)
    words = [part for part in parts if isinstance(part, Term) and _may_be_a_name(part)]
    return words, [part for part in parts if not any(part is word for word in words)]


def _may_be_a_name(term: Term) -> bool:
    if term.field not in (fields.ANY, fields.NAME) or term.mode is not Mode.FOLDED:
        return False
    return shape_of(term.text) is Shape.WORD and not any(char.isdigit() for char in term.text)


def _tiers(node: Node, words: list[Term], typed: tuple[str, ...]) -> list[Node]:
    match node:
        case Or(nodes):
            return [both(*map(lowered, nodes))]
        case Term(fields.ANY | fields.CODE, text) if not words:
            return [Term("code", code_key(text))]
        case Phrase(fields.ANY | fields.NAME, phrase):
            return _phrase_tiers(tuple(tokens(" ".join(phrase))), " ".join(phrase))
        case _:
            return _phrase_tiers(typed, " ".join(word.text for word in words)) if words else []


def _phrase_tiers(folded: tuple[str, ...], typed: str) -> list[Node]:
    """Return the tiers of words: whole name, in this order, in the name, in the text."""
    accented = tuple(accented_tokens(typed))
    whole = Term("name_joined", "".join(folded))
    tiers: list[Node] = [whole]
    if has_accents(typed):
        tiers.insert(0, both(whole, _in_order("name_accented", accented)))
        tiers.append(
            either(_in_order("name_accented", accented), _in_order("title_accented", accented))
        )
    tiers.append(either(_in_order("name", folded), _in_order("title", folded)))
    if len(folded) > 1:
        tiers.append(Term("name_sorted", schema.sorted_name(folded)))
        tiers.append(both(*(Term("name", word) for word in folded)))
        tiers.append(either(_in_order("head", folded), _in_order("text", folded)))
        tiers.append(both(*(Term("head", word) for word in folded)))
    return tiers


def differs_by_year(node: Node) -> bool:
    """Whether `in_year` has anything to do."""
    match node:
        case And(nodes) | Or(nodes):
            return any(map(differs_by_year, nodes))
        case Not(inner):
            return differs_by_year(inner)
        case Range() | In("year", _):
            return True
        case _:
            return False


def in_year(node: Node, year: int) -> Node:
    """Return what a condition means within one year; `NOTHING` lets the year be skipped.

    Days become the numbers of `schema.date_number`.
    """
    match node:
        case And(nodes):
            return both(*(in_year(part, year) for part in nodes))
        case Or(nodes):
            return either(*(in_year(part, year) for part in nodes))
        case Not(inner):
            return negation(in_year(inner, year))
        case Range("year", low, high):
            return All() if (low or 0) <= year <= (high or year) else NOTHING
        case In("year", values):
            return All() if str(year) in values else NOTHING
        case Range(fields.RECEIVED, low, high):
            first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
            if (low or 0) > last or (high or last) < first:
                return NOTHING
            if (low or 0) <= first and (high or last) >= last:
                return All()
            return Range("received", *schema.date_bounds(low, high))
        case Range(fields.CLOSED, low, high):
            return Range("closed", *schema.date_bounds(low, high))
        case _:
            return node
