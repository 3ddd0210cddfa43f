"""Check codes of issued copies: twelve symbols that can be read aloud and typed in.

The symbols are those of Crockford's base 32 (no I, L, O, U; case does not count, O is read as
0, I and L as 1). Eleven are random, 55 bits; the first is a check symbol over GF(32) with a
different weight for each place, so that one wrong symbol, or two that changed places, are
always noticed.

Source: Crockford, Base 32 (crockford.com/base32.html), symbols and decoding; the check symbol
is a Reed-Solomon code's first parity symbol, because Crockford's own is not in the alphabet.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from archive.errors import UsageError

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 12
_GROUP: Final = 4
_READ_AS: Final = str.maketrans("OIL", "011")
_FIELD: Final = 0b100101
"""x^5 + x^2 + 1, by which GF(32) is made."""


def new() -> str:
    """Return a new code, `7KQ4M2XD9TPA`; 55 bits of it are random."""
    told = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return _check_symbol(told) + told


def derived(secret: str, ordinal: int) -> str:
    """Return the code that belongs to a secret and a number: the same for the same.

    Args:
        secret: at least 128 random bits, as text.
        ordinal: tells codes of one secret apart.
    """
    bits = int.from_bytes(hashlib.sha256(f"{secret}\0{ordinal}".encode()).digest()[:7], "big")
    told = "".join(ALPHABET[bits >> 5 * place & 31] for place in range(LENGTH - 1))
    return _check_symbol(told) + told


def spaced(code: str) -> str:
    """Return a code as it is printed: `7KQ4-M2XD-9TPA`."""
    return "-".join(code[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))


def read(text: str) -> str:
    """Return the code that a person typed or a QR code has, its address before it or not.

    Raises:
        UsageError: it is no code, or a symbol is wrong.
    """
    last = text.strip().rstrip("/").rpartition("/")[2]
    code = "".join(last.upper().replace("-", "").split()).translate(_READ_AS)
    if len(code) != LENGTH or not set(code) <= set(ALPHABET):
        raise UsageError("a check code has twelve letters and digits", hint="7KQ4-M2XD-9TPA")
    if code[0] != _check_symbol(code[1:]):
        raise UsageError("a letter or digit of the check code is wrong", hint="read it once more")
    return code


def _check_symbol(symbols: str) -> str:
    total, weight = 0, 1
    for symbol in symbols:
        weight = _product(weight, 2)
        total ^= _product(weight, ALPHABET.index(symbol))
    return ALPHABET[total]


def _product(one: int, other: int) -> int:
    """Multiply in GF(32)."""
    product = 0
    while other:
        product ^= one if other & 1 else 0
        one <<= 1
        one ^= _FIELD if one & 32 else 0
        other >>= 1
    return product
