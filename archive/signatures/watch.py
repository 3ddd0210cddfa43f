"""The sunset watch in the child process: a file's verdicts at days to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from archive.signatures.asked import Asked
from archive.signatures.prepared import Prepared, prepare
from archive.signatures.sunset import Verdicts, of_verdicts
from archive.signatures.trust import TrustStore

Probe = Callable[[Asked, Prepared], Verdicts]
"""Judges the signatures of a file, at the time in `Asked` and under this trust."""


def with_sunsets(
    answer: dict[str, Any], asked: Asked, store: TrustStore, probe: Probe
) -> dict[str, Any]:
    """Add to each verdict that passed until when it stays so, and what ends it.

    A file that breaks its reader on a later day simply gets no sunset.
    """
    passed = [one["indication"] == "passed" for one in answer["verdicts"]]
    if not any(passed):
        return answer

    def again(moment: datetime, prepared: Prepared) -> Verdicts:
        return probe(replace(asked, at=moment), prepared)

    try:
        found = of_verdicts(answer["material"], prepare(store), again, passed, asked.at)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  the boundary: the verdicts themselves stand
        return answer
    for verdict, sunset in zip(answer["verdicts"], found, strict=True):
        if sunset is not None:
            verdict |= sunset.to_json()
    return answer
