"""What waits for whom: lists to approve and to go on with, each for those whose business it is."""

from __future__ import annotations

from pathlib import Path

from archive import dissemination, waiting
from archive.dissemination import CopyKind, Request
from archive.viewers import EVERYTHING, Grant, PersonRole, Scope, Viewer
from tests.disposals import a_story, approve, propose, review


def somebody(role: PersonRole, account: str = "ai", scope: Scope = EVERYTHING) -> Viewer:
    return Viewer(account, grants=(Grant(role, scope),))


OFFICER = somebody(PersonRole.RETENTION_OFFICER)
APPROVER = somebody(PersonRole.APPROVER)
PROPOSED_IT = somebody(PersonRole.APPROVER, "lưu trữ viên")
ELSEWHERE = somebody(PersonRole.APPROVER, "khác", Scope(agencies=("H99.01",)))


def lists(viewer: Viewer, archive) -> tuple[list[str], list[tuple[str, int | None]]]:
    found = waiting.of(archive, viewer)
    return (
        [each.outline.id for each in found.to_approve],
        [(each.outline.status.value, each.days_left) for each in found.to_go_on],
    )


def test_a_list_waits_for_one_after_the_other_and_never_for_its_proposer(tmp_path: Path):
    story = a_story(tmp_path)
    story.take_in()
    story.finish()
    name = propose(story).disposal.id
    proposed = [lists(each, story.archive) for each in (OFFICER, APPROVER)]
    review(story, name)
    reviewed = [lists(e, story.archive) for e in (OFFICER, APPROVER, PROPOSED_IT, ELSEWHERE)]
    approve(story, name)
    approved = [lists(each, story.archive) for each in (OFFICER, APPROVER)]

    assert proposed == [([], [("proposed", None)]), ([], [])]
    assert reviewed == [([], []), ([name], []), ([], []), ([], [])]
    assert approved == [([], [("approved", 15)]), ([], [])]


def test_reading_copies_are_named_before_they_end_to_those_who_hand_them_out(tmp_path: Path):
    story = a_story(tmp_path)
    held = story.held(story.take_in())
    asked = Request(CopyKind.READING, "Người hỏi", "thử", ("1",))
    (copy,) = dissemination.issue(story.archive, held, asked, agent="thử")
    official = somebody(PersonRole.OFFICIAL)
    early = waiting.of(story.archive, official).ending
    story.clock.forward(days=11)
    late = [waiting.of(story.archive, each).ending for each in (official, APPROVER)]
    story.clock.forward(days=5)
    over = waiting.of(story.archive, official).ending

    assert (early, over) == ((), ())
    assert [[each.label for each in found] for found in late] == [[copy.label], []]
