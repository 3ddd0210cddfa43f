"""The public check of copies, and reading copies: without sign-in, at a limited rate."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.datastructures import UploadFile
from starlette.responses import Response

from archive import dissemination
from archive.dissemination import desk
from archive.errors import UsageError
from web.limits import Limit
from web.rendering import page
from web.visits import Visit, source_of, visiting

router = APIRouter(include_in_schema=False)
LOOK_UPS: Final = Limit(tries=30, seconds=60)
FILES: Final = Limit(tries=10, seconds=60)
PAGES: Final = Limit(tries=240, seconds=60)
MAX_FILE: Final = 64 << 20
"""Bytes of a file that somebody may send who is not signed in."""


@router.get("/xac-thuc", response_class=HTMLResponse)
def ask(visit: Visit = Depends(visiting)) -> Response:
    """Ask for a code or a file."""
    code = visit.request.query_params.get("code", "")
    if code:
        return _by_code(visit, code)
    return page(visit, "check.html", standing=None, problem="", code="")


@router.get("/xac-thuc/{code}", response_class=HTMLResponse)
def by_code(code: str, visit: Visit = Depends(visiting)) -> Response:
    """Say how the copy with a code stands; the address in QR codes."""
    return _by_code(visit, code)


def _by_code(visit: Visit, code: str) -> Response:
    LOOK_UPS.take(source_of(visit.request))
    try:
        standing = dissemination.check_code(visit.archive, code[:200])
    except UsageError as error:
        problem = "check.wrong" if "wrong" in error.message else "check.no_code"
        return page(visit, "check.html", status=400, standing=None, problem=problem, code=code[:40])
    status = 404 if standing.outcome is dissemination.Outcome.UNKNOWN else 200
    return page(visit, "check.html", status=status, standing=standing, problem="", code=code[:40])


@router.post("/xac-thuc", response_class=HTMLResponse)
def by_file(visit: Visit = Depends(visiting)) -> Response:
    """Say whether a file is a copy as it was issued. The file is not kept."""
    FILES.take(source_of(visit.request))
    given = visit.form.get("file")
    if not isinstance(given, UploadFile) or not given.size:
        return page(
            visit, "check.html", status=400, standing=None, problem="check.no_file", code=""
        )
    standing = dissemination.check_file(visit.archive, given.file)
    return page(visit, "check.html", standing=standing, problem="", code="")


@router.get("/ban-doc/{code}", response_class=HTMLResponse)
def read(code: str, visit: Visit = Depends(visiting)) -> Response:
    """Show a reading copy to whoever has its code; that it was opened is on record."""
    LOOK_UPS.take(source_of(visit.request))
    copy = desk.read(visit.archive, code[:200])
    ordinals = [each["ordinal"] for each in copy.documents]
    asked = visit.request.query_params.get("doc", "")
    ordinal = int(asked) if asked.isdecimal() and int(asked) in ordinals else ordinals[0]
    first = dissemination.read_page(visit.archive, copy.code, ordinal, 0)
    return page(visit, "reading.html", copy=copy, ordinal=ordinal, pages=first.pages)


@router.get("/ban-doc/{code}/{ordinal}/{number}.png")
def read_page(code: str, ordinal: int, number: int, visit: Visit = Depends(visiting)) -> Response:
    """Give one page of a reading copy as a picture."""
    PAGES.take(source_of(visit.request))
    shown = dissemination.read_page(visit.archive, code[:200], ordinal, number - 1)
    return Response(shown.png, media_type="image/png")
