"""The report of an audit: PDF/A, CSV, XML and JSON in one folder, with the archive's seals.

Drawn from stored results alone: nothing is checked again, and drawing it again gives the
same CSV, XML and figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.assembly import VIETNAM, Archive
from archive.auditing import results
from archive.errors import UsageError
from archive.fixity import sha256_of_file
from archive.reports import paper, tables
from archive.reports.figures import Figures

PDF, CSV, XML, JSON = "report.pdf", "signatures.csv", "signatures.xml", "report.json"
SEALED = (PDF, JSON)
"""`report.json` has the digests of the other files, so that two seals are enough."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """A report that was written."""

    heading: dict[str, Any]
    figures: Figures
    files: tuple[Path, ...]


def report(archive: Archive, audit_id: str, folder: Path) -> AuditReport:
    """Write the report of a finished audit into a new or empty folder.

    Raises:
        NotHeld: there is no finished audit of this id.
        IntegrityError: its stored results are not what they were.
        UsageError: the folder has files that are not of this report.
        Unavailable: the timestamp authority did not answer.
    """
    heading = results.heading(archive, audit_id)
    new_folder(folder)

    def outcomes() -> Iterator[dict[str, Any]]:
        return results.outcomes(archive, heading)

    figures = Figures.of(outcomes())
    tables.write_csv(folder / CSV, outcomes())
    facts = {k: v for k, v in heading.items() if k not in ("scope", "pieces")}
    tables.write_xml(folder / XML, {**facts, **heading["scope"]}, outcomes())
    finished = datetime.fromisoformat(heading["finished_at"]).astimezone(VIETNAM)
    drawn = paper.draw(
        heading, figures, agency=archive.settings.text("archive.name"), finished=finished
    )
    (folder / PDF).write_bytes(drawn)
    digests = {name: sha256_of_file(folder / name) for name in (PDF, CSV, XML)}
    tables.write_json(folder / JSON, {**heading, "files": digests, "figures": figures.to_json()})
    _seal(archive, folder)
    return AuditReport(heading, figures, tuple(sorted(folder.iterdir())))


def new_folder(folder: Path) -> None:
    """Make a folder for a report; raises UsageError if there is something in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("the folder is not empty", where=str(folder), hint="name a new one: --to")
    folder.mkdir(parents=True, exist_ok=True)


def _seal(archive: Archive, folder: Path) -> None:
    for name in SEALED:
        token = archive.sealer.seal((folder / name).read_bytes(), at=archive.clock())
        (folder / f"{name}.p7s").write_bytes(token)
