"""Retention dates and holds of a folder store: a small file beside each object that has one."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.errors import IntegrityError
from archive.storage.disk import Incoming, flush_folder


@dataclass(frozen=True, slots=True)
class Lock:
    """What forbids the deletion of an object."""

    retained_until: datetime | None = None
    legal_hold: bool = False


def lock_file(place: Path) -> Path:
    """Return where the lock of the object at `place` lies."""
    return place.with_name(f".{place.name}.lock")


def read_lock(place: Path) -> Lock:
    """Return the lock of the object at `place`, an empty one if it has none.

    Raises:
        IntegrityError: the lock cannot be read; the object is then not deleted.
    """
    try:
        content = json.loads(lock_file(place).read_bytes())
        until = content["retained_until"]
        return Lock(datetime.fromisoformat(until) if until else None, bool(content["legal_hold"]))
    except FileNotFoundError:
        return Lock()
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"the lock of {place.name} cannot be read", where=str(lock_file(place))
        ) from error


def write_lock(place: Path, lock: Lock, incoming: Incoming) -> None:
    """Make a lock durable, in place of an earlier one."""
    until = lock.retained_until.isoformat() if lock.retained_until else None
    content = json.dumps({"retained_until": until, "legal_hold": lock.legal_hold})
    with incoming.file() as (path, stream):
        stream.write(content.encode())
        stream.flush()
        os.fsync(stream.fileno())
        path.replace(lock_file(place))
    flush_folder(place.parent)
