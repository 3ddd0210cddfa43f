"""Which rows of a schedule a dossier or document falls under, through lookup tables.

The answer depends on a handful of facts only, so it is remembered for each
combination of them: deciding about a million dossiers asks a few hundred times.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from enum import IntEnum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from retention_rules.facts import DocumentFacts, Facts
from retention_rules.periods import Words
from retention_rules.rule import FondsRow, ProcedureMapping, Rule, Status

MAX_REMEMBERED = 50_000
"""Combinations of facts that are remembered before the tables start anew."""


class By(IntEnum):
    """How a row was found; a greater one goes before a smaller one."""

    FONDS = 0
    CONDITIONS = 1
    MAPPING = 2
    CLASSIFICATION = 3
    CHOICE = 4


class Selected(NamedTuple):
    """A row that applies."""

    rule: Rule
    by: By
    sure: bool
    """False if a mapping led here that is not confirmed."""


class Passed(NamedTuple):
    """A row that was looked at and does not apply."""

    code: str
    why: Words


class Selection(NamedTuple):
    """What was found for one dossier or document."""

    selected: tuple[Selected, ...]
    passed: tuple[Passed, ...]


class _Circumstances(NamedTuple):
    """The facts on which a selection depends; equal ones have equal selections."""

    epoch: int
    procedure: str
    rows: tuple[str, ...]
    chosen: str | None
    field: str | None
    outcome: str | None
    agency: str
    important: bool
    medium: str
    document_type: str | None
    document: bool
    fonds: str
    blocks: tuple[str, ...]


class Matcher:
    """The rows of a schedule as lookup tables."""

    __slots__ = ("_by_code", "_cuts", "_fonds", "_mappings", "_remembered", "_selecting")

    def __init__(
        self,
        rules: Iterable[Rule],
        procedures: Iterable[ProcedureMapping],
        fonds: Iterable[FondsRow] = (),
    ) -> None:
        rules = tuple(rules)
        self._by_code: dict[str, tuple[Rule, ...]] = {}
        for rule in rules:
            for code in {rule.code, rule.group} - {""}:
                self._by_code[code] = (*self._by_code.get(code, ()), rule)
        self._selecting = tuple(rule for rule in rules if rule.applies_to.selects)
        self._mappings: dict[str, tuple[ProcedureMapping, ...]] = {}
        for mapping in procedures:
            others = self._mappings.get(mapping.prefix, ())
            self._mappings[mapping.prefix] = (*others, mapping)
        # The narrowest first: `H26.18` before `H26`.
        self._fonds = tuple(sorted(fonds, key=lambda each: (-each.code.count("."), each.code)))
        days = {day for rule in rules for day in (rule.in_force_from, rule.in_force_until)}
        self._cuts = sorted(day for day in days if day is not None)
        self._remembered: dict[tuple[object, ...], Selection] = {}

    def rows(self, code: str) -> tuple[Rule, ...]:
        """Return the rule with this code, or the rules of this group."""
        return self._by_code.get(code, ())

    def mapped(self, procedure: str) -> tuple[ProcedureMapping, ...]:
        """Return the mappings of the longest prefix that covers a procedure code."""
        return next(self._covering(procedure), ())

    def dossier(self, facts: Facts, on: date) -> Selection:
        """Return the rows for a dossier as such; `on` is the day its period is fixed."""
        key = (
            bisect_right(self._cuts, on),
            facts.procedure,
            facts.rows,
            facts.chosen_rule if facts.chosen_by else None,
            facts.field,
            facts.outcome or facts.status,
            facts.agency,
            facts.important,
            facts.medium,
            None,
            False,
            facts.fonds,
            facts.blocks if facts.blocked_by else (),
        )
        return self._remembered.get(key) or self._remember(_Circumstances(*key), on)

    def document(self, facts: Facts, document: DocumentFacts, on: date) -> Selection:
        """Return the rows that a document falls under beside its dossier's."""
        key = (
            bisect_right(self._cuts, on),
            facts.procedure,
            document.rows,
            None,
            facts.field,
            facts.outcome or facts.status,
            facts.agency,
            facts.important,
            facts.medium,
            document.type_code,
            True,
            "",
            document.blocks if facts.blocked_by else (),
        )
        return self._remembered.get(key) or self._remember(_Circumstances(*key), on)

    def _remember(self, circumstances: _Circumstances, on: date) -> Selection:
        selection = self._found(circumstances, on)
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[circumstances] = selection
        return selection

    def _found(self, circumstances: _Circumstances, on: date) -> Selection:
        if circumstances.field is None:
            fields = (mapping.field for mapping in self.mapped(circumstances.procedure))
            circumstances = circumstances._replace(field=next(filter(None, fields), None))
        selected: dict[str, Selected] = {}
        passed: dict[str, Passed] = {}
        for code, rule, by, sure in self._candidates(circumstances, passed):
            if code in selected:
                continue
            why = _unmet(rule, circumstances, on)
            if why is None:
                selected[code] = Selected(rule, by, sure)
            else:
                passed.setdefault(code, Passed(code, why))
        rejected = tuple(item for code, item in passed.items() if code not in selected)
        return Selection(tuple(selected.values()), rejected)

    def _candidates(
        self, circumstances: _Circumstances, passed: dict[str, Passed]
    ) -> Iterator[tuple[str, Rule, By, bool]]:
        """Yield rows worth looking at, strongest ground first."""
        for code, by in _named(circumstances):
            if code not in self._by_code:
                passed[code] = Passed(code, _UNKNOWN)
            for rule in self.rows(code):
                yield rule.code, rule, by, True
        for rule, by, sure, blocks in self._inherited(circumstances, passed):
            if _blocked(rule, circumstances.blocks):
                passed.setdefault(rule.code, Passed(rule.code, _BLOCKED))
            elif _blocked(rule, blocks):
                passed.setdefault(rule.code, Passed(rule.code, _BLOCKED_ABOVE))
            else:
                yield rule.code, rule, by, sure

    def _inherited(
        self, circumstances: _Circumstances, passed: dict[str, Passed]
    ) -> Iterator[tuple[Rule, By, bool, tuple[str, ...]]]:
        """Yield what comes from the series and the fonds, or finds its records itself.

        Each with what levels in between block.
        """
        blocks: tuple[str, ...] = ()
        if not circumstances.document:
            covering = list(self._covering(circumstances.procedure))
            for mapping in covering[0] if covering else ():
                blocks += mapping.blocks
                for rule in self.rows(mapping.row):
                    yield rule, By.MAPPING, mapping.status is Status.CONFIRMED, ()
            for shorter in covering[1:]:
                for mapping in shorter:
                    passed.setdefault(mapping.row, Passed(mapping.row, _SHORTER))
            for rule, sure, above in self._of_fonds(circumstances.fonds, blocks):
                yield rule, By.FONDS, sure, above
        for rule in self._selecting:
            if _anchored(rule, circumstances):
                yield rule, By.CONDITIONS, True, ()

    def _of_fonds(
        self, fonds: str, blocks: tuple[str, ...]
    ) -> Iterator[tuple[Rule, bool, tuple[str, ...]]]:
        """Yield the rows of a fonds and of those above it, with what is blocked on the way."""
        above = (each for each in self._fonds if fonds and covers((each.code,), fonds))
        for _, of_one in groupby(above, key=attrgetter("code")):
            narrower = blocks
            for each in of_one:
                for rule in self.rows(each.row):
                    yield rule, each.status is Status.CONFIRMED, narrower
                blocks += each.blocks

    def _covering(self, procedure: str) -> Iterator[tuple[ProcedureMapping, ...]]:
        """Yield the mappings of each prefix of a procedure code, longest first."""
        prefix = procedure
        while prefix:
            if prefix in self._mappings:
                yield self._mappings[prefix]
            prefix = prefix.rpartition(".")[0]


_UNKNOWN = Words("không có trong bảng thời hạn", "is not in the schedule")
_SHORTER = Words(
    "mã thủ tục được gán chi tiết hơn cho hàng khác", "a longer part of the procedure code decides"
)
_BLOCKED = Words(
    "không kế thừa theo quyết định đã ghi", "is not inherited, by a decision on record"
)
_BLOCKED_ABOVE = Words(
    "bảng thời hạn chặn kế thừa hàng này", "the schedule blocks its inheritance here"
)
_NOT_IN_FORCE = Words(
    "không có hiệu lực vào ngày xác định", "was not in force on the day it counts"
)


def _blocked(rule: Rule, blocks: tuple[str, ...]) -> bool:
    return bool(blocks) and ("*" in blocks or rule.code in blocks or rule.group in blocks)


def _named(circumstances: _Circumstances) -> Iterator[tuple[str, By]]:
    if circumstances.chosen is not None:
        yield circumstances.chosen, By.CHOICE
    for code in circumstances.rows:
        yield code, By.CLASSIFICATION


def _anchored(rule: Rule, circumstances: _Circumstances) -> bool:
    """Whether a row that finds its own records is about this kind of thing at all."""
    conditions = rule.applies_to
    if bool(conditions.document_types) is not circumstances.document:
        return False
    if conditions.procedures and not covers(conditions.procedures, circumstances.procedure):
        return False
    if conditions.fields and circumstances.field not in conditions.fields:
        return False
    return not conditions.document_types or circumstances.document_type in conditions.document_types


def covers(prefixes: Iterable[str], code: str) -> bool:
    """Return whether a dotted code is one of the prefixes or lies beneath one."""
    return any(code == prefix or code.startswith(f"{prefix}.") for prefix in prefixes)


def _unmet(rule: Rule, circumstances: _Circumstances, on: date) -> Words | None:
    """Return why a row does not apply; None if it does."""
    conditions = rule.applies_to
    if not rule.in_force(on):
        return _NOT_IN_FORCE
    if conditions.important is not None and conditions.important is not circumstances.important:
        wanted = (
            ("vụ việc quan trọng", "important")
            if conditions.important
            else (
                "vụ việc không quan trọng",
                "ordinary",
            )
        )
        return Words(f"chỉ dùng cho {wanted[0]}", f"is for {wanted[1]} cases only")
    checks: tuple[tuple[tuple[str, ...], bool, str, str], ...] = (
        (
            conditions.procedures,
            covers(conditions.procedures, circumstances.procedure),
            "thủ tục",
            "procedures",
        ),
        (conditions.fields, circumstances.field in conditions.fields, "lĩnh vực", "sectors"),
        (
            conditions.document_types,
            circumstances.document_type in conditions.document_types,
            "loại tài liệu",
            "document types",
        ),
        (
            conditions.outcomes,
            circumstances.outcome in conditions.outcomes,
            "kết quả giải quyết",
            "outcomes",
        ),
        (
            conditions.agencies,
            covers(conditions.agencies, circumstances.agency),
            "cơ quan",
            "agencies",
        ),
        (conditions.media, circumstances.medium in conditions.media, "vật mang tin", "media"),
    )
    for values, met, vi, en in checks:
        if values and not met:
            listed = ", ".join(values)
            return Words(f"chỉ dùng cho {vi}: {listed}", f"is for {en} {listed} only")
    return None
