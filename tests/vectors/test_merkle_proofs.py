"""Merkle proofs made by others: each is accepted or refused as its file says."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from archive.evidence import log
from tests.vectors import shared


def decoded(value: str | None) -> bytes:
    return b64decode(value or "")


def verdict(kind: str, case: dict) -> bool:
    proof = [decoded(part) for part in case.get("proof") or []]
    if "inclusion" in kind:
        leaf, found = decoded(case["leafHash"]), decoded(case["root"])
        if kind == "inclusion":
            return log.verify_inclusion(case["leafIdx"], case["treeSize"], leaf, proof, found)
        return log.verify_subtree_inclusion(
            case["leafIdx"], case["start"], case["end"], leaf, proof, found
        )
    roots = decoded(case["root1"]), decoded(case["root2"])
    if kind == "consistency":
        return log.verify_consistency(case["size1"], case["size2"], *roots, proof)
    return log.verify_subtree_consistency(case["start"], case["end"], case["size"], *roots, proof)


@pytest.mark.parametrize("case", shared.cases("merkle"), ids=lambda case: case["id"])
def test_a_proof_is_judged_as_its_makers_say(case):
    content = json.loads((shared.folder("merkle") / case["path"]).read_text())

    accepted = verdict(case["kind"], content)

    assert accepted == (case["expected"] == "valid"), case["why"]
