"""The papers that people complete and sign, and the answer to a request for erasure."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest

from archive.catalogue import journal
from archive.catalogue.disposals import Kind
from archive.checkup import checkup
from archive.disposal import HoldRequest, drafts, erasure, lists, place_hold
from archive.disposal.drafts import Draft
from archive.errors import NotHeld, UsageError
from archive.model import Indication
from archive.signatures import seal
from tests.disposals import Story, a_story, approved, propose
from tests.unit.test_disposal_papers import text_of


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = a_story(tmp_path)
    yield made
    made.close()


def sealed_by_archive(story: Story, content: bytes, p7s: bytes) -> bool:
    verdict = seal.verify(content, p7s, story.archive.trust, at=story.clock())
    return verdict.indication is Indication.PASSED


@pytest.mark.parametrize("kind", Draft)
def test_each_paper_is_filled_in_from_the_list_as_sealed_pdfa(story, kind):
    story.take_in()
    disposal_id = approved(story)

    paper = drafts.draft(story.archive, disposal_id, kind)

    with pikepdf.open(io.BytesIO(paper.content)) as pdf:
        assert pdf.open_metadata().pdfa_status == "2B"
    told = text_of(paper.content)
    assert disposal_id in told
    assert "1 hồ sơ" in told
    assert drafts.TITLES[kind].split()[0] in told
    assert "Nguyễn Văn Thử" not in told
    assert sealed_by_archive(story, paper.content, paper.p7s)


def test_the_decision_names_the_digest_that_is_approved(story):
    story.take_in()
    made = propose(story)

    told = text_of(drafts.draft(story.archive, made.disposal.id, Draft.DECISION).content)

    assert lists.digest(made.disposal) in told
    assert "trong 15 ngày" in told


def test_handing_over_says_by_when_it_must_be_done(story):
    story.take_in()
    disposal_id = approved(story)

    told = text_of(drafts.draft(story.archive, disposal_id, Draft.HANDOVER).content)

    assert "15/QĐ-SXD ngày 24/11/2026" in told
    assert "trước hết ngày 09/12/2026" in told


def test_there_are_no_papers_of_what_is_not_a_destruction(story):
    story.take_in("2016-03-10", tthc__procedureCode="1.009999")
    transfer = propose(story, kind=Kind.TRANSFER).disposal.id

    with pytest.raises(UsageError):
        drafts.draft(story.archive, transfer, Draft.DECISION)
    with pytest.raises(NotHeld):
        drafts.draft(story.archive, "D-1999-0001", Draft.DECISION)


def test_the_operator_is_told_before_the_fifteen_days_are_over(story):
    story.take_in()
    disposal_id = approved(story)

    def told() -> list[str]:
        found = checkup(story.archive)
        return [f.message for f in found if f.rule == "KHO-DOCTOR-DISPOSAL"]

    at_once = told()
    story.clock.forward(days=12)
    soon = told()
    story.clock.forward(days=5)

    assert at_once == []
    assert soon == ["to be executed within 15 days: 3 days left"]
    assert told() == ["to be executed within 15 days: 2 days late"]
    assert disposal_id == "D-2026-0001"


NUMBER = "001099000001"


def test_a_request_for_erasure_is_refused_with_the_reason_of_each_dossier(story):
    kept, held = story.take_in("2025-03-10"), story.take_in("2015-03-10")
    place_hold(story.archive, HoldRequest("Tòa án", "vụ án", "QĐ 1", held), agent="t")

    answer = erasure.answer(story.archive, NUMBER, agent="t", reason="đơn 5/2026")

    told = text_of(answer.letter)
    assert "phải lưu theo hàng T-05 đến hết 31/12/2030" in told
    assert "đang có yêu cầu giữ lại hồ sơ" in told
    assert "Luật 91/2025/QH15, Điều 14" in told
    assert NUMBER not in told
    assert "001••••••001" in told
    assert sealed_by_archive(story, answer.letter, answer.p7s)
    assert story.held(kept)
    assert story.held(held)
    with story.archive.catalogue.connect() as connection:
        entries = [e for e in journal.entries(connection) if "erasure request" in e.details]
    assert {entry.subject for entry in entries} == {kept, held}
    assert all(NUMBER not in entry.details for entry in entries)


def test_who_has_nothing_here_is_told_so(story):
    answer = erasure.answer(story.archive, "001099999999", agent="t", reason="đơn")

    assert answer.about == ()
    assert "không lưu giữ hồ sơ nào" in text_of(answer.letter)


def test_the_day_in_a_letter_is_that_of_vietnam(story):
    story.clock.at = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)

    answer = erasure.answer(story.archive, NUMBER, agent="t", reason="đơn")

    assert "Ngày trả lời: 25/11/2026" in text_of(answer.letter)
