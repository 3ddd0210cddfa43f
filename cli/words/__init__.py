"""The words of the command line in Vietnamese and English; codes are never translated."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path

import schemas

LANGUAGES = ("vi", "en")
_SHARED = Path(schemas.__file__).parent / "words"
"""What the command line and the pages call the same things."""
_chosen: list[str] = []


def choose(language: str | None) -> None:
    """Fix the language for this process: `vi`, `en`, or None to ask the environment."""
    _chosen[:] = [language] if language in LANGUAGES else []


def language() -> str:
    """Return the language in use: chosen, `KHO_LANG`, the locale's if English, else `vi`."""
    if _chosen:
        return _chosen[0]
    named = os.environ.get("KHO_LANG", "")
    if named in LANGUAGES:
        return named
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    return "en" if (locale or "").lower().startswith("en") else "vi"


@cache
def _catalogue(name: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for path in (_SHARED / f"{name}.toml", Path(__file__).with_name(f"{name}.toml")):
        for section, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            flat.update({f"{section}.{key}": str(text) for key, text in entries.items()})
    return flat


def has(key: str) -> bool:
    """Whether there are words for `key`."""
    return key in _catalogue("en")


def say(key: str, /, **values: object) -> str:
    """Return the words for `key` in the language in use, with `values` filled in.

    A key without words is returned itself, so that nothing is ever hidden; a test asserts
    that both catalogues have the same keys and that every key in use has words.
    """
    words = _catalogue(language()).get(key) or _catalogue("en").get(key)
    return key if words is None else words.format(**values)


def event(kind: str) -> str:
    """Return the name of an event's type; a type that is not ours keeps its own term."""
    key = f"event.{kind.replace(' ', '_')}"
    return say(key) if has(key) else kind


def happened(kind: str, outcome: str) -> str:
    """Return what happened and, where it was no success, with which outcome."""
    return event(kind) if outcome == "success" else f"{event(kind)}: {_outcome(outcome)}"


def _outcome(outcome: str) -> str:
    key = f"event_outcome.{outcome}"
    return say(key) if has(key) else outcome


def told(text: str) -> str:
    """Return what the archive says (a finding, a reason, an error) in the language in use."""
    if language() != "vi":
        return text
    from archive import spoken

    return spoken.vietnamese(text)
