"""PDFs read with pdfium itself; only in child processes.

The objects of pypdfium2 around it cost a quarter of the reading: they guard against closing
in the wrong order, which one document and one page at a time cannot do.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from pypdfium2 import PdfiumError

__all__ = ["Document", "PdfiumError"]

_ROOM = (ctypes.c_ushort * (64 << 10))()
"""Where pdfium writes the text of a page, UTF-16; a longer one gets room of its own."""


class Document:
    """An open PDF. Close it at the end."""

    def __init__(self, source: str | bytes) -> None:
        """Open a PDF that has a page.

        Args:
            source: the path of a file, or what is in it.

        Raises:
            FileNotFoundError: there is no such file.
            PdfiumError: pdfium cannot open it, or finds no page; with the code of pdfium.
        """
        self._source = source  # pdfium goes on reading from bytes
        self._page: Any = None
        self._raw = _load(source)
        if self.page_count < 1:
            code = pdfium.FPDF_GetLastError()
            pdfium.FPDF_CloseDocument(self._raw)
            raise PdfiumError("Failed to load document.", err_code=code)

    @property
    def page_count(self) -> int:
        """How many pages it has."""
        return int(pdfium.FPDF_GetPageCount(self._raw))

    @property
    def encrypted(self) -> bool:
        """Whether it is encrypted, with or without a password to open it."""
        return bool(pdfium.FPDF_GetSecurityHandlerRevision(self._raw) >= 0)

    @property
    def scripts(self) -> int:
        """How many scripts the document has, beside those of its pages."""
        return max(0, int(pdfium.FPDFDoc_GetJavaScriptActionCount(self._raw)))

    @property
    def attached(self) -> int:
        """How many files are attached to it."""
        return max(0, int(pdfium.FPDFDoc_GetAttachmentCount(self._raw)))

    def open_page(self, number: int) -> None:
        """Open a page, counted from 0.

        Raises:
            PdfiumError: it cannot be opened.
        """
        self._close_page()
        self._page = pdfium.FPDF_LoadPage(self._raw, number)
        if not self._page:
            raise PdfiumError("Failed to load page.")

    def text(self, number: int) -> str:
        """Return the text of a page, counted from 0, as pdfium tells it.

        Raises:
            PdfiumError: it cannot be read.
        """
        self.open_page(number)
        text_page = pdfium.FPDFText_LoadPage(self._page)
        if not text_page:
            raise PdfiumError("Failed to load text page.")
        try:
            return _text(self._page, text_page)
        finally:
            pdfium.FPDFText_ClosePage(text_page)

    def close(self) -> None:
        """Close it, and the page that is open."""
        self._close_page()
        pdfium.FPDF_CloseDocument(self._raw)

    def _close_page(self) -> None:
        if self._page:
            pdfium.FPDF_ClosePage(self._page)
            self._page = None


def _load(source: str | bytes) -> Any:
    if isinstance(source, bytes):
        return pdfium.FPDF_LoadMemDocument64(source, len(source), None)
    if not Path(source).is_file():
        raise FileNotFoundError(source)
    return pdfium.FPDF_LoadDocument(source.encode(errors="surrogateescape") + b"\0", None)


def _text(page: Any, text_page: Any) -> str:
    """Return the text in the box of the page: what lies beside it is not seen."""
    box = pdfium.FS_RECTF()
    if not pdfium.FPDF_GetPageBoundingBox(page, box):
        raise PdfiumError("Failed to get page bounding box.")
    edges = (box.left, box.top, box.right, box.bottom)
    room = _ROOM
    size = pdfium.FPDFText_GetBoundedText(text_page, *edges, room, len(room))
    if size >= len(room):
        size = pdfium.FPDFText_GetBoundedText(text_page, *edges, None, 0) + 1
        room = (ctypes.c_ushort * size)()
        size = pdfium.FPDFText_GetBoundedText(text_page, *edges, room, size)
    return ctypes.string_at(room, 2 * max(0, size - 1)).decode("utf-16-le", errors="ignore")
