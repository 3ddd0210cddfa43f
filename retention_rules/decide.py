"""Decide what may be done with a dossier on a given day, and why.

Pure: the same facts, schedule, day and holds give the same decision, on any
machine and in any year. Total: there are no facts for which it raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from retention_rules.claims import PERMANENT, WAITING, Claim, Mode, claims_of, longest
from retention_rules.facts import OPEN_STATUSES, Facts
from retention_rules.grounds import Considered, Grounds, Reason, Standing
from retention_rules.periods import Period, PeriodKind, Start, day_after, last_protected_day
from retention_rules.reasons import considered_of, reasons_of
from retention_rules.rule import Action
from retention_rules.schedule import Schedule

__all__ = ["Considered", "Decision", "Mode", "Reason", "Standing", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be done with a dossier, from when, and why."""

    action: Action
    """On the day of the decision; `KEEP` while a hold, the period or a doubt stands against it."""
    due_on: date | None
    """The day from which `final_action` may be done, were there no hold; None if there is none."""
    protected_until: date | None
    """The last day on which the records must be there; None if permanent or not yet known."""
    rule_code: str | None
    """The row that decides; None if none applies."""
    schedule_version: str
    confirmed: bool
    """Whether every row and mapping that counts is confirmed; else nothing may be destroyed."""
    final_action: Action
    """What follows when the period is over; never `DESTROY` if not `confirmed`."""
    standing: Standing
    """Where the dossier stands; never translated."""
    grounds: Grounds = field(repr=False, compare=False)
    """What the decision was made from."""

    @property
    def due(self) -> bool:
        """Whether its period is over, and nothing stands against the final action."""
        return self.due_on is not None and self.action is not Action.KEEP

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons, in order of weight; written when asked for."""
        return reasons_of(self.grounds)

    @property
    def considered(self) -> tuple[Considered, ...]:
        """The rows that were looked at, and why each applies or not; written when asked for."""
        return considered_of(self.grounds)


def decide(
    facts: Facts,
    schedule: Schedule,
    *,
    as_of: date,
    holds: Sequence[str] = (),
    mode: str = Mode.LONGEST,
) -> Decision:
    """Apply a schedule to a dossier.

    A hold outranks all else. An open or reopened dossier is not due. The
    longest period wins. Rows and mappings that are not confirmed explain, and
    lead to a review at most.

    Args:
        holds: one label for each hold in force on the day.
        mode: `longest` or `one-schedule`.

    Source: Law 33/2024/QH15, art. 15.3 and 15.4, 16, 36.4.
    """
    claims = claims_of(facts, schedule, mode, facts.closed_on or as_of)
    winner = longest(claims) if claims else None
    confirmed = winner is not None and all(c.sure and c.rule.confirmed for c in claims)
    obstacle = _obstacle(facts, as_of)
    if obstacle is not None:
        standing, until, due_on = obstacle, None, None
    elif winner is None:
        standing, until, due_on = Standing.NO_ROW, None, None
    else:
        standing, until, due_on = _outlook(facts, schedule, claims, winner)
        if due_on is not None and due_on <= as_of:
            standing = Standing.DUE
    final = _final_action(winner, confirmed, due_on)
    action = final if standing is Standing.DUE else _meanwhile(standing)
    grounds = Grounds(
        facts, schedule, as_of, tuple(holds), mode, standing, claims, winner, until, due_on
    )
    return Decision(
        Action.KEEP if holds else action,
        due_on,
        until,
        winner.rule.code if winner is not None else None,
        schedule.version,
        confirmed,
        final,
        standing,
        grounds,
    )


def _final_action(winner: Claim | None, confirmed: bool, due_on: date | None) -> Action:
    """Return what follows when the period is over."""
    if winner is not None and winner.weight == PERMANENT and due_on is None:
        return Action.KEEP
    return winner.rule.action if winner is not None and confirmed else Action.REVIEW


def _obstacle(facts: Facts, as_of: date) -> Standing | None:
    """Return why no period can be running; None if the work has ended."""
    if facts.closed_on is None or facts.status in OPEN_STATUSES:
        return Standing.OPEN
    if facts.complaint_open:
        return Standing.REOPENED
    if facts.received_on is not None and facts.closed_on < facts.received_on:
        return Standing.CONTRADICTORY
    return Standing.NOT_YET_CLOSED if facts.closed_on > as_of else None


def _meanwhile(standing: Standing) -> Action:
    """Return what to do with a dossier that is not due."""
    if standing in (Standing.NO_ROW, Standing.CONTRADICTORY):
        return Action.REVIEW
    return Action.KEEP


def _outlook(
    facts: Facts, schedule: Schedule, claims: list[Claim], winner: Claim
) -> tuple[Standing, date | None, date | None]:
    """Return where the dossier stands, its last protected day, and the day it is due."""
    if winner.weight == PERMANENT:
        return Standing.PERMANENT, None, _handed_over_on(facts, schedule, winner)
    if winner.weight == WAITING:
        return Standing.WAITING, None, None
    standing, until = Standing.PROTECTED, winner.until
    # A new table does not shorten what was fixed before, unless every row that
    # counts is one that the law allows to.
    if facts.fixed and not all(claim.rule.overrides_fixed for claim in claims):
        standing, until = _extended(standing, until, facts.fixed.protected_until, Standing.FIXED)
    # Law 33/2024/QH15, art. 36.4.
    for link in facts.links:
        standing, until = _extended(standing, until, link.protected_until, Standing.LINKED)
    return standing, until, day_after(until) if until else None


def _extended(
    standing: Standing, until: date | None, other: date | None, by: Standing
) -> tuple[Standing, date | None]:
    """Return the later of two ends, of which None is the latest, and what sets it."""
    if until is None or (other is not None and other <= until):
        return standing, until
    return by, other


def _handed_over_on(facts: Facts, schedule: Schedule, winner: Claim) -> date | None:
    """Return the day from which permanent records go to the historical archive, if they do."""
    years = schedule.transfer_permanent_after_years
    if years is None or winner.rule.action is not Action.TRANSFER or facts.closed_on is None:
        return None
    last = last_protected_day(Period(PeriodKind.YEARS, years), Start.END_OF_YEAR, facts.closed_on)
    return day_after(last) if last else None
