"""The signatures of the whole archive in figures, as an auditor may see them, and to take away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from archive import access
from archive.assembly import VIETNAM, Archive
from archive.catalogue import journal, verdict_figures
from archive.catalogue.holding import Holding
from archive.catalogue.verdict_figures import Chosen, Group
from archive.catalogue.verdict_list import HeldVerdict
from archive.errors import NotHeld, NotPermitted
from archive.events import Event, EventType
from archive.model import Verdict
from archive.reports import paper, tables
from archive.reports.figures import Figures
from archive.signatures.verdicts import to_json
from archive.viewers import Right, Viewer

MONTHS: Final = 24
"""So far ahead the dashboard looks for what ends."""
OUTCOMES: Final = ("passed", "indeterminate", "failed")
FORMATS: Final = ("pdf", "csv", "xml", "xlsx")


@dataclass(frozen=True, slots=True)
class Bar:
    """One value of a fact, with its signatures by outcome."""

    value: str
    counts: Counter[str]

    @property
    def total(self) -> int:
        """How many signatures."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Ends:
    """The signatures whose proof ends in one month."""

    month: str
    """`2027-03`."""
    count: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The figures of one viewer."""

    total: int
    test: int
    facts: dict[str, tuple[Bar, ...]]
    """By `outcome`, `reason`, `year`, `algorithm`, `issuer`, `format`; years in order,
    others the most frequent first."""
    ends: tuple[Ends, ...]
    """The months that come."""


def dashboard(archive: Archive, viewer: Viewer) -> Dashboard:
    """Count the signatures that a viewer may audit."""
    edges = month_edges(archive.clock())
    with archive.catalogue.connect() as connection:
        groups = verdict_figures.groups(connection, viewer)
        ending = verdict_figures.endings(connection, viewer, edges)
    months = [f"{edge.astimezone(VIETNAM):%Y-%m}" for edge in edges]
    return Dashboard(
        sum(each.count for each in groups),
        sum(each.test for each in groups),
        {name: _bars(groups, name) for name in FACTS},
        tuple(Ends(month, count) for month, count in zip(months, ending, strict=False)),
    )


FACTS: Final = ("outcome", "reason", "year", "algorithm", "issuer", "format")


def _bars(groups: tuple[Group, ...], fact: str) -> tuple[Bar, ...]:
    found: dict[str, Counter[str]] = {}
    for each in groups:
        value = str(getattr(each, fact))
        if fact == "reason" and not value:
            continue
        found.setdefault(value, Counter())[each.outcome] += each.count
    bars = [Bar(value, counts) for value, counts in found.items()]
    if fact == "year":
        return tuple(sorted(bars, key=lambda each: each.value))
    if fact == "outcome":
        return tuple(sorted(bars, key=lambda each: OUTCOMES.index(each.value)))
    return tuple(sorted(bars, key=lambda each: (-each.total, each.value)))


def month_edges(at: datetime, months: int = MONTHS) -> list[datetime]:
    """Return the beginnings of this month and those that follow, one more than `months`."""
    local = at.astimezone(VIETNAM)
    first = local.year * 12 + local.month - 1
    return [
        datetime(place // 12, place % 12 + 1, 1, tzinfo=VIETNAM)
        for place in range(first, first + months + 1)
    ]


def page(
    archive: Archive, viewer: Viewer, chosen: Chosen, *, limit: int, after: tuple[str, int]
) -> tuple[HeldVerdict, ...]:
    """Return a page of the signatures that are chosen."""
    with archive.catalogue.connect() as connection:
        return verdict_figures.listed(connection, viewer, chosen, limit=limit, after=after)


def of_dossier(
    archive: Archive, viewer: Viewer, name: str, ordinal: int
) -> tuple[Holding, Verdict]:
    """Return one signature and the dossier that it is in.

    Raises:
        NotHeld: there is none, or `viewer` may not audit it.
    """
    holding = access.find(archive, name, viewer)
    if not viewer.may(Right.AUDIT, holding.dossier) or not 1 <= ordinal <= len(holding.verdicts):
        raise NotHeld("there is no such signature", where=name)
    return holding, holding.verdicts[ordinal - 1]


def outcomes(archive: Archive, viewer: Viewer, chosen: Chosen) -> Iterator[dict[str, Any]]:
    """Yield what is on record, a signature at a time, as reports read it."""
    at = archive.clock().isoformat()
    with archive.catalogue.connect() as connection:
        for each in verdict_figures.every(connection, viewer, chosen):
            yield {
                "state": "done", "dossier_id": each.dossier_id, "code": each.code,
                "year": each.year, "fonds": each.fonds, "checked_at": at, "reused": True,
                "verdicts": [{"path": each.verdict.path, **to_json(each.verdict)}],
            }  # fmt: skip


def export(archive: Archive, viewer: Viewer, chosen: Chosen, form: str, path: Path) -> None:
    """Write what is chosen as `pdf`, `csv`, `xml` or `xlsx`; that it was taken is on record.

    Raises:
        NotPermitted: the viewer may not take lists away.
    """
    if not viewer.may(Right.DOWNLOAD):
        raise NotPermitted("your roles do not include taking lists away")
    at = archive.clock()
    head = _heading(archive, viewer, chosen, at)
    found = outcomes(archive, viewer, chosen)
    if form == "csv":
        tables.write_csv(path, found)
    elif form == "xml":
        tables.write_xml(path, {k: v for k, v in head.items() if k != "pieces"}, found)
    elif form == "xlsx":
        tables.write_xlsx(path, found)
    else:
        figures = Figures.of(found)
        figures.dossiers = len(_dossiers(archive, viewer, chosen))
        name, finished = archive.settings.text("archive.name"), at.astimezone(VIETNAM)
        path.write_bytes(paper.draw(head, figures, agency=name, finished=finished))
    details = {"what": f"signatures.{form}"}
    event = Event(EventType.DISSEMINATION, at, "success", viewer.account, "signatures", details)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)


def _dossiers(archive: Archive, viewer: Viewer, chosen: Chosen) -> set[str]:
    with archive.catalogue.connect() as connection:
        return {each.dossier_id for each in verdict_figures.every(connection, viewer, chosen)}


def _heading(archive: Archive, viewer: Viewer, chosen: Chosen, at: datetime) -> dict[str, Any]:
    return {
        "id": f"{at:%Y%m%dT%H%M%SZ}",
        "scope": {"year": chosen.year, "fonds": None, "sample": 1.0, "seed": 0},
        "started_at": at.isoformat(),
        "finished_at": at.isoformat(),
        "trust": archive.trust.digest,
        "software": archive.agent,
        "test": archive.test,
        "pieces": [],
    }
