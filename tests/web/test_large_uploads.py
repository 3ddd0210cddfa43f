"""Large uploads: streamed to disk in little memory, refused early, and nothing left of broken ones."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from archive import reception
from archive.assembly import Archive
from archive.errors import StoreFull
from tests.archives import a_home, opened
from tests.web import world as worlds
from tests.web.systems import a_system, a_token

MIB = 1 << 20
SIZE = 300 * MIB
BORDER = "kho-large-uploads"
HEAD = (
    f'--{BORDER}\r\nContent-Disposition: form-data; name="file"; filename="ho-so.zip"\r\n'
    "Content-Type: application/zip\r\n\r\n"
).encode()
TAIL = f"\r\n--{BORDER}--\r\n".encode()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    home = a_home(tmp_path_factory.mktemp("large"))
    with_clock = opened(home, clock=lambda: datetime.now(UTC))
    yield with_clock
    with_clock.close()


@pytest.fixture(scope="module")
def told(archive: Archive) -> Iterator[dict]:
    with worlds.served(archive.settings.home) as told:
        yield told


def body(size: int) -> Iterator[bytes]:
    """Yield a form with a file of so many bytes, made as it is sent."""
    yield HEAD
    for _ in range(size // MIB):
        yield bytes(MIB)
    yield TAIL


def headers(size: int) -> dict[str, str]:
    return {
        "Content-Type": f"multipart/form-data; boundary={BORDER}",
        "Content-Length": str(len(HEAD) + size + len(TAIL)),
    }


def peak_bytes(pid: int) -> int:
    """Return the largest memory that a process has had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) << 10


def waited_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def files_below(home: Path) -> list[Path]:
    return [
        path
        for folder in ("queue", "scratch")
        for path in (home / folder).rglob("*")
        if path.is_file()
    ]


def test_a_large_file_is_received_in_little_memory(archive: Archive, told: dict):
    before = peak_bytes(told["pid"])
    with a_system(told["address"], a_token(archive)) as system:
        answer = system.post("/submissions", content=body(SIZE), headers=headers(SIZE))

        assert answer.status_code == 202, answer.text
        received = archive.settings.home / "queue" / answer.json()["id"] / "inbox" / "ho-so.zip"
        assert received.stat().st_size == SIZE
    assert peak_bytes(told["pid"]) - before < 100 * MIB
    received.unlink()


def test_what_is_too_large_is_refused_before_it_is_sent(archive: Archive, told: dict):
    before = files_below(archive.settings.home)
    size = archive.limits.max_total_bytes + 2 * MIB
    sent = {**headers(size), "Host": "x", "Authorization": f"Bearer {a_token(archive)}"}
    lines = [f"{name}: {value}" for name, value in sent.items()]
    head = "\r\n".join(["POST /api/v1/submissions HTTP/1.1", *lines, "", ""]).encode()
    address = urlsplit(told["address"])
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(head + HEAD)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert files_below(archive.settings.home) == before


def test_what_no_disk_has_room_for_is_refused(archive: Archive):
    with pytest.raises(StoreFull):
        reception.expect_room(archive, 1 << 60)


def test_of_an_upload_that_breaks_off_nothing_stays(archive: Archive, told: dict):
    before = files_below(archive.settings.home)

    def broken() -> Iterator[bytes]:
        yield HEAD
        for _ in range(8):
            yield bytes(MIB)
        raise InterruptedError

    with a_system(told["address"], a_token(archive)) as system:
        listed = system.get("/submissions").json()["submissions"]
        with pytest.raises(InterruptedError):
            system.post("/submissions", content=broken(), headers=headers(64 * MIB))
        waited_for(lambda: not _open_uploads(told["pid"]))

        assert files_below(archive.settings.home) == before
        assert system.get("/submissions").json()["submissions"] == listed
        assert httpx.get(f"{told['address']}/healthz").status_code == 200


def _open_uploads(pid: int) -> list[Path]:
    """Return the nameless files in the archive's scratch folder that a process still has open."""
    places = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return [place for place in places if "/scratch/" in str(place)]
