"""Signed PDFs that other people made, with what other people's tests say of them.

The facts are those of `expected.json` (see its README); each is asked of every file that
states it. Trust is empty, so that nothing here depends on roots.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive.model import Indication, PackagePath, Verdict
from archive.signatures.check import Checker, CheckResult
from archive.signatures.trust import TrustStore
from tests.judges import etsi_report

VECTORS = Path(
    os.environ.get("KHO_VECTORS", Path(__file__).resolve().parents[3] / "shared" / "vectors")
)
FOLDER = VECTORS / "signatures"
BASELINE = ("PAdES-B-B", "PAdES-B-T", "PAdES-B-LT", "PAdES-B-LTA")
AT = datetime(2026, 11, 24, tzinfo=UTC)
NOT_BASELINE = "not a PAdES baseline level"
KNOWN_DIFFERENCES: set[tuple[str, str]] = set()


def cases() -> list[dict[str, Any]]:
    path = FOLDER / "expected.json"
    if not path.exists():
        pytest.fail(f"the test vectors are missing: {path} (set KHO_VECTORS)")
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["cases"]
    return found


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, CheckResult]]:
    with Checker(TrustStore(), workers=1) as checker:
        yield {
            case["path"]: checker.check(FOLDER / case["path"], PackagePath(case["path"]), at=AT)
            for case in cases()
        }


def test_every_fact_about_other_peoples_signed_pdfs_is_found(
    results: dict[str, CheckResult], record_property: Callable[[str, object], None]
) -> None:
    told = [
        (Path(case["path"]).name, fact, good)
        for case in cases()
        for fact, good in facts(case, results[case["path"]])
    ]

    wrong = {(name, fact) for name, fact, good in told if not good}
    record_property("score", f"{len(told) - len(wrong)} of {len(told)}")
    print(f"\nsigned PDFs: {len(told) - len(wrong)} of {len(told)} facts")  # noqa: T201
    assert wrong == KNOWN_DIFFERENCES


def test_the_report_on_each_of_them_is_valid_by_the_schema(
    results: dict[str, CheckResult],
) -> None:
    reported = [one for one in results.values() if one.verdicts]

    for one in reported:
        etsi_report.approve(one.verdicts, one.grounds, AT)
    assert len(reported) > 30


def facts(case: dict[str, Any], result: CheckResult) -> Iterator[tuple[str, bool]]:
    """Yield each stated fact with whether the result agrees."""
    stated, plain = case["tests"], case["bytes"]
    signatures = [one for one in result.verdicts if one.kind == "signature"]
    stamps = [one for one in result.verdicts if one.kind == "document-timestamp"]
    if stated.get("parses") is False:
        yield "parses", result.refused is not None
        return
    yield "no refusal", result.refused is None
    if "signatures" in stated:
        yield "signatures", len(signatures) == stated["signatures"]
    if "signatures_at_least" in stated:
        yield "signatures_at_least", len(signatures) >= stated["signatures_at_least"]
    if "intact" in stated:
        yield "intact", agrees_on_integrity(stated["intact"], signatures)
    if "format" in stated:
        yield "format", agrees_on_format(stated["format"], signatures)
    if "timestamps_total" in stated:
        total = sum(one.timestamps for one in signatures) + len(stamps)
        yield "timestamps_total", total == stated["timestamps_total"]
    if "modification" in stated:
        yield "modification", agrees_on_changes(stated["modification"], signatures)
    if "indication" in stated:
        yield "indication", agrees_on_indication(stated["indication"], signatures)
    yield from plain_facts(plain, signatures, stamps)


def plain_facts(
    plain: dict[str, Any], signatures: list[Verdict], stamps: list[Verdict]
) -> Iterator[tuple[str, bool]]:
    if "signatures" in plain:
        yield "count", len(signatures) == plain["signatures"]
    if "document_timestamps" in plain:
        yield "document timestamps", len(stamps) == plain["document_timestamps"]
    if "signature_timestamps" in plain:
        total = sum(one.timestamps for one in signatures)
        yield "signature timestamps", total == plain["signature_timestamps"]
    if "some_entry_covers_whole_file" in plain:
        whole = any(one.covers_whole_file for one in [*signatures, *stamps])
        yield "whole file", whole == plain["some_entry_covers_whole_file"]
    for key, name in (
        ("digest_algorithms", "digest_algorithm"),
        ("signature_algorithms", "signature_algorithm"),
        ("signers", "signed_by"),
    ):
        if key in plain:
            found = Counter(getattr(one, name) for one in signatures)
            yield key, found == Counter(plain[key])
    if "claimed_times" in plain:
        yield "claimed_times", agrees_on_times(plain["claimed_times"], signatures)


def agrees_on_integrity(stated: str, signatures: list[Verdict]) -> bool:
    intact = [one.intact is True for one in signatures]
    match stated:
        case "all":
            return all(intact)
        case "none":
            return not any(intact)
        case "flagged":
            return not any(
                one.intact
                and one.modified_after_signing != "suspicious"
                and one.indication is not Indication.FAILED
                for one in signatures
            )
        case _:
            return any(intact) and not all(intact)


def agrees_on_format(stated: dict[str, Any], signatures: list[Verdict]) -> bool:
    found = [one.format if one.format in BASELINE else NOT_BASELINE for one in signatures]
    ends = (found[0], found[-1]) if found else ()
    return (
        ("first" not in stated or stated["first"] in ends)
        and ("all" not in stated or set(found) == {stated["all"]})
        and ("counts" not in stated or Counter(found) == Counter(stated["counts"]))
        and all(one in found for one in stated.get("present", []))
    )


def agrees_on_changes(stated: str, signatures: list[Verdict]) -> bool:
    kinds = {one.modified_after_signing for one in signatures}
    match stated:
        case "not-suspicious":
            return "suspicious" not in kinds
        case "changed":
            return bool(kinds - {"none"})
        case _:
            return "suspicious" in kinds


def agrees_on_indication(stated: dict[str, list[str]], signatures: list[Verdict]) -> bool:
    found = [[one.indication.value, one.sub_indication] for one in signatures]
    return all(
        wanted in ([found[0], found[-1]] if which == "first" else found)
        for which, wanted in stated.items()
    )


def agrees_on_times(stated: list[list[str]], signatures: list[Verdict]) -> bool:
    found = [one.signed_at_claimed for one in signatures]
    wanted = [{datetime.fromisoformat(one) for one in either} for either in stated]
    return len(found) == len(wanted) and all(
        any(time in either for time in found) for either in wanted
    )
