"""Output: stdout carries only the result; everything else goes to stderr."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from archive.errors import ArchiveError, ExitCode, UsageError
from archive.json_values import plain
from cli import words
from cli.command import Globals

STYLES = re.compile(r"(\x1b\[[0-9;]*m)")
"""What styling leaves in a line; every other control character is shown as a sign."""
HARMLESS = "\t\n"
SHOWN = 50
"""Findings of an error on the terminal; --json has all."""


def as_json(value: Any) -> str:
    """Return one JSON document; dates are ISO 8601, enums their values."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=plain)


def color() -> bool | None:
    """Return False where no color is wanted (`NO_COLOR`, a dumb terminal); None: ask the stream."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if unwanted else None


def safe(text: str) -> str:
    """Return text in which titles and names of others cannot steer the terminal."""
    pieces = STYLES.split(text)
    return "".join(p if STYLES.fullmatch(p) else _visible(p) for p in pieces)


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(c) else c for c in text)


def _steers(character: str) -> bool:
    if character in HARMLESS:
        return False
    overrides = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return unicodedata.category(character) in ("Cc", "Cs") or character in overrides


def say(text: str, *, err: bool = False, **style: Any) -> None:
    """Write text for a person; a character that the stream cannot show is escaped."""
    stream = sys.stderr if err else sys.stdout
    shown = safe(click.style(text, **style) if style else text)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = shown.encode(encoding, "backslashreplace").decode(encoding)
    click.echo(shown, err=err, color=color())


def emit(options: Globals, result: Any, human: Callable[[], Iterable[str]]) -> None:
    """Write the result: JSON when asked for, else the lines that `human` makes."""
    text = as_json(result) if options.json else "\n".join(human())
    if options.output is not None:
        plain = _encodable(text, "utf-8") if options.json else click.unstyle(safe(text))
        options.output.write_text(plain + "\n" if plain else "", encoding="utf-8")
    elif options.json:
        _echo_json(text)
    elif text:
        say(text)


def write_json(path: Path, value: Any) -> None:
    """Write one JSON document to a file, in UTF-8."""
    path.write_text(_encodable(as_json(value), "utf-8") + "\n", encoding="utf-8")


def _echo_json(text: str) -> None:
    """Write a JSON document; what the stream's encoding lacks is escaped as JSON does it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(_encodable(text, encoding), color=True)


def _encodable(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:  # also names that are not UTF-8 on disk
        return json.dumps(json.loads(text), indent=2)
    return text


def note(options: Globals, key: str, /, **values: object) -> None:
    """Tell the person something on stderr, unless --quiet."""
    if options.verbosity >= 0:
        say(words.say(key, **values), err=True)


def problem(error: ArchiveError, *, as_json: bool) -> None:
    """Tell an error: one JSON object on stdout when asked for, words on stderr."""
    if as_json:
        _echo_json(json.dumps(error.to_problem(), ensure_ascii=False, indent=2))
        return
    say(f"kho: {words.say(f'error.{error.code}')} [{error.code}]", err=True, fg="red", bold=True)
    say(f"  {words.told(error.message)}", err=True)
    found = error.errors()
    for finding in found[:SHOWN]:
        severity = words.say(f"severity.{finding['severity']}")
        place = f" {finding['path']}:" if finding["path"] else ""
        say(
            f"  {severity:9} {finding['rule']:20}{place} {words.told(finding['message'])}", err=True
        )
    if len(found) > SHOWN:
        say(f"  {words.say('global.more_findings', count=len(found) - SHOWN)}", err=True)
    if error.hint:
        say(f"  → {words.told(error.hint)}", err=True)


def traceback_of(error: ArchiveError) -> None:
    """Show on stderr where an error comes from."""
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True)


def interrupted(*, as_json: bool) -> None:
    """Tell that the person stopped the command and what a repeat does."""
    if not as_json:
        say(words.say("global.interrupted"), err=True)
        return
    told = {
        "type": "urn:kho:problem:KHO-INTERRUPTED",
        "title": "Interrupted",
        "detail": words.say("global.interrupted"),
        "instance": "",
        "code": "KHO-INTERRUPTED",
        "exit_code": int(ExitCode.INTERRUPTED),
        "hint": "",
        "errors": [],
    }
    _echo_json(json.dumps(told, ensure_ascii=False, indent=2))


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
    plain = click.unstyle(text)
    return len(plain) if plain.isascii() else sum(map(_columns, plain))


def _columns(character: str) -> int:
    """Return how many columns of a terminal a character takes."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clipped(text: str, columns: int) -> str:
    """Return the beginning of a line that fits into so many columns."""
    room, kept = columns, []
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept)


def may_replace(options: Globals, target: Path) -> None:
    """See that a file whose name nobody gave may be written over: ask, or obey --yes.

    Raises:
        UsageError: it exists, and nobody said yes.
    """
    if not target.exists() or options.yes:
        return
    if interactive(options) and click.confirm(words.say("usage.replace", path=target), err=True):
        return
    told = words.say("usage.exists", path=target)
    raise UsageError(told, where=str(target), hint="-o FILE, --yes")


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
