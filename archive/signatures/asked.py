"""What a check is asked about one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from archive.model import PackagePath

SIGNED_FILE = ""
"""The name in `others` of the file that a detached CMS signature is over."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One file, with all that its check needs beside trust."""

    file: Path
    """Where it lies; only read."""
    path: PackagePath
    """Its name, for the verdicts."""
    at: datetime
    """The time of validation."""
    known_at: datetime | None = None
    """A time at which the whole file is known to have existed, from outside of it."""
    max_bytes: int = 256 << 20
    """Larger files are not read whole."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Files that it may refer to, by URI; see `SIGNED_FILE`."""
