"""One look into a PDF says what identification, inspection and text extraction say."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pikepdf
import pytest

from archive.errors import UnsafeInput
from archive.formats import identify, pdf, pdf_reading, text
from archive.sandbox import Limits
from tests.builders import a_pdf

LIMITS = Limits(cpu_seconds=10, wall_seconds=20)


def encrypted(user: str) -> bytes:
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf(pages=2))) as document:
        document.save(stream, encryption=pikepdf.Encryption(user=user, owner="o", R=6))
    return stream.getvalue()


FILES = {
    "sound": a_pdf("Kho lưu trữ", pages=3, size=50_000),
    "without pages": a_pdf(pages=0),
    "with an active name": a_pdf() + b"\n/JavaScript /Launch /JavaScripts\n",
    "cut off": a_pdf(pages=3)[:-40],
    "cut in the middle": a_pdf(pages=3)[:700],
    "encrypted": encrypted("secret"),
    "encrypted, opens without a password": encrypted(""),
    "a broken tree of pages": a_pdf().replace(b"/Pages 2", b"/Pagex 2"),
    "pages that are none": a_pdf(pages=2).replace(b"/Type /Page ", b"/Type /Pqge "),
    "data before it": b"\xef\xbb\xbf" + a_pdf(),
    "a ZIP": b"PK\x03\x04 and so on",
    "empty": b"",
    "PDF/X": a_pdf() + b"%GTS_PDFX\n",
}


def one_by_one(path: Path, name: str, limits: Limits) -> pdf_reading.Reading:
    findings = pdf.inspect(path, name, limits=limits)
    try:
        read = text.pages(path, limits=limits)
    except UnsafeInput:
        read = None
    return pdf_reading.Reading(identify.identify(path), tuple(findings), read)


@pytest.mark.parametrize("kind", FILES)
def test_one_look_says_what_three_looks_say(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(FILES[kind])
    digest = hashlib.sha256(FILES[kind]).hexdigest()

    found = pdf_reading.read(path, "data/a.pdf", sha256=digest, limits=LIMITS)

    expected = one_by_one(path, "data/a.pdf", LIMITS)
    assert found.format == expected.format
    assert set(found.findings) == set(expected.findings)
    if not any(finding.rule == "KHO-PDF-NOT-PDF" for finding in found.findings):
        assert found.text == expected.text


def test_a_pdf_that_costs_too_much_is_told_and_still_identified(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(a_pdf(pages=50))

    found = pdf_reading.read(path, "a.pdf", sha256="0" * 64, limits=Limits(answer_bytes=1))

    assert [finding.rule for finding in found.findings] == ["KHO-PDF-LIMIT"]
    assert found.format.media_type == "application/pdf"
    assert found.text is None


def test_files_looked_at_together_get_what_each_gets_alone(tmp_path: Path) -> None:
    asked = []
    for place, (kind, content) in enumerate(FILES.items()):
        path = tmp_path / f"{place}.pdf"
        path.write_bytes(content)
        asked.append(pdf_reading.Asked(path, f"data/{kind}", hashlib.sha256(content).hexdigest()))

    found = pdf_reading.read_all(asked, limits=LIMITS)

    assert found == [
        pdf_reading.read(one.path, one.name, sha256=one.sha256, limits=LIMITS) for one in asked
    ]


def test_a_file_over_a_limit_costs_those_beside_it_nothing(tmp_path: Path) -> None:
    for name, pages in (("before", 1), ("large", 200), ("after", 2)):
        (tmp_path / name).write_bytes(a_pdf(pages=pages))
    asked = [
        pdf_reading.Asked(tmp_path / name, name, "0" * 64) for name in ("before", "large", "after")
    ]

    before, large, after = pdf_reading.read_all(asked, limits=Limits(answer_bytes=1500))

    assert before.findings == after.findings == ()
    assert before.text is not None
    assert after.text is not None
    assert after.text.page_count == 2
    assert large.text is None
    assert large.format.media_type == "application/pdf"
