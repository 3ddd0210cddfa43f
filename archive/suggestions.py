"""Suggestions: what to ask instead when nothing was found, and how much that would find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from archive.access import Question, search
from archive.assembly import Archive
from archive.viewers import Viewer

MAX_WORDS: Final = 6


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another question that finds something."""

    question: Question
    total: int
    without: str
    """What was left out: a word, or `filters`."""


def suggestions(archive: Archive, question: Question, viewer: Viewer) -> tuple[Suggestion, ...]:
    """Return questions with one word or the filters left out, the most promising first.

    Counts are of what `viewer` may see, as everywhere.
    """
    found = []
    for without, other in _others(question):
        bare = replace(other, limit=1, cursor=None, facets=(), snippets=False)
        if total := search(archive, bare, viewer).total:
            found.append(Suggestion(other, total, without))
    return tuple(sorted(found, key=lambda each: each.total))


def _others(question: Question) -> Iterator[tuple[str, Question]]:
    if question.filters:
        yield "filters", replace(question, filters={})
    words = question.text.split()
    if 2 <= len(words) <= MAX_WORDS and '"' not in question.text:
        for place, word in enumerate(words):
            text = " ".join([*words[:place], *words[place + 1 :]])
            yield word, replace(question, text=text, filters={})
