"""Which kind of signed file a file can be, told from its first bytes and its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from archive.signatures.pdf_scan import can_be_in, may_have_signatures

_HEAD_BYTES = 1024
_TAIL_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_WHOLE_BYTES = 16 << 20
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_PEM = re.compile(rb"\s*-----BEGIN (?:PKCS7|PKCS #7 SIGNED DATA|CMS)-----")
_CMS_SUFFIXES = (".p7s", ".p7m", ".p7b", ".p7")
_ASIC_SUFFIXES = (".asics", ".asice", ".scs", ".sce")
_ELEMENT = "Signature"
_SPELLINGS = tuple(_ELEMENT.encode(form) for form in ("ascii", "utf-16-le", "utf-16-be"))


class Kind(StrEnum):
    """Files that can have signatures."""

    PDF = "pdf"
    CMS = "cms"
    XML = "xml"
    ASIC = "asic"


def kind_of(
    path: Path, name: str, content_of: Callable[[Path], bytes] | None = None
) -> Kind | None:
    """Return what to look for signatures as; None if there can be none.

    Args:
        path: where the file lies.
        name: its name, of which the ending counts where the bytes do not decide.
        content_of: reads a file that is no large PDF, if its bytes are asked for again.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    ending = name.lower()
    if _SIGNED_DATA in head[:32] or _PEM.match(head) or ending.endswith(_CMS_SUFFIXES):
        return Kind.CMS
    zipped, as_pdf = head.startswith(b"PK\x03\x04"), b"%PDF-" in head
    # A PDF may begin anywhere in the first KiB: in a container that is a file inside of it,
    # unless the name says that people will open it as a PDF.
    if zipped and not (as_pdf and ending.endswith(".pdf")) and _is_container(path, head, ending):
        return Kind.ASIC
    if not as_pdf:
        if zipped:
            return None
        if ending.endswith(_ASIC_SUFFIXES):
            return Kind.ASIC
        if _begins_like_xml(head):
            return Kind.XML if _mentions_signature(path) else None
        if not ending.endswith(".pdf"):
            return None
    return Kind.PDF if _may_be_signed(path, content_of) else None


def _may_be_signed(path: Path, content_of: Callable[[Path], bytes] | None) -> bool:
    """Return whether a PDF can have signatures."""
    if content_of is None or path.stat().st_size > _WHOLE_BYTES:
        return may_have_signatures(path)
    return can_be_in(content_of(path))


def _is_container(path: Path, head: bytes, ending: str) -> bool:
    """Return whether a ZIP says that it is an ASiC, or has the folder for signatures."""
    if b"application/vnd.etsi.asic" in head or ending.endswith(_ASIC_SUFFIXES):
        return True
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return b"META-INF/" in stream.read(_TAIL_BYTES)


def _begins_like_xml(head: bytes) -> bool:
    """Return whether a file begins as XML does, in UTF-8 or UTF-16."""
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    return plain[:1] == b"<" or plain[:2] in (b"\xff\xfe", b"\xfe\xff", b"\0<")


def _mentions_signature(path: Path) -> bool:
    """Return whether the name of the signature element stands anywhere in a file."""
    with path.open("rb") as stream:
        tail = b""
        while piece := stream.read(_CHUNK_BYTES):
            block = tail + piece
            if any(one in block for one in _SPELLINGS):
                return True
            tail = block[-32:]
    return False
