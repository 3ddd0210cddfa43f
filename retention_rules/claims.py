"""Claims: how long each row that applies asks for a dossier to be kept."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from retention_rules.facts import DocumentFacts, Facts
from retention_rules.matching import By, Selected
from retention_rules.periods import last_protected_day
from retention_rules.rule import Action, Rule, Trigger
from retention_rules.schedule import Schedule

WAITING = date.max.toordinal() + 1
"""The weight of a claim whose event has not happened: it outlasts every date."""
PERMANENT = date.max.toordinal() + 2
"""The weight of a permanent claim."""

_CAUTION = {Action.DESTROY: 0, Action.TRANSFER: 1, Action.REVIEW: 2, Action.KEEP: 3}


class Mode(StrEnum):
    """What happens when several rows apply to the same records."""

    LONGEST = "longest"
    """The longest period of all wins (Law 33/2024/QH15, art. 15.4)."""
    ONE_SCHEDULE = "one-schedule"
    """Each record has the one row that is most specific to it (MoReq2010); the dossier
    goes when the last of its records may go."""


class Claim(NamedTuple):
    """One row's demand on the dossier, for itself or for one of its documents."""

    rule: Rule
    by: By
    sure: bool
    document: str
    """The document's name; "" for the dossier as such."""
    trigger_on: date | None
    """None if the event has not happened or its day is not known."""
    until: date | None
    """Last protected day; None if permanent or waiting."""
    weight: int
    """Ordinal of `until`, or `WAITING`, or `PERMANENT`: what the longest is told by."""


def claims_of(facts: Facts, schedule: Schedule, mode: str, on: date) -> list[Claim]:
    """Return the demands of all rows that apply, those on the dossier as such first.

    Args:
        on: the day whose rows are used: the closing day, at which the period is
            fixed (Decree 30/2020/NĐ-CP, art. 29), or today while it is open.
    """
    claims = _claims(schedule.matcher.dossier(facts, on).selected, facts, None, mode)
    for document in facts.documents if claims else ():
        selection = schedule.matcher.document(facts, document, on)
        if selection.selected:
            claims += _claims(selection.selected, facts, document, mode)
    return claims


def longest(claims: list[Claim]) -> Claim:
    """Return the claim that ends last; among equals the more cautious, then the first."""
    if len(claims) == 1:
        return claims[0]
    return max(claims, key=lambda claim: (claim.weight, _CAUTION[claim.rule.action]))


def _claims(
    selected: tuple[Selected, ...], facts: Facts, document: DocumentFacts | None, mode: str
) -> list[Claim]:
    claims = [_claim(item, facts, document) for item in selected]
    if mode == Mode.LONGEST or len(claims) < 2:
        return claims
    most = max((claim.by, claim.rule.applies_to.conditions()) for claim in claims)
    rivals = [c for c in claims if (c.by, c.rule.applies_to.conditions()) == most]
    return [longest(rivals)]


def _claim(item: Selected, facts: Facts, document: DocumentFacts | None) -> Claim:
    rule = item.rule
    ref = document.ref if document else ""
    trigger_on = _trigger_on(rule.trigger, facts, document)
    if rule.period.permanent:
        return Claim(rule, item.by, item.sure, ref, trigger_on, None, PERMANENT)
    if trigger_on is None:
        return Claim(rule, item.by, item.sure, ref, None, None, WAITING)
    until = last_protected_day(rule.period, rule.start, trigger_on)
    weight = until.toordinal() if until else PERMANENT
    return Claim(rule, item.by, item.sure, ref, trigger_on, until, weight)


def _trigger_on(trigger: Trigger, facts: Facts, document: DocumentFacts | None) -> date | None:
    if trigger is Trigger.DOSSIER_CLOSED:
        return facts.closed_on
    if trigger is Trigger.DOCUMENT_ISSUED:
        return document.issued_on if document else facts.issued_on
    own = document.events.get(trigger) if document else None
    return own or facts.events.get(trigger)
