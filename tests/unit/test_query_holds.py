"""Holds on what a query finds: those that are there, those that come later, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import covering
from archive.catalogue import holds
from archive.checkup import checkup
from archive.disposal import (
    HoldRequest,
    execution,
    lift_hold,
    place_hold,
    reconcile,
    review_hold,
)
from archive.errors import DisposalForbidden, QueryRejected, UsageError
from archive.preservation.rebuild import rebuild
from archive.search import Query, SearchIndex
from archive.search.language import parse
from archive.search.matching import condition, meets
from archive.search.tantivy_engine import TantivyIndex
from tests.contract.test_search_index import EVERYTHING
from tests.disposals import Story, a_story, approved, propose

RECORDS = [replace(record, text="") for record in EVERYTHING]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    index = TantivyIndex(tmp_path_factory.mktemp("index"))
    index.write(RECORDS)
    yield index
    index.close()


WORDS = [
    "nguyen", "an", "văn", "Hoà", "cong ty", "giấy", "kết", "H26.18-220524-0001", "220524-0001",
    "H26.18", "001099000001", "1.000318", "12/GP-UBND", "ten:an", "mã:H26", "cơquan:H26",
    "thủtục:1.000318", "thủtục:kết", "ngày:2024", "ngày:01/2022..06/2024", "ngàytrả:2024", "năm:2024",
    "trạngthái:refused", "chữký:passed", 'tên:"văn anh"', '"nguyễn văn"', "ng*", "mã:H26*", "sốkq:7",
    "tiêuđề:giay",
]  # fmt: skip
QUERIES = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.one_of(
        st.builds("({} {})".format, inner, inner),
        st.builds("({} HOẶC {})".format, inner, inner),
        st.builds("KHÔNG {}".format, inner),
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=60)
@given(text=QUERIES)
def test_a_record_is_matched_as_the_index_would(engine: SearchIndex, text: str):
    parsed = parse(text)
    page = engine.search(Query(parsed.node, approximate=False, limit=100))

    assert {record.id for record in RECORDS if meets(record, text)} == {hit.id for hit in page.hits}


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "everything"),
        ("name:(", "closed"),
        ("text:bí mật", "text:"),
        ("an HOẶC nguyen~", "nguyen~"),
        ("KHÔNG text:xy*", "text:"),
        ('tên:an text:"a b"', "text:"),
    ],
)
def test_a_query_that_no_description_answers_is_refused(query: str, why: str):
    with pytest.raises(QueryRejected, match=why):
        condition(query)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = a_story(tmp_path)
    yield made
    made.close()


def on(query: str, **more) -> HoldRequest:
    return HoldRequest("Thanh tra tỉnh", "khiếu nại", "QĐ 12", query=query, **more)


def person(name: str) -> dict[str, object]:
    applicant = {"name": name, "identityNumber": "001099000009", "kind": "citizen"}
    return {"tthc__applicant": applicant}


def held(story: Story, dossier_id: str) -> bool:
    holding = story.held(dossier_id)
    with story.archive.catalogue.connect() as connection:
        return bool(covering.standing_on(connection, holding))


def legal_hold(story: Story, dossier_id: str) -> bool:
    return story.archive.store.stat(story.held(dossier_id).versions[0].place).legal_hold


def test_it_covers_what_is_there_and_what_comes_later_and_no_other(story):
    there, other = story.take_in(**person("Lê Thị Hồng")), story.take_in()
    story.finish()

    hold = place_hold(story.archive, on("tên:hong năm:2015"), agent="t")
    later, too_early = (
        story.take_in(**person("Hồng Lê")),
        story.take_in("2014-03-10", **person("Hồng")),
    )
    story.finish()

    covered = {each: held(story, each) for each in (there, other, later, too_early)}
    assert covered == {there: True, other: False, later: True, too_early: False}
    assert {each: legal_hold(story, each) for each in covered} == covered
    assert reconcile(story.archive) == ()
    lift_hold(story.archive, hold.id, agent="t", reason="xong")
    assert not any(legal_hold(story, each) for each in covered)


def test_it_keeps_a_dossier_off_a_list_and_out_of_an_execution(story):
    story.take_in(**person("Lê Thị Hồng"))
    story.finish()
    disposal_id = approved(story)
    place_hold(story.archive, on("hồng"), agent="t")

    done = execution.execute(story.archive, disposal_id, agent="t")

    assert [code for code, _ in done.dropped] == ["H26.18-150228-0001"]
    with pytest.raises(DisposalForbidden, match="Thanh tra tỉnh"):
        propose(story)


def test_it_can_be_narrowed_to_an_agency(story):
    dossier = story.take_in()
    story.finish()

    place_hold(story.archive, on("năm:2015", agency="H40"), agent="t")

    assert not held(story, dossier)


def test_a_rebuild_knows_the_query_and_the_reviews(story):
    dossier = story.take_in()
    story.finish()
    hold = place_hold(story.archive, on("năm:2015", review_on=date(2026, 12, 1)), agent="t")
    reviewed = review_hold(
        story.archive, hold.id, next_on=date(2027, 3, 1), agent="t", reason="còn vụ án"
    )

    rebuild(story.archive)

    with story.archive.catalogue.connect() as connection:
        (again,) = covering.standing_on(connection, story.held(dossier))
    assert again == reviewed
    assert (again.review_on, again.ask_on) == (date(2026, 12, 1), date(2027, 3, 1))


def test_whoever_asked_for_a_hold_is_to_be_asked_again(story):
    hold = place_hold(story.archive, on("năm:2015", review_on=date(2026, 12, 1)), agent="t")

    def reminders() -> list[str]:
        return [f.path for f in checkup(story.archive) if f.rule == "KHO-DOCTOR-HOLD"]

    before = reminders()
    story.clock.forward(days=8)
    due = reminders()
    review_hold(story.archive, hold.id[:8], next_on=date(2027, 6, 1), agent="t", reason="còn")

    assert (before, due, reminders()) == ([], [hold.id], [])
    with pytest.raises(UsageError, match="not ahead"):
        review_hold(story.archive, hold.id, next_on=date(2026, 1, 1), agent="t", reason="còn")
    lift_hold(story.archive, hold.id, agent="t", reason="xong")
    with pytest.raises(UsageError, match="lifted"):
        review_hold(story.archive, hold.id, next_on=date(2028, 1, 1), agent="t", reason="còn")


def test_a_query_that_cannot_be_read_holds_nothing(story):
    with pytest.raises(QueryRejected):
        place_hold(story.archive, on("text:x"), agent="t")

    with story.archive.catalogue.connect() as connection:
        assert holds.every(connection) == ()
