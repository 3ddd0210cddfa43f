"""Health: whether the process lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from archive.errors import ArchiveError
from web.visits import archive_of

router = APIRouter(include_in_schema=False)


@router.get("/healthz", response_class=PlainTextResponse)
def healthy() -> str:
    """Answer as long as the process lives."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse)
def ready(request: Request) -> PlainTextResponse:
    """Answer whether catalogue and index can be read."""
    archive = archive_of(request)
    try:
        archive.catalogue.check()
        archive.index.counts()
    except ArchiveError as error:
        return PlainTextResponse(f"{error.code}\n", 503)
    return PlainTextResponse("ready\n")
