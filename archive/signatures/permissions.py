"""What a signature permits to change after it (ISO 32000-2, 12.8.2 and 12.7.5.5)."""

# mypy: allow-untyped-calls
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic

from archive.signatures.pdf_file import READ_ERRORS, SignatureEntry

NO_CHANGES, FORMS, ANNOTATIONS = 1, 2, 3
"""Values of /P: each permits what those before it do, and timestamps and validation data."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Form fields that must not change any more."""

    everything: bool
    names: frozenset[str]
    """The fields locked, or those left open if everything else is."""

    def holds(self, name: str) -> bool:
        """Return whether a field, or one above it, is locked."""
        parts = name.split(".")
        named = any(".".join(parts[:size]) in self.names for size in range(1, len(parts) + 1))
        return named != self.everything


@dataclass(frozen=True, slots=True)
class Rules:
    """What one signature permits to change."""

    permission: int | None
    """/P of its DocMDP dictionary; None if it does not certify."""
    every_lock: tuple[Lock, ...]

    def locks(self, name: str) -> bool:
        """Return whether a field must not change any more."""
        return any(one.holds(name) for one in self.every_lock)


def rules_of(entry: SignatureEntry) -> Rules:
    """Return what a signature permits, the strictest where it says more than one thing."""
    permissions: list[int] = []
    locks: list[Lock] = []
    for reference in _references(entry):
        method, parameters = (
            _get(reference, "/TransformMethod"),
            _get(reference, "/TransformParams"),
        )
        if method == "/DocMDP":
            permissions.append(_permission(_get(parameters, "/P"), FORMS))
        elif method == "/FieldMDP":
            locks.append(_lock(parameters))
    own = _get(entry.field_dictionary, "/Lock")
    if isinstance(own, generic.DictionaryObject):
        locks.append(_lock(own))
        if _get(own, "/P") is not None:
            permissions.append(_permission(_get(own, "/P"), NO_CHANGES))
    return Rules(min(permissions, default=None), tuple(locks))


def _permission(value: Any, default: int) -> int:
    """Return a permission; one that is unknown permits nothing."""
    if value is None:
        return default
    known = isinstance(value, int) and NO_CHANGES <= value <= ANNOTATIONS
    return int(value) if known else NO_CHANGES


def _lock(parameters: Any) -> Lock:
    """Return the fields that a dictionary locks: all of them if it cannot be read."""
    action, fields = _get(parameters, "/Action"), _get(parameters, "/Fields")
    names = frozenset(str(one) for one in fields) if isinstance(fields, list) else frozenset()
    if action == "/Include":
        return Lock(False, names)
    return Lock(True, names if action == "/Exclude" else frozenset())


def _references(entry: SignatureEntry) -> list[Any]:
    """Return the signature reference dictionaries."""
    references = _get(entry.dictionary, "/Reference")
    return [] if references is None else [one for one in references if one is not None]


def _get(node: Any, key: str) -> Any:
    """Return an entry, resolved, or None."""
    try:
        return node[key]
    except READ_ERRORS:
        return None
