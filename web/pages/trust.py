"""Trust: roots and certificates that count, and proposals that wait for a second person."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.trusting import office
from archive.trusting.status import status
from web.rendering import page, see_other
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
seeing = needs(*office.SEEING)
deciding = needs(*office.DECIDING)


@router.get("/trust", response_class=HTMLResponse)
def show(visit: Visit = Depends(seeing)) -> Response:
    """Show what is proposed, with what its certificates say, and what is trusted now."""
    return page(
        visit, "trust.html", found=status(visit.archive), now=visit.archive.clock(),
        proposals=office.pending(visit.archive, visit.viewer),
        may_decide=office.may_decide(visit.viewer), facts=office.facts,
        done=visit.request.query_params.get("done", ""),
    )  # fmt: skip


@router.post("/trust/{proposal_id}/confirm")
def confirm(proposal_id: str, visit: Visit = Depends(deciding)) -> Response:
    """Make a proposed change, as its second person."""
    office.confirm(visit.archive, visit.viewer, proposal_id, visit.field("digest"))
    return see_other("/trust?done=confirmed")


@router.post("/trust/{proposal_id}/refuse")
def refuse(proposal_id: str, visit: Visit = Depends(deciding)) -> Response:
    """Refuse a proposal, or take back one's own."""
    office.refuse(visit.archive, visit.viewer, proposal_id, visit.field("reason"))
    return see_other("/trust?done=refused")
