"""Schedules in force by two people, periods that stay fixed, decisions made again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from archive.catalogue import journal
from archive.catalogue.notes import NoteKind
from archive.disposal import adoption, outlook, remarks, subject
from archive.errors import NotPermitted, Rejected
from archive.preservation.rebuild import rebuild
from archive.recomputing import recompute
from archive.retention import explained, schedules_of
from retention_rules.decide import Standing
from retention_rules.explain import to_json
from retention_rules.rule import Action
from retention_rules.schedule import loads
from tests.disposals import AGENCY, SCHEDULE, Story, a_story

SHORTER = SCHEDULE.replace('code = "thu-nghiem-1"', 'code = "thu-nghiem-2"').replace(
    'period = "5 years"', 'period = "2 years"'
)
LONGER = SHORTER.replace('period = "2 years"', 'period = "20 years"', 1)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    story = a_story(tmp_path_factory.mktemp("adoption"), adopted=False)
    story.early = story.take_in("2015-03-10")  # type: ignore[attr-defined]
    story.adopt()
    recompute(story.archive)
    return story


def test_two_people_put_a_schedule_in_force_and_the_journal_says_so(story):
    with story.archive.catalogue.connect() as connection:
        kinds = [entry.type for entry in journal.entries(connection, subject=AGENCY)]

    schedule = schedules_of(story.archive).of(AGENCY, story.archive.today())
    assert schedule.approved
    assert schedule.code == "thu-nghiem-1"
    assert kinds == ["retention schedule adopted"]


@pytest.mark.parametrize(
    "second", ["Nguyễn Văn Lưu", "NGUYEN VAN LUU", " nguyễn  văn lưu", "Nguyễn Văn Lưu, Chủ tịch"]
)
def test_the_same_person_cannot_confirm_under_another_spelling(story, second):
    request = adoption.AdoptionRequest(LONGER, "x.toml", "Nguyễn Văn Lưu")
    version = adoption.propose(story.archive, request, account="test").version

    with pytest.raises(NotPermitted):
        adoption.confirm(story.archive, version, by=second, account="test")


@pytest.mark.parametrize(
    "text",
    [
        SCHEDULE.replace("format = 1", 'format = 1\nunknown_key = "x"'),
        SCHEDULE.replace('row = "T-05"', 'row = "KHÔNG-CÓ"'),
        SCHEDULE.replace('period = "5 years"', 'period = "năm năm"'),
        SCHEDULE.replace('basis = "chưa rõ"', 'basis = "x"\nin_force_from = 2026-02-30'),
        SCHEDULE.replace('title = "Bảng', 'base = "bang-khac"\ntitle = "Bảng'),
    ],
    ids=["unknown key", "unknown row", "impossible period", "impossible day", "unknown base"],
)
def test_a_schedule_that_cannot_be_used_is_not_proposed(story, text):
    request = adoption.AdoptionRequest(text, "x.toml", "Nguyễn Văn Lưu")

    with pytest.raises(Rejected):
        adoption.propose(story.archive, request, account="test")


def test_a_dossier_keeps_the_period_that_was_fixed_when_it_came_in(tmp_path):
    story = a_story(tmp_path)
    fixed = story.take_in("2024-05-01")
    before = explained(story.archive, story.held(fixed))

    story.clock.forward(days=1)
    story.adopt(SHORTER)
    recompute(story.archive)
    later = story.take_in("2024-05-01")

    kept, new = (explained(story.archive, story.held(each)) for each in (fixed, later))
    assert before.protected_until == date(2029, 12, 31)
    assert (kept.protected_until, kept.standing) == (date(2029, 12, 31), Standing.FIXED)
    assert new.protected_until == date(2026, 12, 31)
    due = story.held(fixed).due
    assert due is not None
    assert due.due_on == date(2030, 1, 1)


def test_a_rebuild_from_the_store_brings_back_schedules_fixed_periods_and_notes(tmp_path):
    story = a_story(tmp_path)
    one, other = story.take_in("2019-05-01"), story.take_in("2024-05-01")
    remarks.note(story.archive, one, NoteKind.LINK, other, agent="test", reason="cùng thửa đất")
    story.clock.forward(days=1)
    story.adopt(SHORTER)
    recompute(story.archive)
    before = [to_json(explained(story.archive, story.held(each))) for each in (one, other)]
    dues = [story.held(each).due for each in (one, other)]

    rebuild(story.archive)

    after = [to_json(explained(story.archive, story.held(each))) for each in (one, other)]
    assert after == before
    assert [story.held(each).due for each in (one, other)] == dues
    assert before[0]["standing"] == "linked"


def test_what_was_decided_before_adoption_fixes_nothing(story):
    assert story.held(story.early).fixed is None


def test_a_stored_decision_gives_the_same_answer_again(story):
    decision = explained(story.archive, story.held(story.early))

    again = outlook.replay(story.archive, to_json(decision))
    altered = outlook.replay(story.archive, {**to_json(decision), "due_on": "2031-01-01"})

    assert again.differences == ()
    assert altered.differences == ("due_on: 2031-01-01 → 2021-01-01",)


@pytest.mark.parametrize("stored", [{}, {"facts": 1}, {"schedule_version": "x", "facts": {"z": 1}}])
def test_what_is_no_stored_decision_is_not_replayed(story, stored):
    with pytest.raises(Rejected):
        outlook.replay(story.archive, stored)


def test_a_draft_is_tried_on_the_holdings_and_changes_nothing(story):
    draft = loads(LONGER)

    found = outlook.simulate(story.archive, draft, as_of=date(2026, 11, 24), keep=10)

    assert (found.dossiers, found.changed, found.later) == (1, 1, 1)
    assert found.no_longer_due == 1
    assert found.no_longer_due_bytes == sum(v.size for v in story.held(story.early).versions)
    assert story.held(story.early).due.rule_code == "T-05"


def test_the_forecast_counts_dossiers_and_bytes_by_month_and_action(story):
    found = outlook.forecast(story.archive, as_of=date(2020, 1, 1), until=date(2030, 1, 1))
    overdue = outlook.forecast(story.archive, as_of=date(2026, 1, 1), until=date(2030, 1, 1))

    assert [(m.month, m.action, m.dossiers) for m in found] == [("2021-01", "destroy", 1)]
    assert [m.month for m in overdue] == ["overdue"]


def test_a_case_reopens_a_dossier_until_it_is_closed(story):
    case = remarks.note(
        story.archive, story.early, NoteKind.REOPENED, "KN 5/2026", agent="test", reason="khiếu nại"
    )
    during = explained(story.archive, story.held(story.early))

    remarks.end(story.archive, case.id, agent="test")

    assert during.standing is Standing.REOPENED
    assert explained(story.archive, story.held(story.early)).standing is Standing.DUE


def test_a_person_is_told_what_is_held_and_why_it_is_not_erased(story):
    (about,) = subject.report(
        story.archive, "001099000001", agent="test", reason="yêu cầu ngày 20/11/2026"
    )

    assert about.decision.rule_code == "T-05"
    assert "thủ tục hủy" in about.answer.vi
    assert "Luật 91/2025/QH15" in about.basis
    with story.archive.catalogue.connect() as connection:
        told = [e.details for e in journal.entries(connection) if e.type == "dissemination"]
    assert len(told) == 1
    assert "001099000001" not in told[0]


def test_an_unconfirmed_row_explains_and_never_destroys(story):
    unsure = story.take_in("2015-03-10", tthc__procedureCode="1.005555")

    decision = explained(story.archive, story.held(unsure))

    assert (decision.rule_code, decision.final_action) == ("T-02", Action.REVIEW)
    assert not replace(decision).confirmed
