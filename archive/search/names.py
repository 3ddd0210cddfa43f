"""Names one typing error away: neighbours of syllables, and the conditions made of them.

Vietnamese names are made of few syllables (about 230 folded ones in 100,000 names), most of
them one edit from several others, so that blanket fuzziness drowns what was meant. Only one
syllable at a time is replaced, only by syllables that names in the index have, and only
when there are few exact hits; the hits are marked as approximate.

Edit distance is optimal string alignment (OSA): one letter more, less, other, or two
neighbouring letters swapped count as one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from archive.search.query import NOTHING, And, In, Node, Term, both, either

ENOUGH = 10
"""Exact hits from which on nothing approximate is looked for."""
MAX_SYLLABLES = 12
MIN_LETTERS = 2
"""Letters of a syllable that may be mistyped; shorter ones are left as they are."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

Vocabulary = Callable[[str], frozenset[str]]
"""Index field to the tokens that it has in any year."""


@lru_cache(maxsize=512)
def neighbours(word: str) -> frozenset[str]:
    """Return every word of letters and digits at OSA distance exactly 1 from `word`."""
    splits = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    found = {left + right[1:] for left, right in splits if right}
    found |= {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    found |= {left + char + right[1:] for left, right in splits if right for char in _LETTERS}
    found |= {left + char + right for left, right in splits for char in _LETTERS}
    return frozenset(found - {word, ""})


def spellings(word: str) -> tuple[str, ...]:
    """Return a word and its neighbours, in order."""
    return (word, *sorted(neighbours(word)))


def misspelt_names(words: tuple[str, ...], vocabulary: Vocabulary) -> list[Node]:
    """Return the conditions for names that differ from `words` by one edit, closest first.

    Args:
        words: folded syllables as typed; joined or in another order will do.
        vocabulary: the syllables of the index's names.
    """
    if not 1 <= len(words) <= MAX_SYLLABLES or sum(map(len, words)) < 3:
        return []
    joined = In("name_joined", tuple(sorted(neighbours("".join(words)))))
    known = vocabulary("name")
    replaced = [_one_replaced(words, place, known) for place in range(len(words))]
    return [node for node in (joined, either(*replaced)) if node != NOTHING]


def _one_replaced(words: tuple[str, ...], place: int, known: frozenset[str]) -> Node:
    if len(words[place]) < MIN_LETTERS:
        return NOTHING
    near = tuple(sorted(neighbours(words[place]) & known))
    if not near:
        return NOTHING
    others = words[:place] + words[place + 1 :]
    return both(In("name", near), *(Term("name", other) for other in others))


def misspelt_words(words: tuple[str, ...]) -> Node:
    """Return the condition that all words are there, one of them misspelt."""
    found = []
    for place, word in enumerate(words[:MAX_SYLLABLES]):
        if len(word) <= MIN_LETTERS:
            continue
        others = words[:place] + words[place + 1 :]
        near = tuple(sorted(neighbours(word)))
        found.append(
            And((either(In("head", near), In("text", near)), *(anywhere(w) for w in others)))
        )
    return either(*found)


def anywhere(word: str) -> Node:
    """Return the condition that a folded word is anywhere in a record."""
    return either(Term("head", word), Term("text", word))
