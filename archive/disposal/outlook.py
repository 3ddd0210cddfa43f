"""Outlook: what falls due when, what a draft schedule would change, and decisions made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from archive import covering
from archive.assembly import Archive
from archive.catalogue import bases, dossiers, dues, holds
from archive.catalogue.engine import Connection
from archive.catalogue.holds import Facts
from archive.errors import Rejected
from archive.model import DossierId
from archive.recomputing import Present, prepared
from archive.retention import schedules_of
from archive.viewers import OPERATOR, Viewer
from retention_rules.decide import Decision, decide
from retention_rules.explain import to_json
from retention_rules.problems import ScheduleRejected
from retention_rules.schedule import Schedule, facts_from
from retention_rules.simulate import Item, Simulation, changes

OVERDUE = "overdue"
PAGE = 500


@dataclass(frozen=True, slots=True)
class Month:
    """What falls due in one month, for one action."""

    month: str
    """`2029-01`, or `overdue` for everything due before."""
    action: str
    dossiers: int
    bytes: int
    """Of the packages, one copy."""


def forecast(
    archive: Archive, *, as_of: date, until: date, viewer: Viewer = OPERATOR
) -> tuple[Month, ...]:
    """Return what falls due up to a day, by month and action, in order.

    From the computed due dates: holds and later facts are not foreseen.
    """
    found: dict[tuple[str, str], tuple[int, int]] = {}
    with archive.catalogue.connect() as connection:
        for row in dues.by_day(connection, until, viewer):
            month = OVERDUE if row.due_on <= as_of else f"{row.due_on:%Y-%m}"
            count, size = found.get((month, row.action), (0, 0))
            found[month, row.action] = count + row.dossiers, size + row.bytes
    in_order = sorted(found.items(), key=lambda each: (each[0][0] != OVERDUE, each[0]))
    return tuple(Month(month, action, *sums) for (month, action), sums in in_order)


def items(
    archive: Archive, *, as_of: date, papers: bool = True, viewer: Viewer = OPERATOR
) -> Iterator[Item]:
    """Yield every dossier as the retention rules see it, with or without its documents."""
    present, after = Present(schedules_of(archive), as_of), ""
    while True:
        with archive.catalogue.connect() as connection:
            ids = [key.id for key in bases.keys(connection, PAGE, after, viewer)]
            if not ids:
                return
            yield from _page(archive, connection, ids, present, papers=papers)
        after = ids[-1]


def _page(
    archive: Archive,
    connection: Connection,
    ids: Sequence[DossierId],
    present: Present,
    *,
    papers: bool,
) -> Iterator[Item]:
    placed, sizes = holds.active(connection), bases.sizes(connection, ids)
    for basis, facts in prepared(archive, connection, ids, present, papers=papers):
        standing = [h for h in placed if h.covers(basis.id, Facts(basis.procedure, basis.agency))]
        if any(hold.facts and hold.facts.query for hold in standing):
            standing = list(covering.standing(standing, dossiers.get(connection, basis.id)))
        under = tuple(hold.id[:8] for hold in standing)
        yield Item(basis.code, facts, sizes.get(basis.id, 0), under)


def simulate(
    archive: Archive,
    draft: Schedule,
    *,
    as_of: date,
    keep: int,
    viewer: Viewer = OPERATOR,
    on_dossier: Callable[[int], None] = lambda done: None,
) -> Simulation:
    """Return what a draft schedule would change on the holdings; nothing is applied.

    Args:
        archive: whose holdings; each dossier is compared with the schedule in force for it.
        draft: the schedule to try. That of one agency is tried on its own dossiers only.
        as_of: on which day.
        keep: so many changed dossiers are kept as examples.
        viewer: who tries it; counted are the dossiers that they may see.
        on_dossier: is told how many are done.
    """
    by, mode = schedules_of(archive), archive.settings.text("retention.conflict")
    simulation = Simulation()
    present = Present(by, as_of)
    papers = any(rule.applies_to.document_types for rule in draft.rules)
    for item in items(archive, as_of=as_of, papers=papers, viewer=viewer):
        agency = item.facts.agency
        if draft.agency and not f"{agency}.".startswith(f"{draft.agency}."):
            continue
        for _, change in changes([item], present.of(agency), draft, as_of=as_of, mode=mode):
            simulation.dossiers += 1
            on_dossier(simulation.dossiers)
            if change is not None:
                simulation.add(change, keep)
    return simulation


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stored decision, made again from its own facts."""

    stored: Mapping[str, Any]
    again: Decision
    differences: tuple[str, ...]
    """What is not the same; empty if the same decision came out."""


COMPARED = ("action", "final_action", "due_on", "protected_until", "standing", "rule", "confirmed")


def replay(archive: Archive, stored: Mapping[str, Any], *, by: Schedule | None = None) -> Replayed:
    """Make a stored decision again, under the schedule that it names.

    Args:
        archive: where the schedule's version is looked up.
        stored: as `retention_rules.explain.to_json` wrote it.
        by: the schedule, if the archive does not have that version.

    Raises:
        Rejected: it is not a stored decision.
        NotHeld: the archive has no such schedule.
    """
    try:
        version = str(stored["schedule_version"])
        facts = facts_from(stored["facts"], "facts")
        on = date.fromisoformat(stored["as_of"])
        under, mode = tuple(stored["holds"]), str(stored["mode"])
    except (KeyError, TypeError, ValueError, ScheduleRejected) as error:
        raise Rejected(
            f"not a stored decision: {error}", hint="made by: kho retention explain ID --json"
        ) from error
    schedule = by or schedules_of(archive).of_version(version)
    again = decide(facts, schedule, as_of=on, holds=under, mode=mode)
    found = to_json(again)
    compared = (*COMPARED, "reasons") if schedule.version == version else COMPARED
    differences = tuple(
        f"{name}: {stored.get(name)} → {found[name]}"
        for name in compared
        if name in stored and stored[name] != found[name]
    )
    return Replayed(stored, again, differences)
