"""The signature dashboard: figures that are links, lists, and both to take away."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.responses import Response

from archive.assembly import VIETNAM
from archive.auditing import dashboard
from archive.auditing.dashboard import FORMATS, OUTCOMES, Dashboard
from archive.catalogue.verdict_figures import Chosen
from archive.reports import charts
from archive.reports.charts import Column, Series
from archive.reports.phrases import WHY
from archive.viewers import Right
from web.pages import endings
from web.rendering import attachment, page
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
auditing = needs(Right.AUDIT)
LIMIT: Final = 50
ISSUERS: Final = 12
"""Bars of one chart at most; the rest is in the list."""
MEDIA: Final = {
    "pdf": "application/pdf", "csv": "text/csv; charset=utf-8", "xml": "application/xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
PARAMETERS: Final = ("outcome", "reason", "year", "algorithm", "issuer", "ends")


@router.get("/signatures", response_class=HTMLResponse)
def figures(visit: Visit = Depends(auditing)) -> Response:
    """Show the figures."""
    found = dashboard.dashboard(visit.archive, visit.viewer)
    return page(
        visit, "signatures.html", found=found, limit=ISSUERS, formats=FORMATS, why=WHY,
        ends=_ends(visit, found), soon=sum(each.count for each in found.ends),
        address=lambda **values: f"/signatures/list?{urlencode(values)}", **endings.shown(visit),
    )  # fmt: skip


def _ends(visit: Visit, found: Dashboard) -> Markup:
    series = [Series("failed", visit.say("signatures.ending"))]
    drawn = [
        Column(f"{e.month[5:]}/{e.month[2:4]}", {"failed": e.count}, f"/signatures/list?ends={e.month}")
        for e in found.ends
    ]  # fmt: skip
    return Markup(charts.columns(visit.say("signatures.ends"), drawn, series))  # noqa: S704


def chosen_of(visit: Visit) -> Chosen:
    """Read which signatures an address is about; what it does not know it leaves out."""
    query = visit.request.query_params
    outcome, year = query.get("outcome"), query.get("year", "")
    start, stop = _month(query.get("ends", ""))
    return Chosen(
        outcome if outcome in OUTCOMES else None,
        query.get("reason"),
        int(year) if year.isascii() and year.isdecimal() and len(year) == 4 else None,
        query.get("issuer"),
        query.get("algorithm"),
        start,
        stop,
    )


def _month(text: str) -> tuple[datetime | None, datetime | None]:
    year, _, month = text.partition("-")
    if not (len(year) == 4 and year.isdecimal() and month.isdecimal() and 1 <= int(month) <= 12):
        return None, None
    start, stop = dashboard.month_edges(datetime(int(year), int(month), 2, tzinfo=VIETNAM), 1)
    return start, stop


@router.get("/signatures/list", response_class=HTMLResponse)
def listed(visit: Visit = Depends(auditing)) -> Response:
    """Show the signatures that are chosen."""
    query = visit.request.query_params
    dossier, _, ordinal = query.get("after", "").partition("_")
    after = (dossier, int(ordinal)) if _is_id(dossier) and ordinal.isdecimal() else ("", 0)
    found = dashboard.page(visit.archive, visit.viewer, chosen_of(visit), limit=LIMIT, after=after)
    asked = [(name, query[name]) for name in PARAMETERS if name in query]
    following = ""
    if len(found) == LIMIT:
        last = f"{found[-1].dossier_id}_{found[-1].ordinal}"
        following = f"/signatures/list?{urlencode([*asked, ('after', last)])}"
    return page(
        visit, "signature_list.html", found=found, asked=asked, more=following, formats=FORMATS,
        query=urlencode(asked),
    )  # fmt: skip


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


@router.get("/signatures/export.{form}")
def export(form: str, visit: Visit = Depends(auditing)) -> Response:
    """Hand out the figures as PDF, or every signature as CSV, XML or XLSX."""
    form = form if form in FORMATS else "csv"
    with TemporaryDirectory(dir=visit.archive.scratch, prefix="export-") as folder:
        path = Path(folder) / f"signatures.{form}"
        dashboard.export(visit.archive, visit.viewer, chosen_of(visit), form, path)
        content = path.read_bytes()
    name = f"signatures-{visit.archive.today():%Y%m%d}.{form}"
    return Response(content, media_type=MEDIA[form], headers=attachment(name))
