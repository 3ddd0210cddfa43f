"""Inheritance: fonds, series, dossier, document; declared again below, and blocked on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from archive.catalogue.notes import NoteKind
from archive.disposal import remarks
from archive.errors import NotHeld, Rejected
from archive.preservation.rebuild import rebuild
from archive.retention import explained
from retention_rules.claims import Mode
from retention_rules.decide import Decision, decide
from retention_rules.facts import DocumentFacts, Facts, to_table
from retention_rules.problems import ScheduleRejected
from retention_rules.rule import AppliesTo, FondsRow, ProcedureMapping, Status
from retention_rules.schedule import Schedule, facts_from, loads
from tests.disposals import SCHEDULE, Story, a_story
from tests.unit.test_decide import CLOSED, a_rule, a_schedule

YES, NO = Status.CONFIRMED, Status.UNCONFIRMED
SERIES, WIDE, NARROW = a_rule("S", "2 years"), a_rule("W", "20 years"), a_rule("N", "10 years")
ONE_TYPE = a_rule("D", "30 years", applies_to=AppliesTo(document_types=("02",)))


def levels(
    *fonds: FondsRow, blocks: tuple[str, ...] = (), status: Status = YES, field: str = ""
) -> Schedule:
    mapping = ProcedureMapping("1.000", "S", status, field=field, blocks=blocks)
    return a_schedule(SERIES, WIDE, NARROW, ONE_TYPE, procedures=(mapping,), fonds=fonds)


def dossier(**changes: object) -> Facts:
    facts = Facts(procedure="1.000", fonds="H26.18", status="returned", closed_on=CLOSED)
    return replace(facts, **changes)  # type: ignore[arg-type]


def decided(facts: Facts, schedule: Schedule, mode: Mode = Mode.LONGEST) -> Decision:
    return decide(facts, schedule, as_of=date(2100, 1, 1), mode=mode)


WIDER, NARROWER = FondsRow("H26", "W", YES), FondsRow("H26.18", "N", YES)


def test_a_dossier_inherits_from_its_series_and_from_every_fonds_above_it():
    decision = decided(dossier(), levels(WIDER, NARROWER))

    assert decision.rule_code == "W"
    assert {c.rule for c in decision.considered if c.applies} == {"S", "W", "N"}
    assert "inherited from the fonds" in decision.considered[0].why


def test_another_fonds_gives_nothing():
    assert decided(dossier(fonds="H26.180"), levels(NARROWER)).rule_code == "S"
    assert decided(dossier(fonds=""), levels(WIDER)).rule_code == "S"


@pytest.mark.parametrize(
    ("fonds", "blocks", "code"),
    [
        ((WIDER, replace(NARROWER, blocks=("W",))), (), "N"),
        ((WIDER, replace(NARROWER, blocks=("*",))), (), "N"),
        ((replace(WIDER, blocks=("*",)), NARROWER), (), "W"),
        ((WIDER, NARROWER), ("W",), "N"),
        ((WIDER, NARROWER), ("*",), "S"),
    ],
    ids=[
        "narrow blocks one",
        "narrow blocks all",
        "wide blocks nothing below",
        "series one",
        "series all",
    ],
)
def test_a_level_blocks_what_comes_from_above_and_not_its_own(fonds, blocks, code):
    decision = decided(dossier(), levels(*fonds, blocks=blocks))

    assert decision.rule_code == code
    assert decision.confirmed


def test_a_dossier_blocks_on_record_only():
    schedule = levels(WIDER)
    unrecorded = decided(dossier(blocks=("W",)), schedule)
    recorded = decided(dossier(blocks=("W",), blocked_by="Chánh VP, TB 3"), schedule)

    assert (unrecorded.rule_code, recorded.rule_code) == ("W", "S")
    assert "KHO-RET-BLOCK-UNRECORDED" in [reason.code for reason in unrecorded.reasons]
    (why,) = [reason for reason in recorded.reasons if reason.code == "KHO-RET-BLOCK"]
    assert "Chánh VP, TB 3" in why.text_en
    (passed,) = [c for c in recorded.considered if c.rule == "W"]
    assert passed.why == "is not inherited, by a decision on record"


def test_what_is_blocked_altogether_has_no_row_and_is_reviewed():
    decision = decided(dossier(blocks=("*",), blocked_by="x"), levels(WIDER))

    assert (decision.rule_code, decision.action.value) == (None, "review")


def test_a_row_that_is_declared_again_below_is_not_blocked():
    facts = dossier(rows=("W",), blocks=("*",), blocked_by="x")

    assert decided(facts, levels(WIDER)).rule_code == "W"


def test_a_row_declared_below_replaces_a_doubtful_inheritance_of_it():
    doubtful = levels(status=NO)

    assert not decided(dossier(), doubtful).confirmed
    assert decided(dossier(rows=("S",)), doubtful).confirmed


def test_an_unconfirmed_inheritance_explains_and_never_destroys():
    decision = decided(dossier(), levels(FondsRow("H26", "N", NO)))

    assert decision.action.value == "review"
    assert "KHO-RET-FONDS" in [reason.code for reason in decision.reasons]


def test_a_document_blocks_a_row_that_its_kind_would_have():
    paper = DocumentFacts("1", type_code="02")
    blocked = replace(paper, blocks=("D",))
    schedule = levels()

    assert decided(dossier(documents=(paper,)), schedule).rule_code == "D"
    assert decided(dossier(documents=(blocked,)), schedule).rule_code == "D"
    assert decided(dossier(documents=(blocked,), blocked_by="x"), schedule).rule_code == "S"
    assert decided(dossier(documents=(blocked, paper), blocked_by="x"), schedule).rule_code == "D"


def test_one_schedule_per_record_takes_the_nearest_level():
    schedule, mode = levels(WIDER, NARROWER), Mode.ONE_SCHEDULE

    assert decided(dossier(), schedule, mode).rule_code == "S"
    assert decided(dossier(procedure="9"), schedule, mode).rule_code == "W"
    assert decided(dossier(rows=("N",)), schedule, mode).rule_code == "N"


def test_a_procedure_tells_the_sector_where_the_dossier_does_not():
    of_sector = a_rule("F", "40 years", applies_to=AppliesTo(fields=("LĐ",)))
    schedule = levels(field="LĐ")
    schedule = replace(schedule, rules=(*schedule.rules, of_sector))

    assert decided(dossier(), schedule).rule_code == "F"
    assert decided(dossier(field="ĐĐ"), schedule).rule_code == "S"


def test_facts_with_levels_read_back_as_they_were_written():
    facts = dossier(blocks=("*",), blocked_by="x", documents=(DocumentFacts("1", blocks=("D",)),))

    assert facts_from(to_table(facts)) == facts


FILE = (
    SCHEDULE
    + """
[[fonds]]
code = "H26"
row = "T-VV"
status = "confirmed"
blocks = ["T-02"]
"""
)


def test_a_schedule_file_tells_what_fonds_let_inherit():
    assert loads(FILE).fonds == (FondsRow("H26", "T-VV", YES, ("T-02",)),)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'row = "T-VV"\nstatus = "confirmed"\nblocks',
            'row = "*"\nstatus = "confirmed"\nblocks',
            "maps to *",
        ),
        ('blocks = ["T-02"]', 'blocks = ["T-99"]', "blocks T-99"),
        ('blocks = ["T-02"]', 'block = ["T-02"]', "unknown key"),
    ],
    ids=["no row", "unknown block", "unknown key"],
)
def test_a_schedule_that_blocks_what_is_not_there_is_refused(old, new, told):
    with pytest.raises(ScheduleRejected, match=told.replace("*", r"\\*")):
        loads(FILE.replace(old, new))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = a_story(tmp_path)
    yield made
    made.close()


def noted(story: Story, dossier_id: str, kind: NoteKind, value: str) -> str:
    return remarks.note(
        story.archive, story.held(dossier_id).dossier.id, kind, value, agent="Lưu", reason="TB 3"
    ).id


def test_people_declare_block_and_tell_events_and_a_rebuild_knows_it(story):
    dossier_id = story.take_in()

    assert explained(story.archive, story.held(dossier_id)).rule_code == "T-05"
    noted(story, dossier_id, NoteKind.DECLARED, "T-VV")
    noted(story, dossier_id, NoteKind.DECLARED, "T-02#1")
    noted(story, dossier_id, NoteKind.BLOCKED, "T-05")
    noted(story, dossier_id, NoteKind.EVENT, "death=2026-05-01")
    rebuild(story.archive)
    decision = explained(story.archive, story.held(dossier_id))

    assert decision.rule_code == "T-VV"
    assert [(c.rule.code, c.document) for c in decision.grounds.claims] == [
        ("T-VV", ""),
        ("T-02", "1"),
    ]
    assert decision.grounds.facts.events == {"death": date(2026, 5, 1)}
    assert "Lưu: TB 3" in next(r.text_vi for r in decision.reasons if r.code == "KHO-RET-BLOCK")


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        (NoteKind.DECLARED, "T-99", Rejected),
        (NoteKind.DECLARED, "T-05#9", NotHeld),
        (NoteKind.DECLARED, "*", Rejected),
        (NoteKind.BLOCKED, "T-99", Rejected),
        (NoteKind.EVENT, "death=30/02/2026", Rejected),
        (NoteKind.EVENT, "birth=2026-01-01", Rejected),
    ],
)
def test_what_cannot_be_noted_is_refused_and_changes_nothing(story, kind, value, error):
    dossier_id = story.take_in()

    with pytest.raises(error):
        noted(story, dossier_id, kind, value)

    assert explained(story.archive, story.held(dossier_id)).rule_code == "T-05"
