"""Builders for stories of disposal: an archive with an adopted schedule, and two people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from archive import indexing
from archive.assembly import Archive
from archive.catalogue import dossiers
from archive.catalogue.dossiers import Holding
from archive.creation import create
from archive.disposal import adoption
from archive.errors import Unavailable
from archive.findings import Finding
from archive.ingest import take_in
from archive.locking import lock_pending
from archive.model import DossierId, ObjectName
from archive.packages import sip
from archive.settings import load
from archive.signatures import testpki
from archive.signatures.keys import FileKey
from archive.storage import ObjectStore, StoredObject
from tests.builders import a_pdf, a_submission

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
AGENCY = "H26.18"
SCHEDULE = """
format = 1
code = "thu-nghiem-1"
title = "Bảng thời hạn thử nghiệm"
agency = "H26.18"

[[procedures]]
prefix = "1.001193"
row = "T-05"
status = "confirmed"

[[procedures]]
prefix = "1.009999"
row = "T-VV"
status = "confirmed"

[[procedures]]
prefix = "1.005555"
row = "T-02"
status = "unconfirmed"

[[rules]]
code = "T-05"
title = "Hồ sơ cấp giấy phép thử nghiệm"
period = "5 years"
trigger = "dossier-closed"
start = "end-of-year"
action = "destroy"
basis = "QĐ 01/QĐ-TN, Điều 2"
status = "confirmed"
source = { instrument = "QĐ 01/QĐ-TN", read = "bản gốc", mark = "T" }

[[rules]]
code = "T-02"
title = "Hồ sơ chưa xác nhận"
period = "2 years"
trigger = "dossier-closed"
start = "end-of-year"
action = "destroy"
basis = "chưa rõ"
status = "unconfirmed"
source = { instrument = "chưa rõ", read = "trí nhớ", mark = "M" }

[[rules]]
code = "T-VV"
title = "Hồ sơ nộp vào lưu trữ lịch sử"
period = "3 years"
trigger = "dossier-closed"
start = "end-of-year"
action = "transfer"
basis = "QĐ 01/QĐ-TN, Điều 3"
status = "confirmed"
source = { instrument = "QĐ 01/QĐ-TN", read = "bản gốc", mark = "T" }
"""
PROPOSER, CHAIR = "Nguyễn Văn Lưu", "Trần Thị Duyệt"


@dataclass
class Clock:
    """A clock that goes only when it is told to, and never shows a moment twice."""

    at: datetime = NOW
    _given: int = field(default=0)

    def __call__(self) -> datetime:
        self._given += 1
        return self.at + timedelta(milliseconds=self._given)

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


class Copy:
    """A store that can go out of reach."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner
        self.url = inner.url
        self.offline = False

    def _reach(self) -> ObjectStore:
        if self.offline:
            raise Unavailable(f"{self.url} did not answer", where=self.url)
        return self.inner

    def put(self, name: ObjectName, content: BinaryIO, *, size: int, sha256: str) -> None:
        self._reach().put(name, content, size=size, sha256=sha256)

    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> AbstractContextManager[BinaryIO]:
        return self._reach().open(name, offset=offset, length=length)

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        return self._reach().read(name, offset=offset, length=length)

    def stat(self, name: ObjectName) -> StoredObject:
        return self._reach().stat(name)

    def names(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectName]:
        return self._reach().names(prefix, after=after)

    def delete(self, name: ObjectName) -> None:
        self._reach().delete(name)

    def retain(self, name: ObjectName, until: datetime) -> None:
        self._reach().retain(name, until)

    def set_legal_hold(self, name: ObjectName, on: bool) -> None:
        self._reach().set_legal_hold(name, on)

    def probe(self) -> tuple[Finding, ...]:
        return self._reach().probe()


@dataclass
class Story:
    """An archive, its clock, its people."""

    archive: Archive
    clock: Clock
    papers: Path
    people: dict[str, FileKey] = field(default_factory=dict)
    number: int = 0

    def person(self, name: str) -> FileKey:
        """Return the signing key of a person under the archive's TEST CA."""
        if name not in self.people:
            pki = testpki.load(self.archive.settings.home / "test-pki")
            self.people[name] = pki.signer(
                name,
                not_before=NOW - timedelta(days=365),
                not_after=NOW + timedelta(days=36500),
            )
        return self.people[name]

    def take_in(self, closed: str = "2015-03-10", **changes: Any) -> DossierId:
        """Take in a dossier of its own code, received ten days before it was closed."""
        self.number += 1
        received = (datetime.fromisoformat(closed) - timedelta(days=10)).date().isoformat()
        code = f"H26.18-{received[2:4]}{received[5:7]}{received[8:10]}-{self.number:04d}"
        told = {
            "tthc__dossierCode": code,
            "tthc__dossierCodeOld": None,
            "tthc__receivedOn": received,
            "tthc__dueOn": None,
            "tthc__closedOn": closed,
            "tthc__result": None,
            "dossier__fileCode": f"H26.18.{received[:4]}.{self.number}",
            **changes,
        }
        files = {"01-don.pdf": a_pdf(f"Don so {self.number}")}
        folder = a_submission(self.papers / str(self.number), files=files, **told)
        (ref,) = sip.discover(folder)
        return take_in(self.archive, ref).receipt.dossier_id

    def finish(self) -> None:
        """Lock and index what came in."""
        lock_pending(self.archive)
        indexing.index_pending(self.archive)

    def held(self, dossier_id: str) -> Holding:
        """Return what is held; raises NotHeld."""
        with self.archive.catalogue.connect() as connection:
            return dossiers.get(connection, dossier_id)

    def adopt(self, text: str = SCHEDULE) -> str:
        """Adopt a schedule by two people; return its version."""
        request = adoption.AdoptionRequest(text, "bang.toml", PROPOSER, decision="01/QĐ-TN")
        proposal = adoption.propose(self.archive, request, account="test")
        adoption.confirm(self.archive, proposal.version, by=CHAIR, account="test")
        return proposal.version


def a_story(
    home: Path, *, stores: Callable[[Path], list[ObjectStore]] | None = None, adopted: bool = True
) -> Story:
    """Make an archive whose agency has adopted the test schedule."""
    clock = Clock()
    values = {"archive.agency": "H26", "search.engine": "tantivy", "ingest.workers": 1}
    create(home / "archive", values, clock=clock)
    archive = Archive(load(home / "archive"), clock)
    if stores is not None:
        archive.__dict__["copies"] = tuple(stores(home))
    story = Story(archive, clock, home / "papers")
    if adopted:
        story.adopt()
    return story
