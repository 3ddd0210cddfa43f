"""Copies that are handed out: made, checked by outside tools, revoked, restored from the store."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from archive import dissemination
from archive.assembly import Archive
from archive.catalogue import journal
from archive.catalogue.dossiers import Holding
from archive.dissemination import CopyKind, IssuedCopy, Outcome, Request, codes
from archive.errors import FixityMismatch, NotHeld, NotPermitted, Rejected, Unavailable, UsageError
from archive.events import EventType
from archive.formats import page_image
from archive.formats.pdf_writing import Text, write
from archive.model import PackagePath
from archive.packages.eark.validate import validate_package
from archive.preservation.rebuild import rebuild
from archive.preservation.sweep import sweep
from archive.signatures import testpki
from archive.signatures.pdf_signing import sign_pdf
from tests.archives import (
    AGENT,
    SteppingClock,
    altered,
    an_archive,
    command,
    environment,
    flipped,
    held,
    ingested,
    lose,
    opened,
    submission,
)
from tests.builders import a_pdf
from tests.judges.preflight import Preflight
from tests.soundness import assert_sound

WHO, WHY = "Nguyễn Thị Ánh Tuyết", "làm hộ chiếu ở nước ngoài"
NAME = "Ủy ban nhân dân phường Ngọc Hà, thành phố Hà Nội"
ADDRESS = "https://kho.example/xac-thuc"
SIGNED, DOCX, PICTURE, NOTE = "01-giay-phep.pdf", "02-don.docx", "03-anh.png", "04-bien-ban.pdf"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive with one dossier of four documents: signed, office, picture, PDF/A."""
    folder = tmp_path_factory.mktemp("made")
    settings: dict[str, Any] = {"archive__name": NAME, "copies__check_url": ADDRESS}
    archive = an_archive(folder, **settings)
    files = {SIGNED: signed(archive), DOCX: docx(), PICTURE: picture(), NOTE: a_note(archive)}
    told: Any = [{"file": name, "title": f"Tài liệu {name}", "role": "other"} for name in files]
    ingested(archive, submission(folder / "inbox", files=files, documents=told))
    yield archive
    archive.close()


@pytest.fixture
def archive(made: Archive, tmp_path: Path) -> Iterator[Archive]:
    """A copy of it that the test may change."""
    home = shutil.copytree(made.settings.home, tmp_path / "archive")
    archive = opened(home)
    yield archive
    archive.close()


def signed(archive: Archive) -> bytes:
    now = archive.clock()
    pki = testpki.load(archive.settings.home / "test-pki")
    day = timedelta(days=1)
    key = pki.signer("Cán bộ (TEST)", not_before=now - 30 * day, not_after=now + 30 * day)
    return sign_pdf(a_pdf("Giay phep"), key, at=now - day, tsa=pki.local_tsa(lambda: now - day))


def docx() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", "<document/>")
    return target.getvalue()


def picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (827, 1169), "white").save(target, "PNG", dpi=(100, 100))
    return target.getvalue()


def a_note(archive: Archive) -> bytes:
    blocks = [Text("BIÊN BẢN BÀN GIAO", "title"), Text("Người nhận: Trần Đăng Khoa.")]
    return write("Biên bản", blocks, at=archive.clock(), foot="Số 12/BB")


def the_dossier(archive: Archive) -> Holding:
    return held(archive, 1)


def issue(archive: Archive, kind: str = "certified", *documents: str, **more: Any) -> IssuedCopy:
    request = Request(CopyKind(kind), WHO, WHY, documents or (SIGNED,), **more)
    (copy,) = dissemination.issue(archive, the_dossier(archive), request, agent=AGENT)
    return copy


def content(archive: Archive, copy: IssuedCopy) -> bytes:
    with dissemination.fetch(archive, copy) as stream:
        return stream.read()


def original(archive: Archive, name: str) -> bytes:
    from archive import access

    holding, target = the_dossier(archive), io.BytesIO()
    access.hand_out(archive, holding, access.document_of(holding, name), target)
    return target.getvalue()


def run(*command: object) -> str:
    return subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def qr_codes(png: bytes) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))]


def first_page(path: Path) -> bytes:
    target = path.with_suffix("")
    run("pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-singlefile", "-png", path, target)
    return target.with_suffix(".png").read_bytes()


def test_a_certified_copy_shows_who_when_and_a_code_and_keeps_the_original_and_its_signature(
    archive: Archive, tmp_path: Path
):
    copy = issue(archive)

    path = tmp_path / "copy.pdf"
    path.write_bytes(content(archive, copy))
    assert path.read_bytes().startswith(original(archive, SIGNED))
    told = " ".join(run("pdftotext", "-layout", path, "-").split())
    assert "BẢN SAO (THỬ NGHIỆM, KHÔNG CÓ GIÁ TRỊ)" in told
    assert NAME in told
    assert f"Số {copy.label} · Mã {codes.spaced(copy.code)}" in told
    assert copy.issued_at.astimezone(tz=None).year == copy.year
    assert qr_codes(first_page(path)) == [f"{ADDRESS}/{copy.code}"]
    verdicts = archive.checker.check(path, PackagePath("copy.pdf"), at=archive.clock()).verdicts
    assert [(v.indication.value, v.covers_whole_file) for v in verdicts] == [
        ("passed", False),
        ("passed", True),
    ]
    assert verdicts[0].modified_after_signing != "suspicious"
    assert run("pdfsig", path).count("Signature is Valid") == 2
    assert_sound(archive)


def test_a_copy_of_a_pdf_a_embeds_its_font_and_needs_nothing_that_pdf_a_forbids(
    archive: Archive, tmp_path: Path
):
    copy = issue(archive, "certified", NOTE)

    path = tmp_path / "copy.pdf"
    path.write_bytes(content(archive, copy))
    fonts = [line.split() for line in run("pdffonts", path).splitlines()[2:]]
    assert {row[-5] for row in fonts} == {"yes"}
    assert "Trần Đăng Khoa" in run("pdftotext", path, "-")
    with pikepdf.open(path) as pdf:
        (widget,) = pdf.pages[0].Annots
        assert b"<pdfaid:part>2" in pdf.Root.Metadata.read_bytes()
        # ISO 19005-2, 6.3.2 and 6.3.3: shown in print, not hidden; one appearance, no more.
        assert int(widget.F) & 0b100110 == 0b100
        assert list(widget.AP.keys()) == ["/N"]
        assert {"/AA", "/A"} & set(widget.keys()) == set()
        resources: Any = widget.AP.N.get("/Resources", {})
        assert "/ExtGState" not in resources
    folder = tmp_path / "judge"
    folder.mkdir()
    assert Preflight(folder).faults([path]) == [[]]


def test_a_picture_is_certified_on_a_page_of_its_own_size(archive: Archive, tmp_path: Path):
    copy = issue(archive, "certified", PICTURE)

    path = tmp_path / "copy.pdf"
    path.write_bytes(content(archive, copy))
    with pikepdf.open(path) as pdf:
        assert [round(float(each)) for each in pdf.pages[0].MediaBox] == [0, 0, 595, 842]
        assert b"<pdfaid:part>2" in pdf.Root.Metadata.read_bytes()
    assert qr_codes(first_page(path)) == [f"{ADDRESS}/{copy.code}"]


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_the_mark_stands_upright_at_the_top_right_of_a_turned_page(
    archive: Archive, tmp_path: Path, turned: int
):
    with pikepdf.open(io.BytesIO(a_pdf("Ban ve"))) as pdf:
        pdf.pages[0].Rotate = turned
        pdf.save(tmp_path / "turned.pdf")
    drawing: Any = {
        "files": {"ban-ve.pdf": (tmp_path / "turned.pdf").read_bytes()},
        "documents": [{"file": "ban-ve.pdf", "title": "Bản vẽ", "role": "other"}],
    }
    ingested(archive, submission(tmp_path / "inbox", 2, **drawing))
    request = Request(CopyKind.CERTIFIED, WHO, WHY)

    (copy,) = dissemination.issue(archive, held(archive, 2), request, agent=AGENT)

    path = tmp_path / "copy.pdf"
    path.write_bytes(content(archive, copy))
    page = Image.open(io.BytesIO(first_page(path)))
    (found,) = zxingcpp.read_barcodes(page)
    assert found.text.endswith(copy.code)
    assert abs(found.orientation) < 2
    assert found.position.top_left.y < page.height * 0.1
    assert found.position.top_left.x > page.width * 0.4


def test_a_document_without_pages_is_handed_out_as_a_package_only(archive: Archive):
    with pytest.raises(Rejected) as refusal:
        issue(archive, "certified", DOCX)

    assert "kho copy issue --kind dip" in refusal.value.hint
    assert dissemination.register(archive) == ()


def test_a_signature_that_forbids_changes_is_not_harmed(archive: Archive, tmp_path: Path):
    locked = certified_by_author(archive)
    told: Any = {
        "files": {"khoa.pdf": locked},
        "documents": [{"file": "khoa.pdf", "title": "Khóa", "role": "other"}],
    }
    ingested(archive, submission(tmp_path / "inbox", 2, **told))

    with pytest.raises(Rejected, match="cannot take"):
        dissemination.issue(
            archive, held(archive, 2), Request(CopyKind.CERTIFIED, WHO, WHY), agent=AGENT
        )


def certified_by_author(archive: Archive) -> bytes:
    """Return a PDF whose signature allows no change at all (DocMDP, P = 1)."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    now = archive.clock()
    pki = testpki.load(archive.settings.home / "test-pki")
    key = pki.signer("Người ký (TEST)", not_before=now - timedelta(1), not_after=now + timedelta(9))
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives import serialization
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    private = key.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(key.certificate),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),
    )
    meta = signers.PdfSignatureMetadata(
        field_name="TacGia",
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        subfilter=fields.SigSeedSubFilter.PADES,
        md_algorithm="sha256",
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(a_pdf("Khoa")))
    made: bytes = signers.sign_pdf(writer, meta, signer=signer).getvalue()
    return made


def test_a_package_has_the_originals_a_certificate_of_eleven_items_and_proofs_for_stock_tools(
    archive: Archive, tmp_path: Path
):
    copy = issue(
        archive,
        "dip",
        SIGNED,
        DOCX,
        amount=2,
        requester_identity="001099000001",
        usable_until=date(2099, 12, 31),
    )

    with zipfile.ZipFile(io.BytesIO(content(archive, copy))) as package:
        package.extractall(tmp_path / "dip")
    (root,) = (tmp_path / "dip").iterdir()
    data = root / "representations/rep1/data"
    assert {p.name: p.read_bytes() for p in data.iterdir()} == {
        name: original(archive, name) for name in (SIGNED, DOCX)
    }
    told = " ".join(
        run("pdftotext", "-layout", root / "documentation/giay-chung-nhan.pdf", "-").split()
    )
    for number, words in enumerate(
        (
            f"Mã xác thực lưu trữ: {codes.spaced(copy.code)}",
            f"Lưu trữ lịch sử: {NAME}",
            f"Cấp cho: {WHO}, số định danh 001099000001",
            "Mã lưu trữ của tài liệu gốc: H26.H26.18.2026.1, hồ sơ H26.18-260105-0001",
            "Số, ký hiệu",
            "Tên loại",
            "Trích yếu",
            f"Mục đích: {WHY}",
            "Ngày cấp: ",
            "Thời hạn sử dụng: đến trước 01/01/2100",
            "Số lượng bản: 2",
        ),
        1,
    ):
        assert f"{number}. {words}" in told
    subprocess.run(
        ["sha256sum", "--quiet", "-c", "documentation/SHA256SUMS.txt"], cwd=root, check=True
    )
    for folder in (root, root / "documentation/aip"):
        run(
            *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"),
            *("-in", folder / "METS.xml.p7s", "-content", folder / "METS.xml"),
            *("-CAfile", archive.settings.home / "test-pki/certificates/root.pem"),
            *("-out", "/dev/null"),
        )
    assert [f for f in validate_package(root, at=archive.clock()) if f.severity == "error"] == []
    with zipfile.ZipFile(io.BytesIO(content(archive, copy))) as package:
        paper = next(n for n in package.namelist() if n.endswith("giay-chung-nhan.pdf"))
        (tmp_path / "paper.pdf").write_bytes(package.read(paper))
    assert qr_codes(first_page(tmp_path / "paper.pdf")) == [f"{ADDRESS}/{copy.code}"]


def test_a_reading_copy_is_pages_with_the_agencys_name_for_fifteen_days(tmp_path: Path):
    clock = SteppingClock()
    archive = an_archive(tmp_path, clock=clock, archive__name=NAME)
    ingested(archive, submission(tmp_path / "inbox"))

    copy = issue(archive, "reading", "02-ket-qua.pdf")

    page = dissemination.read_page(archive, copy.code, 2, 1)
    assert (page.pages, copy.place, copy.sha256) == (2, None, None)
    bare = page_image.render(written(tmp_path, archive), 1, dpi=110)
    assert Image.open(io.BytesIO(page.png)).size == Image.open(io.BytesIO(bare)).size
    assert bottom(page.png) != bottom(bare)
    with pytest.raises(NotHeld):
        dissemination.read_page(archive, copy.code, 1, 0)
    with pytest.raises(NotHeld), dissemination.fetch(archive, copy):
        pass
    clock.advance(days=14, hours=23)
    assert dissemination.read_page(archive, copy.code, 2, 0).pages == 2
    clock.advance(hours=1)
    with pytest.raises(NotPermitted):
        dissemination.read_page(archive, copy.code, 2, 0)
    assert dissemination.check_code(archive, copy.code).outcome is Outcome.EXPIRED
    archive.close()


def written(folder: Path, archive: Archive) -> Path:
    path = folder / "original.pdf"
    path.write_bytes(original(archive, "02-ket-qua.pdf"))
    return path


def bottom(png: bytes) -> bytes:
    page = Image.open(io.BytesIO(png)).convert("L")
    return page.crop((0, page.height - 30, page.width, page.height)).tobytes()


def test_anybody_learns_what_is_printed_on_a_copy_and_no_more(archive: Archive):
    copy = issue(archive)
    whole = content(archive, copy)

    by_code = dissemination.check_code(archive, codes.spaced(copy.code).lower())
    by_file = dissemination.check_file(archive, io.BytesIO(whole))
    changed = dissemination.check_file(archive, io.BytesIO(flipped(whole)))
    longer = dissemination.check_file(archive, io.BytesIO(whole + b"\n"))

    assert (by_code.outcome, by_code.unchanged) == (Outcome.VALID, None)
    assert (by_file.outcome, by_file.unchanged) == (Outcome.VALID, True)
    assert (changed.outcome, changed.unchanged) == (Outcome.UNKNOWN, False)
    assert longer == changed
    told = json.dumps(by_file.to_json(), default=str, ensure_ascii=False)
    assert (by_code.issued_by, by_code.dossier_code) == (NAME, "H26.18-260105-0001")
    assert [w for w in (WHO, WHY, "giay-phep", "Tài liệu", AGENT) if w in told] == []


def test_a_revoked_copy_is_told_as_revoked_and_cannot_be_fetched(archive: Archive):
    copy = issue(archive)
    whole = content(archive, copy)

    told = dissemination.revoke(archive, copy.label, agent=AGENT, reason="cấp nhầm người")

    assert told.revoke_reason == "cấp nhầm người"
    assert dissemination.check_code(archive, copy.code).outcome is Outcome.REVOKED
    standing = dissemination.check_file(archive, io.BytesIO(whole))
    assert (standing.outcome, standing.unchanged) == (Outcome.REVOKED, True)
    assert "nhầm" not in str(standing.to_json())
    with pytest.raises(NotPermitted), dissemination.fetch(archive, told):
        pass
    with pytest.raises(UsageError):
        dissemination.revoke(archive, copy.code, agent=AGENT, reason="lần nữa")
    with pytest.raises(UsageError):
        dissemination.revoke(archive, copy.code, agent=AGENT, reason="  ")


def test_the_register_and_its_revocations_come_back_from_the_store(archive: Archive):
    first, second = issue(archive), issue(archive, "dip", SIGNED)
    dissemination.revoke(archive, first.code, agent=AGENT, reason="cấp nhầm")
    before = dissemination.register(archive)
    whole = content(archive, second)

    again = lose(archive)
    rebuild(again)

    assert dissemination.register(again) == before
    assert [each.revoked_at is not None for each in before] == [False, True]
    assert dissemination.check_file(again, io.BytesIO(whole)).outcome is Outcome.VALID
    assert content(again, second) == whole
    assert issue(again).number == 3
    again.close()


def test_who_asked_and_why_is_in_the_register_and_never_in_the_journal(archive: Archive):
    copy = issue(archive)
    dissemination.revoke(archive, copy.code, agent=AGENT, reason=f"{WHO} trả lại")

    with archive.catalogue.connect() as connection:
        entries = [e for e in journal.entries(connection) if e.type.startswith("copy ")]
    assert [e.type for e in entries] == [EventType.COPY_ISSUED, EventType.COPY_REVOKED]
    assert [e.subject for e in entries] == [copy.dossier_id] * 2
    told = "".join(e.details for e in entries)
    assert str(copy.sha256) in told
    assert [w for w in (WHO, WHY, copy.code, "Tài liệu") if w in told] == []


def test_running_numbers_have_no_gaps_however_many_are_issued_at_once(archive: Archive):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: issue(archive, "reading", SIGNED), range(8)))

    assert sorted(copy.number for copy in made) == list(range(1, 9))
    assert len({copy.code for copy in made}) == 8


def test_the_same_request_twice_issues_its_copies_once(archive: Archive):
    holding, secret = the_dossier(archive), "j8Xk2mQ0vT4rZ6yB1nLw3A"
    request = Request(CopyKind.CERTIFIED, WHO, WHY, (SIGNED, NOTE), once=secret)

    with ThreadPoolExecutor(2) as pool:
        made = list(
            pool.map(
                lambda _: dissemination.issue(archive, holding, request, agent=AGENT), range(2)
            )
        )

    assert made[0] == made[1]
    assert sorted(dissemination.register(archive), key=lambda c: c.number) == list(made[0])
    with pytest.raises(UsageError):
        dissemination.issue(archive, holding, replace(request, documents=()), agent=AGENT)


def test_each_document_is_certified_under_a_number_of_its_own_or_none_is(archive: Archive):
    holding = the_dossier(archive)
    request = Request(CopyKind.CERTIFIED, WHO, WHY, (SIGNED, NOTE))

    copies = dissemination.issue(archive, holding, request, agent=AGENT)
    with pytest.raises(Rejected):
        dissemination.issue(
            archive, holding, Request(CopyKind.CERTIFIED, WHO, WHY, (SIGNED, DOCX)), agent=AGENT
        )

    assert [copy.label.partition("/")[2] for copy in copies] == ["BS-00001", "BS-00002"]
    assert [copy.documents[0]["path"] for copy in copies] == [SIGNED, NOTE]
    assert len(dissemination.register(archive)) == 2


def test_a_damaged_original_is_never_certified(archive: Archive):
    holding = the_dossier(archive)
    place = holding.versions[-1].place
    with archive.store.open(place) as stream:
        at = stream.read().index(b"Giay phep - 1")
    altered(archive, place, lambda stored: flipped(stored, at))

    with pytest.raises(FixityMismatch):
        issue(archive)

    assert dissemination.register(archive) == ()


def test_a_timestamp_service_that_does_not_answer_leaves_no_entry(archive: Archive):
    class Silent:
        def timestamp(self, digest: bytes, algorithm: str = "sha256") -> bytes:
            raise Unavailable("no answer")

    sealer = archive.sealer
    archive.__dict__["sealer"] = replace(sealer, tsa=Silent())
    with pytest.raises(Unavailable):
        issue(archive)
    archive.__dict__["sealer"] = sealer

    assert dissemination.register(archive) == ()
    assert issue(archive).number == 1


def test_files_are_swept_after_twenty_days_and_the_register_stays(tmp_path: Path):
    clock = SteppingClock()
    archive = an_archive(tmp_path, clock=clock)
    ingested(archive, submission(tmp_path / "inbox"))
    copy = issue(archive, "certified", "01-don.pdf")
    whole = content(archive, copy)

    clock.advance(days=15)
    with pytest.raises(NotPermitted), dissemination.fetch(archive, copy):
        pass
    assert copy.place not in sweep(archive).leftovers
    clock.advance(days=5)
    swept = sweep(archive)

    assert swept.leftovers == (copy.place,)
    assert dissemination.check_file(archive, io.BytesIO(whole)).outcome is Outcome.VALID
    archive.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"requester": " "},
        {"purpose": ""},
        {"purpose": "x" * 501},
        {"requester": "A\x07B"},
        {"amount": 0},
        {"amount": 1001},
    ],
    ids=["no requester", "no purpose", "too long", "control character", "no copies", "too many"],
)
def test_a_request_that_lacks_something_is_refused_with_its_place(
    archive: Archive, changes: dict[str, Any]
):
    request = replace(Request(CopyKind.CERTIFIED, WHO, WHY, (SIGNED,)), **changes)

    with pytest.raises(UsageError) as refusal:
        dissemination.issue(archive, the_dossier(archive), request, agent=AGENT)

    assert refusal.value.where == next(iter(changes))


def test_a_preview_shows_the_mark_without_number_and_enters_nothing(archive: Archive):
    for kind in (CopyKind.CERTIFIED, CopyKind.DIP):
        png = dissemination.preview(
            archive, the_dossier(archive), Request(kind, WHO, WHY, (SIGNED,))
        )
        assert Image.open(io.BytesIO(png)).format == "PNG"

    assert dissemination.register(archive) == ()
    assert list(archive.store.names("copies/")) == []


def test_processes_that_issue_at_the_same_time_share_no_number(archive: Archive, tmp_path: Path):
    asked = ("--document", "1", "--requester", WHO, "--purpose", WHY, "--kind", "reading")
    line = command("-C", archive.settings.home, "copy", "issue", "H26.18-260105-0001", *asked)
    started = [
        subprocess.Popen(line, env=environment(), stdout=subprocess.DEVNULL, cwd=tmp_path)
        for _ in range(3)
    ]

    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]

    assert [copy.number for copy in dissemination.register(archive)] == [3, 2, 1]
