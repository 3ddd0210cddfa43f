"""Names of the people who act, as far as two of them can be told apart."""

from __future__ import annotations

import unicodedata

from archive.errors import UsageError


def person(by: str) -> str:
    """Return a person's name with single spaces.

    Raises:
        UsageError: there is no letter in it.
    """
    if not _folded(by):
        raise UsageError("name one person", where=by, hint='--by "Nguyễn Văn A, Trưởng phòng"')
    return unicodedata.normalize("NFC", " ".join(by.split()))


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person as far as letters tell: case, accents, spaces aside."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.casefold()).replace("đ", "d")
    return "".join(c for c in plain if c.isalnum())
