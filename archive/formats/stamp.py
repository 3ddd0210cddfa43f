"""The visible mark of a copy: lines of text and a QR code as a small PDF page, font embedded.

Source: Decree 30/2020/NĐ-CP, annex I, and Circular 05/2025/TT-BNV: words only, Times New
Roman (here the metrically equal Liberation Serif), upright, 10 points, black.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archive.formats import pdf_writing

POINTS = 10.0
_LEADING = 11.2
_QR = 46.0
"""Side of the QR code in points, 16 mm."""
_GAP = 5.0
_TEXT_WIDTH = 236.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """A mark as a PDF of one page that is as large as the mark."""

    pdf: bytes
    width: float
    """Points."""
    height: float
    """Points."""


def write(lines: Sequence[str], *, code: str) -> Stamp:
    """Return the mark with these lines, long ones broken, beside a QR code that says `code`."""
    from reportlab.pdfgen.canvas import Canvas

    pdf_writing.load_fonts()
    told = [piece for line in lines for piece in _broken(unicodedata.normalize("NFC", line))]
    height = max(_QR, len(told) * _LEADING) + 2.0
    width = _QR + _GAP + _TEXT_WIDTH
    target = io.BytesIO()
    size = (width, height)
    canvas = Canvas(target, pagesize=size, invariant=1, initialFontName=pdf_writing.FONT)
    draw_qr(canvas, code, left=0, top=height - 1.0, side=_QR)
    canvas.setFont(pdf_writing.FONT, POINTS)
    for number, line in enumerate(told):
        canvas.drawString(_QR + _GAP, height - 1.0 - POINTS - number * _LEADING, line)
    canvas.showPage()
    canvas.save()
    return Stamp(target.getvalue(), width, height)


def _broken(line: str) -> list[str]:
    from reportlab.lib.utils import simpleSplit

    pieces: list[str] = simpleSplit(line, pdf_writing.FONT, POINTS, _TEXT_WIDTH)
    return pieces


def draw_qr(canvas: Any, code: str, *, left: float, top: float, side: float) -> None:
    """Draw a QR code (ISO/IEC 18004, level M) as black squares with its quiet zone."""
    import segno

    rows = [list(row) for row in segno.make_qr(code, error="m").matrix]
    quiet = 2
    module = side / (len(rows) + 2 * quiet)
    canvas.setFillGray(1)
    canvas.rect(left, top - side, side, side, stroke=0, fill=1)
    canvas.setFillGray(0)
    for y, row in enumerate(rows, quiet):
        x = 0
        while x < len(row):
            run = 1
            while x + run < len(row) and row[x + run] == row[x]:
                run += 1
            if row[x]:
                # Runs, a little higher than a module: no hairlines between rows.
                height = module * 1.02
                place = left + (x + quiet) * module, top - y * module - height
                canvas.rect(*place, run * module, height, stroke=0, fill=1)
            x += run
