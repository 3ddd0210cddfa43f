"""Webhooks lose nothing: what is told, in which order, and what happens when nobody listens."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from archive import telling
from archive.errors import NotPermitted
from archive.people import staff
from archive.segments import flush
from archive.viewers import LEVELS, OPERATOR, Grant, PersonRole, Scope
from tests.archives import SteppingClock, an_archive, ingested
from tests.builders import a_submission
from tests.soundness import assert_sound

README = Path(__file__).resolve().parents[2] / "web" / "api" / "README.md"
GENUINE = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[1]
"""What the README tells receivers to check."""


@dataclass
class Listener:
    """A real HTTP server that keeps what it is told."""

    url: str = ""
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if listener.status == 200:
                listener.bodies.append(body)
                listener.headers.append({k.lower(): v for k, v in self.headers.items()})
            self.send_response(listener.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    listener.url = f"http://127.0.0.1:{server.server_port}/kho"
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def told(tmp_path):
    """An archive with one dossier, a system of one agency, and its listener."""
    with listening() as listener:
        host = listener.url.split("/")[2]
        clock = SteppingClock()
        archive = an_archive(tmp_path, clock=clock, web__webhook_hosts=(host,))
        grant = Grant(PersonRole.ARCHIVIST, Scope(agencies=("H26.18",), levels=LEVELS))
        system, _ = staff.add(archive, "mot-cua", "Cổng", [grant], by=OPERATOR, kind="system")
        hook = telling.register(archive, system, listener.url, (), by=system.viewer)
        yield archive, clock, system, hook, listener
        flush(archive)
        assert_sound(archive)
        archive.close()


def submit(archive, folder, number: int, agency: str = "H26.18"):
    code = f"{agency}-260105-{number:04d}"
    facts: dict[str, Any] = {"tthc__agencyCode": agency, "tthc__fonds": agency}
    a_submission(
        folder / code, tthc__dossierCode=code, tthc__dossierCodeOld=None,
        dossier__fileCode=f"{agency}.2026.{number}", **facts,
    )  # fmt: skip
    return ingested(archive, folder / code)


def test_each_event_is_sent_in_order_and_signed(told, tmp_path):
    archive, _, _, hook, listener = told
    for number in (1, 2, 3):
        submit(archive, tmp_path / "in", number)

    telling.deliver(archive)

    sent = [json.loads(body) for body in listener.bodies]
    assert [each["type"] for each in sent] == ["ingestion"] * 3
    assert [each["data"]["seq"] for each in sent] == sorted(e["data"]["seq"] for e in sent)
    known: dict[str, Any] = {}
    exec(compile(GENUINE, "README", "exec"), known)
    for body, headers in zip(listener.bodies, listener.headers, strict=True):
        assert known["genuine"](hook.secret, headers, body)
        assert not known["genuine"](hook.secret, headers, body + b" ")


def test_what_nobody_took_is_sent_again_later_and_nothing_is_lost(told, tmp_path):
    archive, clock, system, _, listener = told
    listener.status = 503
    submit(archive, tmp_path / "in", 1)
    telling.deliver(archive)
    submit(archive, tmp_path / "in", 2)
    telling.deliver(archive)
    (waiting,) = telling.listed(archive, system)

    listener.status = 200
    too_early = telling.deliver(archive)
    clock.advance(minutes=1)
    taken = telling.deliver(archive)

    assert (waiting.attempts, waiting.last_status) == (1, 503)
    assert (too_early, taken) == (0, 2)
    assert telling.deliver(archive) == 0
    assert len({json.loads(body)["data"]["seq"] for body in listener.bodies}) == 2


def test_a_webhook_that_never_answers_is_given_up_and_goes_on_when_asked(told, tmp_path):
    archive, clock, system, hook, listener = told
    listener.status = 500
    submit(archive, tmp_path / "in", 1)
    for _ in range(telling.MAX_ATTEMPTS):
        telling.deliver(archive)
        clock.advance(hours=7)
    (given_up,) = telling.listed(archive, system)
    listener.status = 200
    silent = telling.deliver(archive)

    telling.enable(archive, system, hook.id)
    taken = telling.deliver(archive)

    assert given_up.disabled_at is not None
    assert (silent, taken) == (0, 1)


def test_a_system_is_told_nothing_of_other_agencies(told, tmp_path):
    archive, _, system, _, listener = told
    submit(archive, tmp_path / "in", 1, agency="H26.40")
    submit(archive, tmp_path / "in", 2)

    telling.deliver(archive)

    assert len(listener.bodies) == 1
    (after,) = telling.listed(archive, system)
    assert after.after >= json.loads(listener.bodies[0])["data"]["seq"]


def test_a_host_that_the_settings_do_not_name_is_never_called(told):
    archive, _, system, _, _ = told

    with pytest.raises(NotPermitted) as refused:
        telling.register(archive, system, "https://example.org/x", (), by=system.viewer)

    assert "web.webhook_hosts" in refused.value.hint
