"""Vietnamese text in fonts from before Unicode (TCVN3, VNI): recognised, never guessed.

Such text looks like Latin-1 with odd letters (`NguyÔn V¨n A`, `Nguyeãn Vaên A`). Turning it
into Unicode needs the font, which a data file does not name, so it is only reported.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\s\d.,;:/()\[\]\"']+")
_LETTER = r"[^\W\d_]"
# TCVN3 puts Vietnamese letters on Latin-1 signs that no word of any language has inside.
_TCVN3_SIGN = re.compile(rf"{_LETTER}[¨©®ª«¬µ¶·¸¹»¼½¾Æ×÷]|[¨©®ª«¬µ¶·¸¹»¼½¾Æ×÷]{_LETTER}")
# ... and on capital letters, which then stand inside words of small ones.
_TCVN3_CAPITAL = re.compile(r"[a-zà-ÿ][À-ÖØ-Þß](?:[a-zà-ÿ]|$)")
# VNI writes the mark as a letter of its own after the vowel.
_VNI = re.compile(r"[aeuy][ùøûõïâêåäáàãéèúüë]|o[âäåïøûõùö]|ñ|ö[^\W\d_]", re.IGNORECASE)
_PROPER = re.compile(r"[ăđĩũơưẠ-ỹ]", re.IGNORECASE)
_SHARE = 0.3
_USUAL_LENGTH = 32


def looks_legacy(text: str, *, least: int = 1) -> bool:
    """Whether a good part of the words with marks, and at least so many, are in TCVN3 or VNI.

    In a single field two are asked for: some foreign names look like one.
    """
    if text.isascii():
        return False
    words = _marked_words(text)
    suspects = sum(1 for word in words if _is_suspect(word))
    return suspects >= max(least, _SHARE * len(words))


def has_suspects(text: str) -> bool:
    """Whether any word may be in TCVN3 or VNI; if none, no part of the text looks legacy."""
    return not text.isascii() and any(map(_is_suspect, _marked_words(text)))


def _marked_words(text: str) -> list[str]:
    return [
        word
        for word in _WORD.findall(unicodedata.normalize("NFC", text))
        if not word.isascii() and any(sign.isalpha() for sign in word)
    ]


def _is_suspect(word: str) -> bool:
    return _known(word) if len(word) <= _USUAL_LENGTH else _judged(word)


def _judged(word: str) -> bool:
    if _PROPER.search(word):
        return False
    return any(rule.search(word) for rule in (_TCVN3_SIGN, _TCVN3_CAPITAL, _VNI))


_known = lru_cache(maxsize=16384)(_judged)
"""Words recur."""
