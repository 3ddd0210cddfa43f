"""Stores when things go wrong: full disks, killed writers, servers that are down or lie."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from archive.errors import (
    DisposalForbidden,
    IntegrityError,
    NotHeld,
    NotInitialised,
    NotPermitted,
    StoreFull,
    Unavailable,
)
from archive.findings import Severity
from archive.fixity import sha256_of
from archive.model import ObjectName
from archive.storage import ObjectStore
from archive.storage.copies import Copies
from archive.storage.folder import FolderStore
from archive.storage.memory import MemoryStore
from archive.storage.opening import S3Credentials, create_store, open_store
from tests import servers
from tests.disks import a_small_disk
from tests.faults import FaultyStore
from tests.stores import BUCKET

NAME = ObjectName("aip/3f/a0/one/v00001-0011223344556677.zip")


def put(store: ObjectStore, content: bytes, name: str = NAME) -> None:
    store.put(ObjectName(name), io.BytesIO(content), size=len(content), sha256=sha256_of(content))


def test_a_full_disk_stores_nothing_and_takes_smaller_things_later(tmp_path: Path) -> None:
    with a_small_disk(tmp_path / "disk", "2m") as small:
        disk = small.folder
        store = FolderStore(disk / "store")
        put(store, b"small", "first")

        with pytest.raises(StoreFull) as full:
            put(store, secrets.token_bytes(3 << 20))

        assert full.value.exit_code == 11
        assert list(store.names()) == ["first"]
        assert list((disk / "store/.kho/incoming").iterdir()) == []
        put(store, b"still some room", "second")
        assert store.read(ObjectName("second")) == b"still some room"


WRITER = """
import sys, time, hashlib
from archive.storage.opening import open_store
class Slow:
    def __init__(self, size): self.left = size
    def read(self, n=-1):
        n = min(n, self.left)
        self.left -= n
        if self.left < 20_000_000: sys.stdout.write("."); sys.stdout.flush(); time.sleep(0.05)
        return bytes(n)
    def tell(self): return 0
store = open_store(sys.argv[1])
size = 60_000_000
sha256 = hashlib.sha256(bytes(size)).hexdigest()
store.put(sys.argv[2], Slow(size), size=size, sha256=sha256)
"""


def killed_while_writing(url: str, environment: dict[str, str]) -> None:
    """Start a process that puts 60 MB, and kill it when two thirds are written."""
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, NAME],
        cwd=root,
        stdout=subprocess.PIPE,
        env={"PATH": os.defpath, "PYTHONPATH": str(root), **environment},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"."
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def test_a_killed_writer_leaves_nothing_visible_in_a_folder(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    incoming = tmp_path / "store/.kho/incoming"

    killed_while_writing(store.url, {})

    assert list(store.names()) == []
    assert len(list(incoming.iterdir())) == 1
    put(FolderStore(tmp_path / "store"), b"the next writer sweeps")
    assert list(incoming.iterdir()) == []
    assert store.read(NAME) == b"the next writer sweeps"


def test_a_killed_writer_leaves_nothing_visible_in_s3(
    s3_url: str, s3_credentials: S3Credentials
) -> None:
    store = open_store(s3_url, s3_credentials)
    keys = {
        "KHO_S3_ACCESS_KEY": s3_credentials.access_key,
        "KHO_S3_SECRET_KEY": s3_credentials.secret_key,
    }

    killed_while_writing(s3_url, keys)

    assert list(store.names()) == []
    put(store, b"again")
    assert store.read(NAME) == b"again"


def test_a_sweep_leaves_alone_what_is_being_written(tmp_path: Path) -> None:
    store, other = FolderStore(tmp_path), FolderStore(tmp_path)
    (tmp_path / ".kho/incoming/left-behind").write_bytes(b"half")

    class Sweeping(io.BytesIO):
        swept = -1

        def read(self, size: int | None = -1, /) -> bytes:
            self.swept = max(self.swept, other.sweep())
            return super().read(size)

    content = Sweeping(b"content")
    put_from = {"size": 7, "sha256": sha256_of(b"content")}
    store.put(NAME, content, **put_from)  # type: ignore[arg-type]

    assert content.swept == 0
    assert store.read(NAME) == b"content"


def test_when_put_returns_file_and_every_folder_above_it_were_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path / "store")
    flushed: list[Path] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    put(store, b"content", "a/b/c/object")

    assert flushed[0].parent == tmp_path / "store/.kho/incoming"
    folders = ["a/b/c", "a/b", "a", "."]
    assert flushed[1:] == [tmp_path / "store" / folder for folder in folders]
    flushed.clear()
    put(store, b"content", "a/b/d/object")
    assert flushed[1:3] == [tmp_path / "store/a/b/d", tmp_path / "store/a/b"]


def test_objects_and_their_folder_are_closed_to_others_and_not_writable(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    put(store, b"content")

    assert (store.root / NAME).stat().st_mode & 0o777 == 0o440
    assert store.root.stat().st_mode & 0o007 == 0


def test_a_lock_that_cannot_be_read_forbids_deletion(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put(store, b"content")
    store.set_legal_hold(NAME, True)
    (lock,) = (tmp_path / NAME).parent.glob(".*.lock")
    lock.write_text("{")

    with pytest.raises(IntegrityError, match="lock"):
        store.delete(NAME)

    assert store.read(NAME) == b"content"


def test_a_folder_that_is_not_there_is_not_an_empty_store(tmp_path: Path) -> None:
    with pytest.raises(NotInitialised, match="no store"):
        open_store(f"folder://{tmp_path / 'disk'}")
    assert not (tmp_path / "disk").exists()

    create_store(f"folder://{tmp_path / 'disk'}")
    assert list(open_store(f"folder://{tmp_path / 'disk'}").names()) == []


def test_a_server_that_is_down_is_told_soon() -> None:
    url = f"s3://127.0.0.1:{servers.free_port()}/bucket?tls=0"
    store = open_store(url, S3Credentials("a", "b"))
    acts: list[Callable[[], object]] = [
        lambda: put(store, b"x"),
        lambda: store.read(NAME),
        lambda: list(store.names()),
        lambda: store.delete(NAME),
        store.probe,
    ]
    started = time.monotonic()  # generous: the machine may be busy, the store must not be patient

    for act in acts:
        with pytest.raises(Unavailable) as down:
            act()
        assert down.value.exit_code == 11

    assert time.monotonic() - started < 30 * len(acts)


def test_wrong_keys_and_a_missing_bucket_are_told_apart(
    s3_server: servers.S3Server, s3_credentials: S3Credentials
) -> None:
    url = f"s3://{s3_server.endpoint}/{BUCKET}?tls=0"
    stranger = open_store(url, S3Credentials(s3_credentials.access_key, "not-the-secret-key"))
    nowhere = open_store(f"s3://{s3_server.endpoint}/no-such-bucket?tls=0", s3_credentials)

    with pytest.raises(NotPermitted) as refused:
        put(stranger, b"x")
    with pytest.raises(NotInitialised, match="bucket does not exist"):
        put(nowhere, b"x")

    assert "not-the-secret-key" not in f"{refused.value}{refused.value.to_problem()}{stranger.url}"


def test_over_tls_the_server_is_trusted_by_its_ca_only(
    s3_server: servers.S3Server, s3_credentials: S3Credentials
) -> None:
    url = f"s3://{s3_server.tls_endpoint}/{BUCKET}/tls"
    trusting = open_store(url, s3_credentials, ca_file=str(s3_server.ca_file))
    content = secrets.token_bytes(33 << 20)

    put(trusting, content)
    put(trusting, b"small", "small")

    assert trusting.read(NAME) == content
    assert trusting.stat(NAME).sha256 == sha256_of(content)
    with pytest.raises(Unavailable, match="no trust"):
        open_store(url, s3_credentials).read(NAME)


def test_of_two_racing_writers_of_large_objects_one_wins(
    s3_url: str, s3_credentials: S3Credentials
) -> None:
    store = open_store(s3_url, s3_credentials)
    contents = [bytes([number]) * (34 << 20) for number in range(2)]

    def write(content: bytes) -> bool:
        try:
            put(store, content)
        except IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(2) as writers:
        won = list(writers.map(write, contents))

    assert won.count(True) == 1
    assert store.read(NAME) == contents[won.index(True)]


def test_more_names_than_a_page_come_in_byte_order(
    s3_url: str, s3_credentials: S3Credentials
) -> None:
    store = open_store(s3_url, s3_credentials)
    names = [f"p/{n % 7}/{n}" for n in range(800)] + [f"p/{n % 7}-{n}" for n in range(300)]

    with ThreadPoolExecutor(16) as writers:
        list(writers.map(lambda name: put(store, b"x", name), names))

    found = list(store.names("p/"))
    assert found == sorted(names)
    assert list(store.names("p/", after=found[500])) == found[501:]
    assert all(a < b for a, b in pairwise(store.names("p/3")))


def test_the_probe_tells_a_bucket_without_lock(
    s3_server: servers.S3Server, s3_credentials: S3Credentials
) -> None:
    bucket = f"s3://{s3_server.endpoint}/without-lock?tls=0"
    create_store(bucket, s3_credentials, lock="none")

    asked = open_store(bucket, s3_credentials, lock="governance").probe()
    known = open_store(bucket, s3_credentials, lock="none").probe()

    errors = {f.rule for f in asked if f.severity is Severity.ERROR}
    assert "KHO-STORE-VERSIONING" in errors
    assert errors & {"KHO-STORE-REFUSED", "KHO-STORE-LOCK", "KHO-STORE-HOLD"}
    assert [f.rule for f in known] == ["KHO-STORE-NO-LOCK"]


def test_compliance_is_never_weakened(s3_url: str, s3_credentials: S3Credentials) -> None:
    strict = open_store(s3_url, s3_credentials, lock="compliance")
    mild = open_store(s3_url, s3_credentials, lock="governance")
    put(strict, b"content")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)

    strict.retain(NAME, until)
    mild.retain(NAME, until + timedelta(days=1))

    assert mild.stat(NAME).retained_until == until + timedelta(days=1)
    client, bucket, key = strict._client, BUCKET, strict._key(NAME)  # type: ignore[attr-defined]
    assert client.get_object_retention(bucket, key).mode == "COMPLIANCE"


def test_deletion_takes_every_version_and_delete_marker(
    s3_url: str, s3_credentials: S3Credentials
) -> None:
    store = open_store(s3_url, s3_credentials)
    put(store, b"content")
    client, key = store._client, store._key(NAME)  # type: ignore[attr-defined]
    client.remove_object(BUCKET, key)
    put(store, b"a second version")

    store.delete(NAME)

    listed = client.list_objects(BUCKET, prefix=key, recursive=True, include_version=True)
    assert list(listed) == []


def test_a_faulty_copy_is_completed_by_putting_again() -> None:
    first, second = MemoryStore(), MemoryStore()
    copies = Copies([first, FaultyStore(second, fail_at=1)])

    with pytest.raises(Unavailable):
        put(copies, b"content")
    put(copies, b"content")

    assert first.read(NAME) == second.read(NAME) == b"content"


def test_copies_are_read_from_the_first_that_answers() -> None:
    down = open_store(f"s3://127.0.0.1:{servers.free_port()}/bucket?tls=0", S3Credentials("a", "b"))
    held = MemoryStore()
    put(held, b"content")
    copies = Copies([down, held])

    assert copies.read(NAME) == b"content"
    with pytest.raises(Unavailable):
        list(copies.names())
    with pytest.raises(Unavailable):
        copies.stat(ObjectName("nowhere"))
    with pytest.raises(NotHeld):
        Copies([MemoryStore(), held]).stat(ObjectName("nowhere"))


def test_no_copy_is_deleted_while_one_is_locked() -> None:
    free, locked = MemoryStore(), MemoryStore()
    copies = Copies([free, locked])
    put(copies, b"content")
    locked.set_legal_hold(NAME, True)

    with pytest.raises(DisposalForbidden):
        copies.delete(NAME)

    assert free.read(NAME) == b"content"


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after"])
def test_a_put_whose_answer_is_lost_can_be_repeated(after: bool) -> None:
    store = FaultyStore(MemoryStore(), fail_at=1, after=after)

    with pytest.raises(Unavailable):
        put(store, b"content")
    put(store, b"content")

    assert hashlib.sha256(store.read(NAME)).hexdigest() == sha256_of(b"content")
