"""Names of objects, checked once for every kind of store, and the store's own clock."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

from archive.errors import DisposalForbidden, IntegrityError, NotHeld, UnsafeInput
from archive.model import ObjectName

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@=+-]*\Z")
_MAX_PART = 200
"""Bytes; a folder needs room in 255 for the lock file beside the object."""
_MAX_NAME = 800
"""Bytes; S3 allows 1024 with the prefix."""


def checked(name: str) -> ObjectName:
    """Return `name` if it can be the name of an object in every kind of store.

    Parts are of `A-Z a-z 0-9 _ . @ = + -` and begin with a letter, a digit or `_`, so that
    no name leads out of a folder or to a store's own files.

    Raises:
        UnsafeInput: it cannot.
    """
    parts = name.split("/")
    if len(name) <= _MAX_NAME and all(map(is_part, parts)):
        return ObjectName(name)
    raise UnsafeInput(f"{name[:100]!a} cannot be the name of an object", where="store")


def is_part(name: str) -> bool:
    """Tell whether `name` can be one part of an object's name."""
    return len(name) <= _MAX_PART and _PART.match(name) is not None


def store_time() -> datetime:
    """Return the present moment by which a store decides whether a lock has ended.

    It is the machine's and not the archive's clock: who looks at the archive as of another
    day must not open locks.
    """
    return datetime.fromtimestamp(time.time(), UTC)


def whole_second(moment: datetime) -> datetime:
    """Return the moment in UTC, rounded up to a whole second, as S3 keeps lock dates."""
    moment = moment.astimezone(UTC)
    if moment.microsecond:
        moment += timedelta(seconds=1)
    return moment.replace(microsecond=0)


def forbid_if_locked(
    name: ObjectName, *, retained_until: datetime | None, legal_hold: bool, at: datetime
) -> None:
    """Do nothing if an object may be deleted.

    Raises:
        DisposalForbidden: a hold stands on it, or its retention has not ended at `at`.
    """
    if legal_hold:
        raise DisposalForbidden(f"{name}: a legal hold stands on the stored object", where=name)
    if retained_until is not None and retained_until > at:
        raise DisposalForbidden(
            f"{name}: object lock until {retained_until.isoformat()}", where=name
        )


def not_held(name: ObjectName) -> NotHeld:
    """Return the error for an object that a store does not have."""
    return NotHeld(f"{name} is not in the store", where=name)


def other_content(name: ObjectName) -> IntegrityError:
    """Return the error for a name that is taken by other content."""
    return IntegrityError(
        f"{name}: other content is already stored under this name",
        where=name,
        hint="nothing was overwritten; compare with: kho fixity run",
    )


def not_as_declared(name: ObjectName, *, what: str) -> IntegrityError:
    """Return the error for content that is not what its sender declared."""
    return IntegrityError(f"{name}: {what}; nothing was stored", where=name)
