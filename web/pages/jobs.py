"""Jobs: long work, how far it is, what came out, what was interrupted."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.catalogue import checkpoints
from archive.catalogue.checkpoints import Item
from archive.jobs.background import RESULT, Standing
from archive.viewers import Right
from web.rendering import is_partial, page
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
SHOWN: Final = 50
ITEMS: Final = 200


def latest(visit: Visit, kinds: Iterable[str], key: str) -> Standing | None:
    """Return how the last job about something stands; None if there was none."""
    with visit.archive.catalogue.connect() as connection:
        found = [job for kind in kinds if (job := checkpoints.of_key(connection, kind, key))]
    if not found:
        return None
    return visit.background.standing(max(found, key=lambda job: job.started_at))


def outcomes(visit: Visit, standing: Standing, limit: int) -> list[tuple[str, Any]]:
    """Return what the first items of a job came to, by key; those that are lists."""
    with visit.archive.catalogue.connect() as connection:
        found = islice(checkpoints.items(connection, standing.job.id), limit)
        return [
            (each.key, each.outcome)
            for each in found
            if each.key != RESULT and isinstance(each.outcome, list)
        ]


def refreshed(visit: Visit, answer: Response, standing: Standing | None) -> Response:
    """Let a page that polls load itself anew once its job has come to an end."""
    if is_partial(visit) and (standing is None or not standing.running):
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.get("/jobs", response_class=HTMLResponse)
def every(visit: Visit = Depends(needs(Right.JOBS))) -> Response:
    """Show the jobs that were started last."""
    with visit.archive.catalogue.connect() as connection:
        found = checkpoints.latest(connection, SHOWN)
    return page(visit, "jobs.html", jobs=[visit.background.standing(job) for job in found])


@router.get("/jobs/{job_id}", response_class=HTMLResponse)
def show(job_id: str, visit: Visit = Depends(needs(Right.JOBS))) -> Response:
    """Show one job with its first items."""
    with visit.archive.catalogue.connect() as connection:
        job = checkpoints.get(connection, job_id)
        items: list[Item] = [
            each
            for each in islice(checkpoints.items(connection, job_id), ITEMS)
            if each.key != RESULT
        ]
    standing = visit.background.standing(job)
    return refreshed(visit, page(visit, "job.html", standing=standing, items=items), standing)
