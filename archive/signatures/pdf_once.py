"""A PDF read for its signatures, before any judgement; the last one is remembered."""

from __future__ import annotations

from dataclasses import dataclass

from archive.signatures.coverage import coverage
from archive.signatures.pdf_file import KeptObject, SignatureEntry, SignedPdf, UnreadablePdf
from archive.signatures.pdf_items import Item, read_items
from archive.signatures.raw_scan import scan

MAX_SIGNATURES = 1_000
_HEADER_BYTES = 1024
_HIDDEN = "signatures are in it to which its form does not lead"


@dataclass(frozen=True, slots=True)
class ReadPdf:
    """What is in a PDF, before any judgement."""

    content: bytes
    pdf: SignedPdf | None
    unreadable: str
    """Why its structure cannot be read; "" if it can."""
    items: tuple[Item, ...]
    kept: tuple[KeptObject, ...]
    """What its document security store holds."""


class _Last:
    """The PDF that was read last: the sunset watch judges the same one for several days."""

    read: ReadPdf | None = None


def read_once(content: bytes) -> ReadPdf:
    """Read a PDF, or return what was read if it was the last one too.

    Raises:
        UnreadablePdf: it is none, or has too many signatures.
    """
    last = _Last.read
    if last is None or last.content != content:
        _Last.read = None
        _Last.read = last = _read(content)
    return last


def forget() -> None:
    """Let go of the PDF that was read last."""
    _Last.read = None


def _read(content: bytes) -> ReadPdf:
    if b"%PDF-" not in content[:_HEADER_BYTES]:
        raise UnreadablePdf("the file is not a PDF: it has no header")
    pdf, unreadable = None, ""
    try:
        pdf = SignedPdf(content)
        entries = pdf.signatures()
    except UnreadablePdf as error:
        unreadable = str(error)
        entries = []
    if pdf is None or pdf.rebuilt:
        scanned = scan(content)
        if (
            len(scanned) > len(entries) or not entries
        ):  # a damaged structure must not hide a signature
            pdf, unreadable, entries = None, unreadable or _HIDDEN, scanned
    entries = [one for one in entries if not _is_blank(one, content)]
    if len(entries) > MAX_SIGNATURES:
        raise UnreadablePdf(f"more than {MAX_SIGNATURES} signatures")
    items = tuple(read_items(content, pdf, entries, unreadable))
    stamped = [one.entry.revision for one in items if one.token is not None]
    kept = tuple(pdf.kept_objects(stamped)) if pdf is not None else ()
    return ReadPdf(content, pdf, unreadable, items, kept)


def _is_blank(entry: SignatureEntry, content: bytes) -> bool:
    """Whether a field only has room for a signature: a value of zeros where it belongs.

    A value that was taken out, or does not lie in the gap of its byte range, is a forgery
    to be told of, not a field that nobody signed.
    """
    if entry.contents.strip(b"\0"):
        return False
    if not entry.claims_to_be_signed:
        return True
    return bool(entry.contents) and coverage(entry, content).contiguous
