"""Spoken: what findings, verdicts, errors and hints say, in Vietnamese.

They are made, kept and sealed in English, whoever reads them and whenever: reasons lie in
packages for decades. Only where they are shown are they put into the reader's language, by
the pairs of phrases in `schemas/words/told.toml`. A test asserts that each phrase in the
sources has its pair.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files

HOLE = "{}"
"""Stands in a phrase for a value: a name, a number, another phrase."""
FOREIGN = "{?}"
"""The same in Vietnamese, where a library speaks: what is not known stands there as a quotation."""
_QUOTED = "“{}” (nguyên văn)"
_HOLES = re.compile(r"\{\??\}")
_PREFIX = re.compile(r"(?:XML|KHO)(?:-[A-Z0-9]+)+: ")
"""A rule's identifier, which findings keep apart from their message."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")
_VIETNAM = timezone(timedelta(hours=7))
_NESTED = 4
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase with holes."""

    fixed: str
    """Its longest part between holes."""
    english: re.Pattern[str]
    vietnamese: str
    """The holes are numbered: `{0}`."""
    foreign: frozenset[int]
    """The holes in which a library speaks."""


def vietnamese(text: str) -> str:
    """Return what is said in Vietnamese; text that is no known phrase comes back as it is.

    Values inside are kept, unless they are phrases themselves: `timestamp: …`, `…; …`.
    """
    return text if len(text) > _LONGEST else _told(text, _NESTED) or text


def _told(text: str, depth: int) -> str | None:
    exact, phrases = _catalogue()
    if text in exact:
        return exact[text]
    if depth == 0 or " " not in text:
        return None
    if joined := _apart(text, depth, every=True):
        return joined
    for phrase in phrases:
        if phrase.fixed in text and (found := phrase.english.fullmatch(text)):
            values = [
                _told(value, depth - 1) or (_quoted if hole in phrase.foreign else _moment)(value)
                for hole, value in enumerate(found.groups())
            ]
            return phrase.vietnamese.format(*values)
    return _apart(text, depth, every=False) or _after_name(text, depth)


def _after_name(text: str, depth: int) -> str | None:
    """Return `name: phrase` with the phrase in Vietnamese; None if it is not known."""
    name, _, phrase = text.partition(": ")
    told = _told(phrase, depth - 1) if phrase else None
    return told and f"{name}: {told}"


def _quoted(text: str) -> str:
    """Return what a library says in its own language, marked as that."""
    return _QUOTED.format(" ".join(text.split()))


def _moment(value: str) -> str:
    """Return a moment with its offset as people in Vietnam write it; other values as they are."""
    if not _MOMENT.fullmatch(value):
        return value
    try:
        at = datetime.fromisoformat(value).astimezone(_VIETNAM)
    except (ValueError, OverflowError):
        return value
    return f"{at:%d/%m/%Y %H:%M:%S}"


def _apart(text: str, depth: int, *, every: bool) -> str | None:
    """Return phrases that were joined by semicolons, each (or some) in Vietnamese."""
    parts = text.split("; ")
    told = [_told(part, depth - 1) for part in parts] if len(parts) > 1 else []
    if not any(told) or (every and not all(told)):
        return None
    return "; ".join(new or old for new, old in zip(told, parts, strict=True))


def pairs() -> Mapping[str, str]:
    """Return the phrases in English with those in Vietnamese, holes as `{}`."""
    found: dict[str, str] = {}
    for section in _file()["told"].values():
        found.update(section)
    return found


def not_told() -> frozenset[str]:
    """Return strings of the same sources that are no phrases: parts of papers, of XML."""
    return frozenset(_file()["not_told"]["strings"])


@cache
def _file() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads((files("schemas") / "words" / "told.toml").read_text("utf-8"))


@cache
def _catalogue() -> tuple[dict[str, str], list[_Phrase]]:
    known = dict(pairs())
    for english, words in pairs().items():
        known.setdefault(_PREFIX.sub("", english, count=1), _PREFIX.sub("", words, count=1))
    exact = {english: words for english, words in known.items() if HOLE not in english}
    phrases = [_phrase(english, words) for english, words in known.items() if HOLE in english]
    # What has more words of its own says more exactly what is meant.
    phrases.sort(key=lambda one: len(one.english.pattern), reverse=True)
    return exact, phrases


def _phrase(english: str, words: str) -> _Phrase:
    fixed = english.split(HOLE)
    pattern = "(.*?)".join(map(re.escape, fixed))
    holes = _HOLES.findall(words)
    if holes:
        first, *rest = _HOLES.split(words)
        words = first + "".join(f"{{{n}}}{part}" for n, part in enumerate(rest))
    foreign = frozenset(n for n, hole in enumerate(holes) if hole == FOREIGN)
    return _Phrase(max(fixed, key=len), re.compile(pattern, re.DOTALL), words, foreign)
