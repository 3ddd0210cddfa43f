"""Work behind the pages: how a job stands is told as it is when it is asked."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from archive.jobs.background import Background
from tests.archives import an_archive


def test_a_job_that_ends_while_it_is_asked_about_was_not_interrupted(tmp_path: Path):
    archive = an_archive(tmp_path)
    background, may_end = Background(archive.catalogue, archive.clock), Event()

    job = background.begin("test", "one", (), lambda progress: may_end.wait(60))
    before = background.standing(job)
    may_end.set()
    background.close()
    after = background.standing(job)  # the job as it was read before it ended

    assert (before.running, before.interrupted, before.result) == (True, False, None)
    assert (after.running, after.interrupted, after.result) == (False, False, True)
    archive.close()


def test_a_job_that_another_process_left_was_interrupted(tmp_path: Path):
    archive = an_archive(tmp_path)
    background = Background(archive.catalogue, archive.clock)
    background.close()

    begun = Background(archive.catalogue, archive.clock)
    may_end = Event()
    job = begun.begin("test", "one", (), lambda progress: may_end.wait(60))

    assert background.standing(job).interrupted
    may_end.set()
    begun.close()
    assert not background.standing(job).interrupted
    archive.close()
