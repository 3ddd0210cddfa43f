"""Pages as pictures, and pictures as pages; hostile files are opened in child processes only."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.errors import UnsafeInput
from archive.formats import pdf_writing
from archive.sandbox import Limits, shared

MAX_PIXELS = 60_000_000
"""Of one page or picture; an A3 page at 400 dpi has 31 million."""
MAX_FRAMES = 500
LIMITS = Limits(cpu_seconds=60, wall_seconds=120.0, memory_bytes=2 << 30)
_JPEG_QUALITY = 92


def render(
    path: Path, page: int, *, dpi: int, words: str = "", foot: str = "", limits: Limits = LIMITS
) -> bytes:
    """Return one page of a PDF as a PNG.

    Args:
        path: the PDF.
        page: 0-based.
        dpi: dots per inch.
        words: are written across the page, grey.
        foot: is written at the bottom of the page, in the middle.
        limits: what it may cost.

    Raises:
        UnsafeInput: there is no such page, or it cannot be drawn within the limits.
    """
    drawn: bytes = shared().run(_render, str(path), page, dpi, words, foot, limits=limits)
    return drawn


def count(path: Path, *, limits: Limits = LIMITS) -> int:
    """Return how many pages a PDF has; raises UnsafeInput if it cannot be read."""
    return int(shared().run(_count, str(path), limits=limits))


def as_pdf(path: Path, title: str, at: datetime, *, limits: Limits = LIMITS) -> bytes:
    """Return a picture as a PDF/A-2b, a page for each frame, in the size that its dpi give.

    Args:
        path: a JPEG, PNG, TIFF or GIF.
        title: of the document, in its metadata.
        at: the time that it states as its own.
        limits: what it may cost.

    Raises:
        UnsafeInput: it is no picture, or too large.
    """
    made: bytes = shared().run(_as_pdf, str(path), title, at.isoformat(), limits=limits)
    return made


def _count(path: str) -> int:
    import pypdfium2  # type: ignore[import-untyped]

    document = pypdfium2.PdfDocument(path)
    try:
        return len(document)
    finally:
        document.close()


def _render(path: str, page: int, dpi: int, words: str, foot: str) -> bytes:
    """Draw one page; runs in a child process."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        document.init_forms()
        shown = document[page]
        width, height = shown.get_size()
        scale = dpi / 72
        if width * height * scale * scale > MAX_PIXELS:
            scale = (MAX_PIXELS / (width * height)) ** 0.5
        picture = shown.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    finally:
        document.close()
    if words:
        _across(picture, words)
    if foot:
        _at_the_bottom(picture, foot)
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(pdf_writing.FONTS / "LiberationSerif-Regular.ttf"), size)


def _across(picture: Any, words: str) -> None:
    from PIL import Image, ImageDraw

    size = max(12, picture.width // 10)
    layer = Image.new("L", (picture.width, size * 2), 0)
    pen = ImageDraw.Draw(layer)
    pen.text((layer.width // 2, size), words, font=_font(size), fill=70, anchor="mm")
    layer = layer.rotate(35, expand=True)
    place = ((picture.width - layer.width) // 2, (picture.height - layer.height) // 2)
    picture.paste((90, 90, 90), place, layer)


def _at_the_bottom(picture: Any, foot: str) -> None:
    """Write a line on a white strip at the bottom, in the middle, small enough to fit."""
    from PIL import ImageDraw

    pen, size = ImageDraw.Draw(picture), max(10, picture.height // 84)
    while size > 6 and pen.textlength(foot, font=_font(size)) > picture.width - 2 * size:
        size -= 1
    middle = (picture.width // 2, picture.height - size)
    box = pen.textbbox(middle, foot, font=_font(size), anchor="mm")
    pen.rectangle((box[0] - 4, box[1] - 2, box[2] + 4, box[3] + 2), fill="white")
    pen.text(middle, foot, font=_font(size), fill="black", anchor="mm")


def _as_pdf(path: str, title: str, at: str) -> bytes:
    """Lay frames out on pages; runs in a child process."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    pdf_writing.load_fonts()
    target = io.BytesIO()
    canvas = Canvas(target, invariant=1, initialFontName=pdf_writing.FONT)
    canvas.setTitle(title)
    canvas.setAuthor(pdf_writing.PRODUCER)
    canvas.setCreator(pdf_writing.PRODUCER)
    canvas.setProducer(pdf_writing.PRODUCER)
    canvas.setSubject("")
    for number, frame in enumerate(_frames(path)):
        if number >= MAX_FRAMES:
            raise UnsafeInput(f"more than {MAX_FRAMES} frames")
        dpi = _dpi(frame)
        size = frame.width * 72 / dpi, frame.height * 72 / dpi
        canvas.setPageSize(size)
        if number == 0:
            pdf_writing.declare(canvas, title, datetime.fromisoformat(at))
        packed = io.BytesIO()
        frame.convert("RGB").save(packed, "JPEG", quality=_JPEG_QUALITY)
        packed.seek(0)
        canvas.drawImage(ImageReader(packed), 0, 0, *size)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _frames(path: str) -> Iterator[Any]:
    from PIL import Image, ImageOps, ImageSequence

    with Image.open(path, formats=("JPEG", "PNG", "TIFF", "GIF")) as picture:
        for frame in ImageSequence.Iterator(picture):
            if frame.width * frame.height > MAX_PIXELS:
                raise UnsafeInput(f"more than {MAX_PIXELS} pixels")
            yield ImageOps.exif_transpose(frame)


def _dpi(picture: Any) -> float:
    """Return the dots per inch that a picture states; otherwise what makes it as wide as A4."""
    stated = float(picture.info.get("dpi", (0, 0))[0] or 0)
    return stated if 50 <= stated <= 2400 else max(50.0, picture.width / 8.27)
