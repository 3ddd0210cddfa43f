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


def write_lock(place: Path, lock: Lock, incoming: Incoming, like: Path | None = None) -> Path:
    """Make a lock durable, in place of an earlier one, and return its file.

    Most locks of a batch say the same. Nobody ever writes into a lock's file: one that says
    something else takes its place. So an object whose lock is its first gets another name of
    a file that says it already, which costs a third of a new one.

    Args:
        place: the object.
        lock: on it.
        incoming: where new files are written.
        like: the file of a lock that may say the same; nobody changes it meanwhile.
    """
    until = lock.retained_until.isoformat() if lock.retained_until else None
    content = json.dumps({"retained_until": until, "legal_hold": lock.legal_hold}).encode()
    own = lock_file(place)
    if like is None or not _linked(like, own, content):
        with incoming.file() as (path, stream):
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            path.replace(own)
    flush_folder(place.parent)
    return own


def _linked(like: Path, own: Path, content: bytes) -> bool:
    """Give the file `like` another name, if it has this content and there is no such name."""
    try:
        if like.read_bytes() != content:
            return False
        os.link(like, own)
    except OSError:  # gone, or has all the names that the file system allows
        return False
    return True
