"""The figures of an audit: counts by outcome, reason, issuer, algorithm, year. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NONE = "–"
WORST_LISTED = 500
"""Signatures that did not pass that a PDF lists; the CSV has all."""


@dataclass(slots=True)
class Figures:
    """What an audit found, counted while it is read, in bounded memory."""

    dossiers: int = 0
    reused: int = 0
    """Dossiers that were proven unchanged and not read again."""
    signatures: int = 0
    test: int = 0
    """Signatures that end in a test root."""
    by_outcome: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    by_issuer: dict[str, Counter[str]] = field(default_factory=dict)
    """Outcomes by issuer."""
    by_algorithm: Counter[str] = field(default_factory=Counter)
    by_format: Counter[str] = field(default_factory=Counter)
    by_year: dict[str, Counter[str]] = field(default_factory=dict)
    """Outcomes by the dossier's year of receipt."""
    by_sunset: Counter[str] = field(default_factory=Counter)
    """Signatures that passed, by the year in which their proof ends."""
    problems: list[dict[str, Any]] = field(default_factory=list)
    """What could not be checked at all."""
    listed: list[dict[str, Any]] = field(default_factory=list)
    """The first signatures that did not pass."""

    @classmethod
    def of(cls, outcomes: Iterable[Mapping[str, Any]]) -> Figures:
        """Count outcomes as `archive.auditing.audit.outcomes` yields them."""
        figures = cls()
        for outcome in outcomes:
            figures.add(outcome)
        return figures

    def add(self, outcome: Mapping[str, Any]) -> None:
        """Count one dossier."""
        self.dossiers += 1
        if outcome["state"] != "done":
            about = {"dossier_id": outcome["dossier_id"], "state": outcome["state"]}
            self.problems.append({**about, "detail": outcome.get("detail", "")})
            return
        self.reused += bool(outcome["reused"])
        for verdict in outcome["verdicts"]:
            self._add_verdict(outcome, verdict)

    def _add_verdict(self, outcome: Mapping[str, Any], verdict: Mapping[str, Any]) -> None:
        found = verdict["indication"]
        self.signatures += 1
        self.test += bool(verdict["test"])
        self.by_outcome[found] += 1
        issuer, year = verdict["issuer"] or NONE, str(outcome["year"])
        self.by_issuer.setdefault(issuer, Counter())[found] += 1
        self.by_year.setdefault(year, Counter())[found] += 1
        self.by_algorithm[algorithm(verdict)] += 1
        self.by_format[verdict["format"]] += 1
        if found == "passed":
            end = verdict["provable_until"]
            self.by_sunset[end[:4] if end else NONE] += 1
            return
        self.by_reason[verdict["sub_indication"] or NONE] += 1
        if len(self.listed) < WORST_LISTED:
            self.listed.append({"code": outcome["code"], **row(outcome, verdict)})

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values, the greatest counts first."""
        return {
            "dossiers": self.dossiers,
            "not_read_again": self.reused,
            "signatures": self.signatures,
            "test": self.test,
            "by_outcome": dict(self.by_outcome.most_common()),
            "by_reason": dict(self.by_reason.most_common()),
            "by_issuer": {k: dict(v) for k, v in sorted(self.by_issuer.items())},
            "by_algorithm": dict(self.by_algorithm.most_common()),
            "by_format": dict(self.by_format.most_common()),
            "by_year": {k: dict(v) for k, v in sorted(self.by_year.items())},
            "by_end_of_proof": dict(sorted(self.by_sunset.items())),
            "problems": self.problems,
            "not_passed": self.listed,
        }


COLUMNS = (
    "dossier_id",
    "code",
    "year",
    "fonds",
    "path",
    "field",
    "kind",
    "format",
    "indication",
    "sub_indication",
    "signed_by",
    "issuer",
    "signed_at_claimed",
    "proven_at",
    "digest_algorithm",
    "signature_algorithm",
    "provable_until",
    "fresh_until",
    "limited_by",
    "test",
    "reasons",
    "checked_at",
    "reused",
)
"""What a row of the CSV has, in this order."""


def row(outcome: Mapping[str, Any], verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return one signature as a row of the CSV."""
    both = {**outcome, **verdict, "reasons": "; ".join(verdict["reasons"])}
    return {name: both[name] for name in COLUMNS}


def algorithm(verdict: Mapping[str, Any]) -> str:
    """Return scheme and digest of a signature, for people."""
    parts = (verdict["signature_algorithm"], verdict["digest_algorithm"])
    return " ".join(str(part).upper() for part in parts if part) or NONE
