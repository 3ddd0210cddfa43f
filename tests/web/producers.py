"""What producers hand over: submissions as ZIP files, each with a code of its own."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from typing import Any

from tests.builders import a_pdf, a_submission

PRODUCER = "UBND phường Ngọc Hà"
LATE = {"tthc__closedOn": "2025-12-31"}
"""Closed before it was received: to be fixed."""
_numbers = count(100)


def a_zip(folder: Path, **changes: Any) -> tuple[Path, str]:
    """Make a submission as a ZIP; return it and its dossier code."""
    place, code = a_folder(folder, **changes)
    return Path(shutil.make_archive(str(folder / f"goi-{code}"), "zip", place)), code


def a_folder(folder: Path, **changes: Any) -> tuple[Path, str]:
    """Make a submission as a folder; return it and its dossier code."""
    code = f"H26.18-260105-{next(_numbers):04d}"
    facts: dict[str, Any] = {"tthc__dossierCode": code, "tthc__dossierCodeOld": None}
    files = {"01-don.pdf": a_pdf(f"Don {code}"), "02-ket-qua.pdf": a_pdf("Giay phep", pages=2)}
    facts |= {"dossier__fileCode": f"H26.18.2026.{code[-3:]}", "files": files}
    return a_submission(folder / code, **facts | changes), code
