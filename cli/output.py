"""Output: stdout carries only the result; everything else goes to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import click

from archive.errors import ArchiveError, ExitCode
from cli import words
from cli.command import Globals


def as_json(value: Any) -> str:
    """Return one JSON document; dates are ISO 8601, enums their values."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def emit(options: Globals, result: Any, human: Callable[[], Iterable[str]]) -> None:
    """Write the result: JSON when asked for, else the lines that `human` makes."""
    text = as_json(result) if options.json else "\n".join(human())
    if options.output is not None:
        options.output.write_text(text + "\n", encoding="utf-8")
    else:
        click.echo(text)


def note(options: Globals, key: str, /, **values: object) -> None:
    """Tell the person something on stderr, unless --quiet."""
    if options.verbosity >= 0:
        click.echo(words.say(key, **values), err=True)


def problem(error: ArchiveError, *, as_json: bool) -> None:
    """Tell an error: one JSON object on stdout when asked for, words on stderr."""
    if as_json:
        click.echo(json.dumps(error.to_problem(), ensure_ascii=False, indent=2))
        return
    title = words.say(f"error.{error.code}")
    click.secho(f"kho: {title} [{error.code}]", fg="red", bold=True, err=True)
    click.echo(f"  {error.message}", err=True)
    for finding in error.errors()[:50]:
        click.echo(
            f"  {finding['severity']:7} {finding['rule']:18} {finding['path']}: {finding['message']}",
            err=True,
        )
    if error.hint:
        click.echo(f"  → {error.hint}", err=True)


def interrupted(*, as_json: bool) -> None:
    """Tell that the person stopped the command and what a repeat does."""
    if as_json:
        click.echo(json.dumps({"code": "KHO-INTERRUPTED", "exit_code": int(ExitCode.INTERRUPTED)}))
    else:
        click.echo(words.say("global.interrupted"), err=True)


def table(rows: Iterable[tuple[str, ...]], *, gap: str = "  ") -> list[str]:
    """Align rows into columns by what a terminal shows (combining marks take no room)."""
    kept = [tuple(row) for row in rows]
    if not kept:
        return []
    widths = [max(_width(row[i]) for row in kept) for i in range(len(kept[0]))]
    return [
        gap.join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in kept
    ]


def _width(text: str) -> int:
    import unicodedata

    plain = click.unstyle(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in plain
    )


def interactive(options: Globals) -> bool:
    """Whether a person sits at the terminal and may be asked."""
    return not options.no_input and sys.stdin.isatty() and sys.stderr.isatty()


def day(value: date | None) -> str:
    """Return a day as people write it here: dd/mm/yyyy; a dash if there is none."""
    return "–" if value is None else value.strftime("%d/%m/%Y")


def moment(value: datetime | None) -> str:
    """Return a time in Vietnam's zone as people write it; a dash if there is none."""
    if value is None:
        return "–"
    from datetime import timedelta, timezone

    return value.astimezone(timezone(timedelta(hours=7))).strftime("%d/%m/%Y %H:%M:%S")


def size(count: int) -> str:
    """Return a number of bytes with its unit."""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
