"""Content that is counted and hashed on its way in, and streams on its way out."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol, cast

from archive.errors import ArchiveError
from archive.fixity import Hashed, chunks
from archive.model import ObjectName
from archive.storage.names import not_as_declared

BUFFER_BYTES = 256 << 10


def declared(
    content: BinaryIO, name: ObjectName, *, size: int, sha256: str, piece_bytes: int = 1 << 20
) -> Iterator[bytes]:
    """Yield content in pieces; raise after the last one if it is not what was declared.

    Whoever consumes it must not make anything visible before the iteration ends.

    Raises:
        IntegrityError: the content is not `size` bytes with the digest `sha256`.
    """
    if isinstance(content, Hashed) and content.tell() == 0:
        if (size, sha256) != (content.size, content.sha256):
            raise not_as_declared(name, what="declared size or digest is another one's")
        yield from content.pieces
        return
    digest, count = hashlib.sha256(), 0
    for piece in chunks(content, piece_bytes):
        count += len(piece)
        if count > size:
            raise not_as_declared(name, what=f"more than the declared {size} bytes arrived")
        digest.update(piece)
        yield piece
    if count != size:
        raise not_as_declared(name, what=f"{count} of {size} bytes arrived")
    if digest.hexdigest() != sha256:
        raise not_as_declared(
            name, what=f"declared digest {sha256[:12]}…, found {digest.hexdigest()[:12]}…"
        )


class Source(Protocol):
    """What a stored stream reads from: a file, an answer."""

    def readinto(self, buffer: Any, /) -> int | None:
        """Read into a buffer; 0 at the end."""

    def close(self) -> None:
        """Let go of it."""


class _Stored(io.RawIOBase):
    """The next bytes of a source, with its errors translated into ours."""

    def __init__(
        self,
        source: Source,
        length: int | None,
        errors: tuple[type[Exception], ...],
        translate: Callable[[Exception], ArchiveError],
    ) -> None:
        self._source = source
        self._left = length
        self._errors = errors
        self._translate = translate

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left is not None:
            buffer = memoryview(buffer)[: self._left]
        if not len(buffer):
            return 0
        try:
            count = self._source.readinto(buffer) or 0
        except self._errors as error:
            raise self._translate(error) from error
        if self._left is not None:
            self._left -= count
        return count

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def stored(
    source: Source,
    *,
    length: int | None,
    errors: tuple[type[Exception], ...],
    translate: Callable[[Exception], ArchiveError],
) -> BinaryIO:
    """Return a stream over the next `length` bytes (all, if None) of a source, which it owns.

    What the source raises while it is read comes out as `translate` makes it.
    """
    return cast(
        BinaryIO, io.BufferedReader(_Stored(source, length, errors, translate), BUFFER_BYTES)
    )


def hashed(stream: BinaryIO) -> str:
    """Return the SHA-256 of the rest of a stream as 64 hex digits."""
    digest = hashlib.sha256()
    for piece in chunks(stream):
        digest.update(piece)
    return digest.hexdigest()
