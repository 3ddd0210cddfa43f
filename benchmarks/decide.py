"""How many retention decisions a second one core makes, from prepared facts."""

from __future__ import annotations

import argparse
import random
import time
from datetime import date, timedelta
from pathlib import Path

from benchmarks.measure import keep
from retention_rules.decide import decide
from retention_rules.facts import DocumentFacts, Facts, Link
from retention_rules.schedule import load

SEED = 20261124


def prepared(count: int) -> list[Facts]:
    """Return a mix: mapped procedures, classified rows, documents, links, open dossiers."""
    chance = random.Random(SEED)
    procedures = ["2.000884.000.00.00.H26", "2.001035", "1.001193.000.00.00.H26", "9.999999"]
    rows = [rule.code for rule in load().rules]
    first = date(1975, 1, 1)
    return [
        Facts(
            procedure=chance.choice(procedures),
            agency="H26.18",
            status="returned",
            important=chance.random() < 0.05,
            closed_on=None
            if chance.random() < 0.02
            else first + timedelta(chance.randrange(18_900)),
            rows=(chance.choice(rows),) if chance.random() < 0.3 else (),
            documents=(DocumentFacts("1", "02", rows=(chance.choice(rows),)),)
            if chance.random() < 0.2
            else (),
            links=(Link("x", date(2040, 1, 1)),) if chance.random() < 0.02 else (),
        )
        for _ in range(count)
    ]


def main() -> None:
    """Print the best of some runs, without and with the reasons written out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="20,000 facts, one run")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.count, arguments.runs = 20_000, 1
    schedule, as_of = load("example-agency-1"), date(2026, 11, 24)
    facts = prepared(arguments.count)
    best = best_with_reasons = 0.0
    for _ in range(arguments.runs):
        begun = time.process_time()
        for one in facts:
            decide(one, schedule, as_of=as_of)
        best = max(best, len(facts) / (time.process_time() - begun))
    few = facts[:20_000]
    begun = time.process_time()
    for one in few:
        decision = decide(one, schedule, as_of=as_of)
        assert decision.reasons
        assert decision.considered is not None
    best_with_reasons = len(few) / (time.process_time() - begun)
    print(f"decide: {best:,.0f} decisions/s on one core ({arguments.count:,} prepared facts)")
    print(f"decide with reasons and considered rows written: {best_with_reasons:,.0f}/s")
    figures = {"decisions_per_second": round(best), "with_reasons": round(best_with_reasons)}
    keep(arguments.json, figures)


if __name__ == "__main__":
    main()
