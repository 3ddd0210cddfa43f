"""Where the tests put their files: in memory, where the system has room there.

Each commit of an archive waits for its disk. The tests make tens of thousands, so that on a disk
they wait half of the time; that the bytes survive a power cut is nothing a test could see.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4 << 30
"""A whole run needs a quarter of it at a time."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let this process and those it starts put temporary files there, unless told where."""
    if "TMPDIR" not in os.environ and _has_room(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # what was found out before


def _has_room(folder: Path) -> bool:
    """Whether programs may be put there, and there are disk space and memory for a run."""
    if not os.access(folder, os.W_OK | os.X_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return min(shutil.disk_usage(folder).free, _free_memory()) >= ENOUGH_BYTES


def _free_memory() -> int:
    told = Path("/proc/meminfo")
    lines = told.read_text().splitlines() if told.exists() else []
    kib = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return kib[0] << 10 if kib else 0
