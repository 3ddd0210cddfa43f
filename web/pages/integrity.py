"""Integrity: copies, how much of each was read again, repairs, the last recovery."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import condition
from archive.viewers import Right
from web.pages import jobs
from web.rendering import page, see_other
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
seeing = needs(Right.INTEGRITY)


@router.get("/integrity", response_class=HTMLResponse)
def show(visit: Visit = Depends(seeing)) -> Response:
    """Show how the archive stands."""
    found = condition.condition(visit.archive, visit.viewer)
    progress = jobs.latest(visit, (condition.CHECK, condition.REHEARSAL), "")
    answer = page(visit, "integrity.html", found=found, progress_of=progress)
    return jobs.refreshed(visit, answer, progress)


@router.post("/integrity/check")
def check(visit: Visit = Depends(seeing)) -> Response:
    """Begin to read every package on every copy."""
    condition.check(visit.archive, visit.background, visit.viewer)
    return see_other("/integrity#progress")


@router.post("/integrity/rehearsal")
def rehearse(visit: Visit = Depends(seeing)) -> Response:
    """Begin to rehearse a recovery from the store."""
    condition.rehearse(visit.archive, visit.background, visit.viewer)
    return see_other("/integrity#progress")
