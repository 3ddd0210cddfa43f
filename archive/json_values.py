"""JSON values: what JSON has no form for, in one that it has. Imports nothing of ours."""

from __future__ import annotations

import json
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """Return what JSON has no form for in one that it has: ISO 8601 times, values of enums."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def encoded(value: Any) -> bytes:
    """Return a statement as one JSON document."""
    return json.dumps(value, ensure_ascii=False, default=plain).encode()
