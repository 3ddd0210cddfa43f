"""Run the E-ARK project's own validator on packages, without the network.

Usage: python run_eark_validator.py VERSION PACKAGE…  (VERSION: V2_0_4 or V2_1_0)

`eark-validator` 1.1.3 (PyPI, Apache-2.0) fetches four vocabularies when it is imported,
although it carries them itself: they are given to it from there. One JSON object a package
on stdout: {"package", "structure", "schema", "schematron", "findings": [[rule, severity]]}.
This script imports nothing of Kho, so that any Python with the validator can run it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import urllib.request
from pathlib import Path


def _vocabularies() -> Path:
    spec = importlib.util.find_spec("eark_validator")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("eark_validator is not installed for this Python")
    return Path(spec.submodule_search_locations[0]) / "ipxml" / "resources" / "vocabs"


def main(version: str, packages: list[str]) -> None:
    """Validate each package and print one line for it."""
    folder = _vocabularies()
    fetch = "urlopen"
    setattr(urllib.request, fetch, lambda address: (folder / Path(address).name).open("rb"))
    judge = importlib.import_module("eark_validator.packages")
    versions = importlib.import_module("eark_validator.specifications.specification")

    for package in packages:
        validator = judge.PackageValidator(Path(package), versions.SpecificationVersion[version])
        report = validator.validation_report
        found = list(report.structure.messages)
        if report.metadata is not None:
            found += report.metadata.schema_results.messages
            found += report.metadata.schematron_results.messages
        answer = {
            "package": package,
            "structure": report.structure.status.value,
            "schema": report.metadata and report.metadata.schema_results.status.value,
            "schematron": report.metadata and report.metadata.schematron_results.status.value,
            "findings": sorted({(one.rule_id, one.severity.value) for one in found}),
        }
        sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
