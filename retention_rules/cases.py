"""Run the worked examples of a schedule file: `kho rule test`."""

from __future__ import annotations

from dataclasses import dataclass

from retention_rules.decide import Decision, decide
from retention_rules.facts import Case
from retention_rules.schedule import Schedule


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case."""

    case: Case
    decision: Decision
    differences: tuple[str, ...]
    """What was expected and what came instead; empty if the case passes."""

    @property
    def passed(self) -> bool:
        """Whether all that the case says came true."""
        return not self.differences


def run(schedule: Schedule) -> list[CaseResult]:
    """Return the result of every case of a schedule, in the file's order."""
    return [_run(case, schedule) for case in schedule.cases]


def _run(case: Case, schedule: Schedule) -> CaseResult:
    decision = decide(case.facts, schedule, as_of=case.as_of, holds=case.holds)
    expected = case.expected
    compared = [
        ("action", expected.action, decision.action, expected.action is not None),
        ("due_on", expected.due_on, decision.due_on, expected.due_on is not None),
        ("due_on", None, decision.due_on, expected.never_due),
        ("rule", expected.rule, decision.rule_code, expected.rule is not None),
    ]
    differences = tuple(
        f"{name}: expected {wanted}, found {found}"
        for name, wanted, found, counts in compared
        if counts and wanted != found
    )
    return CaseResult(case, decision, differences)
