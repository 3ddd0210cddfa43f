"""Home: what there is to do, by role; what one looked at last; the archive in one line."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import overview, reading_room, waiting
from archive.viewers import Right
from web.rendering import page
from web.visits import Visit, signed_in

router = APIRouter(include_in_schema=False)
SOON_DAYS: Final = 90


@router.get("/", response_class=HTMLResponse)
def home(visit: Visit = Depends(signed_in)) -> Response:
    """Show the cards that the visitor's roles have."""
    archive, viewer = visit.archive, visit.viewer
    sees = viewer.may(Right.SEE)
    return page(
        visit,
        "home.html",
        state=overview.state(archive, viewer),
        waiting=waiting.of(archive, viewer),
        soon=(archive.today() + timedelta(days=SOON_DAYS)).isoformat(),
        recent=reading_room.recently_seen(archive, visit.person_id, viewer) if sees else (),
    )
