"""Pictures of pages: derivatives for the screen, rendered in a child process with limits."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from archive.errors import UnsafeInput
from archive.sandbox import Limits, closed_at_exit

LIMITS: Final = Limits(cpu_seconds=10, wall_seconds=20, memory_bytes=1 << 30)
MAX_WIDTH: Final = 2000
_MAX_PIXELS: Final = 100_000_000
_QUALITY: Final = 80


def of_page(path: Path, number: int, width: int, *, limits: Limits = LIMITS) -> bytes:
    """Return a page of a PDF, or an image, as a JPEG.

    Args:
        path: the file.
        number: 1-based; for an image 1.
        width: in pixels, at most `MAX_WIDTH`; the height follows the page's form.
        limits: what it may cost.

    Raises:
        UnsafeInput: it cannot be opened, has no such page, or costs more than the limits.
    """
    if not 1 <= width <= MAX_WIDTH:
        raise UnsafeInput(f"a picture is 1 to {MAX_WIDTH} pixels wide, not {width}")
    pool = closed_at_exit("pictures", workers=2)
    told: dict[str, Any] = pool.run(_render, str(path), number, width, limits=limits)
    if told["picture"] is None:
        raise UnsafeInput(f"page {number} cannot be shown")
    picture: bytes = told["picture"]
    return picture


def page_count(path: Path, *, limits: Limits = LIMITS) -> int:
    """Return how many pages a PDF has; 0 if it cannot be opened."""
    found: int = closed_at_exit("pictures", workers=2).run(_count, str(path), limits=limits)
    return found


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """Open a PDF; None if pdfium cannot open it."""
    import pypdfium2  # type: ignore[import-untyped]

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError:
        yield None
        return
    with closing(document):
        yield document


def _count(path: str) -> int:
    with _opened(path) as document:
        return len(document) if document else 0


def _render(path: str, number: int, width: int) -> dict[str, object]:
    """Render; runs in a child process."""
    with _opened(path) as document:
        if not document:
            return {"picture": _image(path, width) if number == 1 else None}
        if not 1 <= number <= len(document):
            return {"picture": None}
        page = document[number - 1]
        across, down = page.get_size()
        if across <= 0 or down / across > 20:
            return {"picture": None}
        bitmap = page.render(scale=width / across)
        return {"picture": _jpeg(bitmap.to_pil())}


def _image(path: str, width: int) -> bytes | None:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    try:
        with Image.open(path, formats=("JPEG", "PNG", "TIFF")) as image:
            image.draft("RGB", (width, width * 4))
            image.thumbnail((width, width * 20))
            return _jpeg(image)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _jpeg(image: Any) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
