"""All benchmarks one after the other, and their ratios on one page.

    make bench                                   smaller collections; says how long each took
    make bench-full                              full size, more than an hour
    python -m benchmarks.run search fixity       some of them
    python -m benchmarks.run --resume            what a stopped run did not come to

Each runs in a process of its own and is stopped when it takes far longer than it should. The
figures go to `.bench/results.json` after each, so that a run that is stopped loses nothing.
See README.md beside this file for what they mean.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.measure import CACHE, ROOT, machine

SUITES: dict[str, int] = {
    "ingest": 900,
    "memory": 1500,
    "fixity": 300,
    "signatures": 1800,
    "audit": 1800,
    "evidence": 1800,
    "log": 300,
    "rebuild": 600,
    "search": 2400,
    "decide": 120,
    "retention": 1800,
    "web": 1800,
}
"""By name of the module, in the order of the run; seconds after which each is stopped."""


PLACE = CACHE / "results.json"


def run(suite: str, *, quick: bool) -> tuple[dict[str, Any] | None, float]:
    """Run one suite; return its figures, None if it failed, and how many seconds it took."""
    figures = CACHE / f"{suite}.json"
    figures.unlink(missing_ok=True)
    command = [sys.executable, "-m", f"benchmarks.{suite}", "--json", str(figures)]
    started = time.perf_counter()
    try:
        subprocess.run(
            [*command, *(["--quick"] if quick else [])], cwd=ROOT, check=True, timeout=SUITES[suite]
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"{suite}: {error}", flush=True)
        return None, time.perf_counter() - started
    return json.loads(figures.read_text("utf-8")), time.perf_counter() - started


def kept(*, quick: bool) -> dict[str, Any]:
    """Return the figures of an earlier run on this machine with these sizes; {} if none."""
    if not PLACE.is_file():
        return {}
    earlier: dict[str, Any] = json.loads(PLACE.read_text("utf-8"))
    there, here = earlier.get("machine", {}), machine()
    same = all(there.get(fact) == here[fact] for fact in here if fact != "load_average")
    if not same or earlier.get("quick") is not quick:
        return {}
    done = ((name, each) for name, each in earlier.items() if name in SUITES)
    return {name: each for name, each in done if each["figures"] is not None}


def keep(results: dict[str, Any]) -> None:
    """Write the figures so far."""
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    PLACE.write_text(text, encoding="utf-8")


def minutes(seconds: float) -> str:
    """Return a time as `3:07`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def main() -> int:
    """Run what was asked for; 1 if a suite failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], metavar="SUITE")
    parser.add_argument("--quick", action="store_true", help="smaller collections")
    parser.add_argument("--resume", action="store_true", help="keep what an earlier run measured")
    asked = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    wanted, started = asked.suites or list(SUITES), time.perf_counter()
    results: dict[str, Any] = {"machine": machine(), "quick": asked.quick}
    results |= kept(quick=asked.quick) if asked.resume else {}
    for number, suite in enumerate(wanted, start=1):
        passed = minutes(time.perf_counter() - started)
        if suite in results:
            print(f"\n=== {number}/{len(wanted)} {suite}: kept from an earlier run", flush=True)
            continue
        limit = minutes(SUITES[suite])
        print(f"\n=== {number}/{len(wanted)} {suite} (since {passed}, stopped after {limit})\n")
        sys.stdout.flush()
        figures, seconds = run(suite, quick=asked.quick)
        results[suite] = {"seconds": round(seconds, 1), "figures": figures}
        keep(results)
    return _told(results, wanted)


def _told(results: dict[str, Any], wanted: list[str]) -> int:
    failed = [suite for suite in wanted if results[suite]["figures"] is None]
    told = ", ".join(f"{suite} {results[suite]['seconds']:.0f} s" for suite in wanted)
    total = minutes(sum(results[suite]["seconds"] for suite in wanted))
    print(f"\n=== {results['machine']}\n{told}; {total} in all\nfigures: {PLACE.relative_to(ROOT)}")
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
