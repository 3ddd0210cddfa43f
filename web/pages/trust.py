"""Trust: roots and certificates that count, and proposals that wait for a second person."""

from __future__ import annotations

from datetime import date
from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.errors import ArchiveError, Rejected, UsageError
from archive.signatures.trust import Scope
from archive.trusting import algorithm_ends, office, proposing
from archive.trusting.changes import Terms
from archive.trusting.status import status
from web.pages.disposal_acts import day_of
from web.problems import status_on_page
from web.rendering import page, see_other
from web.uploads import content
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
seeing = needs(*office.SEEING)
deciding = needs(*office.DECIDING)
FIELDS: Final = ("role", "label", "test", "since", "until", "why", "digest", "end", "retroactive")
"""What is typed once and shown again if a form is refused."""


@router.get("/trust", response_class=HTMLResponse)
def show(visit: Visit = Depends(seeing)) -> Response:
    """Show what is proposed, with what its certificates say, and what is trusted now."""
    return _page(visit)


def _page(visit: Visit, problem: ArchiveError | None = None) -> Response:
    asked = {name: visit.field(name) for name in FIELDS} if problem else dict.fromkeys(FIELDS, "")
    return page(
        visit, "trust.html", status=status_on_page(problem),
        found=status(visit.archive), now=visit.archive.clock(),
        proposals=office.pending(visit.archive, visit.viewer),
        may_decide=office.may_decide(visit.viewer), facts=office.facts,
        digests=[
            *algorithm_ends.shown(visit.archive), *algorithm_ends.shown_sizes(visit.archive)
        ], scopes_of_roots=list(Scope),
        chosen=visit.fields("scope") if problem else [], asked=asked, problem=problem,
        done=visit.request.query_params.get("done", ""),
    )  # fmt: skip


@router.post("/trust/proposals/addition", response_class=HTMLResponse)
def addition(visit: Visit = Depends(deciding)) -> Response:
    """Propose that what an uploaded file has is trusted."""
    roles = {"root": True, "ca": False}
    try:
        proposing.addition(
            visit.archive, visit.viewer, content(visit, "file", limit=proposing.LARGEST),
            _terms(visit), as_root=roles.get(visit.field("role")), reason=visit.field("why"),
        )  # fmt: skip
    except (UsageError, Rejected) as error:
        return _page(visit, error)
    return see_other("/trust?done=proposed")


def _terms(visit: Visit) -> Terms:
    scopes = frozenset(Scope(name) for name in visit.fields("scope") if name in set(Scope))
    return Terms(
        scopes, visit.field("label"), visit.field("test") == "yes",
        _day(visit, "since"), _day(visit, "until"),
    )  # fmt: skip


def _day(visit: Visit, name: str) -> date | None:
    """Return a day of a form; None if the field is empty."""
    return day_of(visit, name) if visit.field(name) else None


@router.post("/trust/proposals/removal")
def removal(visit: Visit = Depends(deciding)) -> Response:
    """Propose that a root or a CA goes."""
    proposing.removal(visit.archive, visit.viewer, visit.field("sha256"), reason=visit.field("why"))
    return see_other("/trust?done=proposed")


@router.post("/trust/proposals/digest", response_class=HTMLResponse)
def digest(visit: Visit = Depends(deciding)) -> Response:
    """Propose the day on which a digest, or keys up to a size, end."""
    try:
        proposing.algorithm_end(
            visit.archive, visit.viewer, visit.field("digest"), _day(visit, "end"),
            retroactive=visit.field("retroactive") == "yes", reason=visit.field("why"),
        )  # fmt: skip
    except UsageError as error:
        return _page(visit, error)
    return see_other("/trust?done=proposed")


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
