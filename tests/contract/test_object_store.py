"""The contract of `ObjectStore`, held against every kind of store; S3 is a real server."""

from __future__ import annotations

import hashlib
import io
import random
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from archive.errors import DisposalForbidden, IntegrityError, NotHeld, UnsafeInput
from archive.findings import Severity
from archive.fixity import Hashed, sha256_of
from archive.model import ObjectName
from archive.storage import ObjectStore
from archive.storage.copies import Copies
from archive.storage.encrypted import EncryptedStore
from archive.storage.encrypted.keyring import Keyring
from archive.storage.encrypted.master import FileMaster
from archive.storage.folder import FolderStore
from archive.storage.memory import MemoryStore
from archive.storage.opening import open_store

NAME = ObjectName("aip/3f/a0/one/v00001-0011223344556677.zip")
SOON = timedelta(seconds=2)


@pytest.fixture(params=["folder", "memory", "s3", "copies", "encrypted"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    if request.param == "memory":
        return MemoryStore()
    if request.param == "encrypted":
        keyring = Keyring([FileMaster(bytes(32))], [MemoryStore()])
        return EncryptedStore(MemoryStore(), keyring, lambda name: "3fa0-one")
    if request.param == "copies":
        return Copies([FolderStore(tmp_path / "one"), MemoryStore()])
    url = request.getfixturevalue("s3_url")
    return open_store(url, request.getfixturevalue("s3_credentials"))


def put(store: ObjectStore, content: bytes, name: str = NAME) -> None:
    store.put(ObjectName(name), io.BytesIO(content), size=len(content), sha256=sha256_of(content))


def now() -> datetime:
    return datetime.now(UTC)


def test_what_was_put_comes_back_and_is_described(store: ObjectStore) -> None:
    content = secrets.token_bytes(300_000)
    before = now() - timedelta(seconds=2)

    put(store, content)

    found = store.stat(NAME)
    assert store.read(NAME) == content
    assert (found.name, found.size, found.sha256) == (NAME, len(content), sha256_of(content))
    assert before <= found.stored_at <= now() + timedelta(seconds=2)
    assert (found.retained_until, found.legal_hold) == (None, False)


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, 4, b"0123"),
        (3, 4, b"3456"),
        (7, None, b"789"),
        (8, 100, b"89"),
        (10, None, b""),
        (50, 5, b""),
        (0, 0, b""),
        (5, 0, b""),
    ],
)
def test_a_range_is_what_lies_inside_the_object(
    store: ObjectStore, offset: int, length: int | None, expected: bytes
) -> None:
    put(store, b"0123456789")

    with store.open(NAME, offset=offset, length=length) as stream:
        streamed = stream.read()

    assert streamed == expected == store.read(NAME, offset=offset, length=length)


def test_content_is_read_from_its_present_position(store: ObjectStore) -> None:
    content = io.BytesIO(b"head and body")
    content.seek(5)

    store.put(NAME, content, size=8, sha256=sha256_of(b"and body"))

    assert store.read(NAME) == b"and body"


def test_an_object_may_be_empty(store: ObjectStore) -> None:
    put(store, b"")

    assert store.read(NAME) == b""
    assert store.stat(NAME).size == 0


def test_the_same_content_twice_is_one_object(store: ObjectStore) -> None:
    put(store, b"the same")

    put(store, b"the same")

    assert list(store.names()) == [NAME]


def test_other_content_under_a_taken_name_is_refused(store: ObjectStore) -> None:
    put(store, b"first")

    with pytest.raises(IntegrityError, match="other content"):
        put(store, b"other")
    with pytest.raises(IntegrityError, match="other content"):
        put(store, b"longer than the first")

    assert store.read(NAME) == b"first"


def test_bytes_that_were_hashed_in_memory_are_stored_as_others_are(store: ObjectStore) -> None:
    content = secrets.token_bytes(3_000_000)
    known = Hashed([content[:5], content[5:2_000_000], content[2_000_000:]], sha256_of(content))

    store.put(NAME, cast(BinaryIO, known), size=len(content), sha256=known.sha256)

    assert store.read(NAME) == content


@pytest.mark.parametrize(
    ("size", "digest_of"),
    [(7, b"another"), (6, b"content")],
    ids=["wrong digest", "longer than declared"],
)
def test_bytes_that_were_hashed_in_memory_are_held_against_what_is_declared(
    store: ObjectStore, size: int, digest_of: bytes
) -> None:
    known = Hashed([b"con", b"tent"], sha256_of(b"content"))

    with pytest.raises(IntegrityError):
        store.put(NAME, cast(BinaryIO, known), size=size, sha256=sha256_of(digest_of))

    assert list(store.names()) == []


@pytest.mark.parametrize(
    ("size", "digest_of"),
    [(7, b"another"), (6, b"content"), (8, b"content"), (6, b"conten")],
    ids=["wrong digest", "longer than declared", "shorter than declared", "a prefix is declared"],
)
def test_content_that_is_not_as_declared_is_refused_and_nothing_is_stored(
    store: ObjectStore, size: int, digest_of: bytes
) -> None:
    with pytest.raises(IntegrityError):
        store.put(NAME, io.BytesIO(b"content"), size=size, sha256=sha256_of(digest_of))

    assert list(store.names()) == []
    with pytest.raises(NotHeld):
        store.stat(NAME)


def test_of_16_racing_writers_one_wins_and_the_others_are_refused(store: ObjectStore) -> None:
    contents = [f"writer {number}".encode() * 1000 for number in range(16)]

    def write(content: bytes) -> bool:
        try:
            put(store, content)
        except IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(16) as writers:
        won = list(writers.map(write, contents))

    assert won.count(True) == 1
    assert store.read(NAME) == contents[won.index(True)]


def test_16_racing_writers_of_the_same_content_all_succeed(store: ObjectStore) -> None:
    content = secrets.token_bytes(50_000)

    with ThreadPoolExecutor(16) as writers:
        list(writers.map(lambda _: put(store, content), range(16)))

    assert store.read(NAME) == content


def test_what_is_not_held_is_named(store: ObjectStore) -> None:
    acts: list[Callable[[], object]] = [
        lambda: store.stat(NAME),
        lambda: store.read(NAME),
        lambda: store.open(NAME).__enter__(),
        lambda: store.retain(NAME, now() + SOON),
        lambda: store.set_legal_hold(NAME, True),
    ]

    for act in acts:
        with pytest.raises(NotHeld, match="is not in the store"):
            act()
    store.delete(NAME)


def test_names_come_in_byte_order_from_a_prefix_after_a_name(store: ObjectStore) -> None:
    names = ["b", "a/b", "a-b", "a.b", "a/c/d", "a0", "A", "a/c-d", "a/c.d", "a/B", "a_"]
    for name in random.Random(1).sample(names, len(names)):
        put(store, b"x", name)

    assert list(store.names()) == sorted(names)
    assert list(store.names("a/")) == ["a/B", "a/b", "a/c-d", "a/c.d", "a/c/d"]
    assert list(store.names("a/c")) == ["a/c-d", "a/c.d", "a/c/d"]
    assert list(store.names("a/c/")) == ["a/c/d"]
    for nothing in ("none/", "b/", "a/b/", "a/c/d/", "a/c/e"):
        assert list(store.names(nothing)) == []
    for after in [*names, "a/", "a/c/", "a/c", "", "zz", "a/bb"]:
        assert list(store.names(after=after)) == sorted(n for n in names if n > after)


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/./b", ".hidden", "a/.lock"),
        *("a\\b", "a\0b", "a b", "đ", "a\nb", "-r", "a" * 300, "/".join(["a" * 100] * 9)),
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(store: ObjectStore, name: str) -> None:
    with pytest.raises(UnsafeInput):
        put(store, b"x", name)
    with pytest.raises(UnsafeInput):
        store.read(ObjectName(name))
    with pytest.raises(UnsafeInput):
        store.delete(ObjectName(name))


def test_a_deleted_object_is_gone_and_its_name_free(store: ObjectStore) -> None:
    put(store, b"first")

    store.delete(NAME)

    assert list(store.names()) == []
    with pytest.raises(NotHeld):
        store.read(NAME)
    put(store, b"another")
    assert store.read(NAME) == b"another"


def test_a_locked_object_cannot_be_deleted_until_the_lock_ends(store: ObjectStore) -> None:
    put(store, b"locked")
    until = now().replace(microsecond=0) + SOON

    store.retain(NAME, until)

    assert store.stat(NAME).retained_until == until
    with pytest.raises(DisposalForbidden, match="object lock until"):
        store.delete(NAME)
    assert store.read(NAME) == b"locked"
    _wait_until(until)
    store.delete(NAME)
    assert list(store.names()) == []


def _wait_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - now()).total_seconds() + 0.2))


def test_a_lock_is_extended_and_never_shortened(store: ObjectStore) -> None:
    put(store, b"locked")
    first, second = now() + timedelta(days=10), now() + timedelta(days=3650)

    store.retain(NAME, second)
    store.retain(NAME, first)
    store.retain(NAME, now() - timedelta(days=1))

    found = store.stat(NAME).retained_until
    assert found is not None
    assert timedelta(0) <= found - second < timedelta(seconds=1)


def test_a_lock_that_ended_before_it_began_forbids_nothing(store: ObjectStore) -> None:
    put(store, b"free")

    store.retain(NAME, now() - timedelta(days=1))

    store.delete(NAME)
    assert list(store.names()) == []


def test_a_legal_hold_forbids_deletion_until_it_is_lifted(store: ObjectStore) -> None:
    put(store, b"held")
    store.set_legal_hold(NAME, True)
    store.set_legal_hold(NAME, True)

    assert store.stat(NAME).legal_hold
    with pytest.raises(DisposalForbidden, match="legal hold"):
        store.delete(NAME)
    assert store.read(NAME) == b"held"

    store.set_legal_hold(NAME, False)
    assert not store.stat(NAME).legal_hold
    store.delete(NAME)
    assert list(store.names()) == []


class Large(io.RawIOBase):
    """A large seekable stream of pseudo-random bytes that is never whole in memory."""

    def __init__(self, size: int) -> None:
        self._block = random.Random(7).randbytes(1 << 16)
        self._size, self._at = size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        assert whence == 0
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer) -> int:
        start = self._at % len(self._block)
        piece = self._block[start : start + min(len(buffer), self._size - self._at)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def digest_of(stream: BinaryIO | Large) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def test_an_object_of_80_mb_streams_in_and_out(store: ObjectStore) -> None:
    size = 80_000_003
    digest = digest_of(Large(size))

    store.put(NAME, Large(size), size=size, sha256=digest)  # type: ignore[arg-type]

    with store.open(NAME) as stream:
        assert digest_of(stream) == digest
    assert store.stat(NAME).size == size
    assert store.stat(NAME).sha256 == digest
    last = Large(size)
    last.seek(size - 1000)
    assert store.read(NAME, offset=size - 1000) == last.read(1000)
    store.put(NAME, Large(size), size=size, sha256=digest)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError):
        store.put(NAME, Large(size), size=size, sha256="0" * 64)  # type: ignore[arg-type]


def test_80_mb_with_a_wrong_digest_leave_nothing(store: ObjectStore) -> None:
    with pytest.raises(IntegrityError):
        store.put(NAME, Large(80_000_003), size=80_000_003, sha256="0" * 64)  # type: ignore[arg-type]

    assert list(store.names()) == []


def test_a_large_object_is_locked_like_a_small_one(store: ObjectStore) -> None:
    size = 34_000_000
    digest = digest_of(Large(size))
    store.put(NAME, Large(size), size=size, sha256=digest)  # type: ignore[arg-type]

    store.retain(NAME, now() + timedelta(days=1))

    with pytest.raises(DisposalForbidden):
        store.delete(NAME)


def test_the_probe_finds_no_fault_and_leaves_nothing(store: ObjectStore) -> None:
    findings = store.probe()

    assert [f for f in findings if f.severity is not Severity.INFO] == []
    assert list(store.names()) == []
