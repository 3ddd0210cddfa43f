"""Evidence records that other people made get the verdict that their makers expect."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from archive.evidence import agreement, given, records
from archive.evidence.verify import RecordVerdict, verify
from archive.signatures.trust import TrustStore
from tests.vectors import shared

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CASES = shared.cases("evidence")


def verdict_on(case: dict[str, Any]) -> RecordVerdict:
    root = shared.folder("evidence")
    encoded = (root / case["record"]).read_bytes()
    algorithms = agreement.algorithms_of(records.read(encoded))
    objects = given.of_files([root / path for path in case["data"]], algorithms)
    objects += given.of_digests(
        (one["algorithm"].lower(), base64.b64decode(one["base64"])) for one in case["digests"]
    )
    return verify(encoded, objects, TrustStore(), at=NOW)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_record_is_judged_as_its_makers_say(case):
    verdict = verdict_on(case)

    assert verdict.indication.value in case["indication_in"], verdict.reasons
    assert verdict.intact is case["intact"], verdict.reasons
    if case["sub_indication"]:
        assert verdict.sub_indication == case["sub_indication"]


WITH_TREE = [
    case for case in CASES if case["data"] and case["intact"] and "no hash" not in case["why"]
]


@pytest.mark.parametrize("case", WITH_TREE, ids=[case["id"] for case in WITH_TREE])
def test_a_record_with_a_flipped_bit_in_its_tree_is_broken_whatever_the_data(case):
    encoded = (shared.folder("evidence") / case["record"]).read_bytes()
    tree = records.read(encoded).timestamps[0].hashtree
    assert tree is not None
    damaged = bytearray(encoded)
    damaged[encoded.index(tree[0][0])] ^= 1

    verdict = verify(bytes(damaged), [], TrustStore(), at=NOW)

    assert (verdict.indication.value, verdict.intact) == ("failed", False)
