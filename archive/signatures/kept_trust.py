"""Kept trust: a trust folder that stays read until it changes, by whichever process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final

from archive.fixity import mark_of
from archive.signatures import trust
from archive.signatures.trust import TrustStore

Stolen = tuple[tuple[str, datetime], ...]
PATIENCE: Final = 1.0
"""Seconds after which the journal is asked again which of the archive's keys were stolen."""
_TRIES: Final = 5
_Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: _Stamp
    store: TrustStore
    asked_at: float


class KeptTrust:
    """A trust folder, read again when another process or this one has changed it.

    Each use costs a few `stat` calls. As long as nothing changed, the very same store is
    returned, so that what others keep for it stays good. Safe to use from many threads.
    """

    def __init__(self, folder: Path, stolen: Callable[[], Stolen]) -> None:
        """Keep a folder.

        Args:
            folder: the trust folder.
            stolen: says which of the archive's own keys were stolen, and since when.
        """
        self._folder, self._stolen = folder, stolen
        self._kept: _Kept | None = None
        self._lock = Lock()

    def store(self) -> TrustStore:
        """Return what is trusted now. Errors as `TrustStore.load`."""
        stamp, kept = stamp_of(self._folder), self._kept
        if kept is not None and kept.stamp == stamp:
            if monotonic() - kept.asked_at < PATIENCE or not self._lock.acquire(blocking=False):
                return kept.store
        else:
            self._lock.acquire()
        try:
            return self._read().store
        finally:
            self._lock.release()

    def _read(self) -> _Kept:
        stamp, store = self._loaded()
        # Asked by one thread at a time, which may have a connection to the catalogue already.
        store = replace(store, stolen=self._stolen())
        if self._kept is not None and self._kept.store == store:
            store = self._kept.store
        self._kept = _Kept(stamp, store, monotonic())
        return self._kept

    def _loaded(self) -> tuple[_Stamp, TrustStore]:
        """Read the folder, again if it changes meanwhile: never half of a change of one file."""
        kept = self._kept
        for last in range(_TRIES - 1, -1, -1):
            stamp = stamp_of(self._folder)
            if kept is not None and kept.stamp == stamp:
                return stamp, kept.store
            try:
                store = TrustStore.load(self._folder)
            except FileNotFoundError:  # what was listed went away before it was read
                if last == 0:
                    raise
                continue
            if stamp_of(self._folder) == stamp or last == 0:
                return stamp, store
        raise AssertionError("unreachable")


def stamp_of(folder: Path) -> _Stamp:
    """Return what differs after every change of a trust folder: its version, and how its files lie.

    The version is new at each change that Kho makes, however fast they follow each other. The
    rest shows what people lay there or take away by hand.
    """
    # Asked several times a dossier: names are put together as text, several times as fast.
    inside = f"{folder}/"
    return (
        _version(inside + trust.VERSION_FILE),
        *[_lies(inside + name) for name in trust.PARTS],
    )


def _version(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - see above
            return stream.read()
    except FileNotFoundError:
        return b""


def _lies(path: str) -> tuple[int, ...]:
    try:
        return mark_of(os.stat(path))  # noqa: PTH116 - see above
    except FileNotFoundError:
        return ()
