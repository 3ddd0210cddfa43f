"""Measuring: time and processor time of a process tree, the facts of this machine, tables."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".bench"
"""What is made once and used by later runs; may be deleted at any time."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What some work took."""

    wall_seconds: float
    cpu_seconds: float
    """Of this process and all its descendants."""


def measured(act: Callable[[], object]) -> Cost:
    """Do something and return what it took, in this process and those below it."""
    wall, cpu = time.perf_counter(), tree_cpu_seconds()
    act()
    return Cost(time.perf_counter() - wall, tree_cpu_seconds() - cpu)


def tree_cpu_seconds() -> float:
    """Return the processor time of this process, its living and its ended descendants."""
    return sum(os.times()[:4]) + _below(os.getpid())


def cpu_seconds_of(process: int) -> float:
    """Return the processor time of another process and its living descendants."""
    return _cpu_seconds(process) + _below(process)


def _below(process: int) -> float:
    return sum(_cpu_seconds(each) for each in descendants(process))


def descendants(process: int) -> set[int]:
    """Return the living processes below a process."""
    parents: dict[int, int] = {}
    for place in Path("/proc").iterdir():
        if place.name.isdecimal() and (fields := _status(int(place.name))):
            parents[int(place.name)] = int(fields[1])
    found: set[int] = set()
    below = {process}
    while below := {each for each, parent in parents.items() if parent in below} - found:
        found |= below
    return found


def _status(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name; none if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_seconds(process: int) -> float:
    fields = _status(process)
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def peak_memory_bytes() -> int:
    """Return the largest resident set that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def tree_memory_bytes(process: int) -> int:
    """Return the memory of a process and those below it, shared pages counted in parts (PSS).

    A child that has not become its program yet uses its parent's memory (vfork), which the
    system tells of both: it is left out.
    """
    begun = (each for each in descendants(process) if not _is_beginning(each))
    return sum(_pss_bytes(each) for each in (process, *begun))


def _is_beginning(process: int) -> bool:
    """Whether a process is still what its parent is."""
    status = _status(process)
    return bool(status) and _command(process) == _command(int(status[1]))


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _pss_bytes(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def in_own_process(module: str, *arguments: object) -> dict[str, Any]:
    """Run `python -m module arguments` and return the JSON object on its last line.

    A process of its own for each side of a comparison: none profits from another's caches.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def say(cost: Cost, **more: object) -> None:
    """Print a cost as `in_own_process` reads it."""
    print(json.dumps({**asdict(cost), **more}))


def medians(found: Sequence[dict[str, Any]]) -> Cost:
    """Return the medians of several answers of the same side."""
    return Cost(*(median(each[name] for each in found) for name in ("wall_seconds", "cpu_seconds")))


def machine() -> dict[str, object]:
    """Return what a reader must know of this machine to make sense of a ratio."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def table(rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns; the first row is their heading."""
    told = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in told) for column in range(len(told[0]))]
    for row in told:
        first, rest = row[0].ljust(widths[0]), zip(row[1:], widths[1:], strict=True)
        print("  ".join([first, *(cell.rjust(width) for cell, width in rest)]))


def keep(path: Path | None, figures: dict[str, Any]) -> None:
    """Write figures where `benchmarks.run` asked for them."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
