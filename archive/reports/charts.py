"""Charts as SVG text: pictures that a person reads in a second; no scripts, no styles.

Colours are presentation attributes, so that a page's style sheet may choose others by class.
A table with the same figures belongs beside each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

COLOURS = {
    "destroy": "#b3362b",
    "transfer": "#2b5fb3",
    "review": "#b38f2b",
    "keep": "#3b8a4a",
    "passed": "#2f7d4f",
    "indeterminate": "#b38f2b",
    "failed": "#b3362b",
}
OTHER = "#3b6f8a"


@dataclass(frozen=True, slots=True)
class Series:
    """What is stacked in every column."""

    key: str
    """Of its colour in `COLOURS`, and of its class."""
    label: str


@dataclass(frozen=True, slots=True)
class Column:
    """One place on the axis."""

    label: str
    counts: Mapping[str, int]
    """By the key of the series."""
    address: str = ""
    """Where the column leads; nowhere if empty."""


@dataclass(frozen=True, slots=True)
class Point:
    """A date on a ruler."""

    code: str
    label: str
    """With the date, as people write it."""
    position: float
    """From 0 to 1."""


def fill(key: str) -> str:
    """Return the colour of a series."""
    return COLOURS.get(key, OTHER)


def columns(
    title: str, found: Sequence[Column], series: Sequence[Series], *, paper: bool = False
) -> str:
    """Return stacked columns with a title, an axis and a legend.

    Args:
        title: what is counted.
        found: in order.
        series: those of which something is there.
        paper: whether the drawing stands alone, on white.
    """
    most = max((sum(each.counts.values()) for each in found), default=0) or 1
    step, height, left, top = (64, 240, 60, 48) if paper else (44, 180, 48, 16)
    width = left + max(step * len(found), 360) + 24
    whole = top + height + (84 if paper else 64)
    # A picture is one thing to a reader of screens; what has links inside is a group of them.
    role = "group" if any(each.address for each in found) else "img"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="{role}" width="{width}" '
        f'height="{whole}" viewBox="0 0 {width} {whole}" font-family="sans-serif" font-size="12" '
        f'fill="currentColor" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    if paper:
        parts.append('<rect width="100%" height="100%" fill="white"/>')
        parts.append(f'<text x="{left}" y="24" font-size="15">{escape(title)}</text>')
    for share in sorted({0, round(most / 2), most}):
        y = top + height * (1 - share / most)
        parts.append(
            f'<line x1="{left}" x2="{width - 24}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8886"/>'
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{share}</text>'
        )
    for place, each in enumerate(found):
        x, base = left + place * step + step * 0.15, top + height
        drawn = _stack(each, series, x, step * 0.7, base, height / most)
        drawn += (
            f'<text x="{x + step * 0.35:.1f}" y="{base + 18}" text-anchor="middle" '
            f'font-size="{12 if paper else 10}">{escape(each.label)}</text>'
        )
        if each.address and any(each.counts.values()):
            # The whole height can be hit, however low the column is.
            hit = (
                f'<rect x="{left + place * step}" y="{top}" width="{step}" height="{height + 24}" '
                'fill="transparent"/>'
            )
            drawn = f'<a href="{escape(each.address)}">{hit}{drawn}</a>'
        parts.append(drawn)
    return "\n".join([*parts, *_legend(series, left, whole - 28), "</svg>"]) + "\n"


def _stack(
    column: Column, series: Sequence[Series], x: float, width: float, base: float, unit: float
) -> str:
    drawn, y = "", base
    for one in series:
        count = column.counts.get(one.key, 0)
        if not count:
            continue
        tall = max(count * unit, 1)
        y -= tall
        label = escape(f"{column.label} {one.label}: {count}")
        drawn += (
            f'<rect class="part-{escape(one.key)}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{tall:.1f}" fill="{fill(one.key)}"><title>{label}</title></rect>'
        )
    return drawn


def _legend(series: Sequence[Series], left: int, y: int) -> list[str]:
    found, x = [], left
    for one in series:
        found.append(
            f'<rect class="part-{escape(one.key)}" x="{x}" y="{y}" width="12" height="12" '
            f'fill="{fill(one.key)}"/><text x="{x + 18}" y="{y + 11}">{escape(one.label)}</text>'
        )
        x += 36 + 8 * len(one.label)
    return found


def bar(counts: Mapping[str, int], most: int) -> str:
    """Return one bar of stacked parts, as wide as its share of `most`; for a table's cell."""
    parts, x = [], 0.0
    for key, count in counts.items():
        wide = 1000 * count / max(most, 1)
        parts.append(
            f'<rect class="part-{escape(key)}" x="{x:.1f}" y="0" width="{max(wide, 3):.1f}" '
            f'height="16" fill="{fill(key)}"/>'
        )
        x += wide
    return (
        '<svg class="bar" viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def ruler(points: Sequence[Point], title: str) -> str:
    """Return dates on a line, numbered in their order; a list with the same numbers explains."""
    width, left, y = 720, 24, 34
    parts = [
        f'<svg class="chart ruler" role="img" viewBox="0 0 {width} 64" aria-label="{escape(title)}" '
        f'fill="currentColor" font-family="sans-serif" font-size="13"><title>{escape(title)}</title>',
        f'<line x1="{left}" x2="{width - left}" y1="{y}" y2="{y}" stroke="currentColor"/>',
    ]
    least = 28.0
    at = -least
    room = width - 2 * left
    for number, each in enumerate(points, 1):
        rest = (len(points) - number) * least
        at = min(max(at + least, room * each.position), room - rest)
        x = left + at
        true = left + room * each.position
        parts.append(
            f'<g class="point-{escape(each.code)}"><title>{escape(each.label)}</title>'
            f'<line x1="{true:.1f}" x2="{true:.1f}" y1="{y - 8}" y2="{y + 8}" stroke="currentColor"/>'
            f'<line x1="{true:.1f}" x2="{x:.1f}" y1="{y - 8}" y2="{y - 12}" stroke="currentColor"/>'
            f'<circle cx="{x:.1f}" cy="{y - 20}" r="11"/>'
            f'<text x="{x:.1f}" y="{y - 15.5}" text-anchor="middle" class="inverse">{number}</text></g>'
        )
    return "".join([*parts, "</svg>"])
