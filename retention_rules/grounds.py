"""What a decision rests on, kept beside it so that its reasons can be written later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from retention_rules.claims import Claim
from retention_rules.facts import Facts
from retention_rules.schedule import Schedule


class Standing(StrEnum):
    """Where a dossier stands in its retention, holds aside."""

    OPEN = "open"
    REOPENED = "reopened"
    """By a complaint or a court case."""
    NOT_YET_CLOSED = "not-yet-closed"
    """The closing date lies after the day of the decision."""
    CONTRADICTORY = "contradictory"
    """Closed before it was received."""
    NO_ROW = "no-row"
    PERMANENT = "permanent"
    WAITING = "waiting"
    """The event that the period depends on has not happened, or its day is not known."""
    PROTECTED = "protected"
    FIXED = "fixed"
    """Protected by a longer period that was fixed before."""
    LINKED = "linked"
    """Protected by a linked document with a longer period."""
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, in words that a person can sign."""

    code: str
    """Never translated: `KHO-RET-HOLD`."""
    text_vi: str
    text_en: str
    basis: str = ""
    """The legal basis; "" if the reason is a fact."""

    def to_json(self) -> dict[str, str]:
        """Return the reason as `kho retention explain --json` prints it."""
        return {"code": self.code, "vi": self.text_vi, "en": self.text_en, "basis": self.basis}


@dataclass(frozen=True, slots=True)
class Considered:
    """One row that was looked at."""

    rule: str
    """Its code."""
    applies: bool
    why_vi: str
    why_en: str

    @property
    def why(self) -> str:
        """Why it applies or not, in English."""
        return self.why_en

    def to_json(self) -> dict[str, object]:
        """Return the row as `kho retention explain --json` prints it."""
        return {
            "rule": self.rule,
            "applies": self.applies,
            "vi": self.why_vi,
            "en": self.why_en,
        }


class Grounds(NamedTuple):
    """The input of a decision and what was worked out on the way."""

    facts: Facts
    schedule: Schedule
    as_of: date
    holds: tuple[str, ...]
    mode: str
    standing: Standing
    claims: list[Claim]
    winner: Claim | None
    until: date | None
    due_on: date | None
