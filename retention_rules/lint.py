"""What is wrong with a schedule that can be read: `kho rule lint`.

    KHO-RULE-BASIS        a row names no legal basis
    KHO-RULE-SOURCE       a confirmed row was not read in its instrument
    KHO-RULE-FORCE        dates of force that collide: in a row, or with the row it supersedes
    KHO-RULE-GAP          a time or kind of case that a group leaves without a row
    KHO-RULE-OVERLAP      two rows of one group apply to the same case
    KHO-RULE-UNREACHABLE  a row or mapping that can never decide anything
    KHO-RULE-PERIOD       period, trigger, start and action that contradict each other
    KHO-RULE-CEILING      a limited period over 70 years
    KHO-RULE-SHORTENS     a row shorter than the base's row of the same code
    KHO-RULE-CYCLE        rows that supersede each other in a circle
    KHO-RULE-TARGET       a row supersedes one that does not exist
    KHO-RULE-EXAMPLE      a mapping that is only an example
    KHO-RULE-APPROVAL     an agency's schedule without two people's approval
    KHO-RULE-NO-ROW       a procedure in use without a row
    KHO-RULE-UNCONFIRMED  how many rows are not confirmed
    KHO-RULE-UNMAPPED     how many rows no procedure is mapped to

Problems that keep a schedule from being read at all are found by `schedule.load`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations, pairwise

from retention_rules.diff import compare_periods
from retention_rules.matching import covers
from retention_rules.periods import PeriodKind, Start
from retention_rules.problems import Gravity, Problem
from retention_rules.rule import Action, AppliesTo, Rule, Status, Trigger
from retention_rules.schedule import Schedule

CEILING_YEARS = 70
"""The longest limited period (code list of Circular 05/2025/TT-BNV)."""


def lint(schedule: Schedule, procedures: Iterable[str] = ()) -> list[Problem]:
    """Return every problem of a schedule, graver ones first.

    Args:
        procedures: codes of procedures in use, which should all have a row.
    """
    found = [
        *(problem for rule in schedule.rules for problem in _of_rule(rule)),
        *_of_groups(schedule),
        *_of_selecting(schedule),
        *_of_succession(schedule),
        *_of_mappings(schedule),
        *_of_agency(schedule),
        *_of_procedures(schedule, procedures),
        *_of_coverage(schedule),
    ]
    order = list(Gravity)
    placed = (replace(p, where=schedule.places.get(p.row, "")) for p in found)
    return sorted(placed, key=lambda problem: order.index(problem.gravity))


def _of_rule(rule: Rule) -> Iterator[Problem]:
    if not rule.basis:
        yield Problem("KHO-RULE-BASIS", rule.code, "names no legal basis")
    if rule.confirmed and rule.source.mark != "T":
        message = f"is confirmed, but its source has mark {rule.source.mark}, not T"
        yield Problem("KHO-RULE-SOURCE", rule.code, message)
    if rule.in_force_from and rule.in_force_until and rule.in_force_from >= rule.in_force_until:
        message = f"is in force from {rule.in_force_from} but no longer on {rule.in_force_until}"
        yield Problem("KHO-RULE-FORCE", rule.code, message)
    for message in _contradictions(rule):
        yield Problem("KHO-RULE-PERIOD", rule.code, message)
    if rule.period.minimum and rule.action is Action.DESTROY:
        message = "destroys after a minimum: fix the period that the agency applies"
        yield Problem("KHO-RULE-PERIOD", rule.code, message, Gravity.WARNING)
    if rule.period.kind is PeriodKind.YEARS and rule.period.length > CEILING_YEARS:
        message = f"{rule.period} is over the ceiling of {CEILING_YEARS} years"
        yield Problem("KHO-RULE-CEILING", rule.code, message, Gravity.WARNING)


def _contradictions(rule: Rule) -> Iterator[str]:
    period, action = rule.period, rule.action
    if period.permanent and action is Action.DESTROY:
        yield "is permanent, yet its action is to destroy"
    if not period.permanent and action is Action.KEEP:
        yield "has an end, yet its action is to keep"
    if period.kind is PeriodKind.NOT_KEPT and action is Action.TRANSFER:
        yield "is not kept, yet its action is to transfer"
    if period.event_bound and rule.trigger is Trigger.DOSSIER_CLOSED:
        yield f"lasts {period.words().en}, yet its trigger is the closing of the dossier"
    if period.kind in (PeriodKind.MONTHS, PeriodKind.DAYS) and rule.start is Start.END_OF_YEAR:
        yield f"counts {period.kind} from the end of a year: say `exact-day` or use years"


def _of_groups(schedule: Schedule) -> Iterator[Problem]:
    groups: dict[str, list[Rule]] = {}
    for rule in schedule.rules:
        if rule.group:
            groups.setdefault(rule.group, []).append(rule)
    for group, rules in groups.items():
        yield from _overlaps(rules)
        yield from _gaps_in_time(rules)
        values = {rule.applies_to.important for rule in rules}
        if len(values) == 1 and None not in values:
            message = f"group {group} has no row for important cases"
            if True in values:
                message = f"group {group} has no row for ordinary cases"
            yield Problem("KHO-RULE-GAP", rules[0].code, message, Gravity.WARNING)


def _of_selecting(schedule: Schedule) -> Iterator[Problem]:
    """Compare rows of different groups that find their records themselves."""
    selecting = [rule for rule in schedule.rules if rule.applies_to.selects]
    for one, other in combinations(selecting, 2):
        if not (one.group and one.group == other.group):
            yield from _overlaps([one, other])


def _overlaps(rules: list[Rule]) -> Iterator[Problem]:
    for one, other in combinations(rules, 2):
        if not (_meet(one.applies_to, other.applies_to) and _in_force_together(one, other)):
            continue
        shorter = _never_decides(one, other) or _never_decides(other, one)
        if shorter:
            longer = other if shorter is one else one
            message = f"never decides: {longer.code} covers the same cases and is longer"
            yield Problem("KHO-RULE-UNREACHABLE", shorter.code, message, Gravity.WARNING)
        else:
            message = f"applies to the same cases as {one.code}; the longest wins"
            yield Problem("KHO-RULE-OVERLAP", other.code, message, Gravity.WARNING)


def _never_decides(rule: Rule, other: Rule) -> Rule | None:
    """Return `rule` if `other` covers all its cases and is never shorter."""
    covered = (
        other.applies_to in (rule.applies_to, AppliesTo())
        and (other.in_force_from or date.min) <= (rule.in_force_from or date.min)
        and (rule.in_force_until or date.max) <= (other.in_force_until or date.max)
    )
    same_count = (rule.trigger, rule.start) == (other.trigger, other.start)
    beaten = same_count and compare_periods(rule.period, other.period) == 1
    return rule if covered and (beaten or other.period.permanent) else None


def _meet(one: AppliesTo, other: AppliesTo) -> bool:
    """Whether some case can meet the conditions of both."""
    if bool(one.document_types) is not bool(other.document_types):
        return False
    if None not in (one.important, other.important) and one.important is not other.important:
        return False
    values = (
        (one.fields, other.fields),
        (one.document_types, other.document_types),
        (one.outcomes, other.outcomes),
        (one.media, other.media),
    )
    prefixes = ((one.procedures, other.procedures), (one.agencies, other.agencies))
    return all(not a or not b or set(a) & set(b) for a, b in values) and all(
        not a or not b or any(covers(a, code) for code in b) or any(covers(b, code) for code in a)
        for a, b in prefixes
    )


def _in_force_together(one: Rule, other: Rule) -> bool:
    begins = max(one.in_force_from or date.min, other.in_force_from or date.min)
    return begins < min(one.in_force_until or date.max, other.in_force_until or date.max)


def _gaps_in_time(rules: list[Rule]) -> Iterator[Problem]:
    for conditions in dict.fromkeys(rule.applies_to for rule in rules):
        same = [rule for rule in rules if rule.applies_to == conditions]
        same.sort(key=lambda rule: rule.in_force_from or date.min)
        for earlier, later in pairwise(same):
            yield from _gap(earlier, later)


def _gap(earlier: Rule, later: Rule) -> Iterator[Problem]:
    until, from_ = earlier.in_force_until, later.in_force_from
    if until and from_ and until < from_:
        message = f"no row is in force from {until} ({earlier.code} ends) until {from_}"
        yield Problem("KHO-RULE-GAP", later.code, message, Gravity.WARNING)


def _of_succession(schedule: Schedule) -> Iterator[Problem]:
    by_code = {rule.code: rule for rule in schedule.rules}
    for rule in schedule.rules:
        if _supersedes_itself(rule, by_code):
            yield Problem("KHO-RULE-CYCLE", rule.code, "supersedes itself, by way of others")
        for code in rule.supersedes:
            earlier = by_code.get(code)
            if earlier is None:
                message = f"supersedes {code}, which is not in the schedule"
                yield Problem("KHO-RULE-TARGET", rule.code, message, Gravity.WARNING)
            elif _in_force_together(earlier, rule):
                message = f"supersedes {code}, yet both are in force at the same time"
                yield Problem("KHO-RULE-FORCE", rule.code, message)
            else:
                yield from _gap(earlier, rule)


def _supersedes_itself(rule: Rule, by_code: dict[str, Rule]) -> bool:
    seen: set[str] = set()
    todo = list(rule.supersedes)
    while todo:
        code = todo.pop()
        if code == rule.code:
            return True
        if code not in seen and code in by_code:
            seen.add(code)
            todo += by_code[code].supersedes
    return False


def _of_mappings(schedule: Schedule) -> Iterator[Problem]:
    for mapping in schedule.procedures:
        rules = schedule.find(mapping.row)
        if all(rule.applies_to.document_types for rule in rules):
            message = f"leads to {mapping.row}, which is for single documents only"
            yield Problem("KHO-RULE-UNREACHABLE", mapping.prefix, message)
        if mapping.status is not Status.CONFIRMED:
            gravity = Gravity.WARNING if schedule.agency else Gravity.INFO
            message = (
                f"the mapping to {mapping.row} is {mapping.status}: nothing is destroyed on it"
            )
            yield Problem("KHO-RULE-EXAMPLE", mapping.prefix, message, gravity)


def _of_agency(schedule: Schedule) -> Iterator[Problem]:
    if schedule.agency and not schedule.approved:
        message = f"{len(schedule.approvals)} approval(s); two different people must approve"
        yield Problem("KHO-RULE-APPROVAL", "", message, Gravity.WARNING)
    for rule in schedule.rules:
        agencies = rule.applies_to.agencies
        related = covers(agencies, schedule.agency) or any(
            covers((schedule.agency,), agency) for agency in agencies
        )
        if schedule.agency and agencies and not related:
            message = f"is for agencies {', '.join(agencies)}, not for {schedule.agency}"
            yield Problem("KHO-RULE-UNREACHABLE", rule.code, message, Gravity.WARNING)
    by_code = {rule.code: rule for rule in schedule.rules}
    for beneath in schedule.replaced:
        own = by_code[beneath.code]
        if compare_periods(beneath.period, own.period) == -1:
            message = f"{own.period} is shorter than the base's {beneath.period}"
            yield Problem("KHO-RULE-SHORTENS", own.code, message, Gravity.WARNING)


def _of_procedures(schedule: Schedule, procedures: Iterable[str]) -> Iterator[Problem]:
    prefixes = [p for rule in schedule.rules for p in rule.applies_to.procedures]
    for procedure in dict.fromkeys(procedures):
        if not schedule.matcher.mapped(procedure) and not covers(prefixes, procedure):
            message = "no row: its dossiers wait for a person's choice"
            yield Problem("KHO-RULE-NO-ROW", procedure, message, Gravity.WARNING)


def _of_coverage(schedule: Schedule) -> Iterator[Problem]:
    total = len(schedule.rules)
    doubtful = sum(not rule.confirmed for rule in schedule.rules)
    if doubtful:
        message = f"{doubtful} of {total} rows are unconfirmed: they never allow destruction"
        yield Problem("KHO-RULE-UNCONFIRMED", "", message, Gravity.INFO)
    targets = {mapping.row for mapping in schedule.procedures}
    unmapped = sum(
        not (rule.applies_to.selects or {rule.code, rule.group} & targets)
        for rule in schedule.rules
    )
    if unmapped:
        message = f"{unmapped} of {total} rows are reached by classification or choice only"
        yield Problem("KHO-RULE-UNMAPPED", "", message, Gravity.INFO)
