"""Findings: what a check says of a submission or package, all at once and each named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How grave a finding is; only `ERROR` refuses a submission."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    rule: str
    """The rule's identifier in its own standard: `CSIP1`, `BAGIT-2.1.3`, `KHO-CODE-DATE`."""
    severity: Severity
    path: str
    """The file, with `#` and the place in it where there is one; "" for the whole."""
    message: str
    """What is the case, what was expected, what to do."""

    def to_json(self) -> dict[str, str]:
        """Return the finding as `kho sip validate --json` prints it."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "path": self.path,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one validation, in the order in which they were made."""

    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Report:
        """Collect findings; exact repeats are dropped."""
        return cls(tuple(dict.fromkeys(findings)))

    @property
    def accepted(self) -> bool:
        """Whether no finding is an error."""
        return not any(f.severity is Severity.ERROR for f in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def to_json(self) -> dict[str, object]:
        """Return `{"accepted": bool, "findings": [...]}`."""
        return {"accepted": self.accepted, "findings": [f.to_json() for f in self.findings]}
