"""What differs between two versions of a schedule: `kho rule diff`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from retention_rules.periods import Period, PeriodKind
from retention_rules.rule import AppliesTo, Source
from retention_rules.schedule import Schedule

DAYS_OF_A_MONTH = 365.2425 / 12
"""The mean length, to compare periods in different units."""


class Kind(StrEnum):
    """What happened to a row or mapping."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row or mapping that is not the same in both versions."""

    kind: Kind
    what: str
    """`rule`, `procedure` or `fonds`."""
    code: str
    """The rule's code, or the procedure prefix with its row."""
    changes: tuple[tuple[str, str, str], ...] = ()
    """Name of the part, old value, new value."""
    longer: bool | None = None
    """Whether the period became longer (True) or shorter (False); None if neither is sure."""


def diff(old: Schedule, new: Schedule) -> list[Difference]:
    """Return every difference in rows and mappings, by code."""
    rules = _compared(
        "rule", {rule.code: rule for rule in old.rules}, {rule.code: rule for rule in new.rules}
    )
    before = {f"{m.prefix} → {m.row}": m for m in old.procedures}
    after = {f"{m.prefix} → {m.row}": m for m in new.procedures}
    was, now = (
        {f"{each.code} → {each.row}": each for each in schedule.fonds} for schedule in (old, new)
    )
    return [*rules, *_compared("procedure", before, after), *_compared("fonds", was, now)]


def compare_periods(old: Period, new: Period) -> int | None:
    """Return 1 if `new` is longer, -1 if shorter, 0 if equal, None if that cannot be told."""
    if old == new:
        return 0
    before, after = _days(old), _days(new)
    if before is None or after is None:
        return None
    return (after > before) - (after < before)


def _days(period: Period) -> float | None:
    match period.kind:
        case PeriodKind.PERMANENT:
            return float("inf")
        case PeriodKind.NOT_KEPT:
            return 0
        case PeriodKind.YEARS:
            return period.length * 12 * DAYS_OF_A_MONTH
        case PeriodKind.MONTHS:
            return period.length * DAYS_OF_A_MONTH
        case PeriodKind.DAYS:
            return period.length
        case _:
            return None


def _compared(
    what: str, old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[Difference]:
    for code in sorted(old.keys() | new.keys()):
        if code not in old:
            yield Difference(Kind.ADDED, what, code)
        elif code not in new:
            yield Difference(Kind.REMOVED, what, code)
        elif old[code] != new[code]:
            yield _changed(what, code, old[code], new[code])


def _changed(what: str, code: str, old: object, new: object) -> Difference:
    changes = tuple(_parts(old, new))
    periods = getattr(old, "period", None), getattr(new, "period", None)
    longer = None
    if isinstance(periods[0], Period) and isinstance(periods[1], Period):
        longer = {1: True, -1: False}.get(compare_periods(periods[0], periods[1]) or 0)
    return Difference(Kind.CHANGED, what, code, changes, longer)


def _parts(old: object, new: object) -> Iterator[tuple[str, str, str]]:
    names = [part.name for part in fields(old)]  # type: ignore[arg-type]
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(before, Source | AppliesTo):
            yield from ((f"{name}.{part}", was, now) for part, was, now in _parts(before, after))
        else:
            yield name, str(before), str(after)
