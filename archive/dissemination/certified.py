"""Certified copies: the original, the words BẢN SAO, a QR code and the archive's signature.

The mark and the signature are a new revision behind the original's bytes: what the archive
holds is, bit for bit, the beginning of the copy, its own signatures still verify in any PDF
reader, and a PDF/A stays one. An image becomes a PDF/A page first.

Source: Circular 05/2025/TT-BNV, article 41; Decree 30/2020/NĐ-CP, annex I.
"""

from __future__ import annotations

from pathlib import Path

from archive import access
from archive.assembly import VIETNAM, Archive
from archive.catalogue.dossiers import Holding
from archive.catalogue.issued_copies import IssuedCopy
from archive.dissemination import codes
from archive.dissemination.product import Product, of_bytes
from archive.errors import Rejected, UnsafeInput
from archive.formats import free_space, page_image, stamp
from archive.model import Document, PackagePath
from archive.signatures import pdf_stamping
from archive.signatures.pdf_stamping import Mark

IMAGES = frozenset({"image/jpeg", "image/png", "image/tiff", "image/gif"})
PDF = "application/pdf"
_TEST = " (THỬ NGHIỆM, KHÔNG CÓ GIÁ TRỊ)"
_UNKNOWN = "XXXX-XXXX-XXXX"


def make(
    archive: Archive, holding: Holding, document: Document, entry: IssuedCopy, folder: Path
) -> Product:
    """Return the certified copy of one document.

    Raises:
        Rejected: it is neither a PDF nor an image, or the mark would harm a signature in it.
        FixityMismatch, Unavailable: as `archive.access.hand_out`, `archive.signatures.seal`.
    """
    source = as_pdf(archive, holding, document, folder)
    content = marked(archive, source, entry, folder, title="BẢN SAO")
    return of_bytes(content, "pdf")


def preview(
    archive: Archive, holding: Holding, document: Document, entry: IssuedCopy, folder: Path
) -> bytes:
    """Return the first page with the mark on it, not signed, as a PNG."""
    source = as_pdf(archive, holding, document, folder)
    return previewed(archive, source, entry, folder, title="BẢN SAO")


def as_pdf(archive: Archive, holding: Holding, document: Document, folder: Path) -> Path:
    """Write an original into a folder, an image as PDF/A pages."""
    expect_pages(document)
    original = folder / f"{document.ordinal}.original"
    with original.open("wb") as stream:
        access.hand_out(archive, holding, document, stream)
    if document.file.media_type not in IMAGES:
        return original
    pages = folder / f"{document.ordinal}.pdf"
    try:
        content = page_image.as_pdf(original, document.title, archive.clock().astimezone(VIETNAM))
    except UnsafeInput as error:
        raise _refused(document, f"the image cannot be read: {error.message}") from error
    pages.write_bytes(content)
    return pages


def expect_pages(document: Document) -> None:
    """Do nothing if a document is one of pages.

    Raises:
        Rejected: it is neither a PDF nor an image.
    """
    file = document.file
    if file.media_type != PDF and file.media_type not in IMAGES:
        raise _refused(document, f"{file.media_type} has no pages to put a mark on")


def _refused(document: Document, why: str) -> Rejected:
    hint = "hand it out in a package with a certificate: kho copy issue --kind dip"
    return Rejected(f"{document.file.path}: {why}", where=document.file.path, hint=hint)


def marked(archive: Archive, source: Path, entry: IssuedCopy, folder: Path, *, title: str) -> bytes:
    """Return a PDF with the mark and the archive's signature behind it.

    Raises:
        Rejected: the PDF cannot take it, or a signature in it would be worth less.
    """
    mark = _mark(archive, source, entry, title=title)
    field = f"KhoBanSao{entry.year}-{entry.number:05d}"
    at = entry.issued_at
    try:
        content = pdf_stamping.stamp(
            source, mark, archive.sealer, at=at, field=field, scratch=folder
        )
    except UnsafeInput as error:
        raise Rejected(f"the PDF cannot take a mark: {error.message}") from error
    _expect_unharmed(archive, source, content, field, folder)
    return content


def previewed(
    archive: Archive, source: Path, entry: IssuedCopy, folder: Path, *, title: str
) -> bytes:
    """Return the first page with a mark without number and code, as a PNG."""
    mark = _mark(archive, source, entry, title=title, known=False)
    shown = folder / "preview.pdf"
    shown.write_bytes(pdf_stamping.laid_out(source, mark, at=entry.issued_at, scratch=folder))
    return page_image.render(shown, 0, dpi=80, words="XEM TRƯỚC")


def qr_text(archive: Archive, code: str) -> str:
    """Return what the QR code of a copy says: where to check it, or its code alone."""
    address, pages = (archive.settings.text(k) for k in ("copies.check_url", "web.url"))
    if not address and pages:
        address = f"{pages.rstrip('/')}/xac-thuc"
    return f"{address.rstrip('/')}/{code}" if address else codes.spaced(code)


def _mark(
    archive: Archive, source: Path, entry: IssuedCopy, *, title: str, known: bool = True
) -> Mark:
    at = entry.issued_at.astimezone(VIETNAM).isoformat(timespec="seconds")
    label = entry.label if known else f"{entry.year}/BS-…"
    lines = [
        title + (_TEST if archive.test else ""),
        archive.settings.text("archive.name"),
        at,
        f"Số {label} · Mã {codes.spaced(entry.code) if known else _UNKNOWN}",
    ]
    drawn = stamp.write(lines, code=qr_text(archive, entry.code if known else _UNKNOWN))
    try:
        spot = free_space.find(source, drawn.width, drawn.height, limits=archive.pdf_limits)
    except UnsafeInput as error:
        raise Rejected(f"the first page cannot be read: {error.message}") from error
    return Mark(drawn.pdf, spot.box, spot.turned)


def _expect_unharmed(
    archive: Archive, source: Path, content: bytes, field: str, folder: Path
) -> None:
    """Check the copy as any recipient would: every earlier signature is worth what it was."""
    copy, at, name = folder / "copy.pdf", archive.clock(), PackagePath("copy.pdf")
    copy.write_bytes(content)
    before = archive.checker.check(source, name, at=at).verdicts
    after = archive.checker.check(copy, name, at=at).verdicts
    own = [one for one in after if one.field == field]
    if len(own) != 1 or not own[0].intact or not own[0].covers_whole_file:
        raise Rejected("the archive's own signature does not verify in the copy")
    others = [(one.field, one.indication) for one in after if one.field != field]
    if others != [(one.field, one.indication) for one in before]:
        raise Rejected(
            "the document's own signature forbids a mark beside it",
            hint="hand it out in a package with a certificate: kho copy issue --kind dip",
        )
