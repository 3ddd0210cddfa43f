"""One counter over everything that an archive writes, and the failure of one write among them.

Writes are what the object store changes, commits of the catalogue, the index, and questions
to the TSA, in the order in which they happen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from archive.assembly import Archive
from archive.catalogue.engine import Catalogue, Connection
from archive.errors import Unavailable
from archive.search import IndexRecord, SearchIndex
from archive.signatures.timestamps import TimestampAuthority
from archive.storage import ObjectStore
from tests.archives import with_parts
from tests.faults import FaultyStore


class Crash(BaseException):
    """The process ends here: nobody catches it, nothing is tidied up on purpose."""


def unavailable() -> BaseException:
    """Return what a service raises that does not answer."""
    return Unavailable("the service did not answer")


class Interruption:
    """Fails write number `fail_at`, before or after it took effect; all others work."""

    def __init__(
        self,
        fail_at: int,
        *,
        after: bool = False,
        error: Callable[[], BaseException] = unavailable,
    ) -> None:
        self.writes = 0
        self._fail_at = fail_at
        self._after = after
        self._error = error
        self._lock = threading.Lock()

    @property
    def happened(self) -> bool:
        """Whether there were so many writes that one was failed."""
        return self.writes >= self._fail_at

    @contextmanager
    def write(self) -> Iterator[None]:
        """Surround one write."""
        with self._lock:
            self.writes += 1
            now = self.writes == self._fail_at
        if now and not self._after:
            raise self._error()
        yield
        if now:
            raise self._error()


def interrupted(archive: Archive, interruption: Interruption) -> Archive:
    """Give an archive parts that the interruption counts, and return it."""
    copies = tuple(_Store(copy, interruption) for copy in archive.copies)
    assert len(copies) == 1
    return with_parts(
        archive,
        copies=copies,
        store=copies[0],
        catalogue=_Catalogue(archive.catalogue, interruption),
        index=_Index(archive.index, interruption),
        sealer=replace(archive.sealer, tsa=_Tsa(archive.sealer.tsa, interruption)),
    )


class _Store(FaultyStore):
    def __init__(self, inner: ObjectStore, interruption: Interruption) -> None:
        super().__init__(inner, fail_at=0)
        self._interruption = interruption

    def _write(self, act: Callable[[], None]) -> None:
        with self._interruption.write():
            act()


class _Catalogue:
    """Fails a transaction as a whole: it is rolled back, or only its answer is lost."""

    def __init__(self, inner: Catalogue, interruption: Interruption) -> None:
        self._inner = inner
        self._interruption = interruption

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self._interruption.write(), self._inner.begin() as connection:
            yield connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Index:
    def __init__(self, inner: SearchIndex, interruption: Interruption) -> None:
        self._inner = inner
        self._interruption = interruption

    def write(self, upserts: Iterable[IndexRecord], deletes: Iterable[str] = ()) -> None:
        with self._interruption.write():
            self._inner.write(upserts, deletes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Tsa:
    def __init__(self, inner: TimestampAuthority, interruption: Interruption) -> None:
        self._inner = inner
        self._interruption = interruption

    def timestamp(self, digest: bytes, algorithm: str = "sha256") -> bytes:
        with self._interruption.write():
            return self._inner.timestamp(digest, algorithm)
