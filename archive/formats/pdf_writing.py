"""Writing papers as PDF/A-2b (ISO 19005-2): embedded font, output intent, XMP metadata.

No colour but black and grey, no transparency, no links, no scripts: nothing that needs more.
"""

from __future__ import annotations

import io
import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from archive.formats import pdf_streams

FONTS = Path(__file__).parent / "fonts"
FONT = "LiberationSerif"
_FACES = {"": "Regular", "-Bold": "Bold", "-Italic": "Italic"}
PRODUCER = "Kho"
_PLAIN = (("VALIGN", (0, 0), (-1, -1), "TOP"), ("FONTNAME", (0, 0), (-1, -1), FONT))
"""Every cell names the embedded font: reportlab's own default is not embedded."""
_TIGHT = (("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1))
_SHADES = (0.85, 0.55, 0.15)
"""Greys of the parts of a bar."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `style` is `plain`, `centred`, `heading`, `title`, `small` or `signature`."""

    text: str
    style: str = "plain"


@dataclass(frozen=True, slots=True)
class Rows:
    """A table with a head that is repeated on every page."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    """Of the columns, as shares of the line."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Two columns side by side, such as agency and motto, or two signatures."""

    left: Sequence[Text]
    right: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars, each of one or more parts in shades of grey, with their numbers."""

    parts: Sequence[str]
    """What the parts of a bar are, for the legend, the darkest last."""
    bars: Sequence[tuple[str, Sequence[int]]]
    """Label and the size of each part."""


Block = Text | Rows | Columns | Bars


def write(
    title: str, blocks: Sequence[Block], *, at: datetime, foot: str, landscape: bool = False
) -> bytes:
    """Return a PDF/A-2b of A4 pages, numbered, with `foot` on each.

    Args:
        title: of the document, in its metadata.
        blocks: what is in it, in order.
        at: the time that it states as its own.
        foot: a line at the bottom of every page.
        landscape: whether the pages lie.
    """
    from reportlab.lib import pagesizes
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    load_fonts()
    size = pagesizes.landscape(pagesizes.A4) if landscape else pagesizes.A4
    target = io.BytesIO()
    margins = {"leftMargin": 25, "rightMargin": 15, "topMargin": 20, "bottomMargin": 20}
    told: dict[str, Any] = {
        **{name: length * mm for name, length in margins.items()},
        **dict.fromkeys(("producer", "creator", "author"), PRODUCER),
        "pagesize": size,
        "title": _nfc(title),
        "subject": "",
        "initialFontName": FONT,
        "invariant": 1,
        "pageCompression": 1,
    }
    document = SimpleDocTemplate(target, **told)
    width = document.width
    story = [made for block in blocks for made in _made(block, width)]

    def begin(canvas: Any, _document: Any) -> None:
        if canvas.getPageNumber() == 1:
            declare(canvas, title, at)
        canvas.setFont(FONT, 9)
        canvas.drawString(25 * mm, 10 * mm, _nfc(foot))
        canvas.drawRightString(size[0] - 15 * mm, 10 * mm, f"Trang {canvas.getPageNumber()}")

    document.build(story, onFirstPage=begin, onLaterPages=begin)
    return target.getvalue()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def load_fonts() -> None:
    """Make reportlab ready, once: the embedded font, and streams as PDF/A asks for them."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    if FONT in pdfmetrics.getRegisteredFontNames():
        return
    pdf_streams.end_on_a_line()
    for ending, face in _FACES.items():
        pdfmetrics.registerFont(TTFont(FONT + ending, FONTS / f"LiberationSerif-{face}.ttf"))
    pdfmetrics.registerFontFamily(
        FONT, normal=FONT, bold=f"{FONT}-Bold", italic=f"{FONT}-Italic", boldItalic=f"{FONT}-Bold"
    )


def _style(name: str) -> Any:
    from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
    from reportlab.lib.styles import ParagraphStyle

    told: dict[str, dict[str, Any]] = {
        "plain": {"alignment": TA_JUSTIFY, "spaceAfter": 4},
        "centred": {"alignment": TA_CENTER},
        "heading": {
            "fontName": f"{FONT}-Bold",
            "spaceBefore": 8,
            "spaceAfter": 4,
            "keepWithNext": 1,
        },
        "title": {
            "fontName": f"{FONT}-Bold",
            "fontSize": 14,
            "leading": 18,
            "alignment": TA_CENTER,
            "spaceBefore": 10,
            "spaceAfter": 8,
        },
        "small": {"fontSize": 9, "leading": 11},
        "signature": {
            "fontName": f"{FONT}-Bold",
            "alignment": TA_CENTER,
            "fontSize": 11,
            "leading": 14,
        },
    }
    common: dict[str, Any] = {"fontName": FONT, "fontSize": 12, "leading": 15}
    return ParagraphStyle(name, **{**common, **told[name]})


def _paragraph(text: Text) -> Any:
    from reportlab.platypus import Paragraph

    marked = escape(_nfc(text.text)).replace("\n", "<br/>")
    return Paragraph(marked, _style(text.style))


def _made(block: Block, width: float) -> list[Any]:
    from reportlab.platypus import Table

    match block:
        case Text():
            return [_paragraph(block)]
        case Rows():
            cells = [[_paragraph(Text(str(cell), "small")) for cell in row] for row in block.rows]
            head = [_paragraph(Text(str(cell), "small")) for cell in block.head]
            widths = [width * share / sum(block.widths) for share in block.widths]
            return [Table([head, *cells], colWidths=widths, repeatRows=1, style=_grid())]
        case Columns():
            sides = [[_paragraph(each) for each in side] for side in (block.left, block.right)]
            return [Table([sides], colWidths=[width / 2] * 2, style=list(_PLAIN))]
        case Bars():
            return _drawn(block, width)


def _drawn(block: Bars, width: float) -> list[Any]:
    """Return bars as a table of label, bar and number, with a legend above."""
    from reportlab.platypus import Table

    columns = [width * share for share in (0.34, 0.52, 0.14)]
    most = max((sum(sizes) for _, sizes in block.bars), default=0) or 1
    rows = []
    for label, sizes in block.bars:
        told = " + ".join(map(str, sizes)) if len(sizes) > 1 else str(sizes[0])
        bar = _bar([size / most * (columns[1] - 12) for size in sizes])
        rows.append([_paragraph(Text(label, "small")), bar, _paragraph(Text(told, "small"))])
    made: list[Any] = [Table(rows, colWidths=columns, style=[*_PLAIN, *_TIGHT])] if rows else []
    if len(block.parts) > 1:
        shades = [_bar([0.0] * place + [14.0]) for place in range(len(block.parts))]
        words = [_paragraph(Text(part, "small")) for part in block.parts]
        cells = [cell for pair in zip(shades, words, strict=True) for cell in pair]
        each = width / len(block.parts)
        made.insert(0, Table([cells], colWidths=[20, each - 20] * len(words), style=list(_PLAIN)))
    return made


def _bar(lengths: Sequence[float]) -> Any:
    """Return one bar, its parts side by side, from light to dark.

    Drawn on the page itself: reportlab's drawings name a font that is not embedded.
    """
    from reportlab.platypus import Flowable

    class Bar(Flowable):  # type: ignore[misc]  # reportlab has no types
        def draw(self) -> None:
            x = 0.0
            self.canv.setLineWidth(0.3)
            for length, shade in zip(lengths, _SHADES, strict=False):
                self.canv.setFillGray(shade)
                if length > 0:
                    self.canv.rect(x, 0, length, self.height, fill=1)
                x += length

    bar = Bar()
    bar.width, bar.height = max(sum(lengths), 1.0), 9
    return bar


def _grid() -> list[tuple[Any, ...]]:
    from reportlab.lib import colors

    return [
        *_PLAIN,
        ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
        ("BACKGROUND", (0, 0), (-1, 0), colors.Color(0.9, 0.9, 0.9)),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]


def declare(canvas: Any, title: str, at: datetime) -> None:
    """Give the document its time, XMP metadata and output intent (ISO 19005-2, 6.2.3, 6.6)."""
    from reportlab.pdfbase import pdfdoc

    document = canvas._doc  # noqa: SLF001 - reportlab has no other way to its catalog
    stamp = at.strftime("%Y%m%d%H%M%S") + _offset(at, "{sign}{hours:02}'{minutes:02}'")
    document.setDateFormatter(lambda *_: f"D:{stamp}")
    icc = pdfdoc.PDFStream(
        dictionary=pdfdoc.PDFDictionary({"N": 3}), content=_colours(at), filters=[]
    )
    intent = pdfdoc.PDFDictionary(
        {
            "Type": pdfdoc.PDFName("OutputIntent"),
            "S": pdfdoc.PDFName("GTS_PDFA1"),
            "OutputConditionIdentifier": pdfdoc.PDFString("sRGB"),
            "Info": pdfdoc.PDFString("sRGB IEC61966-2.1"),
            "DestOutputProfile": document.Reference(icc),
        }
    )
    kind = {"Type": pdfdoc.PDFName("Metadata"), "Subtype": pdfdoc.PDFName("XML")}
    metadata = pdfdoc.PDFStream(
        dictionary=pdfdoc.PDFDictionary(kind), content=_xmp(title, at), filters=[]
    )
    catalog = document.Catalog
    catalog.__NoDefault__ = [*catalog.__NoDefault__, "Metadata", "OutputIntents"]
    catalog.Metadata = document.Reference(metadata)
    catalog.OutputIntents = pdfdoc.PDFArray([intent])


def _colours(at: datetime) -> bytes:
    """Return the profile of sRGB, made at this time (ISO 15076-1, 7.2.8) and not at another."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = struct.pack(">6H", *at.astimezone(UTC).timetuple()[:6])
    return profile[:24] + made + profile[36:]


def _offset(at: datetime, form: str) -> str:
    shift = at.utcoffset()
    seconds = int(shift.total_seconds()) if shift is not None else 0
    hours, rest = divmod(abs(seconds) // 60, 60)
    return form.format(sign="-" if seconds < 0 else "+", hours=hours, minutes=rest)


def _xmp(title: str, at: datetime) -> bytes:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S") + _offset(at, "{sign}{hours:02}:{minutes:02}")
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:pdf="http://ns.adobe.com/pdf/1.3/">\n'
        "<pdfaid:part>2</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>\n"
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(_nfc(title))}</rdf:li></rdf:Alt></dc:title>\n'
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default"/></rdf:Alt></dc:description>\n'
        f"<dc:creator><rdf:Seq><rdf:li>{PRODUCER}</rdf:li></rdf:Seq></dc:creator>\n"
        f"<xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool>\n"
        f"<xmp:CreateDate>{stamp}</xmp:CreateDate>\n<xmp:ModifyDate>{stamp}</xmp:ModifyDate>\n"
        f"<pdf:Keywords/>\n<pdf:Producer>{PRODUCER}</pdf:Producer>\n"
        "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()
