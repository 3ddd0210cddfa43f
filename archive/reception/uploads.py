"""Uploads: files stream to disk under safe names; one that breaks off goes on where it stopped.

A file is in the inbox whole or not at all: it grows beside it and is moved when its last byte
is on disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archive.assembly import Archive
from archive.catalogue import reception
from archive.catalogue.reception import Batch
from archive.errors import AlreadyHeld, NotHeld, NotNow, StoreFull, UnsafeInput
from archive.findings import Severity
from archive.fixity import CHUNK_BYTES, sha256_of_file
from archive.packages import names

MAX_FILES = 100_000
"""Files in the inbox of one batch."""
RESERVE_BYTES = 256 << 20
"""Room on disk that uploads leave to everything else."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way."""

    id: str
    """The same for the same batch, name and size: who begins again goes on."""
    name: str
    size: int
    """Bytes, as declared."""
    received: int
    """Bytes that are on disk; the next piece begins here."""

    @property
    def complete(self) -> bool:
        """Whether it is in the inbox."""
        return self.received == self.size


def folder(archive: Archive, batch_id: str) -> Path:
    """Return where a batch has its files."""
    return archive.settings.home / "queue" / batch_id


def inbox(archive: Archive, batch_id: str) -> Path:
    """Return where a batch's submissions lie as they came; made if need be."""
    place = folder(archive, batch_id) / "inbox"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def begin(archive: Archive, batch_id: str, name: str, size: int) -> Upload:
    """Begin to upload a file in pieces, or go on with one that broke off.

    Args:
        archive: where to.
        batch_id: an open batch.
        name: path of the file below what was dropped, `/` between its parts.
        size: its bytes.

    Raises:
        NotHeld: there is no such batch.
        UsageError: the batch is closed.
        UnsafeInput: the name leads out of its folder, or the file is over the limit.
        AlreadyHeld: the inbox has a file of this name.
        StoreFull: there is no room for it.
    """
    _expect_open(archive, batch_id)
    path = checked_name(name)
    _expect_size(archive, name, size)
    if (inbox(archive, batch_id) / path).exists():
        raise AlreadyHeld("the batch has a file of this name", where=names.shown(name))
    upload_id = hashlib.sha256(f"{batch_id}\0{path}\0{size}".encode()).hexdigest()[:32]
    part = _part(archive, batch_id, upload_id)
    part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part.with_suffix(".json").write_text(json.dumps({"name": path, "size": size}), "utf-8")
    part.touch(mode=0o600)
    received = part.stat().st_size
    expect_room(archive, size - received)
    return Upload(upload_id, path, size, received)


def append(archive: Archive, batch_id: str, upload_id: str, at: int, piece: BinaryIO) -> Upload:
    """Add the next piece of a file; the last one puts it into the inbox.

    What arrives before a connection breaks is kept.

    Raises:
        NotHeld: no such upload was begun.
        NotNow: the piece does not begin where the last one ended; `hint` says where.
        UnsafeInput: it is longer than was declared; the whole upload is dropped.
        StoreFull: there is no room.
    """
    _expect_open(archive, batch_id)
    with _locked(archive, batch_id, upload_id) as (part, known):
        size, received = int(known["size"]), part.stat().st_size
        if at != received:
            raise NotNow("the piece begins elsewhere", where=str(at), hint=str(received))
        with part.open("ab") as target:
            received += _written(piece, target, size - received)
        if received > size:
            _drop(part)
            raise UnsafeInput("the file is longer than was declared", where=known["name"])
        if received == size:
            _into_inbox(archive, batch_id, part, known["name"])
        return Upload(upload_id, known["name"], size, received)


def receive(archive: Archive, batch_id: str, name: str, stream: BinaryIO) -> Path:
    """Put a whole file into the inbox of a batch, streamed to disk.

    Errors as `begin`; what was written of a file over the limit is removed.
    """
    _expect_open(archive, batch_id)
    path, limit = checked_name(name), archive.limits.max_total_bytes
    part = _part(archive, batch_id, hashlib.sha256(os.urandom(16)).hexdigest()[:32])
    part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with part.open("xb") as target:
            written = _written(stream, target, limit)
        _expect_size(archive, name, written)
        return _into_inbox(archive, batch_id, part, path)
    finally:
        _drop(part)


def add_path(archive: Archive, batch_id: str, path: Path) -> None:
    """Copy a file or a folder of this machine into a batch's inbox.

    Raises:
        NotHeld: there is nothing.
        UnsafeInput: a name cannot be, or it is over the limit.
    """
    if not path.exists():
        raise NotHeld(f"there is nothing at {path}", where=str(path))
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    if len(files) > MAX_FILES:
        raise UnsafeInput(f"more than {MAX_FILES} files", where=str(path))
    for file in files:
        if file.is_symlink():
            raise UnsafeInput("is a symbolic link; put the file there", where=str(file))
        with file.open("rb") as stream:
            receive(archive, batch_id, file.relative_to(path.parent).as_posix(), stream)


def checked_name(name: str) -> str:
    """Return the name of an uploaded file, normalised.

    Raises:
        UnsafeInput: it is absolute, leads upwards, is hidden, or cannot be on every system.
    """
    broken = [f for f in names.check_name(name) if f.severity is Severity.ERROR]
    hidden = any(part.startswith(".") for part in name.split("/"))
    if broken or hidden:
        why = broken[0].message if broken else "the name is hidden"
        raise UnsafeInput(f"{names.shown(name)!r}: {why}", where=names.shown(name))
    return names.normalised(name)


def _expect_open(archive: Archive, batch_id: str) -> Batch:
    with archive.catalogue.connect() as connection:
        batch = reception.get(connection, batch_id)
    if batch.closed_at is not None:
        raise NotNow("the batch is closed", where=batch_id)
    return batch


def _expect_size(archive: Archive, name: str, size: int) -> None:
    limit = archive.limits.max_total_bytes
    if not 0 <= size <= limit:
        raise UnsafeInput(
            f"{names.shown(name)}: more than {limit} bytes",
            where=names.shown(name),
            hint="split the batch, or raise limits.max_total_bytes",
        )


def expect_room(archive: Archive, size: int) -> None:
    """Raise StoreFull if there is no room on disk for so many bytes."""
    if shutil.disk_usage(archive.settings.home).free < size + RESERVE_BYTES:
        raise StoreFull("there is no room for this upload", hint="make room, go on with it")


def _part(archive: Archive, batch_id: str, upload_id: str) -> Path:
    if len(upload_id) != 32 or not set(upload_id) <= set("0123456789abcdef"):
        raise NotHeld("no such upload was begun", where=batch_id)
    return folder(archive, batch_id) / "incoming" / f"{upload_id}.part"


@contextmanager
def _locked(
    archive: Archive, batch_id: str, upload_id: str
) -> Iterator[tuple[Path, dict[str, str]]]:
    """Keep two connections from writing into one file."""
    part = _part(archive, batch_id, upload_id)
    try:
        known = json.loads(part.with_suffix(".json").read_text("utf-8"))
        lock = part.open("rb")
    except FileNotFoundError:
        raise NotHeld("no such upload was begun", where=batch_id) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotNow("a piece of this file is arriving just now", hint="wait") from None
        yield part, known


def _written(stream: BinaryIO, target: BinaryIO, limit: int) -> int:
    """Write what a stream has, at most one byte more than `limit`; return how many bytes."""
    written = 0
    try:
        while written <= limit:
            piece = stream.read(min(CHUNK_BYTES, limit + 1 - written))
            if not piece:
                break
            target.write(piece)
            written += len(piece)
        target.flush()
        os.fsync(target.fileno())
    except OSError as error:
        raise StoreFull(f"the upload cannot be written: {error.strerror}") from error
    return written


def _into_inbox(archive: Archive, batch_id: str, part: Path, path: str) -> Path:
    """Move a whole file into the inbox; one that is there already stays."""
    target = inbox(archive, batch_id) / path
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.link(part, target)
    except (FileExistsError, NotADirectoryError):
        same = target.is_file() and sha256_of_file(target) == sha256_of_file(part)
        _drop(part)
        if not same:
            raise AlreadyHeld(
                "the batch has another file of this name", where=names.shown(path)
            ) from None
    _drop(part)
    return target


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_suffix(".json").unlink(missing_ok=True)
