"""Small objects of evidence in the store."""

from __future__ import annotations

import io

from archive.errors import IntegrityError
from archive.fixity import sha256_of
from archive.model import ObjectName
from archive.storage import ObjectStore


def put(store: ObjectStore, name: str, content: bytes) -> None:
    """Store bytes, create-only; the same bytes again change nothing."""
    stream = io.BytesIO(content)
    store.put(ObjectName(name), stream, size=len(content), sha256=sha256_of(content))


def put_first(store: ObjectStore, name: str, content: bytes) -> None:
    """Store what differs from try to try; what another process stored first counts."""
    try:
        put(store, name, content)
    except IntegrityError:
        store.stat(ObjectName(name))


def there(store: ObjectStore, name: str) -> bool:
    """Whether there is an object of this very name."""
    return next(iter(store.names(name)), None) == name
