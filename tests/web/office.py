"""A retention office: dossiers of one agency whose period is over, and people who sign."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.disposal import trial
from archive.ingest import take_in
from archive.packages import sip
from tests.builders import a_pdf, a_submission
from tests.disposals import SCHEDULE as OF_AGENCY

AGENCY = "H26.77"
SCHEDULE = OF_AGENCY.replace("H26.18", AGENCY)
"""Of this agency: five years, then destruction; procedure 1.009999 goes to another archive."""
HANDED_OVER = "1.009999"


@dataclass(frozen=True)
class Desk:
    """Where papers lie, and keys of two people: `archivist` and `chair`."""

    archive: Archive
    folder: Path

    def signed(self, content: bytes, person: str) -> Path:
        """Sign as a person would on their own machine."""
        plain, signature = self.folder / f"{person}.json", self.folder / f"{person}.p7s"
        plain.write_bytes(content)
        subprocess.run(
            ("openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-outform", "DER",
             "-in", plain, "-out", signature,
             "-signer", self.folder / "certificates" / f"{person}.pem",
             "-inkey", self.folder / "keys" / f"{person}.pem"),
            check=True, capture_output=True,
        )  # fmt: skip
        return signature

    def paper(self, name: str) -> Path:
        """Return a signed PDF: `council`, `minutes`, `decision`."""
        return self.folder / f"{name}.pdf"

    @property
    def schedule(self) -> Path:
        """A draft of the schedule, as a file."""
        return self.folder / "bang.toml"

    def due(self, number: int, **more: Any) -> tuple[str, str]:
        """Take in a dossier whose period is over; return its id and its code."""
        code = f"{AGENCY}-150301-{number:04d}"
        told = {
            "tthc__dossierCode": code, "tthc__dossierCodeOld": None, "tthc__agencyCode": AGENCY,
            "tthc__fonds": AGENCY, "tthc__receivedOn": "2015-03-01", "tthc__dueOn": None,
            "tthc__closedOn": "2015-03-10", "tthc__result": None,
            "dossier__fileCode": f"{AGENCY}.2015.{number}",
            "dossier__title": f"Cấp phép lần {number}", **more,
        }  # fmt: skip
        files = {"01-don.pdf": a_pdf(f"Don {number}")}
        (ref,) = sip.discover(a_submission(self.folder / str(number), files=files, **told))
        return take_in(self.archive, ref).receipt.dossier_id, code


def a_desk(archive: Archive, folder: Path) -> Desk:
    """Write papers, keys and the draft of a schedule into a folder."""
    trial.write_papers(archive, folder)
    desk = Desk(archive, folder)
    desk.schedule.write_text(SCHEDULE, encoding="utf-8")
    return desk
