"""Reading TOML tables strictly: each value typed, each unknown key refused, all problems kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from retention_rules.problems import Problem

E = TypeVar("E", bound=StrEnum)

_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.-]+)\s*\]\]?")
_KEY = re.compile(r'\s*"?([A-Za-z0-9_-]+)"?\s*[=.]')


class Lines:
    """Where tables and keys stand in a TOML text, for messages; tomllib does not tell."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._tables: dict[tuple[str, int], int] = {("", 0): 1}
        self._keys: dict[tuple[str, int, str], int] = {}
        seen: dict[str, int] = {}
        table, index = "", 0
        for number, line in enumerate(text.splitlines(), start=1):
            header = _HEADER.match(line)
            if header:
                table = header[1].split(".")[0]
                if header[1] == table:
                    seen[table] = index = seen.get(table, -1) + 1
                    self._tables[table, index] = number
            elif key := _KEY.match(line):
                self._keys.setdefault((table, index, key[1]), number)

    def place(self, table: str, index: int, key: str = "") -> str:
        """Return `file:line` of a key, else of its table, else of the file's start."""
        line = self._keys.get((table, index, key)) or self._tables.get((table, index), 1)
        return f"{self.name}:{line}"


class Table:
    """One table being read; what is wrong with it goes to the shared list of problems."""

    def __init__(
        self,
        values: Mapping[str, object],
        *,
        lines: Lines,
        at: tuple[str, int],
        row: str = "",
        problems: list[Problem],
    ) -> None:
        self._values = values
        self._lines = lines
        self._at = at
        self._read: set[str] = set()
        self._problems = problems
        self.row = row

    def place(self, key: str = "") -> str:
        """Return `file:line` of a key of this table."""
        return self._lines.place(*self._at, key)

    def refuse(self, check: str, message: str, key: str = "") -> None:
        """Record a problem of this table."""
        self._problems.append(Problem(check, self.row, message, where=self.place(key)))

    def text(self, key: str, *, required: bool = False) -> str:
        """Return a text, "" if absent."""
        value = self._take(key, str, "a text", required=required)
        return value if isinstance(value, str) else ""

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty if absent."""
        value = self._take(key, list, "a list of texts")
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            self.refuse("KHO-RULE-TYPE", f"`{key}` must be a list of texts", key)
            return ()
        return tuple(value) if isinstance(value, list) else ()

    def flag(self, key: str) -> bool | None:
        """Return true or false, None if absent."""
        value = self._take(key, bool, "true or false")
        return value if isinstance(value, bool) else None

    def count(self, key: str) -> int | None:
        """Return a whole number from 0 to 9999, None if absent."""
        value = self._take(key, int, "a whole number from 0 to 9999")
        if not isinstance(value, int):
            return None
        if isinstance(value, bool) or not 0 <= value <= 9999:
            self.refuse("KHO-RULE-TYPE", f"`{key}` must be a whole number from 0 to 9999", key)
            return None
        return value

    def day(self, key: str, *, required: bool = False) -> date | None:
        """Return a day (TOML date or ISO text), None if absent."""
        value = self._take(key, (date, str), "a day like 2026-12-31", required=required)
        return None if value is None else self._as_day(key, value)

    def days(self, key: str) -> dict[str, date]:
        """Return a table of days, empty if absent."""
        value = self._take(key, dict, "a table of days")
        days: dict[str, date] = {}
        for name, day in value.items() if isinstance(value, dict) else ():
            read = self._as_day(key, day)
            if read is not None:
                days[name] = read
        return days

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E | None:
        """Return one of an enumeration's values; without default the key is required."""
        text = self.text(key, required=default is None)
        if not text:
            return default
        if text not in {member.value for member in kind}:
            allowed = ", ".join(member.value for member in kind)
            self.refuse("KHO-RULE-VALUE", f"`{key}` is {text!r}, expected one of: {allowed}", key)
            return None
        return kind(text)

    def table(self, key: str) -> Table | None:
        """Return a table inside this one, None if absent."""
        value = self._take(key, dict, "a table")
        return self._inner(value) if isinstance(value, dict) else None

    def tables(self, key: str) -> list[Table]:
        """Return the tables of a list inside this one."""
        value = self._take(key, list, "a list of tables")
        items = value if isinstance(value, list) else []
        if not all(isinstance(item, dict) for item in items):
            self.refuse("KHO-RULE-TYPE", f"`{key}` must be a list of tables", key)
            return []
        return [self._inner(item) for item in items]

    def done(self) -> None:
        """Refuse every key that nobody has asked for."""
        for key in self._values:
            if key not in self._read:
                self.refuse("KHO-RULE-KEY", f"unknown key `{key}`", key)

    def moved(self, table: str, index: int) -> Table:
        """Return the same table with its place: the `index`-th `[[table]]` of the file."""
        return Table(
            self._values,
            lines=self._lines,
            at=(table, index),
            row=self.row,
            problems=self._problems,
        )

    def _inner(self, values: Mapping[str, object]) -> Table:
        return Table(values, lines=self._lines, at=self._at, row=self.row, problems=self._problems)

    def _take(
        self, key: str, kind: type | tuple[type, ...], what: str, *, required: bool = False
    ) -> object:
        self._read.add(key)
        value = self._values.get(key)
        if value is None or value == "":
            if required:
                self.refuse("KHO-RULE-MISSING", f"`{key}` is missing, expected {what}")
            return None
        if not isinstance(value, kind):
            self.refuse("KHO-RULE-TYPE", f"`{key}` must be {what}", key)
            return None
        return value

    def _as_day(self, key: str, value: object) -> date | None:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            self.refuse("KHO-RULE-DAY", f"`{key}`: {value} is not a day like 2026-12-31", key)
            return None
