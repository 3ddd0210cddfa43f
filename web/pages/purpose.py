"""Purpose: what a restricted dossier is opened for, asked once, in the journal from then on."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import access, purposes
from archive.errors import UsageError
from archive.model import Dossier
from archive.purposes import IDENTITIES, Act
from archive.viewers import Right
from web.problems import PURPOSE
from web.rendering import page, see_other
from web.visits import Visit, local_path, needs

router = APIRouter(include_in_schema=False)
HOURS: Final = int(purposes.LASTS.total_seconds() // 3600)


def address(about: str, back: str, act: str = "") -> str:
    """Return where a purpose is asked, to go on at `back` afterwards."""
    told = {"about": about, "next": back, **({"act": act} if act else {})}
    return f"{PURPOSE}?{urlencode(told)}"


@router.get(PURPOSE, response_class=HTMLResponse)
def ask(visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Ask what a dossier, or identity numbers, are looked up for."""
    query = visit.request.query_params
    return _form(visit, query.get("about", ""), query.get("next", "/"), query.get("act", ""))


def _form(
    visit: Visit, about: str, back: str, act: str, problem: UsageError | None = None
) -> Response:
    return page(
        visit, "purpose.html", status=422 if problem else 200, dossier=_dossier(visit, about),
        about=about, next=local_path(back), act=act if act in set(Act) else Act.VIEW.value,
        hours=HOURS, said=purposes.stated(visit.archive, visit.person_id, about), problem=problem,
    )  # fmt: skip


def _dossier(visit: Visit, about: str) -> Dossier | None:
    """Return what it is about; None for identity numbers; raises NotHeld."""
    if about == IDENTITIES:
        return None
    return access.find(visit.archive, about, visit.viewer).dossier


@router.post(PURPOSE, response_class=HTMLResponse)
def state(visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Note it and go on."""
    about, back, act = (visit.field(name) for name in ("about", "next", "act"))
    dossier = _dossier(visit, about)
    about = dossier.id if dossier else IDENTITIES
    try:
        purposes.state(visit.archive, visit.person_id, about, visit.field("purpose"))
    except UsageError as error:
        return _form(visit, about, back, act, error)
    if act != Act.DOWNLOAD or dossier is None:
        return see_other(local_path(back))
    return page(visit, "purpose_stated.html", dossier=dossier, next=local_path(back))
