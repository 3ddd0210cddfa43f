"""Files that come with a form: read whole, or laid where a checker can read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from starlette.datastructures import UploadFile

from archive.errors import UnsafeInput, UsageError
from web.visits import Visit

MAX_BYTES: Final = 50 << 20


def content(visit: Visit, name: str, *, limit: int = MAX_BYTES) -> bytes:
    """Return an uploaded file.

    Raises:
        UsageError: the form has none.
        UnsafeInput: it is larger than `limit`.
    """
    file = visit.form.get(name)
    if not isinstance(file, UploadFile) or not file.filename:
        raise UsageError("choose a file", where=name)
    found = file.file.read(limit + 1)
    if len(found) > limit:
        raise UnsafeInput(f"the file has more than {limit} bytes", where=name)
    return found


def file_name(visit: Visit, name: str) -> str:
    """Return how the browser calls an uploaded file, its last part; "" if there is none."""
    file = visit.form.get(name)
    called = file.filename or "" if isinstance(file, UploadFile) else ""
    return "".join(c for c in called.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:200]


@contextmanager
def laid(visit: Visit, names: Sequence[str]) -> Iterator[dict[str, Path]]:
    """Put the uploaded files of some fields in a private folder for as long as that takes.

    Yields:
        By field; fields without a file are left out.
    """
    with TemporaryDirectory(dir=visit.archive.scratch, prefix="upload-") as folder:
        found: dict[str, Path] = {}
        for name in names:
            if file_name(visit, name):
                found[name] = Path(folder) / f"{name}{Path(file_name(visit, name)).suffix[:8]}"
                found[name].write_bytes(content(visit, name))
        yield found
