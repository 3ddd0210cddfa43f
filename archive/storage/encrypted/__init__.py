"""A store whose packages are encrypted at rest, one key per dossier; the rest is as it is.

Whoever reads and writes sees the content: sizes, digests and ranges are those of the content.
Destroying the dossier's key makes every copy of its packages unreadable, those in backups too.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, cast

from archive.errors import IntegrityError, NotHeld
from archive.findings import Finding
from archive.model import ObjectName
from archive.storage import ObjectStore, StoredObject
from archive.storage.encrypted import container
from archive.storage.encrypted.container import HEADER_BYTES, Header
from archive.storage.encrypted.keyring import Keyring
from archive.storage.names import other_content
from archive.storage.streams import BUFFER_BYTES, declared

REMEMBERED = 4096
"""Headers that are kept in memory; objects never change."""


class EncryptedStore:
    """A store around another one; objects of a dossier are encrypted, others pass through."""

    def __init__(
        self, inner: ObjectStore, keyring: Keyring, dossier_of: Callable[[ObjectName], str | None]
    ) -> None:
        """Wrap a store; `dossier_of` says whose an object is, None for what is not encrypted."""
        self.inner = inner
        self.url = inner.url
        self._keyring = keyring
        self._dossier_of = dossier_of
        self._headers: OrderedDict[str, Header | None] = OrderedDict()
        self._changing = threading.Lock()

    def put(self, name: ObjectName, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Encrypt and store content; see `ObjectStore.put`.

        It is read twice: the stored bytes are declared with their own digest.
        """
        dossier = self._dossier_of(name)
        if dossier is None:
            return self.inner.put(name, content, size=size, sha256=sha256)
        try:
            held = self.stat(name)
        except NotHeld:
            held = None
        if held is not None and (held.size, held.sha256) != (size, sha256):
            raise other_content(name)
        key, start = self._keyring.key_or_new(dossier), content.tell()
        header, digest = Header(size, bytes.fromhex(sha256)), hashlib.sha256()
        for piece in self._encrypted(name, content, header, key):
            digest.update(piece)
        content.seek(start)
        sealed = _Pieces(self._encrypted(name, content, header, key), 0, header.stored_bytes)
        return self.inner.put(
            name,
            cast(BinaryIO, io.BufferedReader(sealed, BUFFER_BYTES)),
            size=header.stored_bytes,
            sha256=digest.hexdigest(),
        )

    @staticmethod
    def _encrypted(
        name: ObjectName, content: BinaryIO, header: Header, key: bytes
    ) -> Iterator[bytes]:
        pieces = declared(content, name, size=header.size, sha256=header.sha256.hex())
        return container.encrypted(pieces, header, key)

    @contextmanager
    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> Iterator[BinaryIO]:
        """Open an object's content or a range of it; see `ObjectStore.open`.

        Raises:
            IntegrityError: it was altered, or its dossier's key is not there.
        """
        header = self._header(name)
        if header is None:
            with self.inner.open(name, offset=offset, length=length) as stream:
                yield stream
            return
        end = header.size if length is None else min(header.size, offset + length)
        if offset >= end:
            yield io.BytesIO()
            return
        key = self._keyring.key(self._dossier_of(name) or "")
        first, begin, count = container.span(header, offset, end)
        with self.inner.open(name, offset=begin, length=count) as sealed:
            pieces = container.decrypted(sealed, header, key, first=first, where=name)
            skipped = offset - first * container.SEGMENT_BYTES
            content = _Pieces(pieces, skipped, end - offset)
            with io.BufferedReader(content, BUFFER_BYTES) as stream:
                yield cast(BinaryIO, stream)

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        """Return an object's content or a range of it; see `ObjectStore.read`."""
        with self.open(name, offset=offset, length=length) as stream:
            return stream.read()

    def stat(self, name: ObjectName) -> StoredObject:
        """Describe an object's content; see `ObjectStore.stat`. Needs no key."""
        found = self.inner.stat(name)
        header = self._header(name)
        if header is None:
            return found
        if found.size != header.stored_bytes:
            raise IntegrityError(
                f"{name}: {found.size} of {header.stored_bytes} bytes are there", where=name
            )
        return replace(found, size=header.size, sha256=header.sha256.hex())

    def names(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectName]:
        """Yield names; see `ObjectStore.names`."""
        return self.inner.names(prefix, after=after)

    def delete(self, name: ObjectName) -> None:
        """Remove an object; see `ObjectStore.delete`."""
        with self._changing:
            self._headers.pop(name, None)
        self.inner.delete(name)

    def retain(self, name: ObjectName, until: datetime) -> None:
        """Lock an object; see `ObjectStore.retain`."""
        self.inner.retain(name, until)

    def set_legal_hold(self, name: ObjectName, on: bool) -> None:
        """Set or clear the legal hold; see `ObjectStore.set_legal_hold`."""
        self.inner.set_legal_hold(name, on)

    def probe(self) -> tuple[Finding, ...]:
        """Try out the store beneath; see `ObjectStore.probe`."""
        return self.inner.probe()

    def _header(self, name: ObjectName) -> Header | None:
        """Return an object's header; None if it is not encrypted."""
        if self._dossier_of(name) is None:
            return None
        with self._changing:
            if name in self._headers:
                return self._headers[name]
        header = container.header_of(self.inner.read(name, offset=0, length=HEADER_BYTES))
        with self._changing:
            self._headers[name] = header
            while len(self._headers) > REMEMBERED:
                self._headers.popitem(last=False)
        return header


class _Pieces(io.RawIOBase):
    """A stream over bytes that come in pieces, from `skip` on, `length` of them."""

    def __init__(self, pieces: Iterator[bytes], skip: int, length: int) -> None:
        self._pieces = pieces
        self._skip = skip
        self._left = length
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held and self._left:
            piece = memoryview(next(self._pieces, b""))
            if not piece:
                # The object ended too early: a missing end is no shorter content.
                raise IntegrityError(f"{self._left} bytes are missing", where="store")
            self._held, self._skip = piece[self._skip :], max(0, self._skip - len(piece))
        count = min(len(buffer), len(self._held), self._left)
        buffer[:count] = self._held[:count]
        self._held, self._left = self._held[count:], self._left - count
        return count
