"""What is done with a list: exclusions, council papers, approval, execution; transfer's steps."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Depends
from starlette.responses import Response

from archive.disposal import transfer
from archive.disposal.procedure import Decided
from archive.errors import DisposalForbidden, UsageError
from archive.retention_office import execution, lists
from archive.viewers import Right
from web.pages.disposal import MAX_SIGNATURE, base_of, list_of
from web.rendering import attachment, see_other
from web.uploads import content, laid
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
officer = needs(Right.RETENTION)


def day_of(visit: Visit, name: str) -> date:
    """Return a form's day, as browsers send it or as people write it.

    Raises:
        UsageError: it is none.
    """
    text = visit.field(name)
    try:
        if "/" in text:
            day, month, year = map(int, text.split("/"))
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("give a day as dd/mm/yyyy", where=name) from error


def reason_of(visit: Visit) -> str:
    """Return a form's reason; raises UsageError if there is none."""
    if not (reason := visit.field("reason")):
        raise UsageError("give the reason", where="reason")
    return reason


def _back(visit: Visit, name: str, place: str = "") -> Response:
    return see_other(f"{base_of(visit)}/{name}{place}")


@router.post("/disposal/{list_id}/exclude")
@router.post("/transfer/{list_id}/exclude")
def exclude(list_id: str, visit: Visit = Depends(officer)) -> Response:
    """Take a dossier off the list."""
    disposal = list_of(visit, list_id)
    lists.exclude(visit.archive, visit.viewer, disposal, visit.field("code"), reason_of(visit))
    return _back(visit, disposal.id, "#dossiers")


@router.post("/disposal/{list_id}/review")
def review(list_id: str, visit: Visit = Depends(officer)) -> Response:
    """Record the council's papers."""
    disposal = list_of(visit, list_id)
    with laid(visit, ("council", "minutes", "appraisal")) as files:
        if not {"council", "minutes"} <= files.keys():
            raise UsageError("choose the council's decision and its minutes", where="council")
        papers = lists.CouncilPapers(files["council"], files["minutes"], files.get("appraisal"))
        lists.review(visit.archive, visit.viewer, disposal, papers)
    return _back(visit, disposal.id)


@router.post("/disposal/{list_id}/approve")
def approve(list_id: str, visit: Visit = Depends(needs(Right.APPROVE))) -> Response:
    """Approve by a detached signature over the list's bytes."""
    disposal = list_of(visit, list_id)
    signature = content(visit, "signature", limit=MAX_SIGNATURE)
    with laid(visit, ("decision",)) as files:
        if "decision" not in files:
            raise UsageError("choose the signed decision", where="decision")
        decided = Decided(files["decision"], visit.field("number"), day_of(visit, "on"))
        lists.approve(visit.archive, visit.viewer, disposal, decided, signature)
    return _back(visit, disposal.id)


@router.post("/disposal/{list_id}/reject")
@router.post("/transfer/{list_id}/reject")
def reject(list_id: str, visit: Visit = Depends(needs(Right.RETENTION, Right.APPROVE))) -> Response:
    """End the list."""
    disposal = list_of(visit, list_id)
    lists.reject(visit.archive, visit.viewer, disposal, reason_of(visit))
    return _back(visit, disposal.id)


@router.post("/disposal/{list_id}/execute")
@router.post("/transfer/{list_id}/purge")
def execute(list_id: str, visit: Visit = Depends(officer)) -> Response:
    """Begin to carry the list out, after the digits of its digest were typed."""
    disposal = list_of(visit, list_id)
    execution.execute(
        visit.archive, visit.background, visit.viewer, disposal, visit.field("digits")
    )
    return _back(visit, disposal.id, "#progress")


@router.post("/transfer/{list_id}/export")
def export(list_id: str, visit: Visit = Depends(officer)) -> Response:
    """Begin to write the packages that are handed over."""
    disposal = list_of(visit, list_id)
    execution.export(visit.archive, visit.background, visit.viewer, disposal)
    return _back(visit, disposal.id, "#progress")


@router.get("/transfer/{list_id}/{file}.{ending}")
def exported(list_id: str, file: str, ending: str, visit: Visit = Depends(officer)) -> Response:
    """Hand out the manifest or the receiver's form of an export."""
    disposal, wanted = list_of(visit, list_id), f"{file}.{ending}"
    path = execution.export_folder(visit.archive, disposal.id) / wanted
    if wanted not in (transfer.MANIFEST, "receipt.csv") or not path.is_file():
        raise DisposalForbidden("nothing was exported yet", where=disposal.id)
    return Response(
        path.read_bytes(), media_type="text/csv" if ending == "csv" else "application/json",
        headers=attachment(f"{disposal.id}-{wanted}"),
    )  # fmt: skip


@router.post("/transfer/{list_id}/receipt")
def receipt(list_id: str, visit: Visit = Depends(officer)) -> Response:
    """Record what the receiver acknowledged."""
    disposal = list_of(visit, list_id)
    lists.require(visit.viewer, Right.RETENTION, disposal)
    with laid(visit, ("table", "paper")) as files:
        if "table" not in files:
            raise UsageError("choose the receipt as CSV", where="table")
        transfer.receipt(
            visit.archive, disposal.id, files["table"], paper=files.get("paper"),
            agent=visit.viewer.account,
        )  # fmt: skip
    return _back(visit, disposal.id)
