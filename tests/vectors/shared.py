"""Where the outside test vectors lie: beside the project, or where KHO_VECTORS says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def folder(name: str) -> Path:
    """Return the folder of one corpus; fails with what is missing."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "vectors"
    found = Path(os.environ.get("KHO_VECTORS", beside)) / name
    if not found.is_dir():
        raise FileNotFoundError(f"the outside vectors {name!r} are missing: set KHO_VECTORS")
    return found


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of one corpus as its expected.json lists them."""
    text = (folder(name) / "expected.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["cases"]
    return found
