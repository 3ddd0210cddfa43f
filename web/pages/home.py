"""Home: what there is to do, by role; what one looked at last; the archive in one line."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import overview, reading_room
from archive.reception import desk
from archive.viewers import Right
from web.rendering import page
from web.visits import Visit, signed_in

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
def home(visit: Visit = Depends(signed_in)) -> Response:
    """Show the cards that the visitor's roles have."""
    archive, viewer = visit.archive, visit.viewer
    sees = viewer.may(Right.SEE)
    return page(
        visit,
        "home.html",
        state=overview.state(archive, viewer),
        to_fix=desk.to_fix(archive, viewer) if viewer.may(Right.INGEST) else 0,
        recent=reading_room.recently_seen(archive, visit.person_id, viewer) if sees else (),
    )
