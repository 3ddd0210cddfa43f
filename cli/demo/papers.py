"""Papers: PDF pages that look scanned, with an invisible Vietnamese text layer.

Every page is marked THỬ NGHIỆM, so that none can be taken for a real one.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

import archive.formats

FONTS = Path(archive.formats.__file__).parent / "fonts"
DPI = 130
WIDTH, HEIGHT = round(8.27 * DPI), round(11.69 * DPI)
"""A4 in pixels."""
MARGIN, LEADING = round(0.9 * DPI), round(0.26 * DPI)
INK, RED, BLUE = (38, 38, 46), (196, 30, 36), (30, 54, 150)


@dataclass(frozen=True, slots=True)
class Paper:
    """What is printed on one document."""

    organ: str
    number: str
    title: str
    lines: tuple[str, ...]
    place_and_date: str
    signer_title: str = ""
    signer: str = ""
    sealed: bool = False
    """Whether a red seal is stamped over the signature."""
    pages: int = 2


@cache
def _font(style: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"LiberationSerif-{style}.ttf"), size)


@cache
def _sheet(seed: int) -> Image.Image:
    """A sheet as a scanner sees it: off-white, speckled, darker at one edge."""
    dice = random.Random(seed)  # noqa: S311 - looks, not secrets
    tint = (250 - dice.randrange(6), 248 - dice.randrange(8), 240 - dice.randrange(10))
    sheet = Image.new("RGB", (WIDTH, HEIGHT), tint)
    noise = Image.effect_noise((WIDTH // 3, HEIGHT // 3), 14).resize((WIDTH, HEIGHT))
    sheet = Image.blend(sheet, Image.merge("RGB", (noise, noise, noise)), 0.05)
    draw = ImageDraw.Draw(sheet)
    for _ in range(60):
        x, y = dice.randrange(WIDTH), dice.randrange(HEIGHT)
        draw.ellipse((x, y, x + 1, y + 1), fill=(190, 186, 178))
    return sheet


@cache
def _stamp() -> Image.Image:
    """The red seal of an agency that does not exist."""
    side = round(1.35 * DPI)
    stamp = Image.new("RGBA", (side * 2, side * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(stamp)
    for inset, width in ((6, 7), (40, 3)):
        draw.ellipse(
            (inset, inset, side * 2 - inset, side * 2 - inset), outline=(*RED, 215), width=width
        )
    for text, dy, size in (
        ("ỦY BAN NHÂN DÂN", -0.32, 26),
        ("★", -0.05, 60),
        ("THỬ NGHIỆM", 0.3, 34),
    ):
        font = _font("Bold", size)
        draw.text((side, side + side * dy), text, font=font, fill=(*RED, 215), anchor="mm")
    return stamp.rotate(-9, resample=Image.Resampling.BICUBIC).resize((side, side))


@dataclass(slots=True)
class _Page:
    image: Image.Image
    draw: ImageDraw.ImageDraw
    texts: list[tuple[int, int, int, str]]
    y: int

    def write(
        self,
        text: str,
        *,
        style: str = "Regular",
        size: int = 22,
        center: bool = False,
        color: tuple[int, int, int] = INK,
        x: int = MARGIN,
    ) -> None:
        font = _font(style, size)
        if center:
            x = (WIDTH - round(font.getlength(text))) // 2
        self.draw.text((x, self.y), text, font=font, fill=color)
        self.texts.append((x, self.y, size, text))
        self.y += round(size * 1.5)


def _blank(seed: int) -> _Page:
    image = _sheet(seed % 5).copy()
    page = _Page(image, ImageDraw.Draw(image), [], MARGIN)
    page.draw.text(
        (WIDTH // 2, HEIGHT // 2),
        "THỬ NGHIỆM",
        font=_font("Bold", 120),
        fill=(232, 226, 218),
        anchor="mm",
    )
    return page


def _wrapped(text: str, size: int, room: int) -> list[str]:
    font, lines, line = _font("Regular", size), [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def _draw(paper: Paper, seed: int) -> list[_Page]:
    pages = [_blank(seed)]
    page = pages[0]
    page.write(f"{paper.organ}", style="Bold", size=21)
    page.write(f"Số: {paper.number}", size=20)
    page.y += 8
    page.write("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", style="Bold", size=23, center=True)
    page.write("Độc lập - Tự do - Hạnh phúc", style="Bold", size=21, center=True)
    page.write(paper.place_and_date, style="Italic", size=20, center=True)
    page.write(
        "BẢN THỬ NGHIỆM - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ", style="Bold", size=18, center=True, color=RED
    )
    page.y += 14
    page.write(paper.title.upper(), style="Bold", size=26, center=True)
    page.y += 10
    per_page = max(1, -(-len(paper.lines) // paper.pages))
    for position, line in enumerate(paper.lines):
        if position and position % per_page == 0 and len(pages) < paper.pages:
            page = _blank(seed + len(pages))
            pages.append(page)
        for part in _wrapped(line, 22, WIDTH - 2 * MARGIN):
            page.write(part)
        page.y += 8
    _sign(page, paper)
    for number, each in enumerate(pages, 1):
        each.y = HEIGHT - MARGIN // 2
        each.write(f"Trang {number}/{len(pages)}", size=17, center=True)
    return pages


def _sign(page: _Page, paper: Paper) -> None:
    if not paper.signer:
        return
    page.y = max(page.y + 30, HEIGHT - round(3.2 * DPI))
    x = WIDTH // 2 + 40
    page.write(paper.signer_title.upper(), style="Bold", x=x)
    top = page.y
    page.draw.arc((x + 20, top, x + 190, top + 70), 190, 400, fill=BLUE, width=3)
    page.draw.arc((x + 60, top + 6, x + 240, top + 60), 10, 200, fill=BLUE, width=3)
    if paper.sealed:
        stamp = _stamp()
        page.image.paste(stamp, (x - stamp.width // 2, top - 40), stamp)
    page.y = top + 110
    page.write(paper.signer, style="Bold", x=x)


def pdf(paper: Paper, *, seed: int) -> bytes:
    """Return the document as PDF: page images, slightly askew, with invisible text.

    The same paper and seed give the same picture; reportlab's invariant mode gives the
    same bytes.
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(TTFont("LiberationSerif", str(FONTS / "LiberationSerif-Regular.ttf")))
    buffer, scale = io.BytesIO(), 72 / DPI
    canvas = Canvas(buffer, pagesize=(WIDTH * scale, HEIGHT * scale), invariant=1)
    canvas.setTitle(f"{paper.title} (THỬ NGHIỆM)")
    for number, page in enumerate(_draw(paper, seed)):
        canvas.drawImage(_scan(page.image, seed + number), 0, 0, WIDTH * scale, HEIGHT * scale)
        _text_layer(canvas, page.texts, scale)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _scan(image: Image.Image, seed: int) -> object:
    from reportlab.lib.utils import ImageReader

    angle = random.Random(seed).uniform(-0.5, 0.5)  # noqa: S311 - looks, not secrets
    askew = image.rotate(angle, resample=Image.Resampling.BILINEAR, fillcolor=(236, 233, 226))
    jpeg = io.BytesIO()
    askew.filter(ImageFilter.GaussianBlur(0.5)).save(jpeg, "JPEG", quality=58)
    jpeg.seek(0)
    return ImageReader(jpeg)


def _text_layer(canvas: object, texts: Sequence[tuple[int, int, int, str]], scale: float) -> None:
    for x, y, size, text in texts:
        layer = canvas.beginText(x * scale, (HEIGHT - y - size) * scale)  # type: ignore[attr-defined]
        layer.setTextRenderMode(3)
        layer.setFont("LiberationSerif", size * scale)
        layer.textLine(text)
        canvas.drawText(layer)  # type: ignore[attr-defined]
