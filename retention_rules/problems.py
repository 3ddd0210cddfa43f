"""Problems of a schedule: each named, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Gravity(StrEnum):
    """How grave a problem is; a schedule with an `ERROR` cannot be loaded or adopted."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a schedule, or worth knowing about it."""

    rule: str
    """The check's identifier: `KHO-RULE-GAP`."""
    row: str
    """The rule's or mapping's code; "" for the whole schedule."""
    message: str
    """What is the case and what was expected."""
    gravity: Gravity = Gravity.ERROR
    where: str = ""
    """File and line, `vn-2026-1.toml:120`; "" if the schedule was not read from a file."""

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.where, self.row) if part)
        return (
            f"{place}: {self.message} [{self.rule}]" if place else f"{self.message} [{self.rule}]"
        )

    def to_json(self) -> dict[str, str]:
        """Return the problem as `kho rule lint --json` prints it."""
        return {
            "rule": self.rule,
            "severity": self.gravity.value,
            "row": self.row,
            "path": self.where,
            "message": self.message,
        }


class ScheduleRejected(ValueError):
    """A schedule cannot be read; `problems` has every reason."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{name} cannot be used:\n{listed}")
