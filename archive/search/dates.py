"""Dates and years as people write them in a query, as ranges of days."""

from __future__ import annotations

import calendar
import re
from datetime import date

_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(?:(\d{1,2})[/.-](\d{4})|(\d{4})[/.-](\d{1,2}))")
_DAY = re.compile(r"(?:(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})|(\d{4})[/.-](\d{1,2})[/.-](\d{1,2}))")
_QUARTER = re.compile(r"(?:qu[yý]\s*|q)([1-4])[/.-](\d{4})", re.IGNORECASE)
_COMPARED = re.compile(r"(>=|<=|=>|=<|>|<)\s*(.+)")
_BETWEEN = re.compile(r"\s*(?:\.\.\.?|…|–|—|\bđến\b|\btới\b|\bden\b|\bto\b)\s*", re.IGNORECASE)
_HYPHEN = re.compile(r"([\d/]+/\d{4})\s*-\s*([\d/]+/\d{4})")

Span = tuple[date | None, date | None]
"""First and last day, both included; None is no bound."""


class NoDate(ValueError):
    """A text is no date; the message says what is the matter with it."""


def parse_span(text: str) -> Span:
    """Read a day, month, quarter, year, or a range or comparison of those.

    Raises:
        NoDate: it is none of these, there is no such day, or the range is the wrong way round.
    """
    text = text.strip()
    if match := _COMPARED.fullmatch(text):
        return _compared(match[1], _one(match[2]))
    if match := _HYPHEN.fullmatch(text):
        return _ordered(_one(match[1])[0], _one(match[2])[1])
    parts = _BETWEEN.split(text)
    if len(parts) == 1:
        return _one(text)
    if len(parts) != 2 or not any(parts):
        raise NoDate("a range has two ends: 01/2022..06/2022")
    low, high = (_one(part) if part else None for part in parts)
    return _ordered(low[0] if low else None, high[1] if high else None)


def _compared(sign: str, span: tuple[date, date]) -> Span:
    low, high = span
    match "".join(sorted(sign)):
        case ">":
            return (_after(high), None)
        case "=>":
            return (low, None)
        case "<":
            return (None, _before(low))
        case _:
            return (None, high)


def _after(day: date) -> date:
    return day if day == date.max else date.fromordinal(day.toordinal() + 1)


def _before(day: date) -> date:
    return day if day == date.min else date.fromordinal(day.toordinal() - 1)


def _ordered(low: date | None, high: date | None) -> Span:
    if low and high and low > high:
        raise NoDate("the range ends before it begins")
    return low, high


def _one(text: str) -> tuple[date, date]:
    text = text.strip()
    if match := _YEAR.fullmatch(text):
        return _month(int(match[1]), 1)[0], _month(int(match[1]), 12)[1]
    if match := _QUARTER.fullmatch(text):
        first = 3 * int(match[1]) - 2
        return _month(int(match[2]), first)[0], _month(int(match[2]), first + 2)[1]
    if match := _MONTH.fullmatch(text):
        return _month(int(match[2] or match[3]), int(match[1] or match[4]))
    if match := _DAY.fullmatch(text):
        parts = (match[3], match[2], match[1]) if match[1] else (match[4], match[5], match[6])
        day = _day(*(int(part) for part in parts))
        return day, day
    raise NoDate("is no date: write 15/01/2022, 01/2022, 2022, or a range 01/2022..06/2022")


def _month(year: int, month: int) -> tuple[date, date]:
    first = _day(year, month, 1)
    return first, first.replace(day=calendar.monthrange(year, month)[1])


def _day(year: int, month: int, day: int) -> date:
    if not 1 <= month <= 12:
        raise NoDate(f"there is no month {month}")
    try:
        return date(year, month, day)
    except ValueError:
        raise NoDate(f"there is no day {day:02}/{month:02}/{year:04}") from None
