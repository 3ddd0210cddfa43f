"""Holds: a court or an inspection stops the disposal of a dossier."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from archive import access, disposal, reading_room
from archive.catalogue.holding import Holding
from archive.errors import NotHeld, NotPermitted
from archive.viewers import Right
from web.api.calls import Call, answer, needs
from web.api.contract import ERRORS, PREFIX, told

router = APIRouter(prefix=PREFIX, tags=["holds"], responses=ERRORS)


@dataclass(frozen=True, slots=True)
class NewHold:
    """Who wants a dossier kept, and why."""

    owner: str
    reason: str
    legal_reference: str = ""
    review_on: date | None = None


@dataclass(frozen=True, slots=True)
class Lifting:
    """Why a hold ends."""

    reason: str


@router.get("/dossiers/{name}/holds", responses={200: told("hold-list", "Holds in force on it")})
def listed(name: str, call: Call = Depends(needs(Right.HOLD))) -> Response:
    """List the holds that stand against disposing of a dossier."""
    holding = _held(call, name)
    return answer([asdict(each) for each in reading_room.holds_on(call.archive, holding)])


def _held(call: Call, name: str) -> Holding:
    """Return a dossier whose holds are the system's business."""
    holding = access.find(call.archive, name, call.viewer)
    if not call.viewer.may(Right.HOLD, holding.dossier):
        raise NotPermitted("the roles do not include holds on this dossier")
    return holding


@router.post(
    "/dossiers/{name}/holds",
    status_code=201,
    responses={201: told("hold", "In force from now on")},
)
def place(name: str, new: NewHold, call: Call = Depends(needs(Right.HOLD))) -> Response:
    """Place a hold; it wins over every period."""
    holding = _held(call, name)
    request = disposal.HoldRequest(
        owner=new.owner, reason=new.reason, legal_reference=new.legal_reference,
        dossier_id=holding.dossier.id, review_on=new.review_on,
    )  # fmt: skip
    placed = disposal.place_hold(call.archive, request, agent=call.viewer.account)
    return answer(asdict(placed), 201)


@router.post(
    "/dossiers/{name}/holds/{hold}/lift", responses={200: told("hold", "No longer in force")}
)
def lift(
    name: str,
    hold: Annotated[str, Path(max_length=36)],
    lifting: Lifting,
    call: Call = Depends(needs(Right.HOLD)),
) -> Response:
    """Lift a hold that is on this dossier alone."""
    holding = _held(call, name)
    own = {
        each.id
        for each in reading_room.holds_on(call.archive, holding)
        if each.dossier_id == holding.dossier.id
    }
    if hold not in own:
        raise NotHeld("there is no such hold on this dossier alone", where=hold)
    lifted = disposal.lift_hold(
        call.archive, hold, agent=call.viewer.account, reason=lifting.reason
    )
    return answer(asdict(lifted))
