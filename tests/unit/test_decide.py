"""Deciding: what may be done with a dossier on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from retention_rules.claims import Mode
from retention_rules.decide import Decision, Standing, decide
from retention_rules.facts import DocumentFacts, Facts, FixedPeriod, Link
from retention_rules.matching import Matcher
from retention_rules.periods import Start, parse_period
from retention_rules.rule import (
    Action,
    AppliesTo,
    ProcedureMapping,
    Rule,
    Source,
    Status,
    Trigger,
)
from retention_rules.schedule import Schedule, builtin, load
from tests.retention_strategies import days, documents, facts, schedules

CLOSED = date(2023, 5, 10)
LATER = date(2100, 1, 1)
BUILTIN = [load(code) for code in builtin()]
modes = st.sampled_from(Mode)
holds = st.lists(st.just("điều tra"), max_size=2).map(tuple)


def a_rule(code: str = "A", period: str = "5 years", **changes: object) -> Rule:
    read = parse_period(period)
    assert read is not None
    rule = Rule(
        code=code,
        title=f"Hồ sơ {code}",
        period=read,
        trigger=Trigger.DOSSIER_CLOSED,
        start=Start.END_OF_YEAR,
        action=Action.DESTROY,
        basis="Luật 1/2000, Điều 1",
        status=Status.CONFIRMED,
        source=Source("Luật 1/2000", "Công báo", "T"),
    )
    return replace(rule, **changes)  # type: ignore[arg-type]


def a_schedule(*rules: Rule, **changes: object) -> Schedule:
    return replace(Schedule("s", "bảng", rules), **changes)  # type: ignore[arg-type]


def classified(*rows: str, **changes: object) -> Facts:
    facts = Facts(rows=rows, status="returned", closed_on=CLOSED)
    return replace(facts, **changes)  # type: ignore[arg-type]


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_five_years_from_2023_protect_to_the_end_of_2028():
    schedule = a_schedule(a_rule(period="5 years"))

    protected = decide(classified("A"), schedule, as_of=date(2028, 12, 31))
    due = decide(classified("A"), schedule, as_of=date(2029, 1, 1))

    assert (protected.action, protected.standing) == (Action.KEEP, Standing.PROTECTED)
    assert protected.protected_until == date(2028, 12, 31)
    assert protected.due_on == due.due_on == date(2029, 1, 1)
    assert (due.action, due.due, due.standing) == (Action.DESTROY, True, Standing.DUE)
    assert not protected.due


def test_a_file_with_a_2_year_and_a_20_year_document_is_kept_20_years():
    schedule = a_schedule(a_rule("A", "2 years"), a_rule("B", "20 years"))
    dossier = classified("A", documents=(DocumentFacts("1", rows=("B",)), DocumentFacts("2")))

    decision = decide(dossier, schedule, as_of=LATER)

    assert decision.due_on == date(2044, 1, 1)
    assert decision.rule_code == "B"
    assert "KHO-RET-LONGEST" in codes(decision)


@pytest.mark.parametrize(
    ("changes", "as_of", "reason"),
    [
        ({}, date(2028, 12, 31), "KHO-RET-PROTECTED"),
        ({"complaint_open": True}, LATER, "KHO-RET-COMPLAINT"),
        ({"links": (Link("khác", None),)}, LATER, "KHO-RET-PROTECTED"),
        ({"links": (Link("khác", date(2100, 1, 1)),)}, LATER, "KHO-RET-LINK"),
        ({"rows": ("B",)}, LATER, "KHO-RET-UNCONFIRMED"),
        ({"closed_on": None}, LATER, "KHO-RET-OPEN"),
        ({"status": "processing"}, LATER, "KHO-RET-OPEN"),
        ({"rows": ()}, LATER, "KHO-RET-NO-ROW"),
        ({"rows": ("C",)}, LATER, "KHO-RET-PERMANENT"),
        ({"rows": ("D",)}, LATER, "KHO-RET-NO-TRIGGER"),
        ({"closed_on": date(2100, 1, 2)}, LATER, "KHO-RET-CLOSING-AHEAD"),
        ({"received_on": date(2023, 5, 11)}, LATER, "KHO-RET-CONTRADICTORY"),
    ],
    ids=[
        "the period runs",
        "an open complaint",
        "a link without an end",
        "a link with a longer period",
        "an unconfirmed row",
        "an open dossier",
        "a state that is not an end",
        "no row",
        "a permanent row",
        "an event that has not happened",
        "a closing date that lies ahead",
        "closed before it was received",
    ],
)
def test_nothing_is_destroyed_while_something_stands_against_it(changes, as_of, reason):
    schedule = a_schedule(
        a_rule("A"),
        a_rule("B", status=Status.UNCONFIRMED),
        a_rule("C", "permanent", action=Action.TRANSFER),
        a_rule("D", trigger=Trigger.DEATH),
    )

    dossier = replace(classified("A"), **changes)
    decision = decide(dossier, schedule, as_of=as_of)

    assert decision.action is not Action.DESTROY
    assert reason in codes(decision)


def test_a_hold_outranks_everything_and_is_the_first_reason():
    schedule = a_schedule(a_rule())

    decision = decide(classified("A"), schedule, as_of=LATER, holds=["điều tra 12"])

    assert decision.action is Action.KEEP
    assert not decision.due
    assert decision.due_on == date(2029, 1, 1)
    assert decision.reasons[0].code == "KHO-RET-HOLD"
    assert "điều tra 12" in decision.reasons[0].text_vi


@pytest.mark.parametrize("closed_on", [date(1951, 3, 1), date(1976, 2, 29)], ids=str)
def test_arithmetic_reaches_back_75_years(closed_on):
    decision = decide(
        classified("A", closed_on=closed_on), a_schedule(a_rule(period="70 years")), as_of=LATER
    )

    assert decision.due_on == date(closed_on.year + 71, 1, 1)


@given(days)
def test_a_permanent_dossier_is_never_due(as_of):
    schedule = a_schedule(a_rule("A", "permanent", action=Action.TRANSFER))

    decision = decide(classified("A", closed_on=date(1900, 1, 1)), schedule, as_of=as_of)

    assert (decision.action, decision.due_on) == (Action.KEEP, None)
    assert decision.final_action is Action.KEEP


def test_permanent_records_go_to_the_historical_archive_where_the_schedule_says_so():
    permanent = a_rule("A", "permanent", action=Action.TRANSFER)
    schedule = a_schedule(permanent, transfer_permanent_after_years=6)

    before = decide(classified("A"), schedule, as_of=date(2029, 12, 31))
    after = decide(classified("A"), schedule, as_of=date(2030, 1, 1))

    assert (before.action, before.due_on) == (Action.KEEP, date(2030, 1, 1))
    assert "KHO-RET-TRANSFER" in codes(before)
    assert (after.action, after.protected_until) == (Action.TRANSFER, None)
    assert "KHO-RET-TRANSFER" in codes(after)


def test_permanent_records_stay_where_the_row_or_the_calendar_allows_no_transfer():
    kept = a_schedule(
        a_rule("A", "permanent", action=Action.KEEP), transfer_permanent_after_years=6
    )
    late = a_schedule(
        a_rule("A", "permanent", action=Action.TRANSFER), transfer_permanent_after_years=9999
    )

    assert decide(classified("A"), kept, as_of=LATER).due_on is None
    assert decide(classified("A"), late, as_of=LATER).due_on is None


def test_a_period_that_outlasts_the_calendar_is_said_so():
    decision = decide(classified("A"), a_schedule(a_rule(period="9999 years")), as_of=date.max)

    assert (decision.action, decision.due_on) == (Action.KEEP, None)
    assert codes(decision)[0] == "KHO-RET-BEYOND-CALENDAR"


def test_an_event_starts_the_period_that_depends_on_it():
    schedule = a_schedule(a_rule("A", "10 years", trigger=Trigger.DEATH))

    decision = decide(classified("A", events={"death": date(2030, 6, 1)}), schedule, as_of=LATER)

    assert decision.due_on == date(2041, 1, 1)


def test_a_document_has_its_own_date_and_events_before_those_of_the_dossier():
    schedule = a_schedule(
        a_rule("A", "1 year"),
        a_rule("B", "30 years", trigger=Trigger.DOCUMENT_ISSUED, start=Start.EXACT_DAY),
        a_rule("C", "40 years", trigger=Trigger.CONTRACT_ENDED),
    )
    issued = DocumentFacts("1", rows=("B",), issued_on=date(2001, 2, 3))
    ended = DocumentFacts("2", rows=("C",), events={"contract-ended": date(2002, 1, 1)})

    by_date = decide(classified("A", documents=(issued,)), schedule, as_of=LATER)
    by_event = decide(classified("A", documents=(issued, ended)), schedule, as_of=LATER)
    of_dossier = decide(classified("B", issued_on=date(2011, 2, 3)), schedule, as_of=LATER)

    assert by_date.due_on == date(2031, 2, 4)
    assert by_event.due_on == date(2043, 1, 1)
    assert of_dossier.due_on == date(2041, 2, 4)


def test_a_row_in_force_at_closing_counts_and_a_later_one_does_not():
    schedule = a_schedule(
        a_rule("A", "10 years", group="G", in_force_until=date(2023, 2, 15)),
        a_rule("B", "5 years", group="G", in_force_from=date(2023, 2, 15)),
    )

    before = decide(classified("G", closed_on=date(2023, 2, 14)), schedule, as_of=LATER)
    after = decide(classified("G", closed_on=date(2023, 2, 15)), schedule, as_of=LATER)

    assert (before.rule_code, after.rule_code) == ("A", "B")
    assert {row.rule: row.applies for row in before.considered} == {"A": True, "B": False}


def test_a_new_table_does_not_shorten_a_period_that_was_fixed_before():
    fixed = FixedPeriod("CŨ", "old+1", date(2040, 12, 31))
    dossier = classified("A", fixed=fixed)

    kept = decide(dossier, a_schedule(a_rule()), as_of=date(2035, 1, 1))
    allowed = decide(dossier, a_schedule(a_rule(overrides_fixed=True)), as_of=date(2035, 1, 1))
    for_ever = decide(
        replace(dossier, fixed=replace(fixed, protected_until=None)),
        a_schedule(a_rule()),
        as_of=LATER,
    )

    assert (kept.standing, kept.due_on) == (Standing.FIXED, date(2041, 1, 1))
    assert "KHO-RET-FIXED" in codes(kept)
    assert (allowed.standing, allowed.due_on) == (Standing.DUE, date(2029, 1, 1))
    assert (for_ever.standing, for_ever.due_on) == (Standing.FIXED, None)


def test_a_shorter_link_changes_nothing():
    dossier = classified("A", links=(Link("khác", date(2024, 1, 1)),))

    assert decide(dossier, a_schedule(a_rule()), as_of=LATER).due_on == date(2029, 1, 1)


def test_a_comparable_group_counts_only_as_a_recorded_choice_of_a_person():
    schedule = a_schedule(a_rule("A"))
    unrecorded = Facts(closed_on=CLOSED, chosen_rule="A")

    guessed = decide(unrecorded, schedule, as_of=LATER)
    chosen = decide(replace(unrecorded, chosen_by="biên bản 12"), schedule, as_of=LATER)
    unknown = decide(
        replace(unrecorded, chosen_rule="Z", chosen_by="biên bản 12"), schedule, as_of=LATER
    )

    assert (guessed.action, guessed.due_on) == (Action.REVIEW, None)
    assert "KHO-RET-CHOICE-UNRECORDED" in codes(guessed)
    assert chosen.action is Action.DESTROY
    assert "biên bản 12" in " ".join(reason.text_vi for reason in chosen.reasons)
    assert unknown.standing is Standing.NO_ROW
    assert [(row.rule, row.applies) for row in unknown.considered] == [("Z", False)]


def test_what_the_depositor_proposes_is_explained_and_not_applied():
    schedule = a_schedule(a_rule("A"), a_rule("B", "50 years"))

    decision = decide(classified("A", proposed_rule="B"), schedule, as_of=LATER)

    assert decision.rule_code == "A"
    assert [(row.rule, row.applies) for row in decision.considered] == [("A", True), ("B", False)]
    assert "depositor" in decision.considered[1].why


def test_a_minimum_is_named_as_such():
    decision = decide(
        classified("A"),
        a_schedule(a_rule("A", "at least 5 years", action=Action.REVIEW)),
        as_of=LATER,
    )

    assert decision.action is Action.REVIEW
    assert "KHO-RET-MINIMUM" in codes(decision)


def test_the_longest_prefix_of_the_procedure_code_decides():
    schedule = a_schedule(
        a_rule("A", "5 years"),
        a_rule("B", "10 years"),
        procedures=(
            ProcedureMapping("1.000", "A", Status.CONFIRMED),
            ProcedureMapping("1.000.H26", "B", Status.CONFIRMED),
        ),
    )

    base = decide(Facts("1.000", closed_on=CLOSED), schedule, as_of=LATER)
    local = decide(Facts("1.000.H26", closed_on=CLOSED), schedule, as_of=LATER)
    other = decide(Facts("1.0001", closed_on=CLOSED), schedule, as_of=LATER)

    assert (base.rule_code, local.rule_code, other.rule_code) == ("A", "B", None)
    assert [(row.rule, row.applies) for row in local.considered] == [("B", True), ("A", False)]


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.EXAMPLE])
def test_a_mapping_that_is_not_confirmed_leads_to_a_review_at_most(status):
    schedule = a_schedule(
        a_rule(),
        procedures=(
            ProcedureMapping("1.000", "A", status),
            ProcedureMapping("1.000", "A", Status.CONFIRMED),
        ),
    )

    decision = decide(Facts("1.000", closed_on=CLOSED), schedule, as_of=LATER)

    assert (decision.action, decision.confirmed) == (Action.REVIEW, False)
    assert codes(decision).count("KHO-RET-MAPPING") == 1


def test_an_unconfirmed_row_of_a_single_document_stops_destruction_too():
    schedule = a_schedule(a_rule("A"), a_rule("B", "1 year", status=Status.UNCONFIRMED))
    dossier = classified("A", documents=(DocumentFacts("1", rows=("B",)),))

    decision = decide(dossier, schedule, as_of=LATER)

    assert (decision.rule_code, decision.action) == ("A", Action.REVIEW)


@pytest.mark.parametrize(
    ("conditions", "applies"),
    [
        (AppliesTo(procedures=("1.000",)), True),
        (AppliesTo(procedures=("2.000",)), False),
        (AppliesTo(fields=("đất đai",)), True),
        (AppliesTo(fields=("hộ tịch",)), False),
        (AppliesTo(fields=("đất đai",), outcomes=("returned",)), True),
        (AppliesTo(fields=("đất đai",), outcomes=("refused",)), False),
        (AppliesTo(fields=("đất đai",), agencies=("H26",)), True),
        (AppliesTo(fields=("đất đai",), agencies=("H2",)), False),
        (AppliesTo(fields=("đất đai",), media=("electronic",)), True),
        (AppliesTo(fields=("đất đai",), media=("paper",)), False),
        (AppliesTo(fields=("đất đai",), important=False), True),
        (AppliesTo(fields=("đất đai",), important=True), False),
        (AppliesTo(document_types=("02",)), False),
    ],
    ids=str,
)
def test_a_row_with_conditions_finds_its_own_dossiers(conditions, applies):
    schedule = a_schedule(a_rule(applies_to=conditions))
    dossier = Facts("1.000.H26", "đất đai", "H26.18", "returned", closed_on=CLOSED)

    decision = decide(dossier, schedule, as_of=LATER)

    assert (decision.rule_code == "A") is applies


def test_a_classified_row_whose_conditions_are_not_met_says_which():
    conditions = AppliesTo(fields=("đất đai",), document_types=("02",))
    schedule = a_schedule(
        a_rule("A", applies_to=AppliesTo(procedures=("2.000",))),
        a_rule("B", applies_to=conditions),
        a_rule("C", applies_to=AppliesTo(important=True)),
        a_rule("D", applies_to=AppliesTo(important=False)),
    )

    ordinary = decide(classified("A", "B", "C"), schedule, as_of=LATER)
    important = decide(classified("D", important=True), schedule, as_of=LATER)

    why = {row.rule: row.why for row in (*ordinary.considered, *important.considered)}
    assert "procedures 2.000" in why["A"]
    assert "sectors đất đai" in why["B"]
    assert "important cases" in why["C"]
    assert "ordinary cases" in why["D"]


def test_a_row_for_a_document_type_applies_to_documents_of_that_type():
    schedule = a_schedule(
        a_rule("A"), a_rule("B", "30 years", applies_to=AppliesTo(document_types=("31",)))
    )
    drawing, other = DocumentFacts("1", "31"), DocumentFacts("2", "22")

    with_drawing = decide(classified("A", documents=(drawing, other)), schedule, as_of=LATER)
    without = decide(classified("A", documents=(other,)), schedule, as_of=LATER)

    assert (with_drawing.rule_code, without.rule_code) == ("B", "A")
    assert "(document 1)" in with_drawing.considered[0].why


def test_documents_do_not_decide_for_a_dossier_without_a_row():
    dossier = classified(documents=(DocumentFacts("1", rows=("A",)),))

    decision = decide(dossier, a_schedule(a_rule()), as_of=LATER)

    assert decision.standing is Standing.NO_ROW
    assert [(row.rule, row.applies) for row in decision.considered] == [("A", False)]


def test_one_schedule_per_record_takes_the_most_specific_row():
    schedule = a_schedule(
        a_rule("A", "50 years", applies_to=AppliesTo(fields=("đất đai",))),
        a_rule("B", "5 years"),
        a_rule("C", "8 years"),
        a_rule("D", "20 years"),
        procedures=(ProcedureMapping("1.000", "D", Status.CONFIRMED),),
    )
    dossier = Facts("1.000", "đất đai", rows=("B", "C"), closed_on=CLOSED)

    longest = decide(dossier, schedule, as_of=LATER)
    specific = decide(dossier, schedule, as_of=LATER, mode=Mode.ONE_SCHEDULE)

    assert longest.rule_code == "A"
    assert specific.rule_code == "C"
    assert {row.rule: row.applies for row in specific.considered}["A"] is False


def test_one_schedule_per_record_still_waits_for_the_last_record():
    schedule = a_schedule(a_rule("A", "5 years"), a_rule("B", "20 years"))
    dossier = classified("A", documents=(DocumentFacts("1", rows=("B",)),))

    decision = decide(dossier, schedule, as_of=LATER, mode=Mode.ONE_SCHEDULE)

    assert decision.due_on == date(2044, 1, 1)


def test_equal_periods_follow_the_more_cautious_action():
    schedule = a_schedule(a_rule("A"), a_rule("B", action=Action.REVIEW))

    assert decide(classified("A", "B"), schedule, as_of=LATER).action is Action.REVIEW


def test_an_open_dossier_shows_the_row_that_it_will_fall_under():
    decision = decide(classified("A", closed_on=None), a_schedule(a_rule()), as_of=LATER)

    assert (decision.rule_code, decision.due_on) == ("A", None)
    assert codes(decision) == ["KHO-RET-OPEN", "KHO-RET-ROW"]


def test_what_is_remembered_starts_anew_when_it_is_full(monkeypatch):
    monkeypatch.setattr("retention_rules.matching.MAX_REMEMBERED", 1)
    matcher = Matcher([a_rule("A")], [])

    for procedure in ("1", "2", "1"):
        selection = matcher.dossier(classified("A", procedure=procedure), CLOSED)

        assert [item.rule.code for item in selection.selected] == ["A"]


def test_the_schedule_that_comes_with_the_program_never_destroys_under_an_unconfirmed_row():
    schedule = load()

    for rule in schedule.rules:
        dossier = classified(
            rule.code,
            closed_on=date(2010, 1, 1),
            events={trigger.value: date(2010, 1, 1) for trigger in Trigger},
            important=rule.applies_to.important or False,
        )
        decision = decide(dossier, schedule, as_of=date.max)
        if not rule.confirmed or rule.period.permanent:
            assert decision.action is not Action.DESTROY, rule.code


@given(facts, schedules, days, holds, modes)
def test_deciding_is_total_and_always_says_why(dossier, schedule, as_of, held, mode):
    decision = decide(dossier, schedule, as_of=as_of, holds=held, mode=mode)

    assert decision.reasons
    assert all(reason.text_vi and reason.text_en for reason in decision.reasons)
    assert len({row.rule for row in decision.considered if not row.applies}) == len(
        [row for row in decision.considered if not row.applies]
    )


@given(facts, schedules, days, holds, modes)
def test_deciding_again_gives_the_same_decision_and_reasons(dossier, schedule, as_of, held, mode):
    fresh = replace(schedule)

    first = decide(dossier, schedule, as_of=as_of, holds=held, mode=mode)
    again = decide(dossier, fresh, as_of=as_of, holds=held, mode=mode)

    assert first == again
    assert first.reasons == again.reasons
    assert first.considered == again.considered


@given(facts, schedules, days, modes)
def test_nothing_is_due_before_its_protection_ends(dossier, schedule, as_of, mode):
    decision = decide(dossier, schedule, as_of=as_of, mode=mode)

    assert not decision.due or decision.due_on <= as_of
    if decision.protected_until is not None and decision.due_on is not None:
        assert decision.due_on == decision.protected_until + timedelta(days=1)
    if decision.action is Action.DESTROY:
        assert decision.confirmed
        assert decision.protected_until is not None
        assert decision.protected_until < as_of
    if dossier.closed_on is None or dossier.complaint_open:
        assert decision.action in (Action.KEEP,)


@given(facts, schedules, days, modes)
def test_a_hold_never_makes_anything_due(dossier, schedule, as_of, mode):
    free = decide(dossier, schedule, as_of=as_of, mode=mode)
    held = decide(dossier, schedule, as_of=as_of, mode=mode, holds=("điều tra",))

    assert held.action is Action.KEEP
    assert not held.due
    assert (held.due_on, held.rule_code) == (free.due_on, free.rule_code)


@given(facts, schedules, days, modes, documents)
def test_another_document_never_makes_a_dossier_due_earlier(dossier, schedule, as_of, mode, more):
    grown = replace(dossier, documents=(*dossier.documents, more))

    before = decide(dossier, schedule, as_of=as_of, mode=mode)
    after = decide(grown, schedule, as_of=as_of, mode=mode)

    assert _end(after.protected_until) >= _end(before.protected_until)
    if schedule.transfer_permanent_after_years is None:
        assert _end(after.due_on) >= _end(before.due_on)
    if before.action is not Action.DESTROY:
        assert after.action is not Action.DESTROY


@given(facts, schedules, days, modes, st.integers(0, 40_000))
def test_what_is_due_stays_due(dossier, schedule, as_of, mode, more):
    assume(as_of.toordinal() + more <= date.max.toordinal())
    earlier = decide(dossier, schedule, as_of=as_of, mode=mode)

    later = decide(dossier, schedule, as_of=as_of + timedelta(days=more), mode=mode)

    if earlier.due:
        assert (later.due, later.action, later.due_on) == (True, earlier.action, earlier.due_on)


@settings(max_examples=30)
@given(facts, days)
def test_deciding_with_the_schedules_of_the_program_is_total(dossier, as_of):
    for schedule in BUILTIN:
        decision = decide(
            replace(dossier, rows=("CT-05", "CU-1-1", "YT-38")), schedule, as_of=as_of
        )
        assert decision.reasons


def _end(day: date | None) -> date:
    return day or date.max
