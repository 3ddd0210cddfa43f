"""Every single write fails once, in every act; running the act again finishes the work."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from archive import dissemination, reception
from archive.assembly import Archive
from archive.catalogue import holds
from archive.disposal import lift_hold
from archive.dissemination import CopyKind, Request
from archive.errors import ArchiveError, UsageError
from archive.ingest.batch import finish
from archive.preservation import fixity
from archive.preservation.sweep import sweep
from tests.archives import (
    AGENT,
    a_home,
    all_held,
    corrected,
    held,
    ingested,
    opened,
    outcomes_of,
    placed_hold,
    submission,
    submissions,
)
from tests.interruptions import Crash, Interruption, interrupted, unavailable
from tests.soundness import assert_sound

MOST_WRITES = 60


@dataclass(frozen=True, slots=True)
class Story:
    """An act, what was there before it, and how it is done again after a failure."""

    prepare: Callable[[Archive, Path], object]
    act: Callable[[Archive, Path], object]
    again: Callable[[Archive, Path], object]


def _nothing(archive: Archive, inbox: Path) -> None:
    submissions(inbox, 2)


def _ingest(archive: Archive, inbox: Path) -> object:
    return [outcome.error for outcome in outcomes_of(archive, inbox)]


def _ingest_again(archive: Archive, inbox: Path) -> None:
    assert ingested(archive, inbox) == [holding.receipt for holding in all_held(archive)]
    assert len(all_held(archive)) == 2


def _one_held(archive: Archive, inbox: Path) -> None:
    ingested(archive, submission(inbox / "first"))
    submission(inbox / "second", dossier__title="Tiêu đề đã sửa")


def _update(archive: Archive, inbox: Path) -> object:
    return [outcome.error for outcome in outcomes_of(archive, inbox / "second", update=True)]


def _update_again(archive: Archive, inbox: Path) -> None:
    (receipt,) = ingested(archive, inbox / "second", update=True)
    assert receipt == held(archive, 1).receipt
    assert receipt.version == 2


def _correct(archive: Archive, inbox: Path) -> None:
    corrected(archive, held(archive, 1), dossier__title="Tiêu đề đã sửa")
    finish(archive)


def _correct_again(archive: Archive, inbox: Path) -> None:
    try:
        _correct(archive, inbox)
    except UsageError:  # nothing would change: it took effect the first time
        finish(archive)
    assert [version.number for version in held(archive, 1).versions] == [1, 2]


def _place(archive: Archive, inbox: Path) -> None:
    placed_hold(archive, dossier_id=held(archive, 1).dossier.id)


def _standing(archive: Archive) -> tuple[holds.Hold, ...]:
    with archive.catalogue.connect() as connection:
        return holds.active(connection)


def _place_again(archive: Archive, inbox: Path) -> None:
    if not _standing(archive):
        _place(archive, inbox)
    sweep(archive)


def _one_under_hold(archive: Archive, inbox: Path) -> None:
    _one_held(archive, inbox)
    _place(archive, inbox)


def _lift(archive: Archive, inbox: Path) -> None:
    (hold,) = _standing(archive)
    lift_hold(archive, hold.id, agent=AGENT, reason="đã giải quyết xong")


def _lift_again(archive: Archive, inbox: Path) -> None:
    if _standing(archive):
        _lift(archive, inbox)
    sweep(archive)


def _unfinished(archive: Archive, inbox: Path) -> None:
    """Leave an object that nobody refers to, and one dossier that is neither locked nor indexed."""
    submissions(inbox, 2)
    for fail_at in (3, 5):
        try:
            outcomes_of(interrupted(archive, Interruption(fail_at, error=Crash)), inbox / "001")
        except Crash:
            archive.close()
            for part in ("copies", "store", "catalogue", "index", "sealer"):
                archive.__dict__.pop(part)


def _sweep(archive: Archive, inbox: Path) -> None:
    sweep(archive, age=timedelta(0))


def _check_fixity(archive: Archive, inbox: Path) -> None:
    assert [c for c in fixity.run(archive) if c.check.outcome.value != "intact"] == []


def _issue(archive: Archive, inbox: Path) -> None:
    request = Request(CopyKind.CERTIFIED, "Nguyễn Thị Bưởi", "làm hộ chiếu", ("1",))
    dissemination.issue(archive, held(archive, 1), request, agent=AGENT)


def _issue_again(archive: Archive, inbox: Path) -> None:
    if not dissemination.register(archive):
        _issue(archive, inbox)
    sweep(archive, age=timedelta(0))
    (copy,) = dissemination.register(archive)
    assert (copy.number, list(archive.store.names("copies/"))) == (1, [copy.place])


def _handed_over(archive: Archive, inbox: Path) -> None:
    batch = reception.open_batch(archive, "Sở Xây dựng", source="command", agent=AGENT)
    reception.add_path(archive, batch.id, submission(inbox))


def _receive(archive: Archive, inbox: Path) -> None:
    (batch,) = reception.batches(archive)
    reception.take_in_all(archive, batch.id, agent=AGENT)
    reception.close(archive, batch.id, agent=AGENT)


def _receive_again(archive: Archive, inbox: Path) -> None:
    if reception.batches(archive)[0].closed_at is None:
        _receive(archive, inbox)
    sweep(archive)
    (batch,) = reception.batches(archive)
    assert reception.paper(archive, batch.minutes).startswith(b"%PDF")
    assert list((archive.settings.home / "queue").iterdir()) == []


STORIES = {
    "ingest": Story(_nothing, _ingest, _ingest_again),
    "update": Story(_one_held, _update, _update_again),
    "correct": Story(_one_held, _correct, _correct_again),
    "place a hold": Story(_one_held, _place, _place_again),
    "lift a hold": Story(_one_under_hold, _lift, _lift_again),
    "sweep": Story(_unfinished, _sweep, _sweep),
    "issue a copy": Story(_one_held, _issue, _issue_again),
    "receive a batch": Story(_handed_over, _receive, _receive_again),
    "check fixity": Story(_one_held, _check_fixity, _check_fixity),
}


def _visible(archive: Archive) -> list[Any]:
    """Return what a person sees: dossiers with their versions' receipts."""
    return [(holding.dossier, holding.receipts) for holding in all_held(archive)]


def _trials(
    folder: Path, story: Story, *, after: bool, error: Callable[[], BaseException]
) -> Iterator[tuple[Archive, Path, Interruption]]:
    """Yield an archive in which the n-th write will fail, for each n that the act comes to."""
    home, inbox = a_home(folder), folder / "inbox"
    inbox.mkdir()
    archive = opened(home)
    story.prepare(archive, inbox)
    archive.close()
    for number in count(1):
        assert number < MOST_WRITES
        copy = folder / f"{number}" / "archive"
        shutil.copytree(home, copy)
        interruption = Interruption(number, after=after, error=error)
        yield interrupted(opened(copy), interruption), inbox, interruption
        shutil.rmtree(copy)
        if not interruption.happened:
            return


WAYS = {
    "before, no answer": (False, unavailable),
    "after, crash": (True, Crash),
    "before, crash": (False, Crash),
    "after, no answer": (True, unavailable),
}
FEWER = {"ingest": slice(0, 4), "issue a copy": slice(1, 2), "receive a batch": slice(1, 2)}
TRIALS = [
    pytest.param(story, *way, id=f"{act}: {how}")
    for act, story in STORIES.items()
    for how, way in list(WAYS.items())[FEWER.get(act, slice(0, 2))]
]


@pytest.mark.parametrize(("story", "after", "error"), TRIALS)
def test_an_act_whose_write_failed_is_finished_by_doing_it_again(tmp_path, story, after, error):
    for archive, inbox, interruption in _trials(tmp_path, story, after=after, error=error):
        before = _visible(archive)
        try:
            story.act(archive, inbox)
        except (ArchiveError, Crash):
            assert interruption.happened
        archive.close()

        archive = opened(archive.settings.home, clock=archive.clock)
        assert_sound(archive, finished=False)
        meanwhile = _visible(archive)
        story.again(archive, inbox)

        finally_ = _visible(archive)
        for dossier, receipts in meanwhile:
            assert (dossier, receipts) in before or (dossier, receipts) in finally_
        assert_sound(archive)
        archive.close()


def test_every_kind_of_write_is_counted(tmp_path):
    story, interruption = STORIES["ingest"], Interruption(MOST_WRITES)
    archive, inbox = opened(a_home(tmp_path)), tmp_path / "inbox"
    story.prepare(archive, inbox)

    story.act(interrupted(archive, interruption), inbox)

    # Two dossiers: a seal, a put and a commit each; then locks, index, journal, checkpoints.
    assert interruption.writes >= 2 * 3 + 2 + 1 + 1 + 1 + 3 + 2
    assert not interruption.happened
    archive.close()
