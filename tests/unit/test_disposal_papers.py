"""The papers of the procedure: Vietnamese, PDF/A-2b, sealed."""

from __future__ import annotations

import io
import os
import unicodedata
from pathlib import Path

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest

from archive.catalogue import disposals
from archive.disposal import execution
from archive.disposal.attachments import read
from archive.model import Indication
from archive.signatures import seal
from tests.disposals import Story, a_story, approved


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Story, bytes, bytes]]:
    story = a_story(tmp_path_factory.mktemp("papers"))
    for day in range(10, 22):
        story.take_in(f"2015-03-{day}", dossier__title="Hồ sơ cấp phép xây dựng nhà ở riêng lẻ")
    disposal_id = approved(story)
    execution.execute(story.archive, disposal_id, agent="lưu trữ viên")
    with story.archive.catalogue.connect() as connection:
        acts = disposals.get(connection, disposal_id).acts
    found = {}
    for act in (acts[0], acts[-1]):
        name = act.details["paper"]["name"]
        found[act.act] = (story, read(story.archive, name), read(story.archive, f"{name}.p7s"))
    if folder := os.environ.get("KHO_KEEP_PAPERS"):
        for what, (_, content, _) in found.items():
            (Path(folder) / f"{what}.pdf").write_bytes(content)
    return found


def text_of(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    try:
        found = "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()
    return unicodedata.normalize("NFC", " ".join(found.split()))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("proposed", "DANH MỤC TÀI LIỆU HẾT THỜI HẠN LƯU TRỮ"),
        ("proposed", "BẢN THUYẾT MINH"),
        ("proposed", "Xem xét hủy"),
        ("proposed", "H26.18-150311-0012"),
        ("destroyed", "GIẤY CHỨNG NHẬN HỦY TÀI LIỆU"),
        ("destroyed", "Quyết định số 15/QĐ-SXD ngày 24/11/2026"),
        ("destroyed", "không bản lưu nào còn trả lời"),
        ("destroyed", "THỬ NGHIỆM"),
    ],
)
def test_a_paper_says_in_vietnamese_what_was_done(papers, act, words):
    assert words in text_of(papers[act][1])


@pytest.mark.parametrize("act", ["proposed", "destroyed"])
def test_a_paper_has_what_pdf_a_2b_asks_for(papers, act):
    with pikepdf.open(io.BytesIO(papers[act][1])) as pdf:
        with pdf.open_metadata() as metadata:
            claimed = metadata.pdfa_status
            title, made = metadata["dc:title"], metadata["xmp:CreateDate"]
        (intent,) = pdf.Root.OutputIntents
        fonts = [font for page in pdf.pages for font in page.resources.Font.values()]
        info = pdf.docinfo

        assert claimed == "2B"
        assert title == str(info.Title)
        assert made.replace("-", "").replace(":", "")[:8] == str(info.CreationDate)[2:10]
        assert intent.S == "/GTS_PDFA1"
        assert intent.DestOutputProfile.N == 3
        assert "/Filter" not in pdf.Root.Metadata
        assert "/ID" in pdf.trailer
        assert "/Encrypt" not in pdf.trailer
        assert fonts
        for font in fonts:
            assert "/FontFile2" in font.FontDescriptor
            assert "/ToUnicode" in font
        for page in pdf.pages:
            assert "/Group" not in page
            assert "/Annots" not in page


@pytest.mark.parametrize("act", ["proposed", "destroyed"])
def test_a_paper_is_sealed(papers, act):
    story, content, p7s = papers[act]

    verdict = seal.verify(content, p7s, story.archive.trust, at=story.archive.clock())

    assert verdict.indication is Indication.PASSED
