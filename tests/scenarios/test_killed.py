"""A real `kho ingest` is killed or stopped at several moments; running it again finishes the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archives import a_home, all_held, command, environment, opened, submissions
from tests.cli.world import kho
from tests.soundness import assert_sound

COUNT = 12
SIZE = 200_000


def _started(home: Path, inbox: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("ingest", "-C", home, "--json", "--workers", "2", inbox),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )


def _packages(home: Path) -> int:
    return sum(1 for _ in (home / "store" / "aip").rglob("*.zip"))


def _reached(process: subprocess.Popen[str], moment: Callable[[], bool]) -> bool:
    """Wait for a moment in the life of a process; false if it ended before."""
    while not moment():
        if process.poll() is not None:
            return False
        time.sleep(0.0005)
    return True


def _unpacking(home: Path) -> bool:
    scratch = home / "scratch"
    return scratch.is_dir() and any(scratch.iterdir())


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "when the first is opened": _unpacking,
    "when the first is stored": lambda home: _packages(home) >= 1,
    "in the middle": lambda home: _packages(home) >= COUNT // 2,
    "when the last is stored": lambda home: _packages(home) >= COUNT,
    "while the index is written": lambda home: (home / "index" / "write.lock").exists(),
    "while the journal is written": lambda home: len(list((home / "store/journal").iterdir())) > 2,
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_a_killed_run_is_finished_by_running_it_again(tmp_path, moment):
    home, inbox = a_home(tmp_path), submissions(tmp_path / "inbox", COUNT, size=SIZE)
    run = _started(home, inbox)
    _reached(run, lambda: moment(home))
    run.kill()
    run.communicate()
    archive = opened(home)
    assert_sound(archive, finished=False)
    before = {holding.receipt for holding in all_held(archive)}
    archive.close()

    again = kho("ingest", "--json", inbox, cwd=home)

    archive = opened(home)
    told = again.json()
    assert (again.code, told["held"]) == (0, COUNT), again.err
    receipts = {holding.receipt for holding in all_held(archive)}
    assert before <= receipts
    assert {d["receipt"]["seal_digest"] for d in told["dossiers"]} == {
        receipt.seal_digest for receipt in receipts
    }
    _sweep(home)
    assert_sound(archive)
    archive.close()


def _sweep(home: Path) -> None:
    """Remove what the killed process left in the private folder, as a sweep does a day later."""
    for left in (home / "scratch").iterdir():
        os.utime(left, (0, 0))
    assert kho("sweep", "--json", "--older-than", "0", cwd=home).code == 0


@pytest.mark.parametrize("moment", ["when the first is stored", "in the middle"])
def test_a_run_that_is_stopped_with_ctrl_c_says_so_and_can_be_run_again(tmp_path, moment):
    home, inbox = a_home(tmp_path), submissions(tmp_path / "inbox", COUNT, size=SIZE)
    run = _started(home, inbox)
    assert _reached(run, lambda: MOMENTS[moment](home))
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the whole group

    stdout, stderr = run.communicate(timeout=60)

    assert run.returncode == 130, stderr
    problem = json.loads(stdout)
    assert (problem["code"], problem["exit_code"]) == ("KHO-INTERRUPTED", 130)
    assert "Traceback" not in stderr
    archive = opened(home)
    assert list((home / "scratch").iterdir()) == []
    assert_sound(archive, finished=False)
    archive.close()
    again = kho("ingest", "--json", inbox, cwd=home)
    assert (again.code, again.json()["held"]) == (0, COUNT)
    archive = opened(home)
    assert_sound(archive)
    archive.close()


def test_no_child_process_outlives_a_killed_run(tmp_path):
    home, inbox = a_home(tmp_path), submissions(tmp_path / "inbox", COUNT, size=SIZE)
    run = _started(home, inbox)
    assert _reached(run, lambda: _packages(home) >= 1)
    children = _children_of(run.pid)
    run.kill()
    run.communicate()

    deadline = time.monotonic() + 60
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert children
    assert [child for child in children if _alive(child)] == []


def _children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_killed_rebuild_is_finished_by_running_it_again(tmp_path):
    home, inbox = a_home(tmp_path), submissions(tmp_path / "inbox", COUNT)
    assert kho("ingest", inbox, cwd=home).code == 0
    before = [holding.receipt for holding in _held(home)]
    for moment in (lambda: (home / "catalogue.rebuilding").exists(), lambda: _indexed(home)):
        for path in home.glob("catalogue.db*"):
            path.unlink()
        run = subprocess.Popen(
            command("rebuild", "-C", home, "--from-store", "--json"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        _reached(run, moment)
        run.kill()
        run.communicate()

        assert kho("rebuild", "--from-store", cwd=home).code == 0

        assert [holding.receipt for holding in _held(home)] == before
    archive = opened(home)
    assert_sound(archive)
    archive.close()


def _held(home: Path):
    archive = opened(home)
    found = all_held(archive)
    archive.close()
    return found


def _indexed(home: Path) -> bool:
    """Whether the new catalogue is in its place, so that the index is being built."""
    return (home / "catalogue.db").exists()
