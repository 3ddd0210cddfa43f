"""What another schedule would change on given holdings, before anybody applies it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from retention_rules.claims import Mode
from retention_rules.decide import Decision, decide
from retention_rules.facts import Facts
from retention_rules.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Item:
    """A dossier of the holdings, as far as retention is concerned."""

    ref: str
    facts: Facts
    size: int = 0
    """Bytes."""
    holds: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A dossier that the other schedule would treat differently."""

    item: Item
    before: Decision
    after: Decision

    @property
    def shift(self) -> str:
        """`earlier`, `later` or `same`, by the day it is due; never due is latest."""
        before, after = self.before.due_on, self.after.due_on
        if before == after:
            return "same"
        if before is None:
            return "earlier"
        return "later" if after is None or after > before else "earlier"

    @property
    def actions(self) -> str:
        """Final action before and after, `review → destroy`."""
        return f"{self.before.final_action.value} → {self.after.final_action.value}"


@dataclass(slots=True)
class Simulation:
    """Totals over the holdings, and the first of the changes."""

    dossiers: int = 0
    changed: int = 0
    earlier: int = 0
    later: int = 0
    action_changes: Counter[str] = field(default_factory=Counter)
    """How many dossiers change their final action, by `before → after`."""
    newly_due: int = 0
    no_longer_due: int = 0
    newly_due_bytes: int = 0
    no_longer_due_bytes: int = 0
    examples: list[Change] = field(default_factory=list)

    def add(self, change: Change, keep: int) -> None:
        """Count a change; the first `keep` stay as examples."""
        self.changed += 1
        self.earlier += change.shift == "earlier"
        self.later += change.shift == "later"
        if change.before.final_action is not change.after.final_action:
            self.action_changes[change.actions] += 1
        if change.after.due and not change.before.due:
            self.newly_due += 1
            self.newly_due_bytes += change.item.size
        if change.before.due and not change.after.due:
            self.no_longer_due += 1
            self.no_longer_due_bytes += change.item.size
        if len(self.examples) < keep:
            self.examples.append(change)


def changes(
    items: Iterable[Item], old: Schedule, new: Schedule, *, as_of: date, mode: str = Mode.LONGEST
) -> Iterator[tuple[Item, Change | None]]:
    """Yield each dossier, with its change if there is one; nothing is kept in memory."""
    for item in items:
        before = decide(item.facts, old, as_of=as_of, holds=item.holds, mode=mode)
        after = decide(item.facts, new, as_of=as_of, holds=item.holds, mode=mode)
        yield item, None if _same(before, after) else Change(item, before, after)


def simulate(
    items: Iterable[Item],
    old: Schedule,
    new: Schedule,
    *,
    as_of: date,
    mode: str = Mode.LONGEST,
    keep: int = 100,
) -> Simulation:
    """Return what a new schedule would change, with the first `keep` changes as examples."""
    simulation = Simulation()
    for _, change in changes(items, old, new, as_of=as_of, mode=mode):
        simulation.dossiers += 1
        if change is not None:
            simulation.add(change, keep)
    return simulation


def _same(before: Decision, after: Decision) -> bool:
    return (
        before.due_on == after.due_on
        and before.action is after.action
        and before.final_action is after.final_action
    )
