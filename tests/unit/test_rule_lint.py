"""`rule lint`: what is wrong with a schedule that can be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from retention_rules.lint import lint
from retention_rules.periods import Start
from retention_rules.problems import Gravity
from retention_rules.rule import (
    Action,
    AppliesTo,
    Approval,
    ProcedureMapping,
    Rule,
    Source,
    Status,
    Trigger,
)
from retention_rules.schedule import Schedule, builtin, load, loads
from tests.unit.test_decide import a_rule, a_schedule

D = date(2023, 2, 15)


def found(*rules: Rule, **changes: object) -> set[tuple[str, str]]:
    """Return which checks find something, and in which row; notes of coverage left out."""
    schedule = a_schedule(*rules, **changes)
    return {(p.rule, p.row) for p in lint(schedule) if p.rule != "KHO-RULE-UNMAPPED"}


@pytest.mark.parametrize("code", builtin())
def test_the_schedules_of_the_program_have_no_errors(code):
    problems = lint(load(code))

    assert [p for p in problems if p.gravity is Gravity.ERROR] == []
    assert {p.rule for p in problems} == {
        "KHO-RULE-EXAMPLE",
        "KHO-RULE-UNCONFIRMED",
        "KHO-RULE-UNMAPPED",
    }


def test_a_sound_schedule_has_nothing_to_be_said_about():
    assert found(a_rule()) == set()


@pytest.mark.parametrize(
    ("rule", "check"),
    [
        (a_rule(basis=""), "KHO-RULE-BASIS"),
        (a_rule(source=Source("Luật", "báo", "S")), "KHO-RULE-SOURCE"),
        (a_rule(in_force_from=D, in_force_until=D), "KHO-RULE-FORCE"),
        (a_rule(period="permanent"), "KHO-RULE-PERIOD"),
        (a_rule(action=Action.KEEP), "KHO-RULE-PERIOD"),
        (a_rule(period="not-kept", action=Action.TRANSFER), "KHO-RULE-PERIOD"),
        (a_rule(period="until-event"), "KHO-RULE-PERIOD"),
        (a_rule(period="18 months"), "KHO-RULE-PERIOD"),
        (a_rule(period="90 days"), "KHO-RULE-PERIOD"),
        (a_rule(period="at least 5 years"), "KHO-RULE-PERIOD"),
        (a_rule(period="71 years"), "KHO-RULE-CEILING"),
        (a_rule(status=Status.UNCONFIRMED), "KHO-RULE-UNCONFIRMED"),
        (a_rule(supersedes=("A",)), "KHO-RULE-CYCLE"),
        (a_rule(supersedes=("Z",)), "KHO-RULE-TARGET"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_contradicts_itself_or_lacks_something_is_found(rule, check):
    assert check in {name for name, _ in found(rule)}


@pytest.mark.parametrize(
    "rule",
    [
        a_rule(period="70 years"),
        a_rule(period="permanent", action=Action.TRANSFER),
        a_rule(period="permanent", action=Action.KEEP),
        a_rule(period="until-event", trigger=Trigger.EFFECT_ENDED),
        a_rule(period="18 months", start=Start.EXACT_DAY),
        a_rule(period="at least 5 years", action=Action.REVIEW),
        a_rule(in_force_from=date(2022, 1, 1), in_force_until=D),
    ],
    ids=lambda rule: str(rule.period),
)
def test_a_row_that_is_only_unusual_is_left_alone(rule):
    assert found(rule) == set()


@pytest.mark.parametrize(
    ("one", "other", "problem"),
    [
        ({}, {"period": "6 years", "trigger": Trigger.DEATH}, ("KHO-RULE-OVERLAP", "B")),
        ({}, {"period": "6 years"}, ("KHO-RULE-UNREACHABLE", "A")),
        ({"period": "6 years"}, {}, ("KHO-RULE-UNREACHABLE", "B")),
        (
            {"trigger": Trigger.DEATH},
            {"period": "permanent", "action": Action.TRANSFER},
            ("KHO-RULE-UNREACHABLE", "A"),
        ),
        ({}, {"period": "6 years", "in_force_from": D}, ("KHO-RULE-OVERLAP", "B")),
        ({"in_force_until": date(2023, 2, 1)}, {"in_force_from": D}, ("KHO-RULE-GAP", "B")),
        ({"in_force_until": D}, {"in_force_from": D}, None),
        ({"in_force_until": D}, {}, ("KHO-RULE-OVERLAP", "B")),
        (
            {"applies_to": AppliesTo(important=True)},
            {"applies_to": AppliesTo(important=False)},
            None,
        ),
        (
            {"applies_to": AppliesTo(important=True), "in_force_until": D},
            {"applies_to": AppliesTo(important=True), "in_force_from": D},
            ("KHO-RULE-GAP", "A"),
        ),
        (
            {"applies_to": AppliesTo(important=False), "in_force_until": D},
            {"applies_to": AppliesTo(important=False), "in_force_from": D},
            ("KHO-RULE-GAP", "A"),
        ),
        (
            {"applies_to": AppliesTo(media=("paper",))},
            {"applies_to": AppliesTo(media=("electronic",))},
            None,
        ),
        (
            {"applies_to": AppliesTo(outcomes=("refused",))},
            {"applies_to": AppliesTo(outcomes=("returned",))},
            None,
        ),
        (
            {"applies_to": AppliesTo(agencies=("H26",))},
            {"applies_to": AppliesTo(agencies=("H27",))},
            None,
        ),
        (
            {"applies_to": AppliesTo(agencies=("H26",))},
            {"applies_to": AppliesTo(agencies=("H26.18",))},
            ("KHO-RULE-OVERLAP", "B"),
        ),
        (
            {"applies_to": AppliesTo(agencies=("H26.18",))},
            {"applies_to": AppliesTo(agencies=("H26",))},
            ("KHO-RULE-OVERLAP", "B"),
        ),
        ({"applies_to": AppliesTo(document_types=("02",))}, {}, None),
    ],
)
def test_rows_of_a_group_are_compared_with_each_other(one, other, problem):
    first = a_rule("A", one.pop("period", "5 years"), group="G", **one)
    second = a_rule("B", other.pop("period", "5 years"), group="G", **other)

    assert found(first, second) == ({problem} if problem else set())


def test_rows_that_find_their_own_records_are_compared_across_groups():
    land = AppliesTo(fields=("đất đai",))

    assert found(
        a_rule("A", applies_to=land, trigger=Trigger.DEATH), a_rule("B", applies_to=land)
    ) == {("KHO-RULE-OVERLAP", "B")}
    assert (
        found(a_rule("A", applies_to=land), a_rule("B", applies_to=AppliesTo(fields=("hộ tịch",))))
        == set()
    )
    assert found(
        a_rule("A", applies_to=land, group="G"),
        a_rule("B", applies_to=land, group="G", trigger=Trigger.DEATH),
    ) == {("KHO-RULE-OVERLAP", "B")}


def test_succession_is_without_circles_collisions_and_gaps():
    ends = a_rule("A", in_force_until=D)

    assert found(ends, a_rule("B", in_force_from=D, supersedes=("A",))) == set()
    assert found(a_rule("A"), a_rule("B", in_force_from=D, supersedes=("A",))) == {
        ("KHO-RULE-FORCE", "B")
    }
    assert found(ends, a_rule("B", in_force_from=date(2023, 3, 1), supersedes=("A",))) == {
        ("KHO-RULE-GAP", "B")
    }
    assert found(
        replace(ends, supersedes=("B",)),
        a_rule("B", in_force_from=D, supersedes=("A", "C")),
        a_rule("C", in_force_until=date(2000, 1, 1), supersedes=("A",)),
    ) >= {("KHO-RULE-CYCLE", "A"), ("KHO-RULE-CYCLE", "B")}
    assert ("KHO-RULE-CYCLE", "C") not in found(
        a_rule("C", supersedes=("B",)),
        a_rule("B", supersedes=("A",)),
        a_rule("A", supersedes=("B",)),
    )


def test_mappings_that_lead_nowhere_or_are_examples_are_found():
    for_documents = a_rule("B", applies_to=AppliesTo(document_types=("02",)))
    mappings = (
        ProcedureMapping("1.000", "B", Status.CONFIRMED),
        ProcedureMapping("2.000", "A", Status.EXAMPLE),
    )

    assert found(a_rule("A"), for_documents, procedures=mappings) == {
        ("KHO-RULE-UNREACHABLE", "1.000"),
        ("KHO-RULE-EXAMPLE", "2.000"),
    }


def test_a_schedule_of_an_agency_is_approved_by_two_and_made_for_it():
    ours, others = AppliesTo(agencies=("H26.18.05",)), AppliesTo(agencies=("H27",))
    rules = (a_rule("A", applies_to=ours), a_rule("B", applies_to=others))

    assert found(*rules, agency="H26.18") == {
        ("KHO-RULE-APPROVAL", ""),
        ("KHO-RULE-UNREACHABLE", "B"),
    }
    approvals = (Approval("A", D), Approval("B", D))
    assert found(a_rule(), agency="H26.18", approvals=approvals) == set()


def test_a_row_shorter_than_that_of_the_base_is_found():
    text = """format = 1
code = "s"
title = "bảng"
base = "vn-2026-1"
[[rules]]
code = "CT-05"
title = "Chứng thực hợp đồng"
period = "10 years"
action = "destroy"
basis = "QĐ 1"
status = "confirmed"
source = { instrument = "QĐ 1", read = "bản gốc", mark = "T" }
"""
    shorter = [p for p in lint(loads(text)) if p.rule == "KHO-RULE-SHORTENS"]
    longer = lint(loads(text.replace("10 years", "30 years")))

    assert [str(p) for p in shorter] == [
        "schedule.toml:5: CT-05: 10 years is shorter than the base's 20 years [KHO-RULE-SHORTENS]"
    ]
    assert "KHO-RULE-SHORTENS" not in {p.rule for p in longer}


def test_procedures_in_use_without_a_row_are_found():
    schedule = a_schedule(
        a_rule("A"),
        a_rule("B", applies_to=AppliesTo(procedures=("3.000",))),
        procedures=(ProcedureMapping("1.000", "A", Status.CONFIRMED),),
    )

    problems = lint(schedule, ["1.000.H26", "2.000", "2.000", "3.000.H26"])

    assert [(p.rule, p.row) for p in problems] == [("KHO-RULE-NO-ROW", "2.000")]


def test_problems_are_listed_gravest_first_and_as_values():
    schedule: Schedule = a_schedule(a_rule("A", "71 years"), a_rule("B", basis=""))

    problems = lint(schedule)

    assert [p.gravity for p in problems] == [Gravity.ERROR, Gravity.WARNING, Gravity.INFO]
    assert problems[0].to_json() == {
        "rule": "KHO-RULE-BASIS",
        "severity": "error",
        "row": "B",
        "path": "",
        "message": "names no legal basis",
    }
    assert str(problems[2]).startswith("2 of 2 rows")
