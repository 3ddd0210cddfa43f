"""The validation report that a package keeps: JSON, ETSI XML, and the policy in force.

Names lie beside the material that the report refers to by digest: `policies/‹sha256›.json`
and `reports/‹time›.json` and `.xml`, so that later checks add theirs and take nothing away.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from archive.fixity import sha256_of
from archive.model import Verdict
from archive.reports import etsi
from archive.signatures.algorithms import AlgorithmPolicy
from archive.signatures.grounds import Grounds
from archive.signatures.trust import TrustStore
from archive.signatures.verdicts import to_json

POLICY = "urn:kho:signature-policy:1"


@dataclass(frozen=True, slots=True)
class Checked:
    """One check of the signatures of a dossier."""

    verdicts: tuple[Verdict, ...]
    grounds: tuple[Grounds, ...]
    """One for each verdict."""
    at: datetime
    """Time of validation."""
    software: str
    """Name and version of what checked."""


def documents(checked: Checked, trust: TrustStore) -> dict[str, bytes]:
    """Return what is kept of a check beside its material, by name; nothing without signatures."""
    if not checked.verdicts:
        return {}
    policy, stated_trust = _of_trust(trust)
    digest = sha256_of(policy)
    name = f"reports/{checked.at:%Y%m%dT%H%M%S%fZ}"
    stated = {
        "software": checked.software,
        "policy": {"id": POLICY, "sha256": digest},
        "trust": stated_trust,
        "validated_at": checked.at.isoformat(),
        "signatures": list(map(_signature, checked.verdicts, checked.grounds)),
    }
    return {
        f"policies/{digest}.json": policy,
        f"{name}.json": _json(stated),
        f"{name}.xml": etsi.write(
            etsi.Subject(checked.verdicts, checked.grounds, checked.at, checked.software),
            etsi.Policy(POLICY, digest),
        ),
    }


@lru_cache(maxsize=4)
def _of_trust(trust: TrustStore) -> tuple[bytes, dict[str, Any]]:
    """Return the policy document and what is said of the trust, the same for many dossiers."""
    roots = [one.to_json() for one in trust.anchors]
    return _json(policy_document(trust.policy)), {"sha256": trust.digest, "roots": roots}


def policy_document(algorithms: AlgorithmPolicy) -> dict[str, Any]:
    """Return the signature policy that checks follow, in words and dates."""
    return {
        "id": POLICY,
        "process": "ETSI EN 319 102-1, basic and past validation joined",
        "algorithms": {
            "source": "ETSI TS 119 312; first day on which each is too weak, null for none",
            **algorithms.to_json(),
        },
        "revocation": "CRL or OCSP for every certificate below the root, fresh until its own end",
        "changes_after_signing": "validation data, timestamps and further signatures are allowed; "
        "forms and annotations after the last signature need a person",
        "unknown_root": "indeterminate",
    }


def _signature(verdict: Verdict, grounds: Grounds) -> dict[str, Any]:
    return {"path": verdict.path, **to_json(verdict), "grounds": grounds.to_json()}


def _json(value: Any) -> bytes:
    # Without indentation: only so does Python's encoder in C write it, ten times faster.
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text.encode("utf-8", "replace") + b"\n"
