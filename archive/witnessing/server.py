"""The witness's HTTP service, which also shows our own log's tiles to monitors.

POST /add-checkpoint        C2SP tlog-witness
GET  /checkpoint, /tile/…   C2SP tlog-tiles: our log, without a word about persons
"""

from __future__ import annotations

import logging
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from archive import checkpointing
from archive.assembly import Archive
from archive.errors import ArchiveError, NotHeld
from archive.evidence import logstore
from archive.evidence.witness import MAX_REQUEST_BYTES, PATH, TEXT_TYPE, CheckpointRefused
from archive.model import ObjectName
from archive.witnessing.cosigning import cosign

logger = logging.getLogger(__name__)
_TILE = re.compile(
    r"/(tile/(?:[0-9]|[1-5][0-9]|6[0-3]|entries)(?:/x[0-9]{3})*/[0-9]{3}(?:\.p/[0-9]{1,3})?)\Z"
)
_BINARY = "application/octet-stream"
_MOST_AT_ONCE = 16
_SECONDS = 20
"""How long a client may take with its request."""


class WitnessServer(ThreadingHTTPServer):
    """Listens at once; `serve_forever` answers, `shutdown` from another thread ends it."""

    daemon_threads = True

    def __init__(self, archive: Archive, host: str, port: int) -> None:
        """Bind to an address.

        Raises:
            OSError: the address cannot be had.
        """
        self.archive = archive
        self.room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The submission prefix."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; who comes when all are busy is turned away."""
        if not self.room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to tell of."""
        logger.debug("a request of %s was not answered", client_address)


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    timeout = _SECONDS
    protocol_version = "HTTP/1.1"
    server_version = "kho-witness"
    sys_version = ""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != PATH:
            return self._say(404, "only add-checkpoint is answered here")
        if not (length.isascii() and length.isdecimal() and len(length) < 12):
            return self._say(411, "the request needs its Content-Length")
        if int(length) > MAX_REQUEST_BYTES:
            return self._say(413, "the request is too large")
        try:
            line = cosign(self.server.archive, self.rfile.read(int(length)))
        except CheckpointRefused as refusal:
            return self._answer(refusal.status, refusal.content_type, refusal.body)
        except ArchiveError as error:
            logger.warning("nothing was cosigned: %s", error.code)
            return self._say(503, "try again later")
        return self._answer(200, TEXT_TYPE, line)

    def do_GET(self) -> None:
        tile = _TILE.match(self.path)
        try:
            if self.path == "/checkpoint":
                return self._answer(200, TEXT_TYPE, _newest(self.server.archive))
            if tile is not None:
                name = ObjectName(logstore.PREFIX + tile[1])
                return self._answer(200, _BINARY, self.server.archive.store.read(name))
        except NotHeld:
            pass
        except ArchiveError as error:
            logger.warning("nothing was shown: %s", error.code)
            return self._say(503, "try again later")
        return self._say(404, "there is nothing here")

    def _say(self, status: int, text: str) -> None:
        self._answer(status, TEXT_TYPE, f"{text}\n".encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        # After an error the rest of a body may be unread: the connection is of no more use.
        self.close_connection = self.close_connection or status >= 400
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        logger.debug("%s %s", self.client_address[0], format % args)


def _newest(archive: Archive) -> bytes:
    size = checkpointing.newest(archive)
    return checkpointing.read_note(archive, size, cosigned=True).encode()
