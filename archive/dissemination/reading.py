"""Reading copies: pages to look at, drawn from the original when they are asked for.

Nothing is stored for them, so nothing is left when their 15 days are over. Each page has the
agency's name at the bottom, in the middle.

Source: Circular 05/2025/TT-BNV, article 37.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from archive import access
from archive.assembly import Archive
from archive.catalogue.issued_copies import CopyKind, IssuedCopy
from archive.dissemination import certified
from archive.dissemination.register import find
from archive.errors import NotHeld, NotPermitted, Rejected, UnsafeInput
from archive.formats import page_image
from archive.model import Document

DPI = 110


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One page of a reading copy."""

    png: bytes
    pages: int
    """How many pages the document has."""


def opened(archive: Archive, name: str) -> IssuedCopy:
    """Return a reading copy that may be read now, by its number or code.

    Raises:
        NotHeld: there is no such reading copy.
        NotPermitted: it was revoked, or its days are over.
    """
    copy = find(archive, name)
    if copy.kind is not CopyKind.READING:
        raise NotHeld("no reading copy has this code", where=name)
    if copy.revoked_at is not None:
        raise NotPermitted("the reading copy was revoked", where=copy.label)
    if copy.usable_until is None or archive.clock() >= copy.usable_until:
        raise NotPermitted("the days of the reading copy are over", where=copy.label)
    return copy


def read_page(archive: Archive, name: str, ordinal: int, page: int) -> ReadPage:
    """Draw one page of one document of a reading copy.

    Args:
        archive: where.
        name: the copy's number or code.
        ordinal: of the document in its dossier.
        page: 0-based.

    Raises:
        NotHeld: there is no such copy, document or page, or the dossier is no longer held.
        NotPermitted: it was revoked, or its days are over.
        Rejected: the page cannot be drawn within the limits.
    """
    copy = opened(archive, name)
    if ordinal not in {each["ordinal"] for each in copy.documents}:
        raise NotHeld("the reading copy has no such document", where=copy.label)
    holding = access.find(archive, copy.dossier_id)
    document = access.document_of(holding, str(ordinal))
    if document.file.sha256 not in {each["sha256"] for each in copy.documents}:
        raise NotHeld("the document is no longer the one that was lent", where=copy.label)
    with tempfile.TemporaryDirectory(dir=archive.scratch) as folder:
        source = certified.as_pdf(archive, holding, document, Path(folder))
        return _drawn(archive, document, source, page)


def _drawn(archive: Archive, document: Document, source: Path, page: int) -> ReadPage:
    foot = archive.settings.text("archive.name")
    try:
        pages = page_image.count(source)
        if not 0 <= page < pages:
            raise NotHeld(f"the document has {pages} pages", where=document.file.path)
        return ReadPage(page_image.render(source, page, dpi=DPI, foot=foot), pages)
    except UnsafeInput as error:
        raise Rejected(f"the page cannot be drawn: {error.message}") from error
