"""Periods and the calendar: how long, counted from when, and which day is the last protected one.

All functions are pure and total: a date beyond 31 December 9999 is `date.max`, never an error.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Words(NamedTuple):
    """The same words in both languages of the interface."""

    vi: str
    en: str


class PeriodKind(StrEnum):
    """What a period's length is measured in, or why it has none."""

    PERMANENT = "permanent"
    YEARS = "years"
    MONTHS = "months"
    DAYS = "days"
    UNTIL_EVENT = "until-event"
    LIFE_OF_WORK = "life-of-work"
    NOT_KEPT = "not-kept"


class Start(StrEnum):
    """The day from which a period is counted, once its trigger has happened."""

    END_OF_YEAR = "end-of-year"
    """31 December of the trigger's year (Law 33/2024/QH15, art. 15.3, safe reading)."""
    EXACT_DAY = "exact-day"
    """The trigger's own day, for rows that say "from the day"."""


_MEASURED = frozenset({PeriodKind.YEARS, PeriodKind.MONTHS, PeriodKind.DAYS})
_EVENT_BOUND = frozenset({PeriodKind.UNTIL_EVENT, PeriodKind.LIFE_OF_WORK})
_UNITS = {
    PeriodKind.YEARS: ("năm", "year"),
    PeriodKind.MONTHS: ("tháng", "month"),
    PeriodKind.DAYS: ("ngày", "day"),
}
_UNMEASURED_WORDS = {
    PeriodKind.PERMANENT: Words("vĩnh viễn", "permanent"),
    PeriodKind.UNTIL_EVENT: Words("đến khi xảy ra sự kiện", "until the event"),
    PeriodKind.LIFE_OF_WORK: Words(
        "theo tuổi thọ công trình, thiết bị", "the life of the work or equipment"
    ),
    PeriodKind.NOT_KEPT: Words("không lưu", "not kept"),
}
_MEASURED_FORM = re.compile(r"(at least )?([1-9][0-9]{0,4}) (year|month|day)s?")


@dataclass(frozen=True, slots=True)
class Period:
    """How long a row keeps its records."""

    kind: PeriodKind
    length: int = 0
    """In the unit that `kind` names; 0 for kinds without a measure."""
    minimum: bool = False
    """Whether the row says "at least": the agency may keep longer, never shorter."""

    @property
    def permanent(self) -> bool:
        """Whether the records are kept for ever."""
        return self.kind is PeriodKind.PERMANENT

    @property
    def event_bound(self) -> bool:
        """Whether the period ends with its trigger and has no length of its own."""
        return self.kind in _EVENT_BOUND

    def words(self) -> Words:
        """Return the period as a person says it."""
        if self.kind not in _MEASURED:
            return _UNMEASURED_WORDS[self.kind]
        unit_vi, unit_en = _UNITS[self.kind]
        vi, en = f"{self.length} {unit_vi}", f"{self.length} {unit_en}"
        en += "s" if self.length != 1 else ""
        return Words(f"ít nhất {vi}", f"at least {en}") if self.minimum else Words(vi, en)

    def __str__(self) -> str:
        return self.words().en if self.kind in _MEASURED else self.kind.value


def parse_period(text: str) -> Period | None:
    """Read `20 years`, `at least 5 years`, `18 months`, `permanent`, `until-event` and the like.

    Returns:
        None if the text is none of these, or a length is 0 or over five digits.
    """
    measured = _MEASURED_FORM.fullmatch(text)
    if measured:
        kind = PeriodKind(f"{measured[3]}s")
        return Period(kind, int(measured[2]), minimum=measured[1] is not None)
    if text in {kind.value for kind in PeriodKind if kind not in _MEASURED}:
        return Period(PeriodKind(text))
    return None


def counted_from(start: Start, trigger_on: date) -> date:
    """Return the day from which a period runs that `trigger_on` has set off.

    Source: Law 33/2024/QH15, art. 15.3 (from the year in which the work ends).
    """
    if start is Start.END_OF_YEAR:
        return date(trigger_on.year, 12, 31)
    return trigger_on


def last_protected_day(period: Period, start: Start, trigger_on: date) -> date | None:
    """Return the last day on which the records must still be there.

    The day from which the period is counted is not part of it, so a period of
    whole years ends with the same day of its last year, and one that began on
    29 February or on a 31st ends with the last day of a month that is shorter.

    Returns:
        None for a permanent period; `date.max` for one that outlasts the calendar.

    Source: Civil Code 91/2015/QH13, art. 147.2 and 148; for `END_OF_YEAR` the
    safe reading of Law 33/2024/QH15, art. 15.3: 31 December of end year + N.
    """
    begins = counted_from(start, trigger_on)
    match period.kind:
        case PeriodKind.PERMANENT:
            return None
        case PeriodKind.YEARS:
            return add_months(begins, 12 * period.length)
        case PeriodKind.MONTHS:
            return add_months(begins, period.length)
        case PeriodKind.DAYS:
            return add_days(begins, period.length)
        case _:
            return begins


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or that month's last day; at most `date.max`."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if year > date.max.year:
        return date.max
    if day.day <= 28 or month == day.month != 2:
        return date(year, month, day.day)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def add_days(day: date, days: int) -> date:
    """Return the day `days` later; at most `date.max`."""
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def day_after(day: date) -> date | None:
    """Return the next day; None after the last day of the calendar."""
    return None if day == date.max else date.fromordinal(day.toordinal() + 1)
