"""The Library of Congress's BagIt conformance suite judges our validator of bags.

Cases and verdicts: shared/vectors/bagit (origin and licence in its README).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from archive.findings import Severity
from archive.packages.safe import Limits
from archive.packages.sip import validate
from archive.packages.sip.bagit import validate_bag
from tests.builders import TODAY

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"
VECTORS = Path(os.environ.get("KHO_VECTORS", _BESIDE)) / "bagit"
VERDICTS = {
    "valid": lambda errors, warnings: not errors,
    "invalid": lambda errors, warnings: errors,
    "warning": lambda errors, warnings: not errors and warnings,
}


def _cases() -> list[dict[str, str]]:
    listing = VECTORS / "expected.json"
    if not listing.is_file():
        return [{"id": f"the vectors are missing: {listing}", "expected": "", "path": ""}]
    cases: list[dict[str, str]] = json.loads(listing.read_text())["cases"]
    return [case for case in cases if case["expected"] in VERDICTS]


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["id"])
def test_a_bag_gets_the_verdict_of_the_conformance_suite(case):
    assert case["path"], case["id"]

    findings = validate_bag(VECTORS / case["path"])

    errors = [f for f in findings if f.severity is Severity.ERROR]
    warnings = [f for f in findings if f.severity is Severity.WARNING]
    assert VERDICTS[case["expected"]](errors, warnings), findings


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["id"])
def test_sip_validate_gives_a_plain_bag_the_same_verdict(case, tmp_path):
    assert case["path"], case["id"]

    report = validate(VECTORS / case["path"], scratch=tmp_path, limits=Limits(), today=TODAY)

    assert report.accepted is (case["expected"] != "invalid")


def test_a_case_that_depends_on_windows_never_crashes_the_validator():
    listing = json.loads((VECTORS / "expected.json").read_text())["cases"]

    for case in listing:
        assert isinstance(validate_bag(VECTORS / case["path"]), list)
