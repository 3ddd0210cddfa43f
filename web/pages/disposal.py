"""Lists for destruction and for transfer: what there is, proposing, and one list with its acts."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.catalogue.disposals import OPEN, Disposal, ItemState, Kind, ListStatus
from archive.disposal import lists as exact
from archive.disposal import permission, transfer
from archive.disposal.proposing import Draft, Request
from archive.errors import DisposalForbidden, UsageError
from archive.retention_office import execution, lists
from archive.viewers import Right
from web.pages import jobs
from web.rendering import attachment, page, see_other
from web.uploads import content
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
MAX_SIGNATURE: Final = 1 << 20
COPIES: Final = 200
"""So many dossiers are shown with what became of them on each copy."""
LIVE: Final = 200
"""So many dossiers are asked again while the page is made; more only when asked for."""
STEPS: Final = {
    Kind.DESTROY: (ListStatus.PROPOSED, ListStatus.REVIEWED, ListStatus.APPROVED, ListStatus.EXECUTED),
    Kind.TRANSFER: (ListStatus.PROPOSED, ListStatus.EXPORTED, ListStatus.RECEIVED, ListStatus.EXECUTED),
}  # fmt: skip
seeing = needs(*lists.RIGHTS)
proposing = needs(Right.RETENTION)


def kind_of(visit: Visit) -> Kind:
    """Return which lists an address is about."""
    return Kind.TRANSFER if visit.request.url.path.startswith("/transfer") else Kind.DESTROY


def base_of(visit: Visit) -> str:
    """Return the address under which the lists of a kind are."""
    return "/transfer" if kind_of(visit) is Kind.TRANSFER else "/disposal"


def list_of(visit: Visit, name: str) -> Disposal:
    """Return the list that an address names, as the visitor may see it."""
    return lists.get(visit.archive, visit.viewer, name, kind_of(visit))


@router.get("/disposal", response_class=HTMLResponse)
@router.get("/transfer", response_class=HTMLResponse)
def every(visit: Visit = Depends(seeing)) -> Response:
    """Show the lists of a kind."""
    found = lists.shown(visit.archive, visit.viewer, kind_of(visit))
    return page(
        visit, "disposals.html", lists=found, kind=kind_of(visit).value, base=base_of(visit)
    )


@router.get("/disposal/new", response_class=HTMLResponse)
@router.get("/transfer/new", response_class=HTMLResponse)
def new(visit: Visit = Depends(proposing)) -> Response:
    """Ask for agency and note, then show the list that would be proposed."""
    query = visit.request.query_params
    request = _request(visit, query.get("agency", ""), query.get("note", ""))
    made, problem = None, None
    if request.note:
        made, problem = _drafted(visit, request)
    address = urlencode({"agency": request.agency, "note": request.note})
    return page(
        visit, "disposal_new.html", request=request, draft=made, problem=problem,
        kind=kind_of(visit).value, base=base_of(visit), address=address,
        agencies=lists.agencies_due(visit.archive, visit.viewer, kind_of(visit)),
    )  # fmt: skip


def _drafted(visit: Visit, request: Request) -> tuple[Draft | None, DisposalForbidden | None]:
    try:
        return lists.draft(visit.archive, visit.viewer, request), None
    except DisposalForbidden as error:
        return None, error


def _request(visit: Visit, agency: str, note: str) -> Request:
    named = agency.strip() or visit.archive.settings.text("archive.agency")
    return Request(kind_of(visit), named, " ".join(note[:4000].split()))


@router.get("/disposal/new/list.json")
@router.get("/transfer/new/list.json")
def draft_bytes(visit: Visit = Depends(proposing)) -> Response:
    """Hand out the exact bytes that a proposer signs."""
    query = visit.request.query_params
    request = _request(visit, query.get("agency", ""), query.get("note", ""))
    made = lists.draft(visit.archive, visit.viewer, request).disposal
    return _bytes(made)


@router.post("/disposal/new")
@router.post("/transfer/new")
def propose(visit: Visit = Depends(proposing)) -> Response:
    """Propose a list by the signature that comes with the form."""
    request = _request(visit, visit.field("agency"), visit.field("note"))
    if not request.note:
        raise UsageError("say in the note why the records may go", where="note")
    signature = content(visit, "signature", limit=MAX_SIGNATURE)
    done = lists.propose(
        visit.archive, visit.viewer, request, signature, expected=visit.field("expected")
    )
    return see_other(f"{base_of(visit)}/{done.disposal.id}")


@router.get("/disposal/{list_id}", response_class=HTMLResponse)
@router.get("/transfer/{list_id}", response_class=HTMLResponse)
def show(list_id: str, visit: Visit = Depends(seeing)) -> Response:
    """Show a list: how far it is, what it has, what may be done next and by whom."""
    disposal, archive = list_of(visit, list_id), visit.archive
    asked = visit.request.query_params.get("check") == "1" or len(disposal.items) <= LIVE
    waiting = disposal.status in OPEN and asked
    progress = jobs.latest(visit, (execution.EXECUTION, execution.EXPORT), disposal.id)
    answer = page(
        visit,
        "disposal.html",
        disposal=disposal,
        digest=exact.digest(disposal),
        base=base_of(visit),
        steps=_steps(disposal),
        live=lists.rechecked(archive, disposal) if waiting else {},
        asked=asked,
        days_left=_days_left(visit, disposal),
        purge_from=transfer.purge_from(disposal) if disposal.kind is Kind.TRANSFER else None,
        today=archive.today(),
        acts=[(act, [n.rsplit("/", 1)[-1] for n in lists.papers_of(act.details)], _by(act.details))
              for act in disposal.acts],
        may=_may(visit, disposal),
        proposed_by_me=visit.viewer.account == disposal.acts[0].agent,
        progress_of=progress,
        copies=jobs.outcomes(visit, progress, COPIES) if progress else [],
        export_folder=str(execution.export_folder(archive, disposal.id)),
        gone=(ItemState.ORDERED, ItemState.DESTROYED),
    )  # fmt: skip
    return jobs.refreshed(visit, answer, progress)


def _by(details: object) -> str:
    if not isinstance(details, dict):
        return ""
    signed = details.get("approval") or details.get("proposal") or {}
    return str(signed.get("person", {}).get("name", ""))


def _steps(disposal: Disposal) -> list[tuple[str, str]]:
    """Return the steps of the procedure, each `done`, `now` or `ahead`."""
    steps = STEPS[disposal.kind]
    status = ListStatus.EXECUTED if disposal.status is ListStatus.EXECUTING else disposal.status
    if status is ListStatus.REJECTED:
        reached = max(
            (steps.index(a.status) for a in disposal.acts if a.status in steps), default=0
        )
        return [(s.value, "done" if n <= reached else "ahead") for n, s in enumerate(steps)]
    now = steps.index(status) if status in steps else 0
    finished = disposal.status is ListStatus.EXECUTED
    return [
        (s.value, "done" if n < now or finished else "now" if n == now else "ahead")
        for n, s in enumerate(steps)
    ]


def _days_left(visit: Visit, disposal: Disposal) -> int | None:
    if disposal.status not in (ListStatus.APPROVED, ListStatus.EXECUTING):
        return None
    return permission.days_left(disposal, visit.archive.today())


def _may(visit: Visit, disposal: Disposal) -> dict[str, bool]:
    """Return which controls the visitor is shown."""
    officer = lists.may(visit.viewer, Right.RETENTION, disposal)
    approver = lists.may_approve(visit.viewer, disposal)
    destroy, status = disposal.kind is Kind.DESTROY, disposal.status
    exported = status in (ListStatus.EXPORTED, ListStatus.RECEIVED)
    return {
        "exclude": officer and (status in lists.EXCLUDABLE or (not destroy and exported)),
        "review": officer and destroy and status in lists.OPEN_TO_REVIEW,
        "approve": approver and destroy and status in lists.OPEN_TO_APPROVAL,
        "reject": (officer or approver) and (status in lists.EXCLUDABLE or exported),
        "execute": officer and destroy and status in lists.EXECUTABLE,
        "export": officer and not destroy and (status in lists.EXCLUDABLE or exported),
        "receipt": officer and not destroy and exported,
        "purge": officer and not destroy and status in (ListStatus.RECEIVED, ListStatus.EXECUTING),
    }  # fmt: skip


@router.get("/disposal/{list_id}/list.json")
@router.get("/transfer/{list_id}/list.json")
def listed_bytes(list_id: str, visit: Visit = Depends(seeing)) -> Response:
    """Hand out the exact bytes of a list: what approvals are signatures over."""
    return _bytes(list_of(visit, list_id))


def _bytes(disposal: Disposal) -> Response:
    headers = attachment(f"{disposal.id}.json")
    return Response(exact.content(disposal), media_type="application/json", headers=headers)


@router.get("/disposal/{list_id}/papers/{number}/{paper}")
@router.get("/transfer/{list_id}/papers/{number}/{paper}")
def paper(list_id: str, number: int, paper: str, visit: Visit = Depends(seeing)) -> Response:
    """Hand out a paper of an act, or the archive's seal on it."""
    found = lists.paper(visit.archive, list_of(visit, list_id), number, paper)
    kind = "application/pkcs7-signature" if paper.endswith(".p7s") else "application/pdf"
    return Response(found, media_type=kind, headers=attachment(f"{list_id}-{paper}"))
