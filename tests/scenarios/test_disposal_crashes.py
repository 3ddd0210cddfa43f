"""A destruction that dies at any write is finished by the same command, or by a rebuild first."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.assembly import Archive
from archive.catalogue import disposals, dossiers, journal
from archive.catalogue.disposals import ListStatus
from archive.disposal import execution
from archive.preservation.rebuild import rebuild
from archive.settings import load
from tests.disposals import Clock, Story, a_story, approved, readable
from tests.faults import FaultyStore

WRITES = 19
"""More than a destruction of one dossier on one copy needs; a test makes sure."""


class KilledError(BaseException):
    """The process is gone: nothing catches this."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, str]:
    story = a_story(tmp_path_factory.mktemp("prepared"))
    due, kept = story.take_in("2015-03-10"), story.take_in("2025-03-10")
    story.finish()
    disposal_id = approved(story)
    story.close()
    return story.archive.settings.home, disposal_id, due, kept


@pytest.fixture
def story(prepared: tuple[Path, str, str, str], tmp_path: Path) -> Iterator[Story]:
    shutil.copytree(prepared[0], tmp_path / "archive")
    clock = Clock()
    clock.forward(minutes=5)
    story = Story(Archive(load(tmp_path / "archive"), clock), clock, tmp_path / "papers")
    yield story
    story.close()


def die_at(story: Story, write: int, *, after: bool) -> bool:
    """Execute until a write fails for good; return whether it came to that."""
    archive = story.archive
    (inner,) = archive.copies
    faulty = FaultyStore(inner, fail_at=write, after=after, error=KilledError)
    archive.__dict__.update({"copies": (faulty,), "store": faulty})
    try:
        execution.execute(archive, "D-2026-0001", agent="t")
    except KilledError:
        return True
    finally:
        archive.__dict__.update({"copies": (inner,), "store": inner})
    return False


def assert_whole(story: Story, due: str, kept: str) -> None:
    with story.archive.catalogue.connect() as connection:
        found = disposals.get(connection, "D-2026-0001")
        held = bool(dossiers.held(connection, due))
        assert dossiers.held(connection, kept)
        journal.verify(connection)
    if held:
        (version,) = story.held(due).versions
        assert story.archive.store.stat(version.place).size == version.size
    if found.status is ListStatus.EXECUTED:
        assert readable(story, due) == []
    assert readable(story, kept)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES))
def test_the_same_command_finishes_it(story, prepared, write, after):
    _, disposal_id, due, kept = prepared
    died = die_at(story, write, after=after)
    assert_whole(story, due, kept)

    execution.execute(story.archive, disposal_id, agent="t")

    assert_whole(story, due, kept)
    with story.archive.catalogue.connect() as connection:
        found = disposals.get(connection, disposal_id)
    assert found.status is ListStatus.EXECUTED
    assert found.of_act("destroyed")
    assert write < WRITES - 1 or not died


@pytest.mark.parametrize("write", range(1, WRITES, 2))
def test_a_rebuild_after_the_crash_and_the_same_command_finish_it(story, prepared, write):
    _, disposal_id, due, kept = prepared
    die_at(story, write, after=True)

    rebuild(story.archive)
    assert_whole(story, due, kept)
    execution.execute(story.archive, disposal_id, agent="t")

    assert_whole(story, due, kept)
    assert readable(story, due) == []
