"""Serving: a socket, one process or several, logs as JSON lines."""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from archive import settings as configuration
from archive.assembly import Archive, now
from archive.errors import UsageError
from archive.settings import Settings
from web import metrics as figures
from web.app import create
from web.patience import PatientProtocol

CONFIG = "KHO_CONFIG"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check(settings: Settings, *, host: str, workers: int) -> None:
    """Refuse what cannot end well.

    Raises:
        UsageError: several processes on SQLite, or a network without TLS.
    """
    sqlite = settings.catalogue_url().startswith("sqlite")
    if workers > 1 and sqlite:
        raise UsageError("several workers need PostgreSQL", hint="--workers 1")
    if host not in LOOPBACK and not settings.text("web.url").startswith("https://"):
        raise UsageError(
            "passwords would cross the network in the clear",
            hint='put a proxy with TLS before it and set web.url = "https://…"',
        )


def serve(
    config: Path,
    *,
    host: str,
    port: int,
    workers: int,
    metrics: int | None = None,
    ready: Callable[[str, str | None], None],
) -> None:
    """Serve an archive until interrupted.

    Args:
        config: the archive's folder or its `kho.toml`.
        host: the address to listen at.
        port: 0 for any that is free.
        workers: processes.
        metrics: port of `/metrics` on loopback, 0 for any that is free; None: none. With
            several workers it has the archive's figures, without those of single answers.
        ready: called with the addresses of pages and metrics once the socket is bound.
    """
    settings = configuration.load(config)
    check(settings, host=host, workers=workers)
    log_as_json()
    options: dict[str, Any] = {
        "host": host, "port": port, "log_config": None, "access_log": False,
        "server_header": False, "http": PatientProtocol,
        "timeout_keep_alive": settings.number("web.patience_seconds"), "timeout_graceful_shutdown": 10,
        "proxy_headers": bool(settings.text("web.url")), "limit_concurrency": 1000,
        "h11_max_incomplete_event_size": 64 << 10,
    }  # fmt: skip
    if workers == 1:
        app = create(settings)
        _keep_uploads_beside(app)
        running = uvicorn.Config(app, **options)
        listening = _listening(running)
        ready(_address(settings, listening), _metrics(app.state.archive, metrics))
        uvicorn.Server(running).run(sockets=[listening])
        return
    os.environ[CONFIG] = str(config.absolute())
    # A busy machine starts a worker slowly; one that is slow to answer is not dead.
    options["timeout_worker_healthcheck"] = 60
    running = uvicorn.Config("web.serving:application", factory=True, workers=workers, **options)
    listening = _listening(running)
    with closing(Archive(settings, now)) as archive:
        ready(_address(settings, listening), _metrics(archive, metrics))
        Multiprocess(running, sockets=[listening]).run()


def _metrics(archive: Archive, port: int | None) -> str | None:
    """Serve the figures if that was asked for; return their address."""
    if port is None:
        return None
    bound = figures.serve(archive, "127.0.0.1", port)
    return f"http://127.0.0.1:{bound}/metrics"


def _listening(running: uvicorn.Config) -> socket.socket:
    """Return the bound socket; who connects from now on waits until we are ready.

    Without TCP_NODELAY, which accepted connections take over, the body of every answer on a
    kept connection waits 40 ms for the visitor's acknowledgement of its head.
    """
    bound = running.bind_socket()
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    bound.listen(running.backlog)
    return bound


def application() -> FastAPI:
    """Return the application of the archive that the environment names; for workers."""
    log_as_json()
    app = create(configuration.load(Path(os.environ[CONFIG])))
    _keep_uploads_beside(app)
    return app


def _keep_uploads_beside(app: FastAPI) -> None:
    """Let forms with files be received where the archive is, not where programs share a folder.

    Such files have no name and end with their request; `/tmp` may be small, or in memory.
    """
    archive: Archive = app.state.archive
    tempfile.tempdir = str(archive.scratch)


def _address(settings: Settings, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return (
        settings.text("web.url").rstrip("/")
        or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    )


def log_as_json() -> None:
    """Write the log to stderr, one JSON object in a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter('{"at":"%(asctime)s","level":"%(levelname)s","log":%(json)s}')
    )
    handler.addFilter(_jsonable)
    logger = logging.getLogger("kho.web")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)


def _jsonable(record: logging.LogRecord) -> bool:
    import json

    message = record.getMessage()
    record.json = message if message.startswith("{") else json.dumps(message)
    return True
