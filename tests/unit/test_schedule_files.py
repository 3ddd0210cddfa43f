"""Schedule files: what is read, what is refused, and what comes with the program."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given

from retention_rules import cases
from retention_rules.facts import Facts, to_table
from retention_rules.periods import Period, PeriodKind
from retention_rules.problems import Gravity, ScheduleRejected
from retention_rules.rule import Action, Status, Trigger
from retention_rules.schedule import builtin, facts_from, load, loads
from tests.retention_strategies import facts

ROW = """
[[rules]]
code = "A"
title = "Hồ sơ A"
period = "5 years"
action = "destroy"
basis = "Luật 1/2000, Điều 1"
status = "confirmed"
source = { instrument = "Luật 1/2000", read = "Công báo", mark = "T" }
"""
HEAD = 'format = 1\ncode = "s"\ntitle = "bảng"\n'


def refused(text: str) -> dict[str, str]:
    """Return the checks that refuse a text, with what they say and where."""
    with pytest.raises(ScheduleRejected) as rejection:
        loads(text, "s.toml")
    assert str(rejection.value).startswith("s.toml cannot be used")
    return {p.rule: f"{p.where} {p.row} {p.message}" for p in rejection.value.problems}


# What comes with the program


def test_every_row_of_the_collection_is_in_the_schedule():
    numbers = {rule.source.row for rule in load().rules}

    assert {str(number) for number in range(1, 49)} <= numbers
    old = {n for n in numbers if "." in n and not n.startswith("13.1")}
    assert {n.split(".")[0] for n in old} == {
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "9",
        "10",
        "11",
        "12",
        "13",
        "14",
    }


def test_only_rows_that_were_read_in_their_instrument_are_confirmed():
    confirmed = {rule.source.row for rule in load().rules if rule.confirmed}

    assert confirmed == {
        "1",
        "3",
        "4",
        "5",
        "6",
        "22",
        "23",
        "24",
        "25",
        "27",
        "39",
        "42",
        "43",
        "47",
        "48",
    }
    assert all(rule.source.mark == "T" for rule in load().rules if rule.confirmed)


def test_the_old_table_is_superseded_and_unconfirmed():
    old = [rule for rule in load().rules if rule.code.startswith("CU-")]

    assert len(old) == 78
    assert len({rule.source.row for rule in old}) == 43
    assert {rule.in_force_until for rule in old} == {date(2023, 2, 15)}
    assert {rule.status for rule in old} == {Status.UNCONFIRMED}


def test_the_general_analogue_is_unconfirmed_and_split_by_importance():
    important, ordinary = load().find("TC-13")

    assert important.period.permanent
    assert (ordinary.period, ordinary.confirmed) == (Period(PeriodKind.YEARS, 20), False)


def test_every_row_has_title_basis_and_source():
    for rule in load().rules:
        assert rule.title
        assert rule.basis
        assert rule.source.instrument
        assert rule.source.read


def test_every_row_can_be_printed_as_json():
    for rule in load().rules:
        printed = json.loads(json.dumps(rule.to_json()))

        assert printed["code"] == rule.code
        assert printed["period"].removeprefix("at least ") != ""
        assert printed["source"]["mark"] == rule.source.mark


def test_mappings_that_come_with_the_base_are_marked_as_examples():
    assert {mapping.status for mapping in load().procedures} == {Status.EXAMPLE}


@pytest.mark.parametrize("code", builtin())
def test_the_cases_of_a_schedule_come_true(code):
    results = cases.run(load(code))

    assert results
    assert [result.differences for result in results if not result.passed] == []


def test_a_case_that_does_not_come_true_says_what_came_instead():
    case = """
[[cases]]
name = "sai"
as_of = 2040-01-01
facts = { rows = ["A"], closed_on = 2020-05-05 }
expect = { action = "keep", due_on = 2030-01-01, never_due = true, rule = "A" }
"""
    (result,) = cases.run(loads(HEAD + ROW + case))

    assert not result.passed
    assert result.differences == (
        "action: expected keep, found destroy",
        "due_on: expected 2030-01-01, found 2026-01-01",
        "due_on: expected None, found 2026-01-01",
    )


@pytest.mark.parametrize(
    ("period", "code"),
    [
        ("permanent", "01"),
        ("70 years", "02"),
        ("20 years", "05"),
        ("5 years", "07"),
        ("15 years", "07"),
    ],
)
def test_a_period_has_a_maintenance_code(period, code):
    rule = loads(HEAD + ROW.replace("5 years", period)).rules[0]

    assert load().maintenance_code(rule.period) == code
    assert loads(HEAD + ROW).maintenance_code(rule.period) == ""


# Reading


def test_a_row_says_what_it_leaves_out():
    (rule,) = loads(HEAD + ROW).rules

    assert rule.trigger is Trigger.DOSSIER_CLOSED
    assert rule.start == "end-of-year"
    assert (rule.in_force_from, rule.in_force_until, rule.group) == (None, None, "")


def test_a_problem_in_a_table_of_its_own_is_placed_in_its_row():
    row = ROW.replace("source = {", "[rules.source]\n").replace(", read", "\nread")
    row = row.replace(", mark", "\npage = 1\nmark").replace(" }", "")

    assert refused(HEAD + row)["KHO-RULE-KEY"] == "s.toml:15 A unknown key `page`"


def test_the_version_follows_the_content_and_not_comments():
    plain = loads(HEAD + ROW)

    assert loads(HEAD + "# ghi chú\n" + ROW).version == plain.version
    assert loads(HEAD + ROW.replace("5 years", "6 years")).version != plain.version
    assert re.fullmatch(r"s\+[0-9a-f]{12}", plain.version)


def test_all_problems_are_reported_at_once_with_file_and_line():
    text = """format = 2
code = "s"
titel = "bảng"
drop = ["X"]

[[rules]]
code = "A"
title = "Hồ sơ A"
period = "5 năm"
trigger = "closed"
action = "destroy"
status = "example"
in_force_from = "2023-02-30"
supersedes = "B"
color = "red"
source = { instrument = "Luật 1/2000", read = "Công báo", mark = "Q", page = "1" }

[[rules]]
code = "B"

[[procedures]]
prefix = "1.000"
row = "C"
status = "confirmed"
"""
    with pytest.raises(ScheduleRejected) as rejection:
        loads(text, "s.toml")

    found = {(p.where, p.row, p.rule) for p in rejection.value.problems}
    assert found >= {
        ("s.toml:1", "", "KHO-RULE-FORMAT"),
        ("s.toml:1", "", "KHO-RULE-MISSING"),
        ("s.toml:3", "", "KHO-RULE-KEY"),
        ("s.toml:4", "", "KHO-RULE-TARGET"),
        ("s.toml:9", "A", "KHO-RULE-PERIOD"),
        ("s.toml:10", "A", "KHO-RULE-VALUE"),
        ("s.toml:12", "A", "KHO-RULE-VALUE"),
        ("s.toml:13", "A", "KHO-RULE-DAY"),
        ("s.toml:14", "A", "KHO-RULE-TYPE"),
        ("s.toml:15", "A", "KHO-RULE-KEY"),
        ("s.toml:16", "A", "KHO-RULE-VALUE"),
        ("s.toml:6", "A", "KHO-RULE-KEY"),
        ("s.toml:18", "B", "KHO-RULE-MISSING"),
        ("s.toml:21", "1.000", "KHO-RULE-TARGET"),
    }


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("format = 1\nformat = 1", "KHO-RULE-TOML"),
        ("x = " + 9_999 * "[", "KHO-RULE-TOML"),
        (HEAD + "rules = 3", "KHO-RULE-TYPE"),
        (HEAD + "rules = [3]", "KHO-RULE-TYPE"),
        (HEAD + "drop = [3]", "KHO-RULE-TYPE"),
        (HEAD + "transfer_permanent_after_years = true", "KHO-RULE-TYPE"),
        (HEAD + "transfer_permanent_after_years = 'sáu'", "KHO-RULE-TYPE"),
        (HEAD + "transfer_permanent_after_years = -1", "KHO-RULE-TYPE"),
        (HEAD + 'base = "không có"', "KHO-RULE-BASE"),
        (HEAD + ROW + ROW, "KHO-RULE-DUPLICATE"),
        (HEAD + ROW + ROW.replace('"A"', '"B"\ngroup = "A"'), "KHO-RULE-DUPLICATE"),
        (HEAD + ROW.replace('"A"', '""'), "KHO-RULE-MISSING"),
        (HEAD + '[[confirmations]]\nrow = "A"', "KHO-RULE-MISSING"),
        (
            HEAD + '[[confirmations]]\nrow = "A"\nread = "x"\nby = "y"\non = 2026-01-01',
            "KHO-RULE-TARGET",
        ),
        (HEAD + "[[approvals]]\nby = 'ai'", "KHO-RULE-MISSING"),
        (HEAD + "[[procedures]]\nprefix = '1'", "KHO-RULE-MISSING"),
        (HEAD + '[[maintenance]]\ncode = "01"\ntitle = "x"\nperiod = "mãi"', "KHO-RULE-PERIOD"),
        (HEAD + '[[maintenance]]\nperiod = "other"', "KHO-RULE-MISSING"),
        (HEAD + '[[cases]]\nname = "x"\nas_of = 2026-01-01', "KHO-RULE-MISSING"),
        (HEAD + "[[cases]]\nfacts = {}\nexpect = {}", "KHO-RULE-MISSING"),
        (
            HEAD + "[[cases]]\nname='x'\nas_of=2026-01-01T00:00:00\nfacts={}\nexpect={}",
            "KHO-RULE-DAY",
        ),
        (
            HEAD + "[[cases]]\nname='x'\nas_of=2026-01-01\nfacts={}\nexpect={rule='Z'}",
            "KHO-RULE-TARGET",
        ),
        (
            HEAD
            + "[[cases]]\nname='x'\nas_of=2026-01-01\nfacts={events={birth=2000-01-01}}\nexpect={}",
            "KHO-RULE-VALUE",
        ),
        (
            HEAD
            + "[[cases]]\nname='x'\nas_of=2026-01-01\nfacts={events={death='2023-02-29'}}\nexpect={}",
            "KHO-RULE-DAY",
        ),
        (
            HEAD
            + "[[cases]]\nname='x'\nas_of=2026-01-01\nfacts={closed_on='2023-13-01'}\nexpect={}",
            "KHO-RULE-DAY",
        ),
        (
            HEAD + "[[cases]]\nname='x'\nas_of=2026-01-01\nfacts={}\nexpect={action='burn'}",
            "KHO-RULE-VALUE",
        ),
    ],
    ids=lambda value: value if str(value).startswith("KHO") else "",
)
def test_a_file_that_cannot_be_meant_is_refused(text, check):
    assert check in refused(text)


def test_a_file_that_is_not_there_not_utf8_or_too_large_is_refused(tmp_path: Path, monkeypatch):
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# \xe9")
    large = tmp_path / "large.toml"
    large.write_text(HEAD)
    monkeypatch.setattr("retention_rules.schedule.MAX_BYTES", 10)

    for path in (tmp_path / "absent.toml", latin, large):
        with pytest.raises(ScheduleRejected, match="KHO-RULE-FILE"):
            load(path)


# An agency's schedule over a base


def an_overlay(folder: Path, text: str, *, base: str = "vn-2026-1") -> Path:
    path = folder / "agency.toml"
    path.write_text(f'{HEAD}base = "{base}"\nagency = "H26"\n{text}', encoding="utf-8")
    return path


def test_an_agency_lays_its_rows_mappings_and_confirmations_over_a_base(tmp_path: Path):
    path = an_overlay(
        tmp_path,
        """
drop = ["CT-06"]
transfer_permanent_after_years = 6
[[procedures]]
prefix = "2.000884."
row = "CT-05"
status = "confirmed"
[[procedures]]
prefix = "2.000815"
row = "CT-04"
status = "confirmed"
[[confirmations]]
row = "HT-02"
read = "Công báo số 1"
by = "lưu trữ"
on = 2026-01-02
[[confirmations]]
row = "YT-34"
read = "Công báo số 2"
by = "lưu trữ"
on = 2026-01-02
"""
        + ROW.replace('"A"', '"DD-07"'),
    )

    schedule, base = load(path), load()

    assert schedule.find("CT-06") == ()
    assert schedule.find("DD-07")[0].title == "Hồ sơ A"
    assert [m.row for m in schedule.matcher.mapped("2.000884")] == ["CT-05"]
    confirmed = schedule.find("HT-02")[0]
    assert (confirmed.confirmed, confirmed.source.read) == (True, "Công báo số 1")
    assert "confirmed by lưu trữ on 2026-01-02" in confirmed.note
    assert schedule.find("YT-34")[0].confirmed
    assert schedule.bases == (base.version,)
    assert schedule.maintenance == base.maintenance
    assert len(schedule.rules) == len(base.rules) - 1
    assert not schedule.approved


def test_a_confirmation_adds_to_the_note_of_a_row(tmp_path: Path):
    base = tmp_path / "base.toml"
    base.write_text(HEAD + ROW, encoding="utf-8")
    path = an_overlay(
        tmp_path,
        '[[confirmations]]\nrow = "A"\nread = "x"\nby = "y"\non = 2026-01-02',
        base="base.toml",
    )

    assert load(path).find("A")[0].note == "confirmed by y on 2026-01-02"


def test_dropping_a_row_that_a_mapping_needs_is_refused(tmp_path: Path):
    with pytest.raises(ScheduleRejected, match="maps to CT-04"):
        load(an_overlay(tmp_path, 'drop = ["CT-04"]'))


def test_a_schedule_that_is_its_own_base_is_refused(tmp_path: Path):
    (tmp_path / "one.toml").write_text(HEAD + 'base = "two.toml"')
    (tmp_path / "two.toml").write_text(HEAD + 'base = "one.toml"')

    with pytest.raises(ScheduleRejected, match=r"one\.toml → two\.toml → one\.toml"):
        load(tmp_path / "one.toml")


def test_the_problems_of_a_base_are_reported(tmp_path: Path):
    (tmp_path / "base.toml").write_text(HEAD + "colour = 1")

    with pytest.raises(ScheduleRejected, match=r"base\.toml:4: unknown key `colour`"):
        load(an_overlay(tmp_path, "", base="base.toml"))


@pytest.mark.parametrize(
    ("people", "approved"),
    [((), False), (("A",), False), (("A", "A"), False), (("A", "B"), True)],
    ids=["nobody", "one", "the same twice", "two"],
)
def test_a_schedule_needs_the_approval_of_two_people(tmp_path: Path, people, approved):
    text = "".join(f'[[approvals]]\nby = "{by}"\non = 2026-01-02\n' for by in people)

    assert load(an_overlay(tmp_path, text)).approved is approved


def test_a_base_is_never_an_approved_schedule():
    text = "".join(f'[[approvals]]\nby = "{by}"\non = 2026-01-02\n' for by in "AB")

    assert not loads(HEAD + text).approved


def test_the_example_of_an_agency_is_marked_as_a_test():
    example = load("example-agency-1")

    assert example.approved
    assert "THỬ NGHIỆM" in example.title
    base = load().rules
    own = [rule for rule in example.rules if rule not in base]
    assert all("THỬ NGHIỆM" in rule.source.read for rule in own)
    assert {rule.action for rule in own} == {Action.DESTROY, Action.TRANSFER}


# Facts as they are stored


@given(facts)
def test_facts_are_read_back_as_they_were_stored(dossier: Facts):
    assert facts_from(to_table(dossier)) == dossier


def test_facts_that_cannot_be_read_are_refused_with_every_reason():
    with pytest.raises(ScheduleRejected) as rejection:
        facts_from({"closed_on": "30/02/2023", "important": "có", "ten": "A", "links": [{}]})

    assert {p.rule for p in rejection.value.problems} == {
        "KHO-RULE-DAY",
        "KHO-RULE-TYPE",
        "KHO-RULE-KEY",
        "KHO-RULE-MISSING",
    }
    assert {p.gravity for p in rejection.value.problems} == {Gravity.ERROR}
