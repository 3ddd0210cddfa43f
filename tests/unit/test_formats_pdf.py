"""PDFs: what is wrong with them, each with its rule; and their text."""

from __future__ import annotations

import io
import time
import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import Literal

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

import archive.formats
from archive.errors import UnsafeInput
from archive.formats import pdf, text
from archive.sandbox import Limits
from tests.builders import a_pdf


def findings(folder: Path, content: bytes, **options: Limits) -> dict[str, str]:
    """Inspect content and return severity by rule."""
    path = folder / "a.pdf"
    path.write_bytes(content)
    found = pdf.inspect(path, "data/a.pdf", **options)
    assert all(finding.path == "data/a.pdf" for finding in found)
    return {finding.rule.removeprefix("KHO-PDF-"): finding.severity.value for finding in found}


def saved(document: pikepdf.Pdf, **options) -> bytes:
    stream = io.BytesIO()
    document.save(stream, **options)
    return stream.getvalue()


def opened() -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(a_pdf(pages=2)))


def a_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("inner.pdf", a_pdf())
    return stream.getvalue()


@pytest.mark.parametrize("version", ["plain", "object streams", "linearized", "two revisions"])
def test_a_sound_pdf_has_no_finding(tmp_path: Path, version: str) -> None:
    content = {
        "plain": lambda: a_pdf(pages=3, size=300_000),
        "object streams": lambda: saved(
            opened(), object_stream_mode=pikepdf.ObjectStreamMode.generate
        ),
        "linearized": lambda: saved(opened(), linearize=True),
        "two revisions": lambda: revised(a_pdf()),
    }[version]()

    assert findings(tmp_path, content) == {}


def revised(content: bytes, previous: int | None = None) -> bytes:
    """Append a revision that changes nothing; its Prev is the first table or as given."""
    before = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
    at = len(content)
    previous = before if previous is None else previous
    table = b"xref\n0 0\ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\n" % previous
    return content + table + b"startxref\n%d\n%%%%EOF\n" % at


def test_what_does_not_begin_as_a_pdf_is_none(tmp_path: Path) -> None:
    assert findings(tmp_path, b"") == {"NOT-PDF": "error"}
    assert findings(tmp_path, b"PK\x03\x04 and so on") == {"NOT-PDF": "error"}
    assert findings(tmp_path, bytes(2000) + a_pdf()) == {"NOT-PDF": "error"}


def test_a_pdf_that_was_cut_off_is_told(tmp_path: Path) -> None:
    content = a_pdf(pages=3)

    for part in (len(content) // 2, len(content) - 20, 20):
        assert findings(tmp_path, content[:part])["TRUNCATED"] == "error"


def test_a_pdf_with_its_middle_missing_is_told(tmp_path: Path) -> None:
    content = a_pdf(size=3000)

    assert "TRUNCATED" in findings(tmp_path, content[:100] + content[2500:])


@pytest.mark.parametrize(
    "options",
    [{"user": "secret", "owner": "secret2"}, {"user": "", "owner": "secret2"}],
    ids=["with a password to open it", "with rights only"],
)
@pytest.mark.parametrize("revision", [4, 6])
def test_an_encrypted_pdf_is_told(tmp_path: Path, options, revision: Literal[4, 6]) -> None:
    content = saved(opened(), encryption=pikepdf.Encryption(**options, R=revision))

    assert findings(tmp_path, content) == {"ENCRYPTED": "error"}


def test_a_zip_behind_a_pdf_is_told(tmp_path: Path) -> None:
    found = findings(tmp_path, a_pdf() + a_zip())

    assert found["ZIP"] == "error"
    assert found["AFTER-END"] in {"error", "warning"}


def test_data_behind_a_pdf_is_told(tmp_path: Path) -> None:
    assert findings(tmp_path, a_pdf() + b"\r\n \0") == {}
    assert findings(tmp_path, a_pdf() + b"MZ\x90") == {"AFTER-END": "error"}
    assert findings(tmp_path, a_pdf() + b"a few words") == {"AFTER-END": "warning"}


def test_data_before_a_pdf_is_told(tmp_path: Path) -> None:
    assert findings(tmp_path, b"\xef\xbb\xbf" + a_pdf())["HEAD"] == "warning"


def test_a_loop_of_cross_references_is_told(tmp_path: Path) -> None:
    content = a_pdf()

    own = revised(content, previous=len(content))
    twice = revised(content, previous=len(revised(content)))
    both = twice + revised(content)[len(content) :].replace(
        b"startxref\n%d" % len(content), b"startxref\n%d" % len(twice)
    ).replace(b"/Prev ", b"/Prev %d %% " % len(content))

    assert findings(tmp_path, own)["XREF-LOOP"] == "error"
    assert findings(tmp_path, both)["XREF-LOOP"] == "error"


def test_10000_objects_of_junk_are_told_within_seconds_of_the_processor(tmp_path: Path) -> None:
    junk = b"".join(b"%d 0 obj\n\x93\xfa\x00(<<[\nendobj\n" % n for n in range(10, 10_010))
    hidden = a_pdf().replace(b"xref\n", junk + b"xref\n", 1)
    started = time.process_time()

    assert findings(tmp_path, hidden)["JUNK"] == "error"
    assert "TRUNCATED" in findings(tmp_path, b"%PDF-1.4\n" + junk)
    assert time.process_time() - started < 10


def test_a_large_document_of_10000_objects_is_no_junk(tmp_path: Path) -> None:
    assert findings(tmp_path, a_pdf(pages=5000)) == {}


def test_a_pdf_without_pages_or_with_a_broken_tree_is_unreadable(tmp_path: Path) -> None:
    broken = a_pdf().replace(b"/Type /Catalog", b"/Type /Catalox").replace(b"/Pages 2", b"/Pagex 2")

    assert findings(tmp_path, a_pdf(pages=0))["UNREADABLE"] == "error"
    assert findings(tmp_path, broken)["UNREADABLE"] == "error"


def test_scripts_actions_and_attachments_are_told_and_accepted(tmp_path: Path) -> None:
    document = opened()
    document.Root.OpenAction = pikepdf.Dictionary(
        S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)")
    )
    document.attachments["a.txt"] = pikepdf.AttachedFileSpec(document, b"text")
    path = tmp_path / "b.pdf"
    path.write_bytes(saved(document))

    assert findings(tmp_path, path.read_bytes()) == {"ACTIVE": "warning", "ATTACHMENT": "info"}
    assert list(pdf.attachments(path).values()) == [b"text"]


def test_a_pdf_that_costs_too_much_is_told(tmp_path: Path) -> None:
    limits = Limits(answer_bytes=1)

    assert findings(tmp_path, a_pdf(pages=50), limits=limits) == {"LIMIT": "error"}


def a_bomb() -> bytes:
    """Return a small PDF whose one page unpacks to 300 MB of text operators."""
    document = pikepdf.open(io.BytesIO(a_pdf()))
    page = b"BT /F1 9 Tf 1 1 Td (x) Tj ET\n" * 10_000_000
    document.pages[0].Contents = pikepdf.Stream(
        document, zlib.compress(page, 1), Filter=pikepdf.Name.FlateDecode
    )
    return saved(document)


def test_a_bomb_is_stopped_and_the_next_pdf_is_read(tmp_path: Path) -> None:
    bomb, usual = tmp_path / "bomb.pdf", tmp_path / "a.pdf"
    bomb.write_bytes(a_bomb())
    usual.write_bytes(a_pdf("Kho"))
    tight = Limits(cpu_seconds=1, wall_seconds=20, memory_bytes=512 << 20)

    with pytest.raises(UnsafeInput):
        text.pages(bomb, limits=tight)

    assert text.extract(bomb, tight) == ""
    assert text.extract(usual).strip() == "Kho - 1"


def a_vietnamese_pdf(folder: Path, lines: list[str]) -> Path:
    fonts = Path(archive.formats.__file__).parent / "fonts"
    pdfmetrics.registerFont(TTFont("serif", fonts / "LiberationSerif-Regular.ttf"))
    path = folder / "vn.pdf"
    canvas = Canvas(str(path))
    for line in lines:
        canvas.setFont("serif", 14)
        canvas.drawString(72, 720, line)
        canvas.showPage()
    canvas.save()
    return path


def test_text_comes_page_by_page_in_nfc(tmp_path: Path) -> None:
    lines = ["Giấy phép xây dựng số 12/GP-SXD", "Ủy ban nhân dân phường Đống Đa"]
    path = a_vietnamese_pdf(tmp_path, lines)

    found = text.pages(path)

    assert [page.strip() for page in found.pages] == lines
    assert (found.page_count, found.complete) == (2, True)
    assert all(unicodedata.is_normalized("NFC", page) for page in found.pages)
    assert [page.strip() for page in text.extract(path).split(text.PAGE_BREAK)] == lines


@pytest.mark.parametrize("lines", [0, 1, 90, 300])
def test_a_page_of_any_length_is_read_as_pypdfium2_reads_it(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=(600, 800))
    for number in range(lines):
        canvas.setFont("Helvetica", 2)
        canvas.drawString(10, 790 - 2.5 * number, f"{number} " + "Kho lưu trữ, abc; " * 40)
    canvas.showPage()
    canvas.save()

    found = text.pages(path)

    with pypdfium2.PdfDocument(path) as document:
        told = document[0].get_textpage().get_text_bounded()
    assert found.pages == (unicodedata.normalize("NFC", told.replace("\r\n", "\n")),)
    assert len(told) >= lines * 250


def test_text_stops_at_its_limits(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(a_pdf("x" * 50, pages=10))

    few = text.pages(path, max_pages=3)
    short = text.pages(path, max_characters=120)

    assert (len(few.pages), few.page_count, few.complete) == (3, 10, False)
    assert sum(map(len, short.pages)) == 120
    assert not short.complete


def test_a_pdf_that_cannot_be_read_has_no_text_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.4\nNguyen Van A, 012345678901")

    assert text.extract(path) == ""
    with pytest.raises(UnsafeInput):
        text.pages(path)
    assert "012345678901" not in caplog.text
