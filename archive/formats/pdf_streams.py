"""Streams as ISO 19005-2, 6.1.7.1 asks for them, which reportlab writes otherwise.

Before `endstream` stands a line end that does not count in Length; a stream without filter
names none.
"""

from __future__ import annotations

from typing import Any

_END = b"endstream\n"
_NO_FILTER = b"/Filter [  ] "


def end_on_a_line() -> None:
    """Have every stream that reportlab writes in this process end on a line of its own."""
    from reportlab.pdfbase import pdfdoc

    written = pdfdoc.PDFStream.format
    if getattr(written, "ends_on_a_line", False):
        return

    def ended(stream: Any, document: Any) -> bytes:
        told: bytes = written(stream, document)
        head, start, content = told.partition(b"\nstream\n")
        content = content.removesuffix(_END)
        return head.replace(_NO_FILTER, b"") + start + content + b"\n" + _END

    ended.ends_on_a_line = True  # type: ignore[attr-defined]
    pdfdoc.PDFStream.format = ended
