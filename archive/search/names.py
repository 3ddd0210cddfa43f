"""Names one typing error away: one syllable at a time, only by what the index really has.

Vietnamese names are made of few syllables (about 230 folded ones in 100,000 names), most of
them one edit from several others, so that blanket fuzziness drowns what was meant. Only one
syllable at a time is replaced, only when there are few exact hits, whole names come before
names with the syllables in another order, and the hits are marked as approximate.

Edit distance is optimal string alignment (OSA): one letter more, less, other, or two
neighbouring letters swapped count as one.
"""

from __future__ import annotations

from functools import lru_cache

from archive.search.query import NOTHING, Fuzzy, Node, Term, both, either

ENOUGH = 10
"""Exact hits from which on nothing approximate is looked for."""
MAX_SYLLABLES = 12
MIN_LETTERS = 2
"""Letters of a syllable that may be mistyped; shorter ones are left as they are."""
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@lru_cache(maxsize=512)
def neighbours(word: str, letters: str = LETTERS) -> frozenset[str]:
    """Return every word of the letters at OSA distance exactly 1 from `word`."""
    splits = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    found = {left + right[1:] for left, right in splits if right}
    found |= {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    found |= {left + char + right[1:] for left, right in splits if right for char in letters}
    found |= {left + char + right for left, right in splits for char in letters}
    return frozenset(found - {word, ""})


def misspelt_names(words: tuple[str, ...]) -> list[Node]:
    """Return the conditions for names that differ from `words` by one edit, closest first.

    Args:
        words: folded syllables as typed; joined or in another order will do.
    """
    if not 1 <= len(words) <= MAX_SYLLABLES or sum(map(len, words)) < 3:
        return []
    whole = Fuzzy("name_joined", "".join(words))
    replaced = (_one_other(words, place, "name") for place in range(len(words)))
    return [whole, either(*replaced)]


def misspelt_words(words: tuple[str, ...]) -> Node:
    """Return the condition that all words are there, one of them misspelt."""
    places = range(min(len(words), MAX_SYLLABLES))
    return either(*(_one_other(words, place, "head", "text") for place in places))


def _one_other(words: tuple[str, ...], place: int, *fields: str) -> Node:
    if len(words[place]) < MIN_LETTERS:
        return NOTHING
    near = either(*(Fuzzy(field, words[place]) for field in fields))
    others = words[:place] + words[place + 1 :]
    return both(near, *(either(*(Term(field, other) for field in fields)) for other in others))
