"""The report of one signature in three depths: a sentence, the ladder of checks, ETSI XML."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import reading_room
from archive.auditing import dashboard, kept_reports
from archive.auditing.ladder import ladder
from archive.errors import NotHeld
from archive.reports.phrases import WHY
from archive.viewers import Right
from web.rendering import attachment, page
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
auditing = needs(Right.AUDIT)
DEPTHS: Final = ("sentence", "checks", "xml")


@router.get("/signatures/{name}/{number}", response_class=HTMLResponse)
def show(name: str, number: int, visit: Visit = Depends(auditing)) -> Response:
    """Show one signature; looking at the dossier's part is on record."""
    holding, verdict = dashboard.of_dossier(visit.archive, visit.viewer, name, number)
    reading_room.glance(
        visit.archive, holding.dossier.id, visit.viewer, person_id=visit.person_id,
        what=f"signature {number}",
    )  # fmt: skip
    depth = visit.request.query_params.get("depth", "")
    depth = depth if depth in DEPTHS else DEPTHS[0]
    report = kept_reports.latest(visit.archive, holding) if depth != "sentence" else None
    return page(
        visit, "signature.html", dossier=holding.dossier, verdict=verdict, ordinal=number,
        depth=depth, depths=DEPTHS, report=report, why=WHY,
        steps=ladder(verdict, report.grounds(number) if report else {}),
    )  # fmt: skip


@router.get("/signatures/{name}/{number}/report.{form}")
def report(name: str, number: int, form: str, visit: Visit = Depends(auditing)) -> Response:
    """Hand out the report that the package keeps, byte for byte."""
    holding, _ = dashboard.of_dossier(visit.archive, visit.viewer, name, number)
    found = kept_reports.latest(visit.archive, holding)
    if found is None or form not in ("xml", "json"):
        raise NotHeld("the package keeps no report", where=holding.dossier.code)
    content = found.xml if form == "xml" else found.json
    reading_room.take_away(
        visit.archive, holding, f"{found.name}.{form}", visit.viewer, person_id=visit.person_id
    )
    return Response(
        content, media_type=f"application/{form}",
        headers=attachment(f"{holding.dossier.code}-{found.name}.{form}"),
    )  # fmt: skip
