"""Passwords: rules, digests. The home of argon2."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 256
REMEMBERED: Final = 10
"""So many of the last passwords may not come again (QCVN 12:2026/BCA, 3.7.2)."""
ADMINISTRATORS_LAST: Final = timedelta(days=61)
"""An administrator's password lasts two months (QCVN 12:2026/BCA, 3.7.2)."""
_COMMON: Final = (
    "password",
    "matkhau",
    "123456",
    "qwerty",
    "abcdef",
    "admin",
    "letmein",
    "iloveyou",
)


def broken_rules(password: str, account: str, earlier: Iterable[str] = ()) -> tuple[str, ...]:
    """Return every rule that a new password breaks; all at once, none if it is good.

    Args:
        password: as typed.
        account: whose it is to be.
        earlier: digests of the last passwords.
    """
    text = _normal(password)
    plain = "".join(char for char in text.casefold() if char.isalnum())
    broken = []
    if len(text) < MIN_LENGTH:
        broken.append("KHO-PASSWORD-SHORT")
    if len(text) > MAX_LENGTH:
        broken.append("KHO-PASSWORD-LONG")
    if not _four_classes(text):
        broken.append("KHO-PASSWORD-CLASSES")
    if len(account) >= 3 and account.casefold() in text.casefold():
        broken.append("KHO-PASSWORD-ACCOUNT")
    if any(common in plain for common in _COMMON) and len(text) < 2 * MIN_LENGTH:
        broken.append("KHO-PASSWORD-COMMON")
    if any(matches(old, password) for old in earlier):
        broken.append("KHO-PASSWORD-USED")
    return tuple(broken)


def _four_classes(text: str) -> bool:
    """Whether there are small and capital letters, digits and other signs."""
    tests = (str.islower, str.isupper, str.isdigit)
    return all(any(test(char) for char in text) for test in tests) and any(
        not char.isalnum() for char in text
    )


def digest(password: str) -> str:
    """Return what is kept of a password: argon2id with a salt of its own."""
    return _hasher().hash(_normal(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether it is this password. Without one kept it takes as long, and is not."""
    text = _normal(password)[:MAX_LENGTH]
    try:
        _hasher().verify(kept or _nobody(), text)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")
