"""Disposal: what is due, the holds that stand against it, and the one door to destruction."""

from archive.disposal.due import DueDossier, due
from archive.disposal.holding import (
    Disagreement,
    HoldRequest,
    disagreements,
    lift_hold,
    place_hold,
    reconcile,
    review_hold,
)

__all__ = [
    "Disagreement",
    "DueDossier",
    "HoldRequest",
    "disagreements",
    "due",
    "lift_hold",
    "place_hold",
    "reconcile",
    "review_hold",
]
