"""What is due, when the rest falls due, and why a dossier is kept: its rule trace."""

from __future__ import annotations

from datetime import date
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.responses import Response

from archive import reading_room
from archive.catalogue.holding import Due
from archive.disposal.due import due_page
from archive.disposal.outlook import OVERDUE, Month, forecast
from archive.model import DossierId
from archive.reports import charts
from archive.reports.charts import Column, Point, Series
from archive.retention import explained
from archive.viewers import Right
from retention_rules.explain import explain
from web.rendering import page
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
ACTIONS: Final = ("destroy", "transfer", "review")
LIMIT: Final = 50
YEARS: Final = 3
"""So far the forecast looks ahead."""


@router.get("/due", response_class=HTMLResponse)
def due(visit: Visit = Depends(needs(Right.RETENTION))) -> Response:
    """Show what is due, and the months that come."""
    query, archive = visit.request.query_params, visit.archive
    action = query.get("action", "")
    action = action if action in ACTIONS else ACTIONS[0]
    as_of = _day(query.get("as_of", "")) or archive.today()
    found, more = due_page(
        archive, visit.viewer, as_of=as_of, action=action, limit=LIMIT,
        after=_after(action, query.get("after", "")),
    )  # fmt: skip
    months = forecast(
        archive, as_of=as_of, until=as_of.replace(year=as_of.year + YEARS, day=1),
        viewer=visit.viewer,
    )  # fmt: skip
    following = {"action": action, "as_of": as_of.isoformat()}
    return page(
        visit, "due.html", found=found, action=action, actions=ACTIONS, as_of=as_of,
        today=archive.today(), months=months, chart=_chart(visit, months), overdue=OVERDUE,
        counts={a: sum(m.dossiers for m in months if m.month == OVERDUE and m.action == a)
                for a in ACTIONS},
        at=0 if visit.language == "vi" else 1,
        more=f"/due?{urlencode({**following, 'after': f'{more.due_on}_{more.dossier_id}'})}"
        if more else "",
    )  # fmt: skip


def _chart(visit: Visit, months: tuple[Month, ...]) -> Markup:
    """Return columns by month; what is overdue comes first."""
    counted: dict[str, dict[str, int]] = {}
    for each in months:
        counted.setdefault(each.month, {})[each.action] = each.dossiers
    actions = list(dict.fromkeys(m.action for m in months))
    series = [Series(action, visit.say(f"action.{action}")) for action in actions]
    drawn = [Column(month_name(visit, month), counts) for month, counts in counted.items()]
    return Markup(charts.columns(visit.say("due.chart"), drawn, series))  # noqa: S704 - escaped there


def month_name(visit: Visit, month: str) -> str:
    """Return a month as people write it here."""
    if month == OVERDUE:
        return visit.say("due.overdue")
    year, number = month.split("-")
    return f"{number}/{year}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _after(action: str, text: str) -> Due | None:
    day, _, dossier = text.partition("_")
    on = _day(day)
    try:
        known = str(UUID(dossier)) == dossier
    except ValueError:
        known = False
    return Due(DossierId(dossier), action, on, None, "") if on and known else None


@router.get("/dossiers/{name}/retention", response_class=HTMLResponse)
def why(name: str, visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Show which rule keeps a dossier, on which dates, on any day past or future."""
    archive = visit.archive
    holding = reading_room.glance(
        archive, name, visit.viewer, person_id=visit.person_id, what="retention"
    )
    as_of = _day(visit.request.query_params.get("as_of", "")) or archive.today()
    decision = explained(archive, holding, as_of=as_of)
    told = explain(decision)
    at = 0 if visit.language == "vi" else 1
    marks = [(mark, (mark.label_vi, mark.label_en)[at]) for mark in told.ruler]
    points = [Point(m.code, f"{m.on:%d/%m/%Y} {label}", m.position) for m, label in marks]
    ruler = Markup(charts.ruler(points, visit.say("why.ruler")))  # noqa: S704 - escaped there
    return page(
        visit, "why.html", dossier=holding.dossier, decision=decision, told=told, at=at,
        marks=marks, ruler=ruler, as_of=as_of, today=archive.today(),
    )  # fmt: skip
