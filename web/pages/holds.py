"""Holds: what stands against disposal, who has to be asked again, what stores say."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import overview
from archive.disposal import HoldRequest
from archive.errors import UsageError
from archive.retention_office import holds
from archive.viewers import Right
from web.pages import jobs
from web.pages.disposal_acts import day_of, reason_of
from web.rendering import page, see_other
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
holding = needs(Right.HOLD)


@router.get("/holds", response_class=HTMLResponse)
def every(visit: Visit = Depends(holding)) -> Response:
    """Show the holds, those first whose owner is to be asked."""
    asked = holds.to_ask(visit.archive, visit.viewer)
    found = sorted(holds.shown(visit.archive, visit.viewer), key=lambda each: each.id not in asked)
    reconciliation = jobs.latest(visit, (holds.RECONCILIATION,), "")
    answer = page(
        visit,
        "holds.html",
        holds=found,
        asked=asked,
        codes=overview.codes_of(
            visit.archive, visit.viewer, Right.HOLD, [h.dossier_id for h in found if h.dossier_id]
        ),
        dossier=visit.request.query_params.get("dossier", ""),
        reconciliation=reconciliation,
    )
    return jobs.refreshed(visit, answer, reconciliation)


@router.post("/holds")
def place(visit: Visit = Depends(holding)) -> Response:
    """Place a hold."""
    for name in ("owner", "reason", "legal_reference"):
        if not visit.field(name):
            raise UsageError("say who asks for it, why, and on what ground", where=name)
    request = HoldRequest(
        visit.field("owner"), visit.field("reason"), visit.field("legal_reference"),
        procedure=visit.field("procedure") or None, agency=visit.field("agency") or None,
        query=visit.field("query") or None,
        review_on=day_of(visit, "review_on") if visit.field("review_on") else None,
    )  # fmt: skip
    hold = holds.place(visit.archive, visit.viewer, visit.field("dossier"), request)
    return see_other(f"/holds#hold-{hold.id}")


@router.post("/holds/reconcile")
def reconcile(visit: Visit = Depends(holding)) -> Response:
    """Begin to compare stores and catalogue."""
    holds.reconcile(visit.archive, visit.background, visit.viewer)
    return see_other("/holds#progress")


@router.post("/holds/{hold_id}/lift")
def lift(hold_id: str, visit: Visit = Depends(holding)) -> Response:
    """Lift a hold."""
    holds.lift(visit.archive, visit.viewer, hold_id, reason_of(visit))
    return see_other(f"/holds#hold-{hold_id}")


@router.post("/holds/{hold_id}/keep")
def keep(hold_id: str, visit: Visit = Depends(holding)) -> Response:
    """Record that the owner was asked and it stays."""
    next_on = day_of(visit, "next_on")
    holds.keep(visit.archive, visit.viewer, hold_id, next_on, reason_of(visit))
    return see_other(f"/holds#hold-{hold_id}")
