"""Periods: the calendar of retention."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_rules.periods import (
    Period,
    PeriodKind,
    Start,
    add_days,
    add_months,
    day_after,
    last_protected_day,
    parse_period,
)
from tests.retention_strategies import days, periods

FIVE_YEARS = Period(PeriodKind.YEARS, 5)


@pytest.mark.parametrize(
    ("period", "start", "trigger_on", "last"),
    [
        ("5 years", "end-of-year", date(2023, 1, 1), date(2028, 12, 31)),
        ("5 years", "end-of-year", date(2023, 12, 31), date(2028, 12, 31)),
        ("5 years", "exact-day", date(2023, 3, 1), date(2028, 3, 1)),
        ("1 year", "exact-day", date(2024, 2, 29), date(2025, 2, 28)),
        ("4 years", "exact-day", date(2024, 2, 29), date(2028, 2, 29)),
        ("1 month", "exact-day", date(2026, 1, 31), date(2026, 2, 28)),
        ("1 month", "exact-day", date(2026, 3, 31), date(2026, 4, 30)),
        ("18 months", "end-of-year", date(2024, 5, 5), date(2026, 6, 30)),
        ("30 days", "exact-day", date(2024, 2, 1), date(2024, 3, 2)),
        ("70 years", "end-of-year", date(1951, 6, 1), date(2021, 12, 31)),
        ("until-event", "end-of-year", date(2020, 6, 1), date(2020, 12, 31)),
        ("life-of-work", "exact-day", date(2020, 6, 1), date(2020, 6, 1)),
        ("not-kept", "exact-day", date(2020, 6, 1), date(2020, 6, 1)),
    ],
    ids=str,
)
def test_the_last_protected_day_is_counted_as_the_law_counts(period, start, trigger_on, last):
    read = parse_period(period)

    assert read is not None
    assert last_protected_day(read, Start(start), trigger_on) == last


def test_a_permanent_period_has_no_last_day():
    assert last_protected_day(Period(PeriodKind.PERMANENT), Start.EXACT_DAY, date.min) is None


@pytest.mark.parametrize("unit", ["years", "months", "days"])
def test_a_period_that_outlasts_the_calendar_ends_with_it(unit):
    period = Period(PeriodKind(unit), 99_999)

    assert last_protected_day(period, Start.END_OF_YEAR, date(9990, 1, 1)) == date.max
    assert day_after(date.max) is None


def test_the_day_after_is_the_next_day():
    assert day_after(date(2028, 12, 31)) == date(2029, 1, 1)


@pytest.mark.parametrize(
    "text",
    ["", "20", "20 năm", "0 years", "-1 years", "100000 years", "20  years", "at least permanent"],
    ids=repr,
)
def test_what_is_not_a_period_is_not_guessed(text):
    assert parse_period(text) is None


@given(periods)
def test_a_period_is_read_back_as_it_was_written(period):
    assert parse_period(str(period)) in (period, Period(period.kind, period.length))


def test_periods_are_said_in_both_languages():
    assert Period(PeriodKind.YEARS, 1).words() == ("1 năm", "1 year")
    assert Period(PeriodKind.MONTHS, 18).words() == ("18 tháng", "18 months")
    assert Period(PeriodKind.YEARS, 5, minimum=True).words() == (
        "ít nhất 5 năm",
        "at least 5 years",
    )
    assert Period(PeriodKind.PERMANENT).words() == ("vĩnh viễn", "permanent")


def test_only_periods_without_a_length_of_their_own_are_bound_to_an_event():
    assert Period(PeriodKind.LIFE_OF_WORK).event_bound
    assert not FIVE_YEARS.event_bound


@given(periods, st.sampled_from(Start), days)
def test_a_period_never_ends_before_its_trigger(period, start, trigger_on):
    last = last_protected_day(period, start, trigger_on)

    assert last is None or last >= trigger_on


@given(st.sampled_from(Start), days, st.integers(1, 9999), st.integers(0, 9999))
def test_a_longer_period_never_ends_earlier(start, trigger_on, length, more):
    for kind in (PeriodKind.YEARS, PeriodKind.MONTHS, PeriodKind.DAYS):
        shorter = last_protected_day(Period(kind, length), start, trigger_on)
        longer = last_protected_day(Period(kind, length + more), start, trigger_on)

        assert shorter is not None
        assert longer is not None
        assert shorter <= longer


@given(days, st.integers(0, 12_000))
def test_months_keep_the_day_where_the_month_has_it(day, months):
    later = add_months(day, months)

    assert later == date.max or later.day == day.day or later.day < day.day
    assert later == date.max or (later.year - day.year) * 12 + later.month - day.month == months


@given(days, st.integers(0, 99_999))
def test_days_are_days(day, count):
    later = add_days(day, count)

    assert later == date.max or (later - day).days == count
