"""The ingest queue: what producers hand over is held, fixed or returned, and receipted."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from archive import reception
from archive.assembly import Archive
from archive.catalogue import journal
from archive.catalogue.reception import Batch, ItemState
from archive.errors import AlreadyHeld, NotHeld, Rejected, StoreFull, UnsafeInput, UsageError
from archive.model import PackagePath
from archive.reception import Upload, uploads
from archive.reception.watching import DONE, Watch
from tests.archives import AGENT, all_held, an_archive, held, submission
from tests.builders import a_pdf
from tests.soundness import assert_sound

PRODUCER, WHY = "UBND phường Ba Đình", "theo sổ tiếp nhận"
BEFORE: Any = {"tthc__closedOn": "2025-12-31"}
"""Closed before it was received: KHO-DATE-ORDER."""


def a_batch(archive: Archive) -> Batch:
    return reception.open_batch(archive, PRODUCER, source="command", agent=AGENT)


def handed(archive: Archive, *paths: Path) -> Batch:
    batch = a_batch(archive)
    for path in paths:
        reception.add_path(archive, batch.id, path)
    reception.take_in_all(archive, batch.id, agent=AGENT)
    return reception.batch(archive, batch.id)


def states(archive: Archive, batch: Batch) -> list[str]:
    return [each.state.value for each in reception.items(archive, batch.id)]


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


def bytes_below(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def text_of(pdf: bytes, folder: Path) -> str:
    path = folder / "paper.pdf"
    path.write_bytes(pdf)
    told = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    return " ".join(told.stdout.decode().split())


def test_a_batch_is_held_or_to_be_fixed_submission_by_submission(archive: Archive, inbox: Path):
    good, bad = submission(inbox, 1), submission(inbox, 2, **BEFORE)

    batch = handed(archive, good, zipped(bad))

    assert batch.counts == {ItemState.HELD: 1, ItemState.TO_FIX: 1}
    first, second = reception.items(archive, batch.id)
    assert (first.code, first.receipt and first.receipt["code"]) == ("H26.18-260105-0001",) * 2
    assert (second.code, second.title) == ("H26.18-260105-0002", "Hồ sơ số 2")
    assert "KHO-DATE-ORDER" in {finding["rule"] for finding in second.findings}
    assert_sound(archive)


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_fix_is_laid_over_a_copy_and_what_was_handed_over_stays(
    archive: Archive, inbox: Path, packed: bool
):
    bad = submission(inbox, 2, **BEFORE)
    batch = handed(archive, zipped(bad) if packed else bad)
    before = bytes_below(uploads.inbox(archive, batch.id))
    (name,) = [each.name for each in reception.items(archive, batch.id)]

    reception.fix(archive, name, {"tthc.closedOn": "2026-01-20"}, agent=AGENT, reason=WHY)
    reception.take_in_all(archive, batch.id, agent=AGENT)

    item = reception.item(archive, name)
    assert item.state is ItemState.HELD
    assert bytes_below(uploads.inbox(archive, batch.id)) == before
    dossier = held(archive, 2).dossier
    assert str(dossier.closed_on) == "2026-01-20"
    told = {d.file.path: d.file.sha256 for d in dossier.documents}
    assert told == {n: d for n, d in bytes_below(bad).items() if n != "dossier.json"}
    with archive.catalogue.connect() as connection:
        (entry,) = [e for e in journal.entries(connection) if e.type == "submission corrected"]
    assert json.loads(entry.details)["fields"] == ["tthc.closedOn"]
    assert "2026-01-20" not in entry.details
    assert_sound(archive)


def test_a_row_of_a_list_is_fixed_in_its_own_columns(archive: Archive, inbox: Path):
    row = {
        "dossierCode": "H26.18-260105-0001",
        "procedureCode": "1.001193",
        "agencyCode": "H26.18",
        "applicantName": "Nguyễn Văn Thử",
        "receivedOn": "05/01/2026",
        "closedOn": "31/12/2025",
        "status": "returned",
        "title": "Hồ sơ cấp giấy phép",
        "fileCode": "H26.18.2026.160",
        "files": "a.pdf",
    }
    lines = [";".join(row), ";".join(row.values())]
    (inbox / "list").mkdir()
    (inbox / "list" / "a.pdf").write_bytes(a_pdf("Don"))
    (inbox / "list" / "ds.csv").write_text("\r\n".join(lines), "utf-8-sig")
    batch = handed(archive, inbox / "list")
    (item,) = reception.items(archive, batch.id)
    assert (item.state, item.code) == (ItemState.TO_FIX, row["dossierCode"])
    assert {field.place for field in reception.form(archive, item.name).fields} >= set(row)

    reception.fix(archive, item.name, {"closedOn": "20/01/2026"}, agent=AGENT, reason=WHY)
    reception.take_in_all(archive, batch.id, agent=AGENT)

    assert states(archive, batch) == ["held"]
    assert str(held(archive, 1).dossier.closed_on) == "2026-01-20"


def test_a_form_shows_each_field_with_what_is_wrong_with_it(archive: Archive, inbox: Path):
    script = "<script>alert(1)</script> Nguyễn"
    bad = submission(inbox, 2, **BEFORE, tthc__applicant__name=script)
    (name,) = [e.name for e in reception.items(archive, handed(archive, bad).id)]

    form = reception.form(archive, name)

    fields = {field.place: field for field in form.fields}
    assert fields["tthc.closedOn"].value == "2025-12-31"
    assert fields["tthc.applicant.name"].value == script
    assert any(
        "2025-12-31" in told["message"] or "before" in told["message"]
        for told in fields["tthc.closedOn"].findings
    )
    assert form.documents == ("01-don.pdf", "02-ket-qua.pdf")
    from archive.reception.fixing import as_file

    with as_file(archive, name, "01-don.pdf") as file:
        assert file.read_bytes() == (bad / "01-don.pdf").read_bytes()
    for wrong in ("../../catalogue.db", "dossier.json", "/etc/passwd"):
        with pytest.raises(NotHeld), as_file(archive, name, wrong):
            pass


@pytest.mark.parametrize(
    "corrections",
    [{}, {"../x": "1"}, {"tthc.closedOn": "x" * 2001}, {"a.b.c.d.e.f": "1"}],
    ids=["none", "no place", "too long", "too deep"],
)
def test_what_is_no_correction_changes_nothing(
    archive: Archive, inbox: Path, corrections: dict[str, str]
):
    batch = handed(archive, submission(inbox, 2, **BEFORE))

    with pytest.raises(UsageError):
        reception.fix(archive, f"{batch.id}.1", corrections, agent=AGENT, reason=WHY)

    assert states(archive, batch) == ["to_fix"]


def test_a_broken_package_cannot_be_fixed_only_returned(archive: Archive, inbox: Path):
    broken = submission(inbox, 2)
    (broken / "01-don.pdf").unlink()
    batch = handed(archive, broken)

    with pytest.raises(Rejected):
        reception.fix(archive, f"{batch.id}.1", {"tthc.fonds": "H26"}, agent=AGENT, reason=WHY)


def test_a_return_has_a_signed_note_with_the_reason_and_every_finding(
    archive: Archive, inbox: Path, tmp_path: Path
):
    batch = handed(archive, submission(inbox, 2, **BEFORE))

    item = reception.give_back(
        archive, f"{batch.id}.1", agent=AGENT, reason="Ngày kết thúc trước ngày tiếp nhận"
    )

    note = reception.paper(archive, item.note)
    told = text_of(note, tmp_path)
    for words in ("PHIẾU TRẢ HỒ SƠ", PRODUCER, "Ngày kết thúc trước ngày tiếp nhận", "DATE-ORDER"):
        assert words in told
    (verdict,) = archive.checker.check(
        tmp_path / "paper.pdf", PackagePath("note.pdf"), at=archive.clock()
    ).verdicts
    assert (verdict.indication.value, verdict.covers_whole_file) == ("passed", True)
    assert archive.store_has(item.note or "")
    with pytest.raises(UsageError):
        reception.give_back(archive, item.name, agent=AGENT, reason="lần nữa")
    with pytest.raises(UsageError):
        reception.fix(archive, item.name, {"tthc.fonds": "H26"}, agent=AGENT, reason=WHY)


def test_minutes_have_a_row_with_the_digest_of_each_dossier_and_end_the_batch(
    archive: Archive, inbox: Path, tmp_path: Path
):
    batch = handed(archive, submission(inbox, 1), submission(inbox, 2, **BEFORE))
    with pytest.raises(UsageError, match="neither held nor returned"):
        reception.close(archive, batch.id, agent=AGENT)
    reception.give_back(archive, f"{batch.id}.2", agent=AGENT, reason="nộp nhầm")

    closed = reception.close(archive, batch.id, agent=AGENT)

    told = text_of(reception.paper(archive, closed.minutes), tmp_path)
    digest = held(archive, 1).versions[0].sha256
    for words in (
        "BIÊN BẢN GIAO NHẬN HỒ SƠ",
        PRODUCER,
        "H26.18-260105-0001",
        "Hồ sơ số 1",
        "nộp nhầm",
    ):
        assert words in told
    assert digest in told.replace(" ", "") or digest[:16] in told
    assert not uploads.folder(archive, batch.id).exists()
    with pytest.raises(UsageError):
        reception.close(archive, batch.id, agent=AGENT)
    with pytest.raises(UsageError):
        reception.begin(archive, batch.id, "x.zip", 1)
    assert_sound(archive)


def test_the_same_submission_in_two_batches_is_held_once_with_one_receipt(
    archive: Archive, inbox: Path
):
    path = submission(inbox, 1)

    batches = [handed(archive, path) for _ in range(2)]

    items = [reception.items(archive, batch.id)[0] for batch in batches]
    assert [each.state for each in items] == [ItemState.HELD] * 2
    assert items[0].receipt == items[1].receipt
    assert len(all_held(archive)) == 1


def test_a_service_that_does_not_answer_leaves_submissions_waiting(archive: Archive, inbox: Path):
    from dataclasses import replace

    from archive.errors import Unavailable

    class Silent:
        def timestamp(self, digest: bytes, algorithm: str = "sha256") -> bytes:
            raise Unavailable("no answer")

    batch, sealer = a_batch(archive), archive.sealer
    reception.add_path(archive, batch.id, submission(inbox, 1))
    archive.__dict__["sealer"] = replace(sealer, tsa=Silent())
    with pytest.raises(Unavailable):
        reception.take_in_all(archive, batch.id, agent=AGENT)
    assert states(archive, batch) == ["waiting"]
    archive.__dict__["sealer"] = sealer

    reception.take_in_all(archive, batch.id, agent=AGENT)

    assert states(archive, batch) == ["held"]


def test_who_may_not_register_a_dossier_leaves_nothing_of_it(archive: Archive, inbox: Path):
    from archive.errors import NotPermitted

    def permit(connection: Any, intake: Any) -> None:
        raise NotPermitted("not of your agency")

    batch = a_batch(archive)
    reception.add_path(archive, batch.id, submission(inbox, 1))
    reception.take_in_all(archive, batch.id, agent=AGENT, permit=permit)

    assert states(archive, batch) == ["to_fix"]
    assert all_held(archive) == ()


def pieces(archive: Archive, batch: Batch, name: str, content: bytes, size: int) -> Upload:
    upload = reception.begin(archive, batch.id, name, len(content))
    while not upload.complete:
        piece = io.BytesIO(content[upload.received : upload.received + size])
        upload = reception.append(archive, batch.id, upload.id, upload.received, piece)
    return upload


def test_an_upload_that_broke_off_goes_on_where_it_stopped(archive: Archive):
    batch, content = a_batch(archive), os.urandom(100_000)
    upload = reception.begin(archive, batch.id, "a.zip", len(content))

    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            found = super().read(10_000)
            if self.tell() > 30_000:
                raise ConnectionResetError
            return found

    with pytest.raises((ConnectionResetError, StoreFull)):
        reception.append(archive, batch.id, upload.id, 0, Breaks(content))
    assert list(uploads.inbox(archive, batch.id).iterdir()) == []
    again = reception.begin(archive, batch.id, "a.zip", len(content))
    assert (again.id, again.received) == (upload.id, 30_000)
    with pytest.raises(UsageError) as elsewhere:
        reception.append(archive, batch.id, upload.id, 0, io.BytesIO(content))
    assert elsewhere.value.hint == "30000"

    pieces(archive, batch, "a.zip", content, 16_384)

    assert (uploads.inbox(archive, batch.id) / "a.zip").read_bytes() == content
    assert list((uploads.folder(archive, batch.id) / "incoming").iterdir()) == []
    with pytest.raises(AlreadyHeld):
        reception.begin(archive, batch.id, "a.zip", len(content))


@pytest.mark.parametrize(
    "name",
    ["../a.zip", "/etc/a.zip", "a/../../b", "C:\\a.zip", "a\\..\\b", ".hidden", "a/.git/x", "a\0b",
     "", "a//b", "x" * 300, "CON", "a\nb"],
)  # fmt: skip
def test_no_name_of_a_file_leads_out_of_the_inbox(archive: Archive, name: str):
    batch = a_batch(archive)
    before = sorted(archive.settings.home.rglob("*"))

    try:
        reception.begin(archive, batch.id, name, 3)
        reception.receive(archive, batch.id, name, io.BytesIO(b"abc"))
    except UnsafeInput:
        pass

    inside = uploads.folder(archive, batch.id)
    new = set(archive.settings.home.rglob("*")) - set(before)
    assert [path for path in new if not path.is_relative_to(inside)] == []
    assert not (inside.parent / "a.zip").exists()


def test_a_file_over_the_limit_is_refused_by_its_declared_and_by_its_real_size(tmp_path: Path):
    archive = an_archive(tmp_path, limits__max_total_bytes=1000)
    batch = a_batch(archive)

    with pytest.raises(UnsafeInput, match="more than 1000 bytes"):
        reception.begin(archive, batch.id, "a.zip", 1001)
    with pytest.raises(UnsafeInput, match="more than 1000 bytes"):
        reception.receive(archive, batch.id, "a.zip", io.BytesIO(b"x" * 5000))
    upload = reception.begin(archive, batch.id, "b.zip", 10)
    with pytest.raises(UnsafeInput, match="longer"):
        reception.append(archive, batch.id, upload.id, 0, io.BytesIO(b"x" * 11))

    folder = uploads.folder(archive, batch.id)
    assert [p for p in folder.rglob("*") if p.is_file()] == []
    archive.close()


def test_a_file_streams_to_disk_and_not_through_memory(archive: Archive):
    class Long(io.RawIOBase):
        largest, left = 0, 40 << 20

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 4 << 20
            given = min(size, self.left)
            self.left -= given
            return b"\0" * given

    batch = a_batch(archive)
    path = reception.receive(archive, batch.id, "a.zip", Long())  # type: ignore[arg-type]

    assert path.stat().st_size == 40 << 20


def test_a_watched_folder_is_received_when_it_has_settled(archive: Archive, tmp_path: Path):
    folder = tmp_path / "scanner"
    submission(folder, 1)
    (folder / "half.zip.part").write_bytes(b"half")
    watch = Watch(archive, folder, PRODUCER, AGENT, settle_seconds=10)

    assert watch.look(now=0) is None
    assert watch.look(now=9) is None
    (folder / "001" / "note.txt").write_text("còn quét")
    assert watch.look(now=11) is None
    (folder / "001" / "note.txt").unlink()
    assert watch.look(now=12) is None
    batch = watch.look(now=23)

    assert batch is not None
    assert states(archive, batch) == ["held"]
    assert (folder / DONE / batch.id / "001" / "dossier.json").is_file()
    assert (folder / "half.zip.part").exists()
    assert watch.look(now=99) is None
    with pytest.raises(NotHeld):
        Watch(archive, folder / "nowhere", PRODUCER, AGENT).look()


def test_a_bomb_in_the_queue_is_a_finding_and_no_other_submission_suffers(
    archive: Archive, inbox: Path
):
    with zipfile.ZipFile(inbox / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("dossier.json", b"\0" * (200 << 20))

    batch = handed(archive, inbox / "bomb.zip", submission(inbox, 1))

    assert sorted(states(archive, batch)) == ["held", "to_fix"]
