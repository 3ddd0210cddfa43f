"""Where bytes are: the port `ObjectStore` and what its answers look like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from archive.findings import Finding
from archive.model import ObjectName


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the store says about one object."""

    name: ObjectName
    size: int
    sha256: str | None
    """As the store keeps it beside the object; None where it keeps none."""
    stored_at: datetime
    retained_until: datetime | None = None
    """Object lock: no deletion before this time."""
    legal_hold: bool = False


class ObjectStore(Protocol):
    """A write-once store of named objects.

    Every implementation passes `tests/contract/test_object_store.py`.
    """

    url: str
    """What the settings call it: `folder:///…`, `s3://host:port/bucket/prefix`. No secrets."""

    def put(self, name: ObjectName, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store `content` for good under `name`, create-only.

        When this returns, the object survives a power cut and its digest was checked.
        Putting the same content again does nothing. `content` is seekable and read from
        its present position.

        Raises:
            IntegrityError: other content is already stored under `name`, or what arrived
                is not `size` bytes with that digest (then nothing is stored).
            StoreFull: no room; nothing is half written.
            Unavailable: the store did not answer; putting again is safe.
        """

    def open(
        self, name: ObjectName, *, offset: int = 0, length: int | None = None
    ) -> AbstractContextManager[BinaryIO]:
        """Open an object, or a range of it, for streaming.

        Raises:
            NotHeld: no such object.
            Unavailable: the store did not answer.
        """

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        """Return an object, or a range of it, whole in memory. Errors as `open`."""

    def stat(self, name: ObjectName) -> StoredObject:
        """Describe an object. Errors as `open`."""

    def names(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectName]:
        """Yield names that begin with `prefix` and sort after `after`, in byte order."""

    def delete(self, name: ObjectName) -> None:
        """Remove every version of an object for good; nothing happens if there is none.

        Raises:
            DisposalForbidden: retention or a legal hold stands on it.
        """

    def retain(self, name: ObjectName, until: datetime) -> None:
        """Lock an object until `until` (aware); earlier than the present lock changes nothing."""

    def set_legal_hold(self, name: ObjectName, on: bool) -> None:
        """Set or clear the legal hold on every version of an object."""

    def probe(self) -> tuple[Finding, ...]:
        """Try out what the store promises (create-only, digest check, lock) on scratch
        objects and report what does not hold, as findings `KHO-STORE-…`."""
