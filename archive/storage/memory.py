"""A store in memory, for tests: as strict as the others, gone with the process."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from archive.findings import Finding
from archive.fixity import sha256_of
from archive.model import ObjectName
from archive.storage import StoredObject
from archive.storage.names import (
    checked,
    forbid_if_locked,
    not_held,
    other_content,
    store_time,
    whole_second,
)
from archive.storage.probing import probe
from archive.storage.streams import declared


@dataclass(frozen=True, slots=True)
class _Object:
    content: bytes
    described: StoredObject


class MemoryStore:
    """Objects in a dictionary."""

    def __init__(self, *, clock: Callable[[], datetime] = store_time) -> None:
        """Make an empty store; `clock` decides whether a lock has ended."""
        self.url = "memory:"
        self._clock = clock
        self._objects: dict[ObjectName, _Object] = {}
        self._changing = threading.RLock()

    def put(self, name: ObjectName, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store content create-only; see `ObjectStore.put`."""
        name = checked(name)
        with self._changing:
            held = self._objects.get(name)
        if held is None:
            arrived = b"".join(declared(content, name, size=size, sha256=sha256))
            described = StoredObject(name, size, sha256, self._clock())
            with self._changing:
                held = self._objects.setdefault(name, _Object(arrived, described))
        if (held.described.size, sha256_of(held.content)) != (size, sha256):
            raise other_content(name)

    @contextmanager
    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> Iterator[BinaryIO]:
        """Open an object or a range of it; see `ObjectStore.open`."""
        content = self._held(name).content
        yield io.BytesIO(content[offset : None if length is None else offset + length])

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        """Return an object or a range of it; see `ObjectStore.read`."""
        with self.open(name, offset=offset, length=length) as stream:
            return stream.read()

    def stat(self, name: ObjectName) -> StoredObject:
        """Describe an object; see `ObjectStore.stat`."""
        return self._held(name).described

    def names(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectName]:
        """Yield names in byte order; see `ObjectStore.names`."""
        with self._changing:
            held = sorted(self._objects)
        return (name for name in held if name.startswith(prefix) and name > after)

    def delete(self, name: ObjectName) -> None:
        """Remove an object unless it is locked; see `ObjectStore.delete`."""
        name = checked(name)
        with self._changing:
            held = self._objects.get(name)
            if held is None:
                return
            lock = held.described
            forbid_if_locked(
                name,
                retained_until=lock.retained_until,
                legal_hold=lock.legal_hold,
                at=self._clock(),
            )
            del self._objects[name]

    def retain(self, name: ObjectName, until: datetime) -> None:
        """Lock an object; see `ObjectStore.retain`."""
        until = whole_second(until)
        with self._changing:
            held = self._held(name)
            present = held.described.retained_until
            if present is None or until > present:
                described = replace(held.described, retained_until=until)
                self._objects[name] = replace(held, described=described)

    def set_legal_hold(self, name: ObjectName, on: bool) -> None:
        """Set or clear the hold; see `ObjectStore.set_legal_hold`."""
        with self._changing:
            held = self._held(name)
            described = replace(held.described, legal_hold=on)
            self._objects[name] = replace(held, described=described)

    def probe(self) -> tuple[Finding, ...]:
        """Try the promises out; see `ObjectStore.probe`."""
        return tuple(probe(self))

    def _held(self, name: ObjectName) -> _Object:
        with self._changing:
            held = self._objects.get(checked(name))
        if held is None:
            raise not_held(name)
        return held
