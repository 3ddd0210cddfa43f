"""The world of the pages' tests: one served archive, a person of every role, some limited.

Dossiers (`CODES`): two agencies, two fonds, the three access levels; one is signed and good,
one is signed and altered, one has script in every text field. Tests share the world: what a
test changes it changes in things of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.catalogue.people import Person
from archive.people import staff, stays
from archive.people.stays import Stage
from archive.viewers import LEVELS, OPERATOR, Grant, PersonRole, Scope
from tests.archives import a_home, command, environment, ingested, opened
from tests.builders import a_pdf, a_submission

CHECK = "https://kho.example/xac-thuc"
"""What QR codes of copies begin with."""
PASSWORD = "Đúng-Mật-Khẩu-9"
SCRIPT = '<script>alert("xss")</script><img src=x onerror=alert(1)>'
PLAIN, SIGNED, ALTERED, OTHER, SECRET, HOSTILE = (
    f"H26.{unit}-260105-{number:04d}"
    for unit, number in ((18, 1), (18, 2), (18, 3), (40, 4), (18, 5), (18, 6))
)
CODES = (PLAIN, SIGNED, ALTERED, OTHER, SECRET, HOSTILE)
NAMES = {
    PLAIN: "Nguyễn Thị Hường", SIGNED: "Trần Văn Đức", ALTERED: "Lê Hoàng Phượng",
    OTHER: "Nguyễn Quốc Khôi", SECRET: "Nguyễn Bí Mật", HOSTILE: f"Nguyễn {SCRIPT}",
}  # fmt: skip
IDENTITY = {code: f"0010990000{number:02d}" for number, code in enumerate(CODES, 1)}
OFFICIAL = "canbo"
"""Sees `H26.18` at the public and the conditional level: not `OTHER`, not `SECRET`."""


@dataclass(frozen=True)
class World:
    """A served archive."""

    home: Path
    base: str
    """`http://127.0.0.1:PORT`."""
    archive: Archive
    """The same archive, opened by the tests themselves."""
    people: dict[str, Person]
    """By account: each role's value everywhere, and `canbo`."""
    ids: dict[str, str]
    """Dossier ids by code."""

    def session(self, account: str, stage: Stage = Stage.FULL) -> str:
        """Return the secret of a fresh session of somebody who has come as far as `stage`."""
        with self.archive.catalogue.begin() as connection:
            return stays.begin(connection, self.people[account], stage, at=self.archive.clock())

    def journal(self, kind: str, account: str | None = None) -> list[dict[str, Any]]:
        """Return the details of what the journal has of a kind, in order."""
        from archive.catalogue import journal

        with self.archive.catalogue.connect() as connection:
            return [
                {"agent": entry.agent, "subject": entry.subject, **json.loads(entry.details)}
                for entry in journal.entries(connection)
                if entry.type == kind and account in (None, entry.agent)
            ]


def build(folder: Path) -> tuple[Archive, dict[str, Person], dict[str, str]]:
    """Make the archive and its people."""
    home = a_home(folder, copies__check_url=CHECK, web__drop_folder="drop")
    archive = opened(home, clock=lambda: datetime.now(UTC))
    submitted = folder / "submitted"
    for code in CODES:
        submission(submitted / code, code, archive)
    ids = {receipt.code: receipt.dossier_id for receipt in ingested(archive, submitted)}
    from archive.indexing import index_pending

    index_pending(archive)
    return archive, people(archive), dict(ids)


def submission(folder: Path, code: str, archive: Archive) -> None:
    """Write the submission of one of `CODES`."""
    text = SCRIPT if code == HOSTILE else "Cấp giấy phép xây dựng"
    facts: dict[str, Any] = {
        "tthc__dossierCode": code,
        "tthc__dossierCodeOld": None,
        "tthc__applicant__name": NAMES[code],
        "tthc__applicant__identityNumber": IDENTITY[code],
        "dossier__fileCode": f"H26.18.2026.{CODES.index(code) + 1}",
        "dossier__title": f"{text} cho {NAMES[code]}, số {IDENTITY[code]}",
        "dossier__mode": "03" if code == SECRET else "02",
    }
    if code == HOSTILE:
        facts |= {"tthc__agencyName": SCRIPT, "tthc__procedureName": SCRIPT,
                  "tthc__result__number": SCRIPT}  # fmt: skip
    if code == OTHER:
        facts |= {
            "tthc__agencyCode": "H26.40",
            "tthc__fonds": "H26.40",
            "tthc__agencyName": "Sở Y tế",
        }
    files = {"01-don.pdf": a_pdf(f"Don cua {code}"), "02-ket-qua.pdf": a_pdf("Giay phep", pages=2)}
    if code in (SIGNED, ALTERED):
        files["02-ket-qua.pdf"] = _signed(archive, altered=code == ALTERED)
    facts["documents"] = [
        {"file": name, "title": text if code == HOSTILE else name, "role": "other"}
        for name in files
    ]
    a_submission(folder, files=files, **facts)


def _signed(archive: Archive, *, altered: bool) -> bytes:
    from archive.signatures import testpki
    from archive.signatures.pdf_signing import sign_pdf

    now, day = datetime.now(UTC), timedelta(days=1)
    pki = testpki.load(archive.settings.home / "test-pki")
    begin, end = now - 30 * day, now + 900 * day
    if altered:  # by a CA that nobody has told the archive about: indeterminate
        root = testpki.new_root("Unknown CA (TEST)", not_before=begin, not_after=end)
        key = root.issue("Người Lạ", not_before=begin, not_after=end)
    else:
        key = pki.signer("Cán bộ (TEST)", not_before=begin, not_after=end)
    return sign_pdf(a_pdf("Giay phep"), key, at=now - day, tsa=pki.local_tsa(lambda: now - day))


def people(archive: Archive) -> dict[str, Person]:
    """Add a person of every role, and `OFFICIAL`."""
    everywhere = Scope(levels=LEVELS)
    made = {
        role.value: a_person(archive, role.value, Grant(role, everywhere)) for role in PersonRole
    }
    limited = Grant(PersonRole.OFFICIAL, Scope(agencies=("H26.18",)))
    made[OFFICIAL] = a_person(archive, OFFICIAL, limited)
    return made


def a_person(archive: Archive, account: str, grant: Grant) -> Person:
    """Add somebody who has set a password."""
    person, link = staff.add(archive, account, f"Người {account}", (grant,), by=OPERATOR)
    staff.use_link(archive, link, PASSWORD)
    return staff.person(archive, person.id, OPERATOR)


@contextmanager
def served(home: Path, *more: str, **variables: str):
    """Run `kho serve` for as long as the block lasts; yields the address and the process's id."""
    process = subprocess.Popen(
        command("-C", home, "serve", "--port", "0", "--json", *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(**variables),
    )
    try:
        assert process.stdout is not None
        told = ""
        while not told.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, f"kho serve ended: {process.wait()}"
            told += line
        yield {**json.loads(told), "pid": process.pid}
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(timeout=120)
        assert process.stdout is not None
        process.stdout.close()
