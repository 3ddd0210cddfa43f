"""The language of the search box: text in, a neutral tree and diagnostics out.

    nguyen van an            all words, with or without accents
    "giấy phép xây dựng"     these words in this order
    xây*   nguyen~           words that begin so; one typing error allowed
    -lại   KHÔNG lại         without the word
    A HOẶC B   (…)           one of two neighbours; a written AND binds closer than OR
    mã: tên: cccd: thủtục: cơquan: ngày: ngàytrả: năm: trạngthái: sốkq: chữký: tiêuđề: text:
    ngày:01/2022..06/2022    also 2022, 15/01/2022, Q1/2022, >=2022, ..06/2022

Errors are diagnostics with a place and a suggestion; nothing a person types is raised.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from whoosh.qparser import syntax

from archive.search import dates, fields
from archive.search.folding import compact, composed, tokens
from archive.search.grammar import (
    OPERATOR,
    QUOTED,
    EveryNode,
    FuzzyNode,
    QuotedNode,
    StarNode,
    WrongNode,
    query_parser,
)
from archive.search.query import (
    All,
    And,
    Diagnostic,
    ErrorLeaf,
    Fuzzy,
    Node,
    Phrase,
    Prefix,
    Range,
    Term,
    either,
    negation,
)

MAX_LENGTH = 10_000
"""Characters of a query."""
MAX_CLAUSES = 1_024
MAX_DEPTH = 40
"""Parentheses inside one another."""
MIN_PREFIX = 2
"""Characters before a `*`."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was understood of a query."""

    node: Node
    """Over the fields of `archive.search.fields`; has an `ErrorLeaf` for each fatal error."""
    diagnostics: tuple[Diagnostic, ...]
    """In the order of their places."""

    @property
    def accepted(self) -> bool:
        """Whether nothing fatal was found."""
        return not any(diagnostic.fatal for diagnostic in self.diagnostics)


def parse(text: str) -> Parsed:
    """Read a query. An empty one asks for everything."""
    plain, places = composed(text)
    reading = _Reading(places)
    node = reading.of(plain.replace("\0", " "))
    return Parsed(node, tuple(sorted(reading.diagnostics, key=lambda found: found.start)))


@lru_cache(maxsize=1)
def _parser() -> Any:
    return query_parser()


@dataclass(slots=True)
class _Reading:
    """One query while it is read."""

    places: list[int]
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def of(self, text: str) -> Node:
        if not text.strip():
            return All()
        problem = self._too_much(text) or self._unbalanced(text)
        if problem:
            return problem
        try:
            return self._node(_parser().process(text))
        except RecursionError:
            return self._wrong(0, len(text), "DEPTH", "the query is nested too deeply")

    def _wrong(
        self, start: int, end: int, code: str, message: str, suggestion: str = "", *,
        fatal: bool = True,
    ) -> ErrorLeaf:  # fmt: skip
        last = len(self.places) - 1
        found = Diagnostic(
            start=self.places[min(start, last)],
            end=self.places[min(end, last)],
            code=f"KHO-QUERY-{code}",
            message=message,
            suggestion=suggestion,
            fatal=fatal,
        )
        self.diagnostics.append(found)
        return ErrorLeaf(found)

    def _too_much(self, text: str) -> ErrorLeaf | None:
        if len(text) > MAX_LENGTH:
            message = f"the query has more than {MAX_LENGTH} characters"
            return self._wrong(MAX_LENGTH, len(text), "LENGTH", message, "shorten it")
        if len(text.split()) > MAX_CLAUSES:
            message = f"the query has more than {MAX_CLAUSES} words"
            return self._wrong(0, len(text), "CLAUSES", message, "shorten it")
        return None

    def _unbalanced(self, text: str) -> ErrorLeaf | None:
        open_at: list[int] = []
        quoted = [match.span() for match in QUOTED.finditer(text)]
        for place, char in enumerate(text):
            if char not in "()" or any(start <= place < end for start, end in quoted):
                continue
            if char == "(":
                open_at.append(place)
            elif open_at:
                open_at.pop()
            else:
                return self._wrong(
                    place, place + 1, "BRACKET", "this ) closes nothing", "leave it out"
                )
            if len(open_at) > MAX_DEPTH:
                message = f"parentheses are nested more than {MAX_DEPTH} deep"
                return self._wrong(place, place + 1, "DEPTH", message, "leave some out")
        if open_at:
            place = open_at[-1]
            return self._wrong(place, place + 1, "BRACKET", "this ( is not closed", "add )")
        return None

    def _node(self, node: Any, name: str | None = None) -> Node:
        match node:
            case syntax.NotGroup():
                return negation(self._node(node[0], name))
            case syntax.OrGroup():
                return either(*(self._node(part, name) for part in node))
            case syntax.GroupNode():
                return _all_of([self._node(part, name) for part in node])
            case EveryNode():
                return All()
            case WrongNode():
                return self._misplaced(node)
            case syntax.FieldnameNode():
                return self._wrong(
                    node.startchar, node.endchar, "FIELD", "a field needs a value after the colon"
                )
            case _:
                return self._text(node, field_of(node))

    def _misplaced(self, node: Any) -> Node:
        if node.kind == "operator":
            message = f"{node.text} has nothing to work on"
            hint = f'to look for the word itself, write "{node.text.lower()}"'
            return self._wrong(node.startchar, node.endchar, "OPERATOR", message, hint)
        if node.kind == "quote":
            message = "this quotation mark has no partner"
            return self._wrong(node.startchar, node.endchar, "QUOTE", message, 'add "')
        near = difflib.get_close_matches(compact(node.text), fields.NAMES, n=1, cutoff=0.6)
        shown = next((name for name in fields.SHOWN if near and compact(name) == near[0]), None)
        hint = (
            f"did you mean {shown or near[0]}:" if near else "fields are " + ", ".join(fields.SHOWN)
        )
        return self._wrong(
            node.startchar, node.endchar, "FIELD", f"there is no field {node.text}", hint
        )

    def _text(self, node: Any, name: str) -> Node:
        text, start, end = node.text, node.startchar, node.endchar
        if not isinstance(node, QuotedNode) and text.endswith(":") and len(text) > 1:
            text = text[:-1]
        if name in fields.DATE_FIELDS or name == fields.YEAR:
            return self._date(name, text, start, end)
        if name in fields.CHOICE_FIELDS:
            return self._choice(name, text, start, end)
        if isinstance(node, StarNode):
            return self._star(name, text, start, end)
        words = tokens(text)
        if not words:
            return self._no_words(name, text, start, end)
        if isinstance(node, QuotedNode) and name in fields.WORD_FIELDS:
            return Phrase(name, tuple(text.split()))
        if isinstance(node, FuzzyNode):
            return self._fuzzy(name, text, start, end)
        return Term(name, text)

    def _no_words(self, name: str, text: str, start: int, end: int) -> Node:
        if name == fields.ANY:
            self._wrong(start, end, "EMPTY", "there is no word here; it is left out", fatal=False)
            return All()
        return self._wrong(start, end, "EMPTY", "there is nothing to look for in the field")

    def _star(self, name: str, text: str, start: int, end: int) -> Node:
        stem = text[:-1]
        if not text.endswith("*") or "*" in stem:
            message = "* stands at the end of a word only"
            return self._wrong(start, end, "STAR", message, f"{max(text.split('*'), key=len)}*")
        if len(compact(stem)) < MIN_PREFIX:
            message = f"* needs at least {MIN_PREFIX} characters before it"
            return self._wrong(start, end, "STAR", message)
        return Prefix(name, stem)

    def _fuzzy(self, name: str, text: str, start: int, end: int) -> Node:
        if name not in fields.WORD_FIELDS or len(tokens(text)) != 1:
            return self._wrong(start, end, "FUZZY", "~ stands after a single word only")
        return Fuzzy(name, text)

    def _date(self, name: str, text: str, start: int, end: int) -> Node:
        try:
            low, high = dates.parse_span(text)
        except dates.NoDate as error:
            return self._wrong(start, end, "DATE", f"{text[:40]}: {error}", "ngày:01/2022..06/2022")
        if name == fields.YEAR:
            return Range(name, low.year if low else None, high.year if high else None)
        return Range(name, low.toordinal() if low else None, high.toordinal() if high else None)

    def _choice(self, name: str, text: str, start: int, end: int) -> Node:
        known = fields.CHOICES[name]
        value = known.get(compact(text))
        if value is None:
            values = ", ".join(dict.fromkeys(known.values()))
            return self._wrong(
                start, end, "VALUE", f"{text[:40]} is none of the values", f"one of: {values}"
            )
        return Term(name, value)


def _all_of(nodes: list[Node]) -> Node:
    """Return the conjunction, flat; repeated words stay, a name may have one twice."""
    parts: list[Node] = []
    for node in nodes:
        if not isinstance(node, All):
            parts += node.nodes if isinstance(node, And) else (node,)
    if not parts:
        return All()
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def field_of(node: Any) -> str:
    """Return the field that a node of the grammar is about."""
    return (fields.field_named(node.fieldname) if node.fieldname else None) or fields.ANY


def operators_in(text: str) -> list[tuple[int, int]]:
    """Return where operators stand, for colouring a search box."""
    return [match.span() for match in OPERATOR.finditer(text)]
