"""Patience: how long a client may keep a connection without going on.

A client that sends its header a byte a second, or that does not read its answer, costs nothing
but holds one of the connections that everybody shares. uvicorn waits for both for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with an end to waiting: `timeout_keep_alive` of the server's settings, each time.

    For the whole header of a request, counted from its first byte or from the connection's
    beginning, and for a part of an answer to be read. Bodies are `web.frame`'s.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._header: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first header."""
        super().connection_made(transport)
        self._header = self._end_after(self._header)

    def data_received(self, data: bytes) -> None:
        """Take what came; an unfinished header has to be finished in time."""
        super().data_received(data)
        begun = self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None
        if not begun:
            self._header = _ended(self._header)
        elif self._header is None:
            self._header = self._end_after(None)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._reading = self._end_after(self._reading)

    def resume_writing(self) -> None:
        """Go on: it has read."""
        self._reading = _ended(self._reading)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._header = _ended(self._header)
        super().connection_lost(exc)
        self._reading = _ended(self._reading)

    def _end_after(self, before: asyncio.TimerHandle | None) -> asyncio.TimerHandle:
        _ended(before)
        return self.loop.call_later(self.timeout_keep_alive, self.transport.abort)


def _ended(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Cancel a timer; return what stands in its place: none."""
    if timer is not None:
        timer.cancel()
    return None
