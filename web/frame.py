"""The frame around every answer: request ids, security headers, limits, logs without persons."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web import metrics
from web.problems import problem_body

LOG: Final = logging.getLogger("kho.web")
MAX_BODY: Final = 1 << 20
"""Bytes that a request may have, unless its address is one for uploads."""
MAX_DRAINED: Final = 32 << 20
"""Bytes of a refused request that are read so that the refusal is heard."""
DRAIN_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 30.0
SLOWEST: Final = 1 << 10
"""Bytes a second below which a body does not come, beside the patience for the beginning."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
VIEWER_POLICY: Final = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
"""For pages with pdf.js, whose readers of JPEG 2000 and JBIG2 are WebAssembly."""
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    "Cache-Control": "no-store",
}
Refused = Callable[[Scope, int, str], Response]
_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")


class TooLarge(Exception):
    """A request has more bytes than its address takes."""


class TooSlow(Exception):
    """A body comes so slowly that somebody only holds the connection."""


class Frame:
    """ASGI middleware that knows nothing of what is inside."""

    def __init__(
        self,
        app: ASGIApp,
        uploads: Mapping[str, int] | None = None,
        https: bool = False,
        patience: float = PATIENCE_SECONDS,
        refused: Refused | None = None,
    ) -> None:
        """Frame an application.

        Args:
            app: what is inside.
            uploads: beginnings of addresses that take more than `MAX_BODY`, and how many
                bytes each takes; what goes there declares its size.
            https: whether people come over TLS.
            patience: seconds for which a client may send nothing of a body.
            refused: makes the answer to a request that is refused unread; a problem
                (RFC 9457) if nobody does.
        """
        self._app = app
        self._refused = refused or _problem
        self._uploads = uploads or {}
        self._https = https
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, headers = time.perf_counter(), Headers(scope=scope)
        body = _Body(receive, _declared(headers), self._patience)
        given = headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        told: dict[str, Any] = {"status": 500}
        framed = self._framed(send, request_id, told, body)

        async def refuse(status: int, detail: str) -> None:
            answer = self._refused(scope, status, detail)
            answer.headers["Connection"] = "close"
            await answer(scope, receive, framed)

        try:
            limit = self._limit(scope["path"])
            if _declared(headers) > limit:
                await refuse(413, "the request is too large")
                return
            if limit > MAX_BODY and "transfer-encoding" in headers:
                await refuse(411, "an upload declares its size")
                return
            body.limit = limit
            await self._app(scope, body.receive, framed)
        except TooLarge:
            await refuse(413, "the request is too large")
        except TooSlow:
            await refuse(408, "the request came too slowly")
        finally:
            _log(scope, request_id, told["status"], time.perf_counter() - began)

    def _limit(self, path: str) -> int:
        found = [limit for prefix, limit in self._uploads.items() if path.startswith(prefix)]
        return max(found, default=MAX_BODY)

    def _framed(
        self, send: Send, request_id: str, told: dict[str, Any], body: _Body
    ) -> Callable[[Message], Awaitable[None]]:
        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                body.answered = True
                await body.drain()
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
                if self._https:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        return framed


@dataclass(slots=True)
class _Body:
    """What a request brings: at most so much, and read to its end before it is answered.

    A server that answers and closes while bytes still arrive resets the connection, and the
    answer, which says what is wrong, is lost on the way.
    """

    arriving: Receive
    declared: int
    patience: float
    limit: int = 0
    seen: int = 0
    waited: float = 0.0
    ended: bool = False
    answered: bool = False
    slow: bool = False

    async def receive(self) -> Message:
        """Pass on what arrives; raises TooLarge and TooSlow."""
        message = await self._next()
        self.seen += len(message.get("body", b""))
        self.ended = self.ended or not message.get("more_body", False)
        if self.seen > self.limit:
            raise TooLarge
        return message

    async def _next(self) -> Message:
        """Wait for the next part of the body as long as it may take; for anything else, for ever."""
        if self.ended or self.answered:
            return await self.arriving()
        left, began = self.patience + self.seen / SLOWEST - self.waited, time.monotonic()
        try:
            async with asyncio.timeout(left):
                message = await self.arriving()
        except TimeoutError:
            self.slow = True
            raise TooSlow from None
        self.waited += time.monotonic() - began
        return message

    async def drain(self) -> None:
        """Read what nobody asked for, unless it is too much or does not come."""
        if self.ended or self.slow or not 0 < self.declared - self.seen <= MAX_DRAINED:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self.ended:
                    message = await self.arriving()
                    self.ended = not message.get("more_body", False)


def _declared(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isdigit() else 0


def _problem(scope: Scope, status: int, detail: str) -> Response:
    body = problem_body("KHO-USAGE", detail, status)
    return JSONResponse(body, status, media_type="application/problem+json")


def _log(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    """Log one line: the route, never the address, which may name a person."""
    route = getattr(scope.get("route"), "path", "-")
    metrics.answered(route, scope["method"], status, seconds)
    line = {
        "request": request_id,
        "method": scope["method"],
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
        "person": scope.get("state", {}).get("person_id", "-"),
    }
    LOG.info("%s", json.dumps(line))
