"""Folding: one own rule that turns Vietnamese text into tokens, for indexing and asking.

Engines get tokens that are folded here and split at spaces, never raw text, because the
folding that search engines bring along is wrong for `đ` or for decomposed text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_TOKEN = 64
"""Characters of a token that count; what is longer is cut, on both sides."""
BOUNDARY = "¦"
"""A token that folding never yields; it stands between fields so that no phrase spans two."""

_KEPT_WORDS = 50_000
_MARKS = re.compile("[\u0300-\u036f]+")
_LETTERS = (("đ", "d"), ("ð", "d"), ("ς", "σ"), ("ı", "i"))
_TOKEN = re.compile(r"[^\W_]+")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SEPARATORS = re.compile(r"[\W_]+")


def nfc(text: str) -> str:
    """Return the text in composed form (NFC)."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return the text in lower case, without marks, with `d` for `đ`; its length may change."""
    if text.isascii():
        return text.lower()
    plain = _MARKS.sub("", unicodedata.normalize("NFD", text.lower()))
    for letter, folded in _LETTERS:  # faster than a translation, which asks for every character
        plain = plain.replace(letter, folded)
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)


def tokens(text: str) -> list[str]:
    """Return the folded syllables, words and numbers of a text, in order."""
    return " ".join(map(_folded_words.__getitem__, text.split())).split()


class _FoldedWords(dict[str, str]):
    """What is between two spaces to its tokens. Words recur: most are folded once a process.

    A space is no letter and takes no mark, so that no word changes how another one is folded.
    """

    def __missing__(self, word: str) -> str:
        found = " ".join(token[:MAX_TOKEN] for token in _TOKEN.findall(fold(word)))
        if len(word) <= MAX_TOKEN:
            if len(self) >= _KEPT_WORDS:
                self.clear()
            self[word] = found
        return found


_folded_words = _FoldedWords()


def fold_in_place(text: str) -> str:
    """Return the folded text with exactly one character for each one of `text`.

    `text` must be in NFC; then a place found in the result is the same place in `text`.
    """
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_character, text))


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    folded = fold(character)
    return folded if len(folded) == 1 else character


def token_spans(text: str) -> list[tuple[str, int, int]]:
    """Return each folded token of NFC text with its start and end."""
    found = _TOKEN.finditer(fold_in_place(text))
    return [(match.group()[:MAX_TOKEN], match.start(), match.end()) for match in found]


def accented_tokens(text: str) -> list[str]:
    """Return the tokens with their accents, in a form that is the same for `hoà` and `hòa`.

    The tone mark is moved to the end of its token, because it may stand on either vowel.
    """
    return [_tone_last(token)[:MAX_TOKEN] for token in _TOKEN.findall(nfc(text).lower())]


@lru_cache(maxsize=16384)
def _tone_last(token: str) -> str:
    if token.isascii():
        return token
    parts = unicodedata.normalize("NFD", token)
    tone = "".join(part for part in parts if part in _TONES)
    return nfc("".join(part for part in parts if part not in _TONES)) + tone


def has_accents(text: str) -> bool:
    """Whether folding takes anything but capitals away from the text."""
    return fold(text) != nfc(text).lower()


def code_key(text: str) -> str:
    """Return a code in lower case with `-` for every separator: `h26-18-220524-0001`."""
    return _SEPARATORS.sub("-", fold(text)).strip("-")[: 4 * MAX_TOKEN]


def compact(text: str) -> str:
    """Return the folded letters and digits of a text without what separates them."""
    return "".join(_TOKEN.findall(fold(text)))[: 4 * MAX_TOKEN]


def composed(text: str) -> tuple[str, list[int]]:
    """Return NFC text and, for each of its places and its end, the place in `text`."""
    if unicodedata.is_normalized("NFC", text):
        return text, list(range(len(text) + 1))
    pieces: list[str] = []
    places: list[int] = []
    for start, end in _clusters(text):
        piece = nfc(text[start:end])
        pieces.append(piece)
        places += [start] * len(piece)
    return "".join(pieces), [*places, len(text)]


def _clusters(text: str) -> list[tuple[int, int]]:
    """Return the ranges of a base character with its combining marks."""
    starts = [
        place for place, char in enumerate(text) if not place or not unicodedata.combining(char)
    ]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))
