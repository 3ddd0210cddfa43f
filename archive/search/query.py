"""The neutral query: a tree of conditions that no engine owns, and what is asked with it.

The same node classes serve twice: the language yields trees over the *fields people know*
(`archive.search.fields`), rewriting turns them into trees over the *fields of the index*
(`archive.search.schema`), in which every text is a token to be compared as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What is wrong with a query, and where. Never raised."""

    start: int
    """0-based place of the first character concerned, in the text as it was typed."""
    end: int
    """The place after the last one."""
    code: str
    """`KHO-QUERY-…`, never translated."""
    message: str
    suggestion: str = ""
    """What to write instead; "" if there is nothing to suggest."""
    fatal: bool = True
    """Whether the query finds nothing because of it."""

    def to_json(self) -> dict[str, object]:
        """Return the diagnostic as `kho search --json` prints it."""
        return {
            "start": self.start,
            "end": self.end,
            "code": self.code,
            "message": self.message,
            "suggestion": self.suggestion,
            "fatal": self.fatal,
        }


class Mode(StrEnum):
    """How the text of a term is compared."""

    FOLDED = "folded"
    ACCENTED = "accented"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Term:
    """A field has this text: one word, or a code, number or name as typed."""

    field: str
    text: str
    mode: Mode = Mode.FOLDED


@dataclass(frozen=True, slots=True)
class Phrase:
    """A field has these words next to each other in this order."""

    field: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """A field has a word that begins with this text."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """A field has this word or one at edit distance 1 (OSA) from it."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Range:
    """A field's number is between two bounds, both included; None is no bound."""

    field: str
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class In:
    """A field has one of these texts exactly."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Everything."""


@dataclass(frozen=True, slots=True)
class ErrorLeaf:
    """A part of the query that could not be read; a tree that has one finds nothing."""

    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class And:
    """All of these hold."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of these holds; none of nothing."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    node: Node


Node = And | Or | Not | Term | Phrase | Prefix | Fuzzy | Range | In | All | ErrorLeaf
NOTHING = Or(())


def both(*nodes: Node) -> Node:
    """Return the conjunction, simplified: flat, without `All`, nothing if one is nothing."""
    parts: dict[Node, None] = {}
    for node in nodes:
        if node == NOTHING:
            return NOTHING
        if not isinstance(node, All):
            parts.update(dict.fromkeys(node.nodes if isinstance(node, And) else (node,)))
    if not parts:
        return All()
    return next(iter(parts)) if len(parts) == 1 else And(tuple(parts))


def either(*nodes: Node) -> Node:
    """Return the disjunction, simplified: flat, without repeats, `All` if one is `All`."""
    parts: dict[Node, None] = {}
    for node in nodes:
        if isinstance(node, All):
            return node
        parts.update(dict.fromkeys(node.nodes if isinstance(node, Or) else (node,)))
    return next(iter(parts)) if len(parts) == 1 else Or(tuple(parts))


def negation(node: Node) -> Node:
    """Return what holds when `node` does not, simplified."""
    if isinstance(node, Not):
        return node.node
    if node == NOTHING:
        return All()
    return NOTHING if isinstance(node, All) else Not(node)


def errors_in(node: Node) -> list[Diagnostic]:
    """Return the diagnostics of every `ErrorLeaf` in the tree."""
    match node:
        case ErrorLeaf(diagnostic):
            return [diagnostic]
        case And(nodes) | Or(nodes):
            return [error for part in nodes for error in errors_in(part)]
        case Not(inner):
            return errors_in(inner)
        case _:
            return []


class Sort(StrEnum):
    """The order of hits. Equal places are told apart by a digest of the id."""

    RELEVANCE = "relevance"
    """Best kind of match first (see `archive.search.rewrite`), the newest first in each."""
    RECEIVED = "received_on"
    CLOSED = "closed_on"
    """Open dossiers count as the earliest."""
    CODE = "code"


FACETS = ("procedure", "agency", "year", "status", "signature_outcome", "fonds", "access")
"""The fields whose values can be counted and filtered by."""
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the index."""

    node: Node
    """From `archive.search.language.parse`, or made by hand over the same fields."""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Facet to the exact values of which one must be there; all facets must hold."""
    permit: Node = field(default_factory=All)
    """What the asker may see; ANDed to everything, totals and facets included."""
    sort: Sort = Sort.RELEVANCE
    descending: bool | None = None
    """None: the newest first for dates, A to Z for codes. Relevance ignores it."""
    limit: int = 20
    """Hits on a page, 1 to `MAX_LIMIT`."""
    cursor: str | None = None
    """`Page.cursor` of the page before, for the same question."""
    facets: tuple[str, ...] = ()
    facet_values: int = 50
    """Most values of one facet that are returned, those with most hits first."""
    approximate: bool = True
    """Whether names one typing error away are added when there are few exact hits."""

    @property
    def reversed(self) -> bool:
        """Whether the largest comes first."""
        if self.sort is Sort.RELEVANCE or self.descending is None:
            return self.sort is not Sort.CODE
        return self.descending


@dataclass(frozen=True, slots=True)
class Hit:
    """One dossier that was found."""

    id: str
    score: float
    """0 to 1 by kind of match, comparable within one page sequence only."""
    approximate: bool = False
    """Whether it matches only with one typing error allowed: the page must say so."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """How many hits have one value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The counted values of one field."""

    field: str
    values: tuple[FacetValue, ...]
    """Most hits first, equal ones by value."""
    others: int = 0
    """How many further values there are."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer."""

    total: int
    """Exact, over all pages, approximate hits included."""
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...] = ()
    cursor: str | None = None
    """Opaque; what to give for the next page; None after the last hit."""
    approximate: int = 0
    """How many of `total` are approximate."""
    diagnostics: tuple[Diagnostic, ...] = ()
