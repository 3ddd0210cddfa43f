"""Builders for stories of disposal: an archive with an adopted schedule, and two people."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import get_ident
from typing import Any, BinaryIO

from archive import indexing
from archive.assembly import Archive
from archive.catalogue import dossiers
from archive.catalogue.disposals import Disposal, Kind
from archive.catalogue.dossiers import Holding
from archive.creation import create
from archive.disposal import adoption, procedure
from archive.disposal.procedure import Decided
from archive.disposal.proposing import Proposed, Request
from archive.disposal.proposing import propose as put_forward
from archive.errors import Unavailable
from archive.findings import Finding
from archive.ingest import take_in
from archive.locking import lock_pending
from archive.model import DossierId, ObjectName
from archive.packages import sip
from archive.settings import load
from archive.signatures import testpki
from archive.signatures.keys import FileKey
from archive.signatures.pdf_signing import sign_pdf
from archive.storage import ObjectStore, StoredObject
from archive.storage.opening import create_store
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
    number: int = 0

    def person(self, name: str) -> FileKey:
        """Return the signing key of a person under the archive's TEST CA."""
        return _key(name)

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

    def copy(self, place: int) -> Copy:
        """Return a copy that can go out of reach."""
        copy = self.archive.copies[place]
        assert isinstance(copy, Copy)
        return copy

    def close(self) -> None:
        """Let go of everything."""
        self.archive.close()

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


@cache
def _template() -> Path:
    """Return an archive with nothing in it, made once: keys take their time."""
    folder = Path(tempfile.mkdtemp(prefix="kho-disposal-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    create(folder / "archive", {"ingest.workers": 1}, clock=Clock())
    return folder / "archive"


@cache
def _key(name: str) -> FileKey:
    pki = testpki.load(_template() / "test-pki")
    far = timedelta(days=36500)
    return pki.signer(name, not_before=NOW - timedelta(days=365), not_after=NOW + far)


def a_story(
    home: Path,
    *,
    stores: Callable[[Path], Sequence[ObjectStore]] | None = None,
    adopted: bool = True,
    encrypted: str = "",
) -> Story:
    """Make an archive whose agency has adopted the test schedule.

    Args:
        home: a folder for it.
        stores: makes its copies.
        adopted: whether the schedule is in force.
        encrypted: the master key under which its packages are encrypted; none if empty.
    """
    clock = Clock()
    shutil.copytree(_template(), home / "archive")
    if encrypted:
        with (home / "archive" / "kho.toml").open("a", encoding="utf-8") as settings:
            settings.write(f'\n[encryption]\nmaster = ["{encrypted}"]\n')
        create_store(f"folder://{home / 'archive' / 'keys' / 'dossiers'}", lock="none")
    archive = Archive(load(home / "archive"), clock)
    if stores is not None:
        archive.__dict__["copies"] = tuple(stores(home))
    story = Story(archive, clock, home / "papers")
    if adopted:
        story.adopt()
    return story


def a_signed_pdf(story: Story, name: str, signer: str = CHAIR) -> Path:
    """Write a PDF that a person signed, and return its path."""
    path = story.papers / f"{name}.pdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        tsa = testpki.load(story.archive.settings.home / "test-pki").local_tsa(story.clock)
        draft = path.with_name(f"{name}-{get_ident()}.draft")
        draft.write_bytes(sign_pdf(a_pdf(name), story.person(signer), at=story.clock.at, tsa=tsa))
        with suppress(FileExistsError):  # two at once: the first one's is both's, and whole
            path.hardlink_to(draft)
    return path


def propose(story: Story, *, by: str = PROPOSER, **changes: Any) -> Proposed:
    """Propose what is due for destruction."""
    told = {"kind": Kind.DESTROY, "agency": AGENCY, "note": "hết thời hạn lưu trữ", **changes}
    return put_forward(story.archive, Request(**told), story.person(by), agent="lưu trữ viên")


def review(story: Story, disposal_id: str) -> Disposal:
    """Record the council's papers."""
    return procedure.review(
        story.archive,
        disposal_id,
        council=a_signed_pdf(story, "hoi-dong"),
        minutes=a_signed_pdf(story, "bien-ban"),
        appraisal=None,
        agent="lưu trữ viên",
    )


def approve(story: Story, disposal_id: str, *, by: str = CHAIR) -> Disposal:
    """Approve a list, with the decision of today."""
    decided = Decided(a_signed_pdf(story, "quyet-dinh"), "15/QĐ-SXD", story.archive.today())
    return procedure.approve(
        story.archive, disposal_id, decided, story.person(by), agent="lãnh đạo"
    )


def approved(story: Story, **changes: Any) -> str:
    """Take a list through the procedure up to its approval; return its id."""
    disposal_id = propose(story, **changes).disposal.id
    review(story, disposal_id)
    approve(story, disposal_id)
    return disposal_id


def readable(story: Story, dossier_id: str) -> list[str]:
    """Return every way in which something of a dossier still answers."""
    found = []
    with story.archive.catalogue.connect() as connection:
        if dossiers.held(connection, dossier_id):
            found.append("register")
    for copy in story.archive.copies:
        inner = copy.inner if isinstance(copy, Copy) else copy
        found += [f"{copy.url}: {name}" for name in inner.names("aip/") if dossier_id in name]
    for year in story.archive.index.counts():
        if dossier_id in set(story.archive.index.keys(year)):
            found.append(f"index {year}")
    return found
