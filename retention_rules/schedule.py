"""Retention schedules: rows, mappings and approvals, read from TOML and laid over a base.

A schedule of an agency names its `base`; its own rows replace rows of the same
code, its mappings those of the same prefix, `drop` blocks inherited rows, and
`[[confirmations]]` confirm inherited rows that the agency has read itself.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from retention_rules import rows
from retention_rules.facts import Case, Facts
from retention_rules.matching import Matcher
from retention_rules.periods import Period
from retention_rules.problems import Problem, ScheduleRejected
from retention_rules.rule import (
    Approval,
    FondsRow,
    MaintenanceCode,
    ProcedureMapping,
    Rule,
    Source,
    Status,
)
from retention_rules.tables import Lines, Table

T = TypeVar("T")

DEFAULT = "vn-2026-1"
MAX_BYTES = 5_000_000
"""The largest schedule file that is read."""
_BUILTIN = Path(__file__).parent / "schedules"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A version of a retention schedule, ready to decide with."""

    code: str
    title: str
    rules: tuple[Rule, ...]
    procedures: tuple[ProcedureMapping, ...] = ()
    fonds: tuple[FondsRow, ...] = ()
    maintenance: tuple[MaintenanceCode, ...] = ()
    approvals: tuple[Approval, ...] = ()
    cases: tuple[Case, ...] = ()
    agency: str = ""
    """The agency whose schedule this is; "" for a base that agencies build on."""
    bases: tuple[str, ...] = ()
    """Versions of the schedules beneath, nearest first."""
    digest: str = ""
    """SHA-256 of the content, bases included; 64 hex digits. Comments do not count."""
    transfer_permanent_after_years: int | None = None
    """Years after the end of the work from which permanent records are due for transfer
    to the historical archive (Law 33/2024/QH15, art. 17); None for agencies that do not."""
    replaced: tuple[Rule, ...] = field(default=(), compare=False, repr=False)
    """Rows of the base in whose place this schedule has its own of the same code."""
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """`file:line` of rules and mappings by code or prefix."""
    matcher: Matcher = field(init=False, compare=False, repr=False)
    """The rows as lookup tables."""
    version: str = field(init=False, compare=False)
    """The code and the beginning of the digest: what a decision remembers."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "matcher", Matcher(self.rules, self.procedures, self.fonds))
        object.__setattr__(self, "version", f"{self.code}+{self.digest[:12]}")

    @property
    def approved(self) -> bool:
        """Whether two different people approved it for an agency."""
        return bool(self.agency) and len({approval.by for approval in self.approvals}) >= 2

    def find(self, code: str) -> tuple[Rule, ...]:
        """Return the rule with this code, or the rules of this group."""
        return self.matcher.rows(code)

    def maintenance_code(self, period: Period) -> str:
        """Return the value of `maintenance` for a period; the code for *other* if none fits.

        Source: Circular 05/2025/TT-BNV (5, 2 and 15 years have no code of their own).
        """
        for entry in self.maintenance:
            if entry.period == period:
                return entry.code
        return next((entry.code for entry in self.maintenance if entry.period is None), "")


def builtin() -> tuple[str, ...]:
    """Return the codes of the schedules that come with the program."""
    return tuple(sorted(path.stem for path in _BUILTIN.glob("*.toml")))


def load(source: str | Path = DEFAULT) -> Schedule:
    """Read a schedule: the code of one that comes with the program, or a file.

    Raises:
        ScheduleRejected: it cannot be used; the error has every problem.
    """
    return _load(source, Path(), ())


def builtin_text(code: str) -> bytes:
    """Return a schedule that comes with the program as it was written; b"" if there is none."""
    found = {path.stem: path for path in _BUILTIN.glob("*.toml")}
    return found[code].read_bytes() if code in found else b""


def loads(text: str, name: str = "schedule.toml") -> Schedule:
    """Read a schedule from text; its base must come with the program.

    Raises:
        ScheduleRejected: it cannot be used; the error has every problem.
    """
    return _parse(text, name, None, ())


def facts_from(values: Mapping[str, object], name: str = "facts") -> Facts:
    """Read facts in the form that `facts.to_table` writes.

    Raises:
        ScheduleRejected: they cannot be read; the error has every problem.
    """
    problems: list[Problem] = []
    table = Table(values, lines=Lines(name, ""), at=("", 0), problems=problems)
    facts = rows.read_facts(table)
    if problems:
        raise ScheduleRejected(name, problems)
    return facts


def _load(source: str | Path, folder: Path | None, above: tuple[str, ...]) -> Schedule:
    name = str(source)
    if name in builtin():
        return _with_the_program(name)
    if folder is None:
        raise ScheduleRejected(name, [Problem("KHO-RULE-BASE", "", f"there is no schedule {name}")])
    path = folder / source
    key = str(path.resolve())
    if key in above:
        message = f"{name} is its own base: {' → '.join(Path(a).name for a in (*above, key))}"
        raise ScheduleRejected(name, [Problem("KHO-RULE-CYCLE", "", message)])
    return _parse(_read(path, name), path.name, path.parent, (*above, key))


@cache
def _with_the_program(name: str) -> Schedule:
    """Read a schedule that does not change while the program runs; its bases are of its kind."""
    path = _BUILTIN / f"{name}.toml"
    return _parse(_read(path, name), path.name, None, ())


def _read(path: Path, name: str) -> str:
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            problem = Problem("KHO-RULE-FILE", "", f"{path.name} is over {MAX_BYTES} bytes")
            raise ScheduleRejected(name, [problem])
        return content.decode("utf-8-sig")
    except OSError as error:
        message = f"there is no schedule {name}: {error.strerror}"
        raise ScheduleRejected(name, [Problem("KHO-RULE-FILE", "", message)]) from error
    except UnicodeDecodeError as error:
        message = f"{path.name} is not UTF-8 at byte {error.start}"
        raise ScheduleRejected(name, [Problem("KHO-RULE-FILE", "", message)]) from error


def _parse(text: str, name: str, folder: Path | None, above: tuple[str, ...]) -> Schedule:
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problem = Problem("KHO-RULE-TOML", "", f"is not TOML: {error}", where=name)
        raise ScheduleRejected(name, [problem]) from error
    problems: list[Problem] = []
    reader = _Reader(values, Lines(name, text), problems)
    base = reader.base(folder, above)
    schedule = reader.schedule(base)
    if problems:
        raise ScheduleRejected(name, problems)
    return schedule


class _Reader:
    """One schedule file being read."""

    def __init__(self, values: Mapping[str, object], lines: Lines, problems: list[Problem]) -> None:
        self.values = values
        self.lines = lines
        self.problems = problems
        self.top = Table(values, lines=lines, at=("", 0), problems=problems)
        self.places: dict[str, str] = {}

    def base(self, folder: Path | None, above: tuple[str, ...]) -> Schedule | None:
        """Read the schedule beneath, if the file names one."""
        name = self.top.text("base")
        try:
            return _load(name, folder, above) if name else None
        except ScheduleRejected as error:
            raise ScheduleRejected(self.lines.name, error.problems) from error

    def schedule(self, base: Schedule | None) -> Schedule:
        """Read everything and lay it over the base."""
        if self.top.count("format") != 1:
            self.top.refuse("KHO-RULE-FORMAT", "`format` must be 1", "format")
        code = self.top.text("code", required=True)
        title = self.top.text("title", required=True)
        agency = self.top.text("agency")
        handed_over = self.top.count("transfer_permanent_after_years")
        drop = self.top.texts("drop")
        own = self.items("rules", rows.read_rule)
        confirmations = self.items("confirmations", rows.read_confirmation)
        mappings = self.items("procedures", rows.read_mapping)
        fonds = self.items("fonds", rows.read_fonds_row)
        maintenance = self.items("maintenance", rows.read_maintenance)
        approvals = self.items("approvals", rows.read_approval)
        cases = self.items("cases", rows.read_case)
        self.top.done()
        inherited = self.inherited(base, drop, confirmations)
        self.refuse_repeated(own)
        rules = _laid_over(inherited, own, lambda rule: rule.code)
        procedures = self.mappings(base, mappings, rules)
        inherited_rows = self.fonds(base, fonds, rules)
        self.refuse_unknown_choices(rules, cases)
        return Schedule(
            code=code,
            title=title,
            rules=rules,
            procedures=procedures,
            fonds=inherited_rows,
            maintenance=tuple(maintenance) or (base.maintenance if base else ()),
            approvals=tuple(approvals),
            cases=tuple(cases),
            agency=agency,
            bases=(base.version, *base.bases) if base else (),
            digest=_digest(self.values, base.digest if base else ""),
            transfer_permanent_after_years=handed_over,
            replaced=_replaced(inherited, own),
            places={**(base.places if base else {}), **self.places},
        )

    def items(self, key: str, read: Callable[[Table], T | None]) -> list[T]:
        """Read a list of tables such as `[[rules]]`; unusable ones are left out."""
        found = []
        for index, inner in enumerate(self.top.tables(key)):
            table = inner.moved(key, index)
            item = read(table)
            if table.row:
                self.places.setdefault(table.row, table.place())
            if item is not None:
                found.append(item)
        return found

    def inherited(
        self, base: Schedule | None, drop: Iterable[str], confirmations: list[rows.Confirmation]
    ) -> list[Rule]:
        """Return the base's rules without the dropped ones and with the confirmed ones."""
        beneath = {rule.code: rule for rule in base.rules} if base else {}
        for code in drop:
            if beneath.pop(code, None) is None:
                self.top.refuse("KHO-RULE-TARGET", f"`drop` names {code}, not in the base", "drop")
        for confirmation in confirmations:
            rule = beneath.get(confirmation.row)
            if rule is None:
                message = "confirms a row that is not in the base"
                where = self.places[confirmation.row]
                self.problems.append(
                    Problem("KHO-RULE-TARGET", confirmation.row, message, where=where)
                )
                continue
            beneath[rule.code] = _confirmed(rule, confirmation)
        return list(beneath.values())

    def refuse_repeated(self, own: list[Rule]) -> None:
        """Refuse a code that two rows of this file have, or that is also a group."""
        codes = [rule.code for rule in own]
        groups = {rule.group for rule in own if rule.group}
        for code in sorted({code for code in codes if codes.count(code) > 1 or code in groups}):
            message = "the code is used by another row or group of this file"
            self.problems.append(
                Problem("KHO-RULE-DUPLICATE", code, message, where=self.places[code])
            )

    def mappings(
        self, base: Schedule | None, own: list[ProcedureMapping], rules: tuple[Rule, ...]
    ) -> tuple[ProcedureMapping, ...]:
        """Return the base's mappings with this file's over them; targets must exist."""
        replaced = {mapping.prefix for mapping in own}
        kept = [m for m in (base.procedures if base else ()) if m.prefix not in replaced]
        for mapping in (*kept, *own):
            self.refuse_unknown(mapping.prefix, mapping.row, mapping.blocks, rules)
        return (*kept, *own)

    def fonds(
        self, base: Schedule | None, own: list[FondsRow], rules: tuple[Rule, ...]
    ) -> tuple[FondsRow, ...]:
        """Return what fonds let inherit, this file's in place of the base's."""
        replaced = {each.code for each in own}
        kept = [each for each in (base.fonds if base else ()) if each.code not in replaced]
        for each in (*kept, *own):
            self.refuse_unknown(each.code, each.row, each.blocks, rules)
        return (*kept, *own)

    def refuse_unknown(
        self, name: str, target: str, blocks: tuple[str, ...], rules: tuple[Rule, ...]
    ) -> None:
        """Refuse a mapping that leads to, or blocks, what is neither a row nor a group."""
        known = {rule.code for rule in rules} | {rule.group for rule in rules}
        wrong = [f"maps to {target}"] if target not in known else []
        wrong += [f"blocks {code}" for code in blocks if code not in known | {"*"}]
        for message in wrong:
            where = self.places.get(name, self.lines.name)
            told = f"{message}, which is neither a row nor a group"
            self.problems.append(Problem("KHO-RULE-TARGET", name, told, where=where))

    def refuse_unknown_choices(self, rules: tuple[Rule, ...], cases: list[Case]) -> None:
        """Refuse a case that expects a row which does not exist."""
        known = {rule.code for rule in rules}
        for case in cases:
            if case.expected.rule is not None and case.expected.rule not in known:
                message = f"expects {case.expected.rule}, which is not a row"
                where = self.places[case.name]
                self.problems.append(Problem("KHO-RULE-TARGET", case.name, message, where=where))


def _laid_over(beneath: Iterable[T], own: Iterable[T], key: Callable[[T], str]) -> tuple[T, ...]:
    merged = {key(item): item for item in beneath}
    merged.update((key(item), item) for item in own)
    return tuple(merged.values())


def _replaced(beneath: Iterable[Rule], own: Iterable[Rule]) -> tuple[Rule, ...]:
    codes = {rule.code for rule in own}
    return tuple(rule for rule in beneath if rule.code in codes)


def _confirmed(rule: Rule, confirmation: rows.Confirmation) -> Rule:
    source = Source(rule.source.instrument, confirmation.read, "T", rule.source.row)
    said = f"confirmed by {confirmation.by} on {confirmation.on}"
    note = f"{rule.note}; {said}" if rule.note else said
    return replace(rule, status=Status.CONFIRMED, source=source, note=note)


def _digest(values: Mapping[str, object], beneath: str) -> str:
    canonical = json.dumps(
        values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return hashlib.sha256(f"{beneath}\n{canonical}".encode()).hexdigest()
