"""Fixity: how fast Kho reads and hashes its store beside `sha256sum` on the same files.

    python -m benchmarks.fixity                     400 objects of 1.5 MB, two at a time
    python -m benchmarks.fixity --objects 40 --kib 51200 --workers 4

All read the same files from the page cache, in turns within one run, so that only the
ratios count. Kho's side does what `kho fixity run` does with each object: open it in the
store, hash every byte, compare with the record. `openssl dgst` stands for the limit: it
uses the processor's SHA instructions, as Python does and some builds of `sha256sum` do not.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from archive.fixity import sha256_of
from archive.model import ObjectName
from archive.storage.folder import FolderStore
from archive.storage.streams import hashed


def filled(folder: Path, objects: int, size: int) -> dict[ObjectName, str]:
    """Store objects of random bytes and return their digests by name."""
    store, digests = FolderStore(folder), {}
    for number in range(objects):
        content = os.urandom(size)
        name = ObjectName(f"aip/{number % 256:02x}/{number // 256:02x}/{number}/v00001.zip")
        digests[name] = sha256_of(content)
        store.put(name, io.BytesIO(content), size=size, sha256=digests[name])
    return digests


def intact(folder: str, name: ObjectName, recorded: str) -> bool:
    """Read one object as a fixity run does."""
    with FolderStore(Path(folder), create=False).open(name) as stream:
        return hashed(stream) == recorded


def by_kho(executor: Executor, folder: Path, digests: dict[ObjectName, str]) -> None:
    """Check every object and fail if one is not intact."""
    names, recorded = list(digests), list(digests.values())
    checks = executor.map(intact, [str(folder)] * len(names), names, recorded, chunksize=8)
    assert all(checks)


def by_program(
    command: list[str], folder: Path, digests: dict[ObjectName, str], workers: int
) -> None:
    """Hash every file with a program, as many processes at a time, 32 files each."""
    names = "\0".join(str(folder / name) for name in digests)
    xargs = ["xargs", "-0", "-P", str(workers), "-n", "32", *command]
    subprocess.run(xargs, input=names.encode(), stdout=subprocess.DEVNULL, check=True)


def seconds(act: Callable[[], None]) -> float:
    """Return how long an act takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def main() -> None:
    """Measure in turns and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--objects", type=int, default=400)
    parser.add_argument("--kib", type=int, default=1500)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    workers = asked.workers
    with (
        tempfile.TemporaryDirectory(prefix="kho-bench-") as made,
        ProcessPoolExecutor(workers, get_context("spawn")) as processes,
        ThreadPoolExecutor(workers) as threads,
    ):
        folder = Path(made) / "store"
        digests = filled(folder, asked.objects, asked.kib << 10)
        acts: dict[str, Callable[[], None]] = {
            "sha256sum": lambda: by_program(["sha256sum"], folder, digests, workers),
            "openssl dgst": lambda: by_program(
                ["openssl", "dgst", "-sha256"], folder, digests, workers
            ),
            "kho, threads": lambda: by_kho(threads, folder, digests),
            "kho, processes": lambda: by_kho(processes, folder, digests),
        }
        for act in acts.values():
            act()
        times: dict[str, list[float]] = {name: [] for name in acts}
        for _ in range(asked.rounds):
            for name, act in acts.items():
                times[name].append(seconds(act))
    mib = asked.objects * asked.kib / 1024
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"fixity: {asked.objects} objects of {asked.kib} KiB, {workers} at a time, cached")
    for name, median in medians.items():
        ratio = medians["sha256sum"] / median
        print(f"  {name:15} {mib / median:7.0f} MiB/s   {ratio:5.2f} of sha256sum")


if __name__ == "__main__":
    main()
