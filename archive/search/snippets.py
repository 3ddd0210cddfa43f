"""Snippets: the piece of a text that shows best why it was found, with the places marked.

The highlighter is ours and the same for every engine; it needs no copy of the text in the
index. It compares folded text and marks the original, accents and capitals untouched.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass

from archive.search import fields
from archive.search.folding import nfc, token_spans, tokens
from archive.search.names import neighbours
from archive.search.query import And, Fuzzy, Node, Or, Phrase, Prefix, Term

MAX_TEXT = 200_000
"""Characters of a text that are looked through."""
_SHOWN_FIELDS = frozenset({*fields.WORD_FIELDS, *fields.CODE_FIELDS})


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text."""

    text: str
    """NFC, on one line, with `…` where something was cut off."""
    marks: tuple[tuple[int, int], ...]
    """Start and end of each place in `text` that matches, in order, not overlapping."""

    def marked(self, before: str, after: str) -> str:
        """Return the text with something put before and after each mark."""
        pieces, end = [], 0
        for start, stop in self.marks:
            pieces += [self.text[end:start], before, self.text[start:stop], after]
            end = stop
        return "".join([*pieces, self.text[end:]])


@dataclass(frozen=True, slots=True)
class _Wanted:
    words: frozenset[str]
    prefixes: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]

    def meets(self, token: str) -> bool:
        return token in self.words or token.startswith(self.prefixes)


def highlight(text: str, node: Node, *, width: int = 200) -> Snippet:
    """Return the piece of `text`, about `width` characters, in which most of a query is.

    Args:
        text: as it was given to the index.
        node: the query as it was parsed; what it excludes is not marked.
        width: characters, without the `…`.
    """
    plain = " ".join(nfc(text[:MAX_TEXT]).split())
    spans = token_spans(plain)
    wanted = _wanted(node)
    marks = _marks(spans, wanted)
    start, end = _window(plain, marks, width)
    head = "…" if start else ""
    tail = "…" if end < len(plain) or len(text) > MAX_TEXT else ""
    shift = len(head) - start
    inside = ((max(low, start), min(high, end)) for low, high, _ in marks)
    shown = tuple((low + shift, high + shift) for low, high in inside if low < high)
    return Snippet(head + plain[start:end] + tail, shown)


def _wanted(node: Node) -> _Wanted:
    words: set[str] = set()
    prefixes: set[str] = set()
    phrases: set[tuple[str, ...]] = set()
    for leaf in _leaves(node):
        match leaf:
            case Prefix(_, text):
                prefixes.update(tokens(text)[-1:])
            case Fuzzy(_, text):
                words.update(*(({word} | neighbours(word)) for word in tokens(text)))
            case Term(_, text):
                phrases.add(tuple(tokens(text)))
            case Phrase(_, typed):
                phrases.add(tuple(tokens(" ".join(typed))))
    words.update(*(phrase for phrase in phrases if len(phrase) == 1))
    longer = tuple(phrase for phrase in phrases if len(phrase) > 1)
    return _Wanted(frozenset(words), tuple(prefixes), longer)


def _leaves(node: Node) -> Iterator[Term | Phrase | Prefix | Fuzzy]:
    match node:
        case And(nodes) | Or(nodes):
            for part in nodes:
                yield from _leaves(part)
        case Term() | Phrase() | Prefix() | Fuzzy():
            if node.field in _SHOWN_FIELDS:
                yield node
        case _:
            return


def _marks(spans: list[tuple[str, int, int]], wanted: _Wanted) -> list[tuple[int, int, str]]:
    """Return start, end and token of each match; words of a phrase are one mark."""
    found: dict[int, tuple[int, int, str]] = {}
    for at, (token, start, end) in enumerate(spans):
        if wanted.meets(token):
            found.setdefault(at, (start, end, token))
    for phrase in wanted.phrases:
        size = len(phrase)
        places = [at for at, span in enumerate(spans) if span[0] == phrase[0]]
        for at in places:
            if tuple(span[0] for span in spans[at : at + size]) == phrase:
                found[at] = (spans[at][1], spans[at + size - 1][2], " ".join(phrase))
    return _merged(sorted(found.values()))


def _merged(marks: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int, str]] = []
    for start, end, token in marks:
        if merged and start < merged[-1][1]:
            before = merged.pop()
            merged.append((before[0], max(before[1], end), before[2]))
        else:
            merged.append((start, end, token))
    return merged


def _window(text: str, marks: list[tuple[int, int, str]], width: int) -> tuple[int, int]:
    """Return the range with most different matches, then most matches, then the first."""
    if len(text) <= width:
        return 0, len(text)
    starts = [start for start, _, _ in marks]
    best, first, last = (0, 0), 0, 0
    for at, start in enumerate(starts):
        inside = marks[at : bisect.bisect_right(starts, start + width)]
        inside = [mark for mark in inside if mark[1] <= start + width]
        value = (len({token for _, _, token in inside}), len(inside))
        if value > best:
            best, first, last = value, start, inside[-1][1]
    margin = (width - (last - first)) // 2
    low = max(0, min(first - margin, len(text) - width)) if best[0] else 0
    return _at_words(text, low, min(len(text), low + width))


def _at_words(text: str, low: int, high: int) -> tuple[int, int]:
    """Return the range without words that are cut in two at its ends."""
    if low and not text[low - 1].isspace():
        space = text.find(" ", low, low + 30)
        low = space + 1 if space >= 0 else low
    if high < len(text) and not text[high].isspace():
        space = text.rfind(" ", max(low, high - 30), high)
        high = space if space > low else high
    return low, high
