"""Where a mark can stand on a PDF's first page without covering what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.formats import pdf
from archive.sandbox import Limits, shared

MARGIN = 9.0
"""Points between the mark and the edge of the page; many printers need that much."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the first page, in its own coordinates, before it is turned for showing."""

    box: Box
    """Left, bottom, right, top in points."""
    turned: int
    """By how many degrees the page is turned clockwise for showing: 0, 90, 180, 270."""
    free: bool
    """Whether nothing that is known of lies there."""


def find(path: Path, width: float, height: float, *, limits: Limits = pdf.LIMITS) -> Spot:
    """Return where a mark goes: top right if nothing is there, else the next free corner.

    Top right is where Decree 30/2020/NĐ-CP, annex I, wants the mark of a copy.

    Args:
        path: the PDF.
        width: of the mark as it is seen, points.
        height: of the mark as it is seen, points.
        limits: what the look may cost.

    Raises:
        UnsafeInput: the page cannot be read within the limits.
    """
    told = shared().run(_find, str(path), width, height, limits=limits)
    left, bottom, right, top = (float(each) for each in told["box"])
    return Spot((left, bottom, right, top), int(told["turned"]), bool(told["free"]))


def _find(path: str, width: float, height: float) -> dict[str, object]:
    """Look at the first page; runs in a child process."""
    import pypdfium2  # type: ignore[import-untyped]

    document = pypdfium2.PdfDocument(path)
    try:
        page = document[0]
        turned = page.get_rotation() % 360
        taken = list(_taken(page))
        spots = [
            _turned(spot, page.get_cropbox(), turned) for spot in _corners(page, width, height)
        ]
        covered = [sum(_meets(spot, one) for one in taken) for spot in spots]
        best = covered.index(min(covered))
        return {"box": list(spots[best]), "turned": turned, "free": covered[best] == 0}
    finally:
        document.close()


def _corners(page: Any, width: float, height: float) -> Iterator[Box]:
    """Yield the places that are tried, as the page is seen, from its lower left corner."""
    across, up = page.get_size()
    right, top = across - MARGIN - width, up - MARGIN - height
    for x, y in ((right, top), (MARGIN, top), (right, MARGIN), (MARGIN, MARGIN)):
        yield x, y, x + width, y + height


def _turned(box: Box, crop: Box, turned: int) -> Box:
    """Return a place of the page as it is seen in the page's own coordinates."""
    left, bottom, right, top = crop
    x1, y1, x2, y2 = box
    match turned:
        case 90:
            return right - y2, bottom + x1, right - y1, bottom + x2
        case 180:
            return right - x2, top - y2, right - x1, top - y1
        case 270:
            return left + y1, top - x2, left + y2, top - x1
        case _:
            return left + x1, bottom + y1, left + x2, bottom + y2


def _taken(page: Any) -> Iterator[Box]:
    """Yield what is known to lie on the page: lines of text, and notes such as marks."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    text = page.get_textpage()
    for number in range(text.count_rects()):
        yield text.get_rect(number)
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        rectangle = pdfium.FS_RECTF()
        if pdfium.FPDFAnnot_GetRect(annotation, rectangle):
            yield rectangle.left, rectangle.bottom, rectangle.right, rectangle.top
        pdfium.FPDFPage_CloseAnnot(annotation)


def _meets(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
