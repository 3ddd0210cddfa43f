"""Our archival packages before two E-ARK judges: the project's own validator, and ours.

The outside judge needs `eark-validator` 1.1.3, which pins an old lxml but works with the
present one. It is found, in this order: in the Python that KHO_EARK_PYTHON names, in
`.venv-eark` beside the sources, in the Python that runs the tests
(`pip install --no-deps eark-validator==1.1.3` with `pydantic` and `importlib-resources`).
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from archive.findings import Severity
from archive.packages import aip
from archive.packages.eark.validate import validate_package
from tests.packages import Shelf, the_contents
from tests.unit.test_aip_versions import an_addition

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return ZIPs of a first version, a later one, and the later one made whole."""
    folder = tmp_path_factory.mktemp("packages")
    shelf = Shelf()
    first = shelf.keep(the_contents(folder))
    second = shelf.keep(an_addition(first, folder))
    read = shelf.opener(second.place)[0]
    whole = aip.export(second, read, folder / "whole", earlier=shelf.opener, as_zip=True)
    return {
        "first": shelf.path(first, folder),
        "second": shelf.path(second, folder),
        "whole": whole,
    }


def outside_judge() -> str:
    """Return a Python that has the E-ARK project's validator."""
    beside = PROJECT / ".venv-eark" / "bin" / "python"
    if named := os.environ.get("KHO_EARK_PYTHON"):
        return named
    if beside.exists():
        return str(beside)
    if importlib.util.find_spec("eark_validator"):
        return sys.executable
    pytest.fail(
        "the outside judge is missing: python3 -m venv .venv-eark && "
        ".venv-eark/bin/pip install eark-validator==1.1.3 (or set KHO_EARK_PYTHON)"
    )


def judged(version: str, packages: dict[str, Path]) -> list[dict[str, Any]]:
    script = Path(__file__).with_name("run_eark_validator.py")
    run = subprocess.run(
        [outside_judge(), script, version, *packages.values()],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_the_outside_judge_of_csip_2_1_0_finds_every_package_valid(
    packages: dict[str, Path],
) -> None:
    answers = judged("V2_1_0", packages)

    assert len(answers) == 3
    for answer in answers:
        assert answer["structure"] == "WellFormed"
        assert (answer["schema"], answer["schematron"]) == ("VALID", "VALID")
        # It asks for a division inside `Representations`, CSIP105 for one beside it.
        assert answer["findings"] == [["CSIP105", "Warn"], ["CSIPSTR3", "Info"]]


def test_the_outside_judge_of_csip_2_0_4_finds_only_its_own_mistake(
    packages: dict[str, Path],
) -> None:
    answers = judged("V2_0_4", packages)

    for answer in answers:
        assert (answer["structure"], answer["schema"]) == ("WellFormed", "VALID")
        errors = [rule for rule, severity in answer["findings"] if severity == "Error"]
        # CSIP114 wants a file group whose use *starts with* `Representations`; the
        # validator's rule for 2.0.4 compares for equality (it was mended for 2.1.0).
        assert errors == ["CSIP114"]


# A version refers to files of earlier ones as `kho:…`, which no judge can follow; made
# whole, it has those files too, and a judge that cannot follow wonders what they are.
REMARKS = {
    "first": set(),
    "second": {"KHO-EARK-HREF-EXTERNAL"},
    "whole": {"KHO-EARK-HREF-EXTERNAL", "CSIP31", "CSIP32", "CSIP58"},
}


@pytest.mark.parametrize("which", REMARKS)
def test_our_own_judge_finds_nothing_but_references_to_earlier_versions(
    packages: dict[str, Path], which: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(packages[which]) as archive:
        archive.extractall(tmp_path)
    (root,) = tmp_path.iterdir()

    findings = [one for one in validate_package(root) if one.severity is not Severity.INFO]

    assert {finding.rule for finding in findings} == REMARKS[which]
    assert {finding.severity for finding in findings} <= {Severity.WARNING}
