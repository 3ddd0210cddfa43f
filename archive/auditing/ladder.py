"""A verdict as a ladder: which check held, which stopped it, what was not reached. Pure.

The order is that of ETSI EN 319 102-1: format, integrity, extent, path, revocation,
algorithms, time, and until when it stays so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from archive.model import Indication, Verdict


class State(StrEnum):
    """How a check came out."""

    HELD = "held"
    BROKEN = "broken"
    DOUBTFUL = "doubtful"
    """Nothing could be concluded."""
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One check."""

    key: str
    state: State
    values: Mapping[str, Any]
    """What its words are filled with."""


STEPS: Final = ("format", "content", "value", "extent", "path", "revocation", "algorithm", "time")
STOPPED_BY: Final = {
    "FORMAT_FAILURE": "format", "GENERIC": "format", "SIGNED_DATA_NOT_FOUND": "content",
    "HASH_FAILURE": "content", "SIG_CRYPTO_FAILURE": "value", "SIG_CONSTRAINTS_FAILURE": "extent",
    "NO_SIGNING_CERTIFICATE_FOUND": "path", "NO_CERTIFICATE_CHAIN_FOUND": "path",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "path", "CHAIN_CONSTRAINTS_FAILURE": "path",
    "REVOKED": "revocation", "REVOKED_NO_POE": "revocation", "REVOKED_CA_NO_POE": "revocation",
    "TRY_LATER": "revocation", "CRYPTO_CONSTRAINTS_FAILURE": "algorithm",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": "algorithm", "EXPIRED": "time", "NOT_YET_VALID": "time",
    "OUT_OF_BOUNDS_NO_POE": "time", "NO_POE": "time", "TIMESTAMP_ORDER_FAILURE": "time",
}  # fmt: skip
"""The check that a sub-indication of EN 319 102-1 belongs to."""


def ladder(verdict: Verdict, grounds: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the checks of a verdict in their order.

    Args:
        verdict: of one signature.
        grounds: what it rests on, as the kept report states it; may be empty.
    """
    stop = _stop(verdict)
    values = {
        "format": verdict.format,
        "digest": verdict.digest_algorithm or "–",
        "scheme": verdict.signature_algorithm or "–",
        "issuer": verdict.issuer or "–",
        "certificates": len(grounds.get("chain", ())),
        "crls": len(grounds.get("crls", ())),
        "ocsps": len(grounds.get("ocsps", ())),
        "timestamps": verdict.timestamps,
    }
    return tuple(Step(key, _state(verdict, place, stop), values) for place, key in enumerate(STEPS))


def _stop(verdict: Verdict) -> int:
    """Return the place of the check that stopped it; one beyond the last if none did."""
    if verdict.indication is Indication.PASSED:
        return len(STEPS)
    return STEPS.index(STOPPED_BY.get(verdict.sub_indication or "", "extent"))


def _state(verdict: Verdict, place: int, stop: int) -> State:
    if place < stop:
        return State.HELD
    if place > stop:
        return State.NOT_REACHED
    return State.BROKEN if verdict.indication is Indication.FAILED else State.DOUBTFUL
