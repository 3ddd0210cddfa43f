"""Retention schedules: what is in force, its rows, drafts tried on the holdings, adoption by two."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.catalogue import checkpoints
from archive.errors import NotHeld
from archive.retention_office import schedules
from archive.retention_office.schedules import Draft
from archive.viewers import Right
from retention_rules.diff import diff
from retention_rules.problems import Gravity
from web.pages import jobs
from web.pages.disposal_acts import day_of
from web.rendering import attachment, page, see_other
from web.uploads import content, file_name
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
seeing = needs(Right.RETENTION, Right.APPROVE)
officer = needs(Right.RETENTION)


@router.get("/schedules", response_class=HTMLResponse)
def every(visit: Visit = Depends(seeing)) -> Response:
    """Show what is in force and what waits for its second person."""
    found = schedules.known(visit.archive)
    return page(
        visit, "schedules.html", known=found, today=visit.archive.today(),
        seen_of=schedules.seen_of,
        may_confirm=[p.version for p in found.proposals if schedules.may_confirm(visit.viewer, p)],
    )  # fmt: skip


@router.get("/schedules/version", response_class=HTMLResponse)
def rows(visit: Visit = Depends(seeing)) -> Response:
    """Show the rows of one version, or what differs from another."""
    query = visit.request.query_params
    schedule = schedules.version(visit.archive, query.get("of", ""))
    against = query.get("against", "")
    before = schedules.version(visit.archive, against) if against else None
    return page(
        visit, "schedule.html", schedule=schedule, before=before,
        differences=diff(before, schedule) if before else [],
        versions=[v for v in schedules.known(visit.archive).versions if v != schedule.version],
        at=0 if visit.language == "vi" else 1,
    )  # fmt: skip


@router.get("/schedules/version.toml")
def source(visit: Visit = Depends(seeing)) -> Response:
    """Hand out a version as it was written, to make a draft from."""
    name = visit.request.query_params.get("of", "")
    text = schedules.source(visit.archive, name)
    return Response(
        text, media_type="application/toml; charset=utf-8", headers=attachment(f"{name}.toml")
    )


@router.post("/schedules/drafts")
def try_out(visit: Visit = Depends(officer)) -> Response:
    """Begin to try a draft that somebody uploads."""
    name = file_name(visit, "draft")
    draft = schedules.read(name, content(visit, "draft", limit=4 << 20))
    job = schedules.simulate(visit.archive, visit.background, visit.viewer, draft)
    return see_other(f"/schedules/drafts/{job.id}")


@router.get("/schedules/drafts/{job_id}", response_class=HTMLResponse)
def draft(job_id: str, visit: Visit = Depends(officer)) -> Response:
    """Show what a draft would change: its problems, its differences, the dossiers."""
    with visit.archive.catalogue.connect() as connection:
        job = checkpoints.get(connection, job_id)
    read, known = _draft(visit, job), schedules.known(visit.archive)
    agency = read.schedule.agency or visit.archive.settings.text("archive.agency")
    present = known.by.of(agency, visit.archive.today())
    standing = visit.background.standing(job)
    answer = page(
        visit, "schedule_draft.html", job=job, draft=read, agency=agency, present=present,
        differences=diff(present, read.schedule), standing=standing,
        errors=[p for p in read.problems if p.gravity is Gravity.ERROR],
        today=visit.archive.today(),
    )  # fmt: skip
    return jobs.refreshed(visit, answer, standing)


def _draft(visit: Visit, job: checkpoints.Job) -> Draft:
    if job.kind != schedules.SIMULATION or job.parameters.get("by") != visit.viewer.account:
        raise NotHeld("there is no such draft", where=job.id)
    return schedules.read(job.parameters["name"], job.parameters["content"].encode())


@router.post("/schedules/drafts/{job_id}/propose")
def propose(job_id: str, visit: Visit = Depends(officer)) -> Response:
    """Propose a draft for adoption."""
    with visit.archive.catalogue.connect() as connection:
        job = checkpoints.get(connection, job_id)
    on = day_of(visit, "in_force_from") if visit.field("in_force_from") else None
    schedules.propose(
        visit.archive, visit.viewer, _draft(visit, job), agency=visit.field("agency"), on=on,
        decision=visit.field("decision"),
    )  # fmt: skip
    return see_other("/schedules#proposals")


@router.post("/schedules/confirm")
def confirm(visit: Visit = Depends(needs(Right.APPROVE))) -> Response:
    """Put a proposal in force, as its second person."""
    version = visit.field("version")
    schedules.confirm(
        visit.archive, visit.background, visit.viewer, version, seen=visit.field("seen")
    )
    return see_other(f"/schedules/adopted?version={quote(version, safe='')}")


@router.get("/schedules/adopted", response_class=HTMLResponse)
def adopted(visit: Visit = Depends(seeing)) -> Response:
    """Show how far the due dates are computed anew after an adoption."""
    version = visit.request.query_params.get("version", "")
    standing = jobs.latest(visit, (schedules.ADOPTION,), version)
    if standing is None:
        raise NotHeld("nothing was adopted under this version", where=version)
    answer = page(visit, "schedule_adopted.html", version=version, standing=standing)
    return jobs.refreshed(visit, answer, standing)
