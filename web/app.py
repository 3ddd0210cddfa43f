"""The application: settings in, FastAPI out."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from archive.assembly import Archive, now
from archive.errors import ArchiveError, NotInitialised, PurposeNeeded, UsageError
from archive.jobs.background import Background
from archive.settings import Settings
from web import api, pages, sign_in
from web.files import StaticFiles
from web.frame import Frame
from web.pages import purpose
from web.problems import SignInNeeded, TooMany, from_status, problem_of, status_of
from web.rendering import page
from web.visits import SAFE, Visit, address_of, sign_in_address, stranger
from web.working import Work

THREADS = 16
"""Requests that are worked on at once; more would only take turns, each with a connection."""
LOG = logging.getLogger("kho.web")


def create(settings: Settings, clock: Callable[[], datetime] = now) -> FastAPI:
    """Return the application of one archive; it opens the archive when it starts.

    Args:
        settings: of the archive.
        clock: the time, for everything.
    """
    archive = Archive(settings, clock)
    work = Work(archive)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        open_parts(archive)
        work.start()
        app.state.background = Background(archive.catalogue, archive.clock)
        yield
        app.state.background.close()
        work.stop()
        archive.close()

    app = FastAPI(title="Kho", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    address = urlsplit(settings.text("web.url"))
    app.state.archive = archive
    app.state.work = work
    app.state.https = address.scheme == "https"
    app.state.origin = f"{address.scheme}://{address.netloc}" if address.netloc else ""
    app.include_router(sign_in.router)
    for router in (*pages.ROUTERS, *api.ROUTERS):
        app.include_router(router)
    app.mount("/static", StaticFiles(), name="static")
    for kind, answer in ((ArchiveError, _archive_error), (HTTPException, _http_error),
                         (RequestValidationError, _invalid), (Exception, _unexpected)):  # fmt: skip
        app.add_exception_handler(kind, answer)
    uploads = {**pages.uploads(settings), **api.uploads(settings)}
    patience = float(settings.number("web.patience_seconds"))
    app.add_middleware(
        Frame, uploads=uploads, https=app.state.https, patience=patience, refused=_refused
    )
    return app


def open_parts(archive: Archive) -> None:
    """Make the parts now, before many threads ask for them at once.

    Raises:
        NotInitialised: there is no archive.
        SchemaMismatch: it was made by another version of Kho.
    """
    for part in (archive.catalogue, archive.store, archive.index, archive.schedule):
        if part is None:
            raise NotInitialised("the archive is not complete")


async def _archive_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ArchiveError)  # noqa: S101 - registered for nothing else
    return answer_with(request, error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    return answer_with(request, from_status(error.status_code), error.status_code)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    places = [".".join(map(str, each["loc"])) + ": " + each["msg"] for each in error.errors()]
    return answer_with(request, UsageError("; ".join(places)))


async def _unexpected(request: Request, error: Exception) -> Response:
    """Tell of a defect of Kho. Its message may hold personal data and stays out of the log."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    LOG.error("%s in %s", type(error).__name__, where)
    return answer_with(request, ArchiveError(f"{type(error).__name__}"))


def answer_with(request: Request, error: ArchiveError, status: int | None = None) -> Response:
    """Return an error as a page for people, as a problem for systems."""
    status = status or status_of(error)
    request_id = getattr(request.state, "request_id", "")
    visit: Visit | None = getattr(request.state, "visit", None)
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooMany) else {}
    if request.url.path.startswith("/api/") or _wants_json(request):
        body = {**problem_of(error, request_id=request_id), "status": status}
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    if isinstance(error, SignInNeeded) and request.method in SAFE:
        return _sent(request, sign_in_address(request))
    if isinstance(error, PurposeNeeded) and request.method in SAFE:
        return _sent(request, purpose.address(error.where, address_of(request), error.act))
    visit = visit or stranger(request)
    answer = page(
        visit,
        "problem.html",
        status=status,
        error=error,
        request_id=request_id,
        conflict=status == 409,
    )
    answer.headers.update(headers)
    return answer


def _refused(scope: Scope, status: int, detail: str) -> Response:
    """Tell of a request that was refused before it was read."""
    return answer_with(Request(scope), UsageError(detail), status)


def _sent(request: Request, address: str) -> Response:
    """Send a browser to where it has to go first; htmx too, the whole page."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "json" in accepted and "html" not in accepted
