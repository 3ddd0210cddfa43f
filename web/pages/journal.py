"""The journal with filters, and the proof that an entry is in its log."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import journal_room
from archive.assembly import VIETNAM
from archive.catalogue.journal_pages import Wanted
from archive.errors import NotHeld
from archive.events import EventType
from archive.viewers import Right
from web.rendering import attachment, page
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
reading = needs(Right.JOURNAL)
LIMIT: Final = 50
PARAMETERS: Final = ("agent", "type", "subject", "outcome", "since", "until")
OUTCOMES: Final = ("success", "failure", "warning")


@router.get("/journal", response_class=HTMLResponse)
def every(visit: Visit = Depends(reading)) -> Response:
    """Show the newest entries that the filters leave."""
    query = visit.request.query_params
    asked = {name: query.get(name, "").strip()[:200] for name in PARAMETERS}
    before = query.get("before", "")
    found = journal_room.read(
        visit.archive, visit.viewer, _wanted(asked),
        before=int(before) if before.isascii() and before.isdecimal() else None, limit=LIMIT,
    )  # fmt: skip
    kept = {name: value for name, value in asked.items() if value}
    older = ""
    if len(found) == LIMIT:
        older = f"/journal?{urlencode({**kept, 'before': found[-1].seq})}"
    return page(
        visit, "journal.html", found=[(each, json.loads(each.details)) for each in found],
        names=journal_room.names_of(visit.archive, visit.viewer, found),
        asked=asked, types=list(EventType), outcomes=OUTCOMES, more=older,
    )  # fmt: skip


def _wanted(asked: dict[str, str]) -> Wanted:
    return Wanted(
        agent=asked["agent"],
        type=EventType(asked["type"]) if asked["type"] in set(EventType) else None,
        subject=asked["subject"],
        outcome=asked["outcome"] if asked["outcome"] in OUTCOMES else "",
        since=_moment(asked["since"], 0),
        until=_moment(asked["until"], 1),
    )


def _moment(text: str, days: int) -> datetime | None:
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time.min, tzinfo=VIETNAM)


@router.get("/journal/{seq}", response_class=HTMLResponse)
def show(seq: int, visit: Visit = Depends(reading)) -> Response:
    """Show an entry with its proof."""
    found = journal_room.prove(visit.archive, visit.viewer, seq)
    details = json.dumps(json.loads(found.entry.details), ensure_ascii=False, indent=1)
    names = journal_room.names_of(visit.archive, visit.viewer, [found.entry])
    return page(
        visit, "journal_entry.html", found=found, entry=found.entry, details=details, names=names
    )


@router.get("/journal/{seq}/proof.{form}")
def proof(seq: int, form: str, visit: Visit = Depends(reading)) -> Response:
    """Hand out the proof, as a C2SP tlog-proof or as JSON."""
    found = journal_room.prove(visit.archive, visit.viewer, seq).proof
    if found is None:
        raise NotHeld("the entry is under no checkpoint yet", where=str(seq))
    if form == "json":
        text = json.dumps(found.to_json(), ensure_ascii=False, indent=1, default=str)
    else:
        text = found.to_tlog_proof()
    kind = "application/json" if form == "json" else "text/plain; charset=utf-8"
    return Response(text, media_type=kind, headers=attachment(f"journal-{seq}.{form}"))
