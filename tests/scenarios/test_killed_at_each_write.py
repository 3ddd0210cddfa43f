"""`kill -9` before every single write of an ingest: the same run finishes it.

After a write is before the next one. Failures that a process survives are in `test_faults`.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from itertools import count
from pathlib import Path

import pytest

from tests.archives import a_home, all_held, ingested, opened, outcomes_of, submissions
from tests.interruptions import Interruption, interrupted
from tests.soundness import assert_sound

DOSSIERS = 1
MOST_WRITES = 40
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.archives", "tests.interruptions", "archive.ingest"])


def killed() -> BaseException:
    """End this process as the system does when it runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def run_until(home: Path, inbox: Path, write: int) -> None:
    """Ingest in this process, which dies at a write."""
    interruption = Interruption(write, error=killed)
    outcomes_of(interrupted(opened(home), interruption), inbox)


@pytest.mark.timeout(900)
def test_a_run_killed_at_any_write_is_finished_by_running_it_again(tmp_path: Path):
    template, inbox = a_home(tmp_path), submissions(tmp_path / "inbox", DOSSIERS)
    for write in count(1):
        assert write < MOST_WRITES
        home = Path(shutil.copytree(template, tmp_path / "copy"))
        run = PROCESSES.Process(target=run_until, args=(home, inbox, write))
        run.start()
        run.join(120)
        assert run.exitcode in (0, -signal.SIGKILL)
        archive = opened(home)
        assert_sound(archive, finished=False)
        before = {holding.receipt for holding in all_held(archive)}

        receipts = ingested(archive, inbox)

        assert before <= set(receipts)
        assert receipts == [holding.receipt for holding in all_held(archive)]
        shutil.rmtree(archive.scratch)
        for part in (home / "store" / ".kho" / "incoming").iterdir():
            part.unlink()
        assert_sound(archive)
        archive.close()
        shutil.rmtree(home)
        if run.exitcode == 0:  # there are no more writes
            assert write > 3 * DOSSIERS
            return
