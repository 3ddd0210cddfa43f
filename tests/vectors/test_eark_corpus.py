"""E-ARK packages made by the DILCIS Board: each verdict of their corpus is ours too.

`python -m tests.vectors.test_eark_corpus` prints the score by requirement.
"""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from archive.findings import Finding, Severity
from archive.packages import safe
from archive.packages.eark.validate import validate_package
from tests.vectors import shared

AT = datetime(2026, 11, 24, tzinfo=UTC)
CORPUS_FAULTS: dict[str, str] = {}
"""Cases whose verdict contradicts the specification, by id, with the clause; none so far."""
CASES = shared.cases("eark")


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_corpus_and_the_validator_agree(case: dict[str, Any], tmp_path: Path) -> None:
    if case["id"] in CORPUS_FAULTS:
        pytest.xfail(CORPUS_FAULTS[case["id"]])

    found = findings_on(case, tmp_path)

    assert agrees(case, found), explained(case, found)


def place_of(case: dict[str, Any]) -> Path:
    return shared.folder("eark") / str(case["path"])


def findings_on(case: dict[str, Any], scratch: Path) -> list[Finding]:
    place = place_of(case)
    if place.is_dir():
        return validate_package(place, at=AT)
    into = scratch / "unpacked"
    refused = safe.unpack(place, into, safe.Limits())
    return refused + (validate_package(into, at=AT, unpacked=True) if into.is_dir() else [])


def agrees(case: dict[str, Any], found: list[Finding]) -> bool:
    """Valid: the requirement is not reported. Invalid: it is, as gravely as the rule says."""
    own = [finding for finding in found if finding.rule == case["requirement"]]
    if case["valid"]:
        return not own
    if case["rule_severity"] == "INFO":
        return bool(own)
    return any(finding.severity is not Severity.INFO for finding in own)


def explained(case: dict[str, Any], found: list[Finding]) -> str:
    own = [f"{f.path}: {f.message}" for f in found if f.rule == case["requirement"]]
    return f"{case['rule_text']} | {case['package_text']} | reported: {own}"


def main() -> None:
    """Print how many verdicts agree, and each that does not."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for case in CASES:
        with TemporaryDirectory() as scratch:
            good = agrees(case, findings_on(case, Path(scratch)))
        asked[case["specification"]] += 1
        right[case["specification"]] += good
        if not good:
            sys.stdout.write(f"not agreed: {case['id']}\n")
    for specification in sorted(asked):
        sys.stdout.write(f"{specification}: {right[specification]} of {asked[specification]}\n")
    sys.stdout.write(f"all: {right.total()} of {asked.total()}\n")


if __name__ == "__main__":
    main()
