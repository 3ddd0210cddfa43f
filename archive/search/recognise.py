"""Recognising what a single word of a query is by its shape: a code, a number, a name."""

from __future__ import annotations

import re
from enum import Enum, auto

from archive.search.folding import nfc


class Shape(Enum):
    """What a word looks like."""

    IDENTITY = auto()
    """12 digits: an identity number (Law on Identification 2023, art. 12)."""
    DOSSIER = auto()
    """A dossier or file code, or a piece of one with its separators."""
    RESULT = auto()
    """Number and sign of a result, or the portal's code of a result paper."""
    PROCEDURE = auto()
    AGENCY = auto()
    WORD = auto()


_UNIT = r"(?:[0-9A-Z]{2,3}\.)*[A-Z][0-9]{2}(?:\.[0-9A-Z]+)*"
_SHAPES: tuple[tuple[Shape, re.Pattern[str]], ...] = tuple(
    (shape, re.compile(pattern, re.IGNORECASE))
    for shape, pattern in (
        (Shape.IDENTITY, r"[0-9]{12}"),
        (Shape.PROCEDURE, r"[1-9]\.[0-9]{6}(?:\.[0-9A-Z]{2,3})*(?:\.[A-Y][0-9]{2})?"),
        (Shape.RESULT, r"KQ\.[A-Z][0-9]{2}[0-9A-Z.]*"),
        (Shape.RESULT, r"[0-9]+[A-Z]?/(?:[12][0-9]{3}/)?[^\W\d_][\w.&/-]*"),
        (Shape.DOSSIER, rf"{_UNIT}-[0-9]{{1,6}}(?:-[0-9]{{0,6}})?"),
        (Shape.DOSSIER, r"(?:[0-9A-Z]+\.)*[0-9A-Z]+-[0-9]{6}-[0-9]{0,6}"),
        (Shape.DOSSIER, r"[0-9]{6}-[0-9]{1,6}"),
        (Shape.DOSSIER, r"[A-Z][0-9]{2}(?:\.[0-9A-Z]+)*\.[12][0-9]{3}\.[0-9A-Z-]+"),
        (Shape.AGENCY, r"[A-Y][0-9]{2}(?:\.[0-9]{1,3})*"),
    )
)


def shape_of(word: str) -> Shape:
    """Return what a word of a query looks like."""
    plain = nfc(word).strip(".,;")
    return next((shape for shape, pattern in _SHAPES if pattern.fullmatch(plain)), Shape.WORD)
