"""Disks that are full."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOM = 1 << 20


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A folder in which there is little room."""

    folder: Path
    mounted: bool
    """Whether it is a file system; otherwise no file in it may have more than `ROOM` bytes."""

    def grow(self) -> None:
        """Make room."""
        if self.mounted:
            remount = ["mount", "-o", "remount,size=64m", str(self.folder)]
            subprocess.run(remount, check=True, capture_output=True)
        else:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def a_small_disk(folder: Path, size: str) -> Iterator[SmallDisk]:
    """Mount a file system of that size; where that is not allowed, limit files to `ROOM`."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and not subprocess.run(command, capture_output=True).returncode
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield SmallDisk(folder, mounted)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
