"""Papers and pictures that Kho writes are PDF/A in the opinion of a validator by others."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from archive.formats import page_image
from archive.formats.pdf_writing import Bars, Block, Columns, Rows, Text, write
from tests.judges.preflight import Preflight

AT = datetime(2026, 11, 27, 23, 59, 1, tzinfo=timezone(timedelta(hours=7)))
BLOCKS: dict[str, list[Block]] = {
    "words": [Text("GIẤY CHỨNG NHẬN", "title"), Text("Nguyễn Thị Hường, <b> & «mã»\nhai dòng")],
    "table": [Rows(["Số", "Trích yếu"], [["1", "Cấp phép"]] * 90, [1, 4])],
    "sides": [Columns([Text("SỞ XÂY DỰNG", "centred")], [Text("Độc lập", "signature")])],
    "bars": [Bars(["đạt", "không đạt"], [("2026", [3, 1]), ("2027", [0, 0])])],
}


@pytest.fixture(scope="module")
def preflight(tmp_path_factory: pytest.TempPathFactory) -> Preflight:
    return Preflight(tmp_path_factory.mktemp("preflight"))


def paper(blocks: list[Block], *, at: datetime = AT, landscape: bool = False) -> bytes:
    return write("Giấy chứng nhận", blocks, at=at, foot="THỬ NGHIỆM", landscape=landscape)


def test_every_kind_of_paper_is_pdf_a(preflight: Preflight, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.pdf" for name in BLOCKS]
    for path in paths:
        path.write_bytes(paper(BLOCKS[path.stem], landscape=path.stem == "bars"))
    faults = dict(zip(BLOCKS, preflight.faults(paths), strict=True))
    assert faults == {name: [] for name in BLOCKS}


def test_a_picture_on_pages_is_pdf_a(preflight: Preflight, tmp_path: Path) -> None:
    picture, path = tmp_path / "scan.tiff", tmp_path / "scan.pdf"
    frames = [Image.new("RGB", (300, 420), colour) for colour in ("white", "red")]
    frames[0].save(picture, save_all=True, append_images=frames[1:], dpi=(100, 100))
    path.write_bytes(page_image.as_pdf(picture, "Bản quét", AT))
    assert preflight.faults([path]) == [[]]


def test_the_judge_sees_a_fault(preflight: Preflight, tmp_path: Path) -> None:
    path = tmp_path / "script.pdf"
    (tmp_path / "paper.pdf").write_bytes(paper(BLOCKS["words"]))
    with pikepdf.open(tmp_path / "paper.pdf") as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.beep()")
        pdf.save(path)
    assert any("Action" in fault for fault in preflight.faults([path])[0])


def test_a_paper_states_the_time_that_it_was_given_and_no_other() -> None:
    first, again = paper(BLOCKS["table"]), paper(BLOCKS["table"])
    assert first == again
    assert b"/CreationDate (D:20261127235901+07'00')" in first
    assert paper(BLOCKS["table"], at=AT + timedelta(days=1)) != first
