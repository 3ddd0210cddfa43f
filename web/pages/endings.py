"""What the archive's own proofs rest on, and when it ends: seals, timestamps, evidence records."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.responses import Response

from archive.assembly import VIETNAM
from archive.auditing import dashboard, watch
from archive.auditing.watch import Watch
from archive.errors import NotPermitted
from archive.reports import charts
from archive.reports.charts import Column, Series
from archive.viewers import Right
from web.pages import jobs
from web.rendering import page, see_other
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
auditing = needs(Right.AUDIT)
LIST = "/signatures/endings"
PAST = "past"


def chart(visit: Visit, found: Watch) -> Markup:
    """Return columns by month: packages whose seals end, evidence records that end."""
    series = [
        Series("transfer", visit.say("signatures.seals")),
        Series("review", visit.say("signatures.evidence")),
    ]
    drawn = [
        Column(
            f"{month[5:]}/{month[2:4]}",
            {"transfer": part.versions, "review": len(part.evidence)},
            f"{LIST}?ends={month}",
        )
        for month, part in by_month(visit, found)
    ]
    return Markup(charts.columns(visit.say("signatures.own_ends"), drawn, series))  # noqa: S704


def by_month(visit: Visit, found: Watch) -> list[tuple[str, Watch]]:
    """Return what ends in each of the months ahead, by `2027-03`."""
    edges = dashboard.month_edges(visit.archive.clock())
    months = [f"{edge.astimezone(VIETNAM):%Y-%m}" for edge in edges]
    return [(months[n], found.within(*pair)) for n, pair in enumerate(pairwise(edges))]


@router.get(LIST, response_class=HTMLResponse)
def listed(visit: Visit = Depends(auditing)) -> Response:
    """Show seals and evidence: all, those of one month, or those that ended already."""
    found = watch.watch(visit.archive, visit.viewer)
    if found is None:
        raise NotPermitted("seals and evidence are of the whole archive")
    asked = visit.request.query_params.get("ends", "")
    found = _chosen(visit, found, asked)
    return page(visit, "endings.html", found=found, asked=asked, past=PAST)


def _chosen(visit: Visit, found: Watch, asked: str) -> Watch:
    if asked == PAST:
        return found.within(None, visit.archive.clock())
    months = dict(by_month(visit, found))
    return months.get(asked, found)


@router.post(LIST)
def look(visit: Visit = Depends(auditing)) -> Response:
    """Begin to look at seals that nobody has looked at yet."""
    watch.look(visit.archive, visit.background)
    return see_other("/signatures#own")


def shown(visit: Visit) -> dict[str, Any]:
    """Return what the dashboard shows of it; nothing for who may not audit everything."""
    found = watch.watch(visit.archive, visit.viewer)
    if found is None:
        return {"own": None}
    at: datetime = visit.archive.clock()
    ahead = by_month(visit, found)
    ends = [(month, part) for month, part in ahead if part.seals or part.evidence]
    return {
        "own": found,
        "own_ends": ends,
        "own_past": found.within(None, at),
        "own_chart": chart(visit, found) if ends else "",
        "look": jobs.latest(visit, (watch.LOOK,), ""),
    }
