"""Several stores as one: everything is put on every copy and read from the first that answers."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import groupby
from typing import BinaryIO, TypeVar

from archive.errors import NotHeld, Unavailable
from archive.findings import Finding
from archive.model import ObjectName
from archive.storage import ObjectStore, StoredObject
from archive.storage.names import forbid_if_locked, store_time

T = TypeVar("T")


class Copies:
    """Stores that hold the same objects."""

    def __init__(
        self, stores: Sequence[ObjectStore], *, clock: Callable[[], datetime] = store_time
    ) -> None:
        """Join stores, at least one; they are asked in this order."""
        self.stores = tuple(stores)
        self.url = self.stores[0].url
        self._clock = clock

    def put(self, name: ObjectName, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store content on every copy; see `ObjectStore.put`.

        After an error some copies may have it; putting again completes the others.
        """
        start = content.tell()
        for store in self.stores:
            content.seek(start)
            store.put(name, content, size=size, sha256=sha256)

    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> AbstractContextManager[BinaryIO]:
        """Open an object on the first copy that has it; see `ObjectStore.open`."""
        return _Opened(self, name, offset, length)

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        """Return an object from the first copy that answers; see `ObjectStore.read`."""
        return self.first(name, lambda store: store.read(name, offset=offset, length=length))

    def stat(self, name: ObjectName) -> StoredObject:
        """Describe an object on the first copy that has it; see `ObjectStore.stat`."""
        return self.first(name, lambda store: store.stat(name))

    def names(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectName]:
        """Yield what at least one copy has; see `ObjectStore.names`.

        Raises:
            Unavailable: a copy did not answer; a list without it could be too short.
        """
        listed = (store.names(prefix, after=after) for store in self.stores)
        return (name for name, _ in groupby(heapq.merge(*listed)))

    def delete(self, name: ObjectName) -> None:
        """Remove an object from every copy, or from none; see `ObjectStore.delete`."""
        for store in self.stores:
            try:
                lock = store.stat(name)
            except NotHeld:
                continue
            forbid_if_locked(
                name,
                retained_until=lock.retained_until,
                legal_hold=lock.legal_hold,
                at=self._clock(),
            )
        for store in self.stores:
            store.delete(name)

    def retain(self, name: ObjectName, until: datetime) -> None:
        """Lock every copy; see `ObjectStore.retain`."""
        for store in self.stores:
            store.retain(name, until)

    def set_legal_hold(self, name: ObjectName, on: bool) -> None:
        """Set or clear the hold on every copy; see `ObjectStore.set_legal_hold`."""
        for store in self.stores:
            store.set_legal_hold(name, on)

    def probe(self) -> tuple[Finding, ...]:
        """Try every copy out; see `ObjectStore.probe`."""
        return tuple(finding for store in self.stores for finding in store.probe())

    def first(self, name: ObjectName, ask: Callable[[ObjectStore], T]) -> T:
        """Return the first copy's answer.

        Raises:
            NotHeld: no copy has the object.
            Unavailable: no copy that answered has it, and one did not answer.
        """
        silent: Unavailable | None = None
        for store in self.stores:
            try:
                return ask(store)
            except NotHeld:
                continue
            except Unavailable as error:
                silent = silent or error
        if silent is not None:
            raise silent
        raise NotHeld(f"{name} is not in the store", where=name)


class _Opened(AbstractContextManager[BinaryIO]):
    """An object, opened on the first copy that has it when the `with` begins."""

    def __init__(self, copies: Copies, name: ObjectName, offset: int, length: int | None) -> None:
        self._copies = copies
        self._range = (name, offset, length)
        self._open: AbstractContextManager[BinaryIO] | None = None

    def __enter__(self) -> BinaryIO:
        name, offset, length = self._range

        def enter(store: ObjectStore) -> tuple[AbstractContextManager[BinaryIO], BinaryIO]:
            opened = store.open(name, offset=offset, length=length)
            return opened, opened.__enter__()

        self._open, stream = self._copies.first(name, enter)
        return stream

    def __exit__(self, *error: object) -> None:
        if self._open is not None:
            self._open.__exit__(*error)  # type: ignore[arg-type]
