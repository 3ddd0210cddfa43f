"""Locks of a folder store that say the same share a file, and part when one of them changes."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.fixity import sha256_of
from archive.model import ObjectName
from archive.storage.folder import FolderStore
from archive.storage.locks import lock_file

FIRST, SECOND, THIRD = (ObjectName(f"aip/{n}/v1.zip") for n in "abc")
UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
LATER = UNTIL + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Return a store in which two of three objects are locked until the same day."""
    made = FolderStore(tmp_path)
    for name in (FIRST, SECOND, THIRD):
        made.put(name, io.BytesIO(b"content"), size=7, sha256=sha256_of(b"content"))
    made.retain(FIRST, UNTIL)
    made.retain(SECOND, UNTIL)
    return made


def held(store: FolderStore) -> list[tuple[datetime | None, bool]]:
    found = [store.stat(name) for name in (FIRST, SECOND, THIRD)]
    return [(each.retained_until, each.legal_hold) for each in found]


def inode(store: FolderStore, name: ObjectName) -> int:
    return lock_file(store.root / name).stat().st_ino


def test_locks_that_say_the_same_share_a_file(store: FolderStore) -> None:
    assert inode(store, FIRST) == inode(store, SECOND)
    assert held(store) == [(UNTIL, False), (UNTIL, False), (None, False)]


def test_a_lock_that_is_extended_takes_no_other_with_it(store: FolderStore) -> None:
    store.retain(FIRST, LATER)
    store.set_legal_hold(SECOND, True)
    store.retain(THIRD, UNTIL)

    assert held(store) == [(LATER, False), (UNTIL, True), (UNTIL, False)]


def test_a_lock_that_another_process_changed_is_not_handed_on(store: FolderStore) -> None:
    FolderStore(store.root).retain(SECOND, LATER)

    store.retain(THIRD, UNTIL)

    assert held(store) == [(UNTIL, False), (LATER, False), (UNTIL, False)]


def test_a_lock_that_is_gone_is_written_anew(store: FolderStore) -> None:
    for name in (FIRST, SECOND):
        lock_file(store.root / name).unlink()

    store.retain(THIRD, UNTIL)

    assert held(store) == [(None, False), (None, False), (UNTIL, False)]
