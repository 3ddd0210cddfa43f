"""`rule diff` and `rule simulate`: what another version of a schedule would change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from retention_rules.diff import Kind, compare_periods, diff
from retention_rules.periods import parse_period
from retention_rules.rule import Action, ProcedureMapping, Source, Status, Trigger
from retention_rules.schedule import load
from retention_rules.simulate import Change, Item, changes, simulate
from tests.retention_strategies import days, facts, schedules
from tests.unit.test_decide import a_rule, a_schedule, classified


def test_a_schedule_does_not_differ_from_itself():
    assert diff(load(), load()) == []


def test_rows_and_mappings_added_removed_and_changed_are_listed():
    old = a_schedule(
        a_rule("A", "5 years"),
        a_rule("B"),
        procedures=(ProcedureMapping("1.000", "A", Status.EXAMPLE),),
    )
    new = a_schedule(
        a_rule("A", "6 years", source=Source("Luật 1/2000", "Công báo số 2", "T")),
        a_rule("C"),
        procedures=(ProcedureMapping("1.000", "A", Status.CONFIRMED),),
    )

    found = diff(old, new)

    assert [(d.kind, d.what, d.code, d.longer) for d in found] == [
        (Kind.CHANGED, "rule", "A", True),
        (Kind.REMOVED, "rule", "B", None),
        (Kind.ADDED, "rule", "C", None),
        (Kind.CHANGED, "procedure", "1.000 → A", None),
    ]
    assert found[0].changes == (
        ("period", "5 years", "6 years"),
        ("source.read", "Công báo", "Công báo số 2"),
    )
    assert diff(new, old)[0].longer is False


def test_a_change_that_leaves_the_period_is_neither_longer_nor_shorter():
    (found,) = diff(a_schedule(a_rule()), a_schedule(a_rule(trigger=Trigger.DEATH)))

    assert found.longer is None
    assert found.changes == (("trigger", "dossier-closed", "death"),)


@pytest.mark.parametrize(
    ("old", "new", "sign"),
    [
        ("5 years", "permanent", 1),
        ("permanent", "70 years", -1),
        ("5 years", "60 months", 0),
        ("30 days", "1 month", 1),
        ("not-kept", "1 day", 1),
        ("until-event", "5 years", None),
        ("5 years", "life-of-work", None),
        ("permanent", "permanent", 0),
    ],
)
def test_periods_are_compared_where_that_can_be_told(old, new, sign):
    one, other = parse_period(old), parse_period(new)

    assert one is not None
    assert other is not None
    assert compare_periods(one, other) == sign


def test_a_simulation_counts_what_would_change():
    old = a_schedule(*(a_rule(code) for code in "ABCDEF"))
    new = a_schedule(
        a_rule("A"),
        a_rule("B", "10 years"),
        a_rule("C", "2 years"),
        a_rule("D", action=Action.REVIEW),
        a_rule("E", "permanent", action=Action.KEEP),
    )
    holdings = [Item(code, classified(code), size=100) for code in "ABCDEF"]

    result = simulate(holdings, old, new, as_of=date(2027, 1, 1), keep=2)

    assert (result.dossiers, result.changed) == (6, 5)
    assert (result.earlier, result.later) == (1, 3)
    assert result.action_changes == {
        "destroy → review": 2,
        "destroy → keep": 1,
    }
    assert (result.newly_due, result.newly_due_bytes) == (1, 100)
    assert (result.no_longer_due, result.no_longer_due_bytes) == (0, 0)
    assert [change.item.ref for change in result.examples] == ["B", "C"]


def test_what_is_due_and_would_no_longer_be_is_counted():
    old, new = a_schedule(a_rule("A")), a_schedule(a_rule("A", "50 years"))

    result = simulate([Item("1", classified("A"), 7)], old, new, as_of=date(2030, 1, 1))

    assert (result.no_longer_due, result.no_longer_due_bytes) == (1, 7)


def test_a_dossier_that_had_no_due_date_and_gets_one_is_earlier():
    old, new = a_schedule(a_rule("B")), a_schedule(a_rule("A"))

    ((_, change),) = changes([Item("1", classified("A"))], old, new, as_of=date(2030, 1, 1))

    assert isinstance(change, Change)
    assert change.shift == "earlier"
    assert change.actions == "review → destroy"


@given(facts, schedules, days)
def test_the_same_schedule_changes_nothing(dossier, schedule, as_of):
    items = [Item("1", dossier, 1), Item("2", dossier, 1, ("điều tra",))]

    result = simulate(items, schedule, replace(schedule), as_of=as_of)

    assert (result.dossiers, result.changed) == (2, 0)
