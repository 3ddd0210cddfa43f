"""What falls due, as bars in the terminal and as an SVG drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import click

from cli import words

if TYPE_CHECKING:
    from archive.disposal.outlook import Month

WIDTH = 48
"""Columns of the longest bar."""
COLORS = {
    "destroy": ("red", "#b3362b"),
    "transfer": ("blue", "#2b5fb3"),
    "review": ("yellow", "#b38f2b"),
    "keep": ("green", "#3b8a4a"),
}
EIGHTHS = " ▏▎▍▌▋▊▉"


def bars(found: Sequence[Month]) -> Iterator[str]:
    """Yield a line for each month and action, its bar as long as its share of the most."""
    most = max((month.dossiers for month in found), default=1)
    for month in found:
        eighths = max(1, round(month.dossiers / most * WIDTH * 8))
        bar = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
        color = COLORS.get(month.action, COLORS["keep"])[0]
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
    months = list(dict.fromkeys(month.month for month in found))
    actions = list(dict.fromkeys(month.action for month in found))
    counts = {(month.month, month.action): month.dossiers for month in found}
    most = max((sum(counts.get((m, a), 0) for a in actions) for m in months), default=1)
    step, height, left, top = 64, 240, 60, 48
    title = _title(as_of, until)
    width = left + max(step * len(months), 170 * len(actions), 9 * len(title), 360) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top + height + 84}" '
        f'viewBox="0 0 {width} {top + height + 84}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{left}" y="24" font-size="15">{escape(title)}</text>',
    ]
    for share in (0.0, 0.5, 1.0):
        y = top + height * (1 - share)
        parts.append(
            f'<line x1="{left}" x2="{width - 24}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{round(most * share)}</text>'
        )
    for place, month in enumerate(months):
        x, y = left + place * step + 10, float(top + height)
        for action in actions:
            count = counts.get((month, action), 0)
            if not count:
                continue
            tall = height * count / most
            y -= tall
            label = f"{name_of(month)} {words.say(f'action.{action}')}: {count}"
            parts.append(
                f'<rect x="{x}" y="{y:.1f}" width="{step - 20}" height="{tall:.1f}" '
                f'fill="{_fill(action)}"><title>{escape(label)}</title></rect>'
            )
        parts.append(
            f'<text x="{x + (step - 20) / 2}" y="{top + height + 18}" text-anchor="middle">'
            f"{escape(name_of(month))}</text>"
        )
    for place, action in enumerate(actions):
        x, y = left + place * 170, top + height + 48
        parts.append(
            f'<rect x="{x}" y="{y}" width="12" height="12" fill="{_fill(action)}"/>'
            f'<text x="{x + 18}" y="{y + 11}">{escape(words.say(f"action.{action}"))}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _title(as_of: date, until: date) -> str:
    return words.say("forecast.title", start=f"{as_of:%d/%m/%Y}", end=f"{until:%d/%m/%Y}")


def _fill(action: str) -> str:
    return COLORS.get(action, COLORS["keep"])[1]
