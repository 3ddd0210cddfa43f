"""The words of the pages in Vietnamese and English; codes are never translated.

One file for each page and language, `vi/search.toml`; its keys are `search.…`. What the
command line calls the same is in `schemas/words`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import schemas

LANGUAGES = ("vi", "en")
_HERE = Path(__file__).parent
_SHARED = Path(schemas.__file__).parent / "words"


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return all words of a language by their key."""
    flat: dict[str, str] = {}
    shared = tomllib.loads((_SHARED / f"{language}.toml").read_text(encoding="utf-8"))
    for section, entries in shared.items():
        flat.update({f"{section}.{key}": str(text) for key, text in entries.items()})
    for path in sorted((_HERE / language).glob("*.toml")):
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        flat.update({f"{path.stem}.{key}": str(text) for key, text in entries.items()})
    return flat


def has(key: str) -> bool:
    """Whether there are words for `key`."""
    return key in catalogue("vi")


def say(language: str, key: str, /, **values: object) -> str:
    """Return the words for `key`, with `values` filled in; the key itself if there are none."""
    text = catalogue(language).get(key)
    if text is None:
        return key
    return text.format(**values) if values or "{" in text else text
