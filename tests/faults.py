"""A store that fails on purpose: the n-th write, before or after it took effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO

from archive.errors import Unavailable
from archive.findings import Finding
from archive.model import ObjectName
from archive.storage import ObjectStore, StoredObject


class FaultyStore:
    """Passes everything on to another store, but fails one write; afterwards it works again.

    Writes are `put`, `delete`, `retain` and `set_legal_hold`, counted from 1.
    """

    def __init__(
        self,
        inner: ObjectStore,
        *,
        fail_at: int,
        after: bool = False,
        error: Callable[[], BaseException] = lambda: Unavailable("the store did not answer"),
    ) -> None:
        """Fail write number `fail_at`, with `after` once it has taken effect (the answer is lost)."""
        self.inner = inner
        self.url = inner.url
        self.writes = 0
        """Writes so far; above or equal to `fail_at` once the fault has happened."""
        self._fail_at = fail_at
        self._after = after
        self._error = error

    def put(self, name: ObjectName, content: BinaryIO, *, size: int, sha256: str) -> None:
        self._write(lambda: self.inner.put(name, content, size=size, sha256=sha256))

    def delete(self, name: ObjectName) -> None:
        self._write(lambda: self.inner.delete(name))

    def retain(self, name: ObjectName, until: datetime) -> None:
        self._write(lambda: self.inner.retain(name, until))

    def set_legal_hold(self, name: ObjectName, on: bool) -> None:
        self._write(lambda: self.inner.set_legal_hold(name, on))

    def _write(self, act: Callable[[], None]) -> None:
        self.writes += 1
        now = self.writes == self._fail_at
        if now and not self._after:
            raise self._error()
        act()
        if now:
            raise self._error()

    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> AbstractContextManager[BinaryIO]:
        return self.inner.open(name, offset=offset, length=length)

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        return self.inner.read(name, offset=offset, length=length)

    def stat(self, name: ObjectName) -> StoredObject:
        return self.inner.stat(name)

    def names(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectName]:
        return self.inner.names(prefix, after=after)

    def probe(self) -> tuple[Finding, ...]:
        return self.inner.probe()
