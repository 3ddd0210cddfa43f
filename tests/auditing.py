"""Archives with signed dossiers under a clock that stands, for tests of listing and auditing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archive.assembly import TEST_PKI, Archive, open_archive
from archive.catalogue import dossiers
from archive.creation import create
from archive.ingest.batch import ingest_all
from archive.signatures import testpki
from archive.signatures.pdf_signing import sign_pdf
from tests.builders import a_submission
from tests.signed import DAY, NOW, a_pdf, a_tsa

LONG = timedelta(days=4000)


class Clock:
    """A clock that stands until it is set, and never gives one moment twice."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@contextmanager
def an_archive(folder: Path, clock: Clock) -> Iterator[Archive]:
    """Open a new archive in `folder` that takes in files whose signatures fail."""
    create(folder, {"ingest.refuse": ()}, clock=clock)
    with open_archive(folder, clock=clock) as opened:
        yield opened


def take_in(archive: Archive, folder: Path, number: int, **files: bytes) -> str:
    """Take a dossier in and return its id; every number is another dossier."""
    code = f"H26.18-26{1 + number % 12:02}05-{number:04}"
    named = {f"{name}.pdf": content for name, content in files.items()}
    place = folder / f"submission-{number}"
    changes: dict[str, Any] = {"tthc__dossierCode": code, "tthc__dossierCodeOld": None}
    a_submission(place, files=named, dossier__fileCode=f"H26.18.2026.{number}", **changes)
    (outcome,) = ingest_all(archive, [place])
    assert outcome.receipt is not None, outcome.to_json()
    return outcome.receipt.dossier_id


def a_timestamped(archive: Archive, signer: Any, text: str = "Giay phep") -> bytes:
    """Return a signed PDF with a timestamp of the day before."""
    pki = testpki.load(archive.settings.home / TEST_PKI)
    return sign_pdf(a_pdf(text), signer, at=NOW - DAY, tsa=a_tsa(pki.tsa, NOW - DAY))


def holding_of(archive: Archive, dossier_id: str) -> dossiers.Holding:
    """Return what is held of a dossier."""
    with archive.catalogue.connect() as connection:
        return dossiers.get(connection, dossier_id)
