"""The socket on which the pages are served."""

from __future__ import annotations

import socket

import uvicorn

from web import serving


def test_answers_do_not_wait_for_the_visitors_acknowledgement():
    settings = uvicorn.Config("web.serving:application", host="127.0.0.1", port=0, log_config=None)
    with (
        serving._listening(settings) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
