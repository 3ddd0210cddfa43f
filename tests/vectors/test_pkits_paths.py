"""NIST's certification paths, every one of them judged as NIST says."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive.signatures.algorithms import OPEN_END, AlgorithmPolicy
from archive.signatures.certificates import Cert, read_certificate
from archive.signatures.paths import Certificates, Chain, Policies
from archive.signatures.revocation import Revocations
from archive.signatures.timeline import slide
from archive.signatures.trust import Anchor, Scope

VECTORS = Path(
    os.environ.get("KHO_VECTORS", Path(__file__).resolve().parents[3] / "shared" / "vectors")
)
FOLDER = VECTORS / "pki"
# The suite is from a time when SHA-1 and short keys were good.
OLD_ALGORITHMS = AlgorithmPolicy(
    digests=dict.fromkeys(("sha1", "sha256", "sha384", "sha512"), OPEN_END),
    rsa_bits=((512, OPEN_END),),
    dsa_bits=((512, OPEN_END),),
)


def test_nist_paths_are_judged_as_nist_says() -> None:
    path = FOLDER / "expected.json"
    if not path.exists():
        pytest.fail(f"the test vectors are missing: {path} (set KHO_VECTORS)")
    cases = json.loads(path.read_text("utf-8"))["cases"]

    differing = {one["id"]: one["expected"] for one in cases if is_valid(one) != expected(one)}

    print(f"\nNIST paths: {len(cases) - len(differing)} of {len(cases)}")  # noqa: T201
    assert differing == {}


def expected(case: dict[str, Any]) -> bool:
    return bool(case["expected"] == "valid")


def is_valid(case: dict[str, Any]) -> bool:
    stated = case["parameters"]
    policies = Policies(
        frozenset(stated.get("user_initial_policy_set", ["any_policy"])),
        stated.get("initial_explicit_policy", False),
        stated.get("initial_policy_mapping_inhibit", False),
        stated.get("initial_any_policy_inhibit", False),
    )
    anchor = Anchor(read(case["trust_anchor"]), "NIST", frozenset(Scope))
    known = Certificates([anchor], [certificate(one) for one in case["intermediates"]])
    revocations = Revocations(read(one) for one in crls(case))
    revocations.crl_signers = known.relatives
    revocations.crl_issuers = known.crl_issuers
    chains = known.chains(certificate(case["certificate"]), Scope.SIGNATURES)
    return any(
        chain.fault_under(policies) is None and holds(chain, revocations, case) for chain in chains
    )


def holds(chain: Chain, revocations: Revocations, case: dict[str, Any]) -> bool:
    at = datetime.fromisoformat(case["validation_time"])
    slid = slide(chain, revocations, lambda _: at, at=at, policy=OLD_ALGORITHMS)
    limits = [one for one in slid.limits if one.at < at]
    if not case["check_revocation"]:
        limits = [one for one in limits if one.sub_indication != "TRY_LATER"]
    return not limits and all(one.not_before <= at for one in chain.certificates)


def certificate(name: str) -> Cert:
    return read_certificate(read(name))


def crls(case: dict[str, Any]) -> list[str]:
    own = [case["trust_anchor_crl"]] if case["trust_anchor_crl"] else []
    return [*case["crls"], *own]


def read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
