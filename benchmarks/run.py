"""All benchmarks one after the other, and their ratios on one page.

    make bench                                   everything
    make bench QUICK=1                           smaller collections, a few minutes
    python -m benchmarks.run search fixity       some of them

Each runs in a process of its own and is stopped when it takes far longer than it should. The
figures go to `.bench/results.json`. See README.md beside this file for what they mean.
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
    "evidence": 600,
    "log": 300,
    "rebuild": 600,
    "search": 2400,
    "decide": 120,
    "retention": 1800,
    "web": 1800,
}
"""By name of the module, in the order of the run; seconds after which each is stopped."""


def run(suite: str, *, quick: bool) -> tuple[dict[str, Any] | None, float]:
    """Run one suite; return its figures, None if it failed, and how many seconds it took."""
    print(f"\n=== {suite}\n", flush=True)
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


def main() -> int:
    """Run what was asked for; 1 if a suite failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], metavar="SUITE")
    parser.add_argument("--quick", action="store_true", help="smaller collections")
    asked = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    results: dict[str, Any] = {"machine": machine(), "quick": asked.quick}
    for suite in asked.suites or SUITES:
        figures, seconds = run(suite, quick=asked.quick)
        results[suite] = {"seconds": round(seconds, 1), "figures": figures}
    place = CACHE / "results.json"
    place.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    failed = [s for s in asked.suites or SUITES if results[s]["figures"] is None]
    told = ", ".join(f"{s} {results[s]['seconds']:.0f} s" for s in asked.suites or SUITES)
    print(f"\n=== {results['machine']}\n{told}\nfigures: {place.relative_to(ROOT)}")
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
