"""Requests that nobody's browser makes: injected headers, foreign hosts, tricks in paths."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.web.world import OFFICIAL, OTHER, SCRIPT, World

NOWHERE = "00000000-0000-5000-8000-000000000000"


def raw(world: World, request: bytes) -> bytes:
    """Send bytes as they are and return everything that comes back."""
    address = urlsplit(world.base)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_every_answer_has_the_headers_that_protect_it(client, world: World):
    for path in ("/", "/sign-in", "/nowhere", "/static/kho.css", "/healthz", "/api/v1/nowhere"):
        headers = client(None).get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-request-id"]
        assert "server" not in headers


def test_a_request_id_from_outside_is_taken_only_if_it_is_one(client):
    good = client(None).get("/healthz", headers={"X-Request-Id": "portal-12345678"})
    bad = client(None).get("/healthz", headers={"X-Request-Id": "x y <script>"})

    assert good.headers["x-request-id"] == "portal-12345678"
    assert "script" not in bad.headers["x-request-id"]


@pytest.mark.parametrize(
    "path",
    ["/sign-in?next=%0d%0aSet-Cookie:%20x=1", "/search?q=%0d%0aX-Injected:%201",
     "/dossiers/%0d%0aX-Injected:%201", "/preferences%0d%0aX-Injected:1"],
)  # fmt: skip
def test_nothing_in_an_address_becomes_a_header(path, client):
    for account in (None, "official"):
        headers = client(account).get(path).headers
        assert "x-injected" not in headers
        assert "x=1" not in headers.get("set-cookie", "")


def test_a_foreign_host_in_the_request_leads_nobody_there(world: World):
    answer = raw(world, b"GET /search HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")

    assert b"location: /sign-in" in answer.lower()
    assert b"evil.example" not in answer


@pytest.mark.parametrize(
    "path",
    ["/static/../../pyproject.toml", "/static/%2e%2e/%2e%2e/pyproject.toml",
     "/static/..%2f..%2fpyproject.toml", "/static//etc/passwd", "/begin/..%2f..%2fx",
     "/dossiers/..%2f..%2fetc%2fpasswd/files/1", f"/dossiers/{NOWHERE}/files/..%2f..%2fx"],
)  # fmt: skip
def test_tricks_in_paths_lead_nowhere(path, world: World):
    told = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()

    answer = raw(world, told)

    assert answer.split()[1] in (b"303", b"400", b"401", b"403", b"404"), answer[:200]
    assert b"[project]" not in answer
    assert b"root:" not in answer


def test_a_body_that_is_too_large_is_refused_before_it_is_read(world: World, client):
    declared = raw(
        world,
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99999999\r\n\r\n",
    )
    sent = client(None).post("/sign-in", content=(b"x" * 65536 for _ in range(40)))

    assert declared.split()[1] == b"413"
    assert sent.status_code in (403, 413)


def test_script_in_what_people_type_comes_back_as_text(client):
    visitor = client(None)
    wrong = visitor.submit("/sign-in", account=SCRIPT[:60], password="x", next=f"/{SCRIPT}")
    saved = client("official").submit(
        "/search/saved", on="/search", name=SCRIPT, address="/search?q=x", shared="yes"
    )
    listed = client(OFFICIAL).get("/search")
    made = client("administrator").submit(
        "/administration/people", on="/administration", account="kich.ban", name=SCRIPT
    )

    for answer in (wrong, saved, listed, made):
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text


def test_what_may_not_be_seen_costs_what_is_not_there_costs(world: World):
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    from archive import access
    from archive.errors import NotHeld

    viewer, told = world.people[OFFICIAL].viewer, {}
    for name in (world.ids[OTHER], NOWHERE):
        asked: list[str] = []

        def note(*args, into=asked):
            if not args[2].startswith("PRAGMA"):  # of a connection that happens to be new
                into.append(args[2])

        event.listen(Engine, "before_cursor_execute", note)
        with pytest.raises(NotHeld):
            access.find(world.archive, name, viewer)
        event.remove(Engine, "before_cursor_execute", note)
        told[name] = asked

    assert told[world.ids[OTHER]] == told[NOWHERE] != []
