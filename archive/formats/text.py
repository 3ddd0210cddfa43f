"""The text of PDFs, page by page, taken out in a child process with limits."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.errors import UnsafeInput
from archive.sandbox import Limits, shared

if TYPE_CHECKING:
    from archive.formats.pdfium import Document

_log = logging.getLogger(__name__)

MAX_PAGES = 5_000
MAX_CHARACTERS = 5_000_000
LIMITS = Limits(cpu_seconds=30, wall_seconds=120, memory_bytes=1 << 30)
PAGE_BREAK = "\f"


@dataclass(frozen=True, slots=True)
class Text:
    """What can be read in a PDF."""

    pages: tuple[str, ...]
    """The text of each page, NFC; empty for a page that is only an image."""
    page_count: int
    """How many pages the document has, whether or not all were read."""
    complete: bool
    """Whether every page was read to its end."""


def pages(
    path: Path,
    *,
    limits: Limits = LIMITS,
    max_pages: int = MAX_PAGES,
    max_characters: int = MAX_CHARACTERS,
) -> Text:
    """Return the text of a PDF.

    Raises:
        UnsafeInput: it cannot be opened, or not within the limits.
    """
    found: dict[str, Any] = shared().run(_read, str(path), max_pages, max_characters, limits=limits)
    return of(found)


def of(told: Mapping[str, Any]) -> Text:
    """Return the text that a child process has read."""
    return Text(tuple(told["pages"]), told["page_count"], told["complete"])


def extract(path: Path, limits: Limits = LIMITS) -> str:
    """Return the text of a PDF with a form feed between pages, "" if it cannot be read.

    For the search index, where a document without text is found by its description.
    """
    try:
        return PAGE_BREAK.join(pages(path, limits=limits).pages)
    except UnsafeInput as error:
        _log.warning("no text for the index: %s", error)
        return ""


def _read(path: str, max_pages: int, max_characters: int) -> dict[str, object]:
    """Read the pages with pdfium; runs in a child process."""
    from archive.formats.pdfium import Document

    with closing(Document(path)) as document:
        return read_all(document, max_pages, max_characters)


def read_all(document: Document, max_pages: int, max_characters: int) -> dict[str, object]:
    """Read the pages of an open document; only in a child process."""
    texts: list[str] = []
    left = max_characters
    for number in range(min(document.page_count, max_pages)):
        # Soft hyphens, no-characters and line ends are pdfium's own inventions.
        text = document.text(number).replace("\r\n", "\n").replace("\ufffe", "")
        text = text.replace("\x00", "")[:left]
        texts.append(unicodedata.normalize("NFC", text))
        left -= len(text)
        if left <= 0:
            break
    complete = len(texts) == document.page_count and left > 0
    return {"pages": texts, "page_count": document.page_count, "complete": complete}
