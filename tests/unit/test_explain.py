"""Explaining: the reasons of a decision, for a person and for a program."""

from __future__ import annotations

import doctest
import json
from datetime import date
from pathlib import Path

from hypothesis import given

from retention_rules.decide import decide
from retention_rules.explain import explain, ruler, to_json
from retention_rules.facts import Facts
from retention_rules.rule import Trigger
from retention_rules.schedule import facts_from, load
from tests.retention_strategies import days, facts, schedules
from tests.unit.test_decide import a_rule, a_schedule, classified

CLOSED = Facts(
    rows=("CT-05",),
    status="returned",
    received_on=date(2005, 9, 1),
    closed_on=date(2005, 10, 14),
)


def test_an_explanation_names_dates_row_and_legal_basis_in_both_languages():
    decision = decide(CLOSED, load(), as_of=date(2026, 11, 24))

    vi, en = explain(decision).text("vi"), explain(decision).text("en")

    assert vi[0] == "Đến hạn → xét hủy"
    assert en[0] == "Due → destroy"
    assert "Kết thúc hồ sơ 14/10/2005; tính từ 31/12/2005; hết 31/12/2025" in vi[3]
    assert "Closing of the dossier 2005-10-14; counted from 2005-12-31; ends 2025-12-31" in en[3]
    assert "NĐ 23/2015/NĐ-CP, Điều 14 khoản 3" in vi[2]
    assert vi[-1].startswith("  đã xét CT-05 ✔")
    assert en[-1].startswith("  considered CT-05 ✔")
    assert len(vi) == len(en)


def test_the_headline_says_what_is_coming_and_what_holds_now():
    before = decide(CLOSED, load(), as_of=date(2025, 12, 31))
    undated = decide(Facts(), load(), as_of=date(2025, 12, 31))

    assert explain(before).headline == (
        "Đến hạn ngày 01/01/2026: xét hủy; hiện nay → tiếp tục lưu",
        "Due on 2026-01-01: destroy; now → keep",
    )
    assert explain(undated).headline.en == "No due date → keep"


def test_a_row_that_was_passed_over_says_why():
    decision = decide(
        Facts(rows=("CU-9-2",), closed_on=date(2024, 1, 1)), load(), as_of=date(2026, 1, 1)
    )

    lines = explain(decision).text("en")

    assert "  considered CU-9-2a ✘ was not in force on the day it counts" in lines


def test_the_ruler_has_the_dates_in_order_with_their_places():
    marks = ruler(decide(CLOSED, load(), as_of=date(2026, 11, 24)))

    assert [(mark.code, mark.on) for mark in marks] == [
        ("received", date(2005, 9, 1)),
        ("closed", date(2005, 10, 14)),
        ("start", date(2005, 12, 31)),
        ("end", date(2025, 12, 31)),
        ("due", date(2026, 1, 1)),
        ("as-of", date(2026, 11, 24)),
    ]
    assert (marks[0].position, marks[-1].position) == (0, 1)
    assert marks[0].to_json()["vi"] == "tiếp nhận"


def test_the_ruler_shows_an_event_beside_the_closing():
    schedule = a_schedule(
        a_rule("A", "10 years", trigger=Trigger.DEATH),
        a_rule("B", "permanent", trigger=Trigger.DEATH),
    )
    died = {"death": date(2030, 6, 1)}

    dated = ruler(decide(classified("A", events=died), schedule, as_of=date(2026, 1, 1)))
    permanent = ruler(decide(classified("B", events=died), schedule, as_of=date(2026, 1, 1)))

    assert [mark.code for mark in dated] == ["closed", "as-of", "event", "start", "end", "due"]
    assert [mark.code for mark in permanent] == ["closed", "as-of", "event"]


def test_an_open_dossier_has_a_ruler_of_one_day():
    (mark,) = ruler(decide(Facts(), load(), as_of=date(2026, 1, 1)))

    assert (mark.code, mark.position) == ("as-of", 0)


@given(facts, schedules, days)
def test_a_stored_decision_can_be_made_again_and_is_the_same(dossier, schedule, as_of):
    stored = json.loads(json.dumps(to_json(decide(dossier, schedule, as_of=as_of, holds=("x",)))))

    again = decide(
        facts_from(stored["facts"]),
        schedule,
        as_of=date.fromisoformat(stored["as_of"]),
        holds=stored["holds"],
        mode=stored["mode"],
    )

    assert json.loads(json.dumps(to_json(again))) == stored


@given(facts, schedules, days)
def test_every_decision_can_be_explained(dossier, schedule, as_of):
    explanation = explain(decide(dossier, schedule, as_of=as_of))

    assert all(explanation.text("vi"))
    assert len(explanation.text("vi")) == len(explanation.text("en"))
    assert [m.on for m in explanation.ruler] == sorted(m.on for m in explanation.ruler)
    assert all(0 <= mark.position <= 1 for mark in explanation.ruler)


def test_the_readme_of_the_rules_is_true():
    readme = Path(__file__).resolve().parents[2] / "retention_rules" / "README.md"

    results = doctest.testfile(str(readme), module_relative=False, encoding="utf-8")

    assert results.attempted >= 10
    assert results.failed == 0
