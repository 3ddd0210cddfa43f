"""What falls due, as bars in the terminal and as an SVG drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import click

from cli import words

if TYPE_CHECKING:
    from archive.disposal.outlook import Month

WIDTH = 48
"""Columns of the longest bar."""
COLORS = {"destroy": "red", "transfer": "blue", "review": "yellow", "keep": "green"}
EIGHTHS = " ▏▎▍▌▋▊▉"


def bars(found: Sequence[Month]) -> Iterator[str]:
    """Yield a line for each month and action, its bar as long as its share of the most."""
    most = max((month.dossiers for month in found), default=1)
    for month in found:
        eighths = max(1, round(month.dossiers / most * WIDTH * 8))
        bar = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
        color = COLORS.get(month.action, COLORS["keep"])
        label = f"{name_of(month.month):>9} {words.say(f'action.{month.action}'):9}"
        yield f"{label} {click.style(bar, fg=color)} {month.dossiers}"


def name_of(month: str) -> str:
    """Return a month as people write it here: `01/2029`; a word for what is overdue."""
    if month == "overdue":
        return words.say("forecast.overdue")
    year, number = month.split("-")
    return f"{number}/{year}"


def svg(found: Sequence[Month], as_of: date, until: date) -> str:
    """Return the same as a drawing with a title, an axis and a legend; no scripts, no links."""
    from archive.reports.charts import Column, Series, columns

    months = list(dict.fromkeys(month.month for month in found))
    actions = list(dict.fromkeys(month.action for month in found))
    drawn = [
        Column(name_of(name), {each.action: each.dossiers for each in found if each.month == name})
        for name in months
    ]
    series = [Series(action, words.say(f"action.{action}")) for action in actions]
    title = words.say("forecast.title", start=f"{as_of:%d/%m/%Y}", end=f"{until:%d/%m/%Y}")
    return columns(title, drawn, series, paper=True)
