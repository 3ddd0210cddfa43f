"""A file that is handed out, wherever its bytes are."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from archive.fixity import sha256_of


@dataclass(frozen=True, slots=True)
class Product:
    """One file that was made, before it is stored."""

    sha256: str
    size: int
    """Bytes."""
    open: Callable[[], BinaryIO]
    ending: str
    """`pdf` or `zip`."""


def of_bytes(content: bytes, ending: str) -> Product:
    """Return a file that is in memory."""
    return Product(sha256_of(content), len(content), lambda: io.BytesIO(content), ending)
