"""Two at once on a list and on a note: one is served, the other is told, nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from archive.catalogue import disposals, journal, notes
from archive.catalogue.disposals import ListStatus
from archive.catalogue.notes import NoteKind
from archive.disposal import execution, remarks
from archive.errors import ArchiveError, Changed, NotNow
from archive.events import EventType
from tests.archives import a_home, ingested, opened, submission
from tests.disposals import Story, a_story, approve, approved, propose, review


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = a_story(tmp_path)
    yield made
    made.close()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do acts in threads that begin together; return what they gave or what refused them."""
    start = Barrier(len(acts))

    def begun(act: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return act()
        except ArchiveError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begun, acts))


def acts_on(story: Story, list_id: str) -> list[str]:
    with story.archive.catalogue.connect() as connection:
        return [act.act for act in disposals.get(connection, list_id).acts]


def test_of_approvals_at_once_each_that_was_answered_is_on_record_once(story: Story):
    story.adopt()
    story.take_in()
    name = propose(story).disposal.id
    review(story, name)

    found = at_once(*(lambda: approve(story, name) for _ in range(2)))

    refused = [each for each in found if isinstance(each, ArchiveError)]
    assert all(isinstance(each, Changed) for each in refused)
    assert 1 <= acts_on(story, name).count("approved") == 2 - len(refused)


def test_a_list_that_two_execute_at_once_is_destroyed_once(story: Story):
    story.adopt()
    dossier = story.take_in()
    name = approved(story)

    found = at_once(*(lambda: execution.execute(story.archive, name, agent="b") for _ in range(2)))

    refused = [each for each in found if isinstance(each, ArchiveError)]
    assert len(refused) < 2
    assert acts_on(story, name).count("destroyed") == 1
    with story.archive.catalogue.connect() as connection:
        assert disposals.get(connection, name).status is ListStatus.EXECUTED
        entries = journal.entries(connection, subject=dossier, type=EventType.DESTRUCTION)
        assert len(list(entries)) <= 1


def test_a_note_that_two_end_at_once_is_ended_once(tmp_path: Path, postgres_url: str):
    archive = opened(a_home(tmp_path, catalogue__url=postgres_url))
    [receipt] = ingested(archive, submission(tmp_path))
    made = remarks.note(
        archive, receipt.dossier_id, NoteKind.BLOCKED, "*", agent="a", reason="QĐ"
    )  # fmt: skip

    found = at_once(*(lambda: remarks.end(archive, made.id, agent="b") for _ in range(4)))

    assert [type(each) for each in found].count(NotNow) == 3
    with archive.catalogue.connect() as connection:
        assert notes.standing_for(connection, receipt.dossier_id) == ()
    archive.close()
