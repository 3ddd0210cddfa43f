"""Slow clients: who holds a connection and does not go on loses it, and nobody else notices."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.web import world as worlds
from tests.web.world import World
from web.rendering import HERE

PATIENCE = 1
BIG = "vendor/pdfjs/pdf.worker.min.mjs"


@pytest.fixture(scope="module")
def base(world: World) -> Iterator[str]:
    with worlds.served(world.home, KHO_WEB_PATIENCE_SECONDS=str(PATIENCE)) as told:
        yield told["address"]


def connected(base: str, **options: int) -> socket.socket:
    address = urlsplit(base)
    made = socket.socket()
    if "room" in options:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["room"])
    made.settimeout(60)
    made.connect((address.hostname, address.port))
    return made


def everything(connection: socket.socket) -> bytes:
    """Return what comes until the server ends the connection, however it does that."""
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    return b"".join(pieces)


def trickle(connection: socket.socket, content: bytes) -> int:
    """Send a byte every tenth of a second until the server has enough; return how many it took."""
    for sent in range(len(content)):
        try:
            connection.sendall(content[sent : sent + 1])
        except ConnectionError:
            return sent
        time.sleep(0.1)
    return len(content)


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_header_that_never_ends_ends_the_connection(said, base):
    with connected(base) as connection:
        connection.sendall(said)

        assert everything(connection) == b""


def test_a_header_in_small_pieces_is_not_waited_for_any_longer(base):
    with connected(base) as connection:
        header = b"GET /healthz HTTP/1.1\r\n" + b"X-Slow: yes\r\n" * 100

        assert trickle(connection, header) < len(header)


def test_the_second_request_of_a_connection_has_no_more_time(base):
    with connected(base) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea")

        answer = everything(connection)

    assert answer.count(b"HTTP/1.1 200") == 1


def test_a_body_that_does_not_come_is_refused(base):
    head = (
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with connected(base) as silent, connected(base) as trickling:
        silent.sendall(head)
        trickling.sendall(head)
        taken = trickle(trickling, b"x" * 300)

        assert b" 408 " in everything(silent)
        assert taken < 300 or b" 408 " in everything(trickling)


def test_an_answer_that_is_not_read_is_given_up(base):
    request = b"GET /static/" + BIG.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    size = (HERE / "static" / BIG).stat().st_size
    with connected(base, room=4096) as connection:
        connection.sendall(20 * request)  # more than the buffers of both sides take
        time.sleep(3 * PATIENCE)

        assert len(everything(connection)) < 20 * size


def test_a_client_that_rests_between_requests_is_served(base):
    with httpx.Client(base_url=base, timeout=60) as client:
        for _ in range(4):
            assert client.get("/healthz").status_code == 200
            time.sleep(PATIENCE / 3)


def test_hundreds_that_hold_connections_keep_nobody_out(base):
    with contextlib.ExitStack() as held:
        for _ in range(300):
            connection = held.enter_context(connected(base))
            connection.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\n")
        with httpx.Client(base_url=base, timeout=60) as client:
            assert [client.get("/sign-in").status_code for _ in range(10)] == [200] * 10
