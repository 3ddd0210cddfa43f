"""The validation report that a package keeps: the last one, as it was written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from archive.assembly import Archive
from archive.auditing.recheck import VALIDATION
from archive.catalogue.dossiers import Holding
from archive.heads import earlier, head_of_version, reader
from archive.packages.aip.read import Contents

REPORTS = f"{VALIDATION}reports/"


@dataclass(frozen=True, slots=True)
class KeptReport:
    """One check of a dossier's signatures."""

    name: str
    """Its time."""
    xml: bytes
    """ETSI TS 119 102-2."""
    json: bytes
    stated: dict[str, Any]

    def grounds(self, ordinal: int) -> dict[str, Any]:
        """Return what a signature's verdict rests on, by its place from 1; nothing if not told."""
        signatures = self.stated.get("signatures", [])
        if not 1 <= ordinal <= len(signatures):
            return {}
        found: dict[str, Any] = signatures[ordinal - 1].get("grounds", {})
        return found


def latest(archive: Archive, holding: Holding) -> KeptReport | None:
    """Return the last report in a dossier's package; None if it keeps none.

    Raises:
        FixityMismatch: the stored bytes are not what was recorded.
        Unavailable: the store did not answer.
    """
    version = holding.versions[-1]
    head = head_of_version(archive, version)
    files = {str(f.path): f for f in head.files if f.path.startswith(REPORTS)}
    names = sorted(path.removesuffix(".json") for path in files if path.endswith(".json"))
    if not names or f"{names[-1]}.xml" not in files:
        return None
    contents = Contents(head, reader(archive, version.place), lambda place: earlier(archive, place))
    told = contents.read(files[f"{names[-1]}.json"])
    xml = contents.read(files[f"{names[-1]}.xml"])
    return KeptReport(names[-1].removeprefix(REPORTS), xml, told, json.loads(told))
