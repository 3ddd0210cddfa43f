"""Two revisions of a PDF side by side: whether values are the same, and what was found to differ.

References to objects that do not exist read as null (ISO 32000-2, 7.3.10), in old and new alike.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pyhanko.pdf_utils import generic

from archive.signatures.pdf_file import READ_ERRORS
from archive.signatures.roles import MAX_NODES, items_of, number_of, raw_entry, resolve

_MAX_DEPTH = 64


@dataclass(slots=True)
class Difference:
    """What changed between two revisions."""

    faults: list[str] = field(default_factory=list)
    """Changes for which there is no good reason."""
    fields: set[str] = field(default_factory=set)
    """Form fields, other than signatures, that were filled in or changed."""
    signed: set[str] = field(default_factory=set)
    """Signature fields that were added or signed, other than unseen document timestamps."""
    annotations: bool = False
    """Whether annotations other than signatures came, went or changed."""
    broken: bool = False
    """Whether a signature that shows something since then is itself broken."""


class RevisionPair:
    """An older and a newer revision."""

    def __init__(self, old: Any, new: Any) -> None:
        """Take pyHanko's resolvers of both."""
        self.old, self.new = old, new
        self.found = Difference()

    def judge_keys(self, before: Any, after: Any, may: set[str], what: str) -> set[str]:
        """Judge a dictionary by the keys that may change; return those that did."""
        if not (
            isinstance(before, generic.DictionaryObject)
            and isinstance(after, generic.DictionaryObject)
        ):
            self.found.faults.append(f"{what} was replaced")
            return set()
        changed = {
            key
            for key in {*before, *after}
            if not self.same(raw_entry(before, key), raw_entry(after, key))
        }
        for key in sorted(changed - may):
            self.found.faults.append(f"{what} was changed at {key}")
        return changed

    def only_added(self, before: Any, after: Any) -> bool:
        """Return whether a dictionary of dictionaries lost and changed nothing."""
        left, right = resolve(self.old, before), resolve(self.new, after)
        if left is None:
            return True
        if not isinstance(left, generic.DictionaryObject):
            return self.same(before, after)
        return isinstance(right, generic.DictionaryObject) and all(
            self.same(raw_entry(left, key), raw_entry(right, key))
            or self._entries_kept(raw_entry(left, key), raw_entry(right, key))
            for key in left
        )

    def _entries_kept(self, before: Any, after: Any) -> bool:
        left, right = resolve(self.old, before), resolve(self.new, after)
        return (
            isinstance(left, generic.DictionaryObject)
            and isinstance(right, generic.DictionaryObject)
            and all(self.same(raw_entry(left, key), raw_entry(right, key)) for key in left)
        )

    def same(self, before: Any, after: Any, depth: int = 0, seen: Any = None) -> bool:
        """Return whether two values are the same, each at its revision.

        References with one number are the same here: the object behind them is judged
        by itself if it was written again.
        """
        one, other = number_of(before), number_of(after)
        if one is not None and one == other and before.generation == after.generation:
            return True
        seen = set() if seen is None else seen
        if one is not None and other is not None:
            if (one, other) in seen:
                return True
            seen.add((one, other))
        if depth > _MAX_DEPTH or len(seen) > MAX_NODES:
            return False
        left, right = resolve(self.old, before), resolve(self.new, after)
        if isinstance(left, generic.StreamObject) or isinstance(right, generic.StreamObject):
            return self._same_stream(left, right, depth, seen)
        if isinstance(left, generic.DictionaryObject) and isinstance(
            right, generic.DictionaryObject
        ):
            return all(
                self.same(raw_entry(left, key), raw_entry(right, key), depth + 1, seen)
                for key in {*left, *right}
            )
        if isinstance(left, list) and isinstance(right, list):
            pairs = zip(items_of(left), items_of(right), strict=False)
            return len(left) == len(right) and all(
                self.same(a, b, depth + 1, seen) for a, b in pairs
            )
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        return (numbers or type(left) is type(right)) and bool(left == right)

    def _same_stream(self, left: Any, right: Any, depth: int, seen: Any) -> bool:
        """Return whether two streams are the same in dictionary and content."""
        if not (isinstance(left, generic.StreamObject) and isinstance(right, generic.StreamObject)):
            return False
        keys = {*left, *right} - {"/Length", "/Filter", "/DecodeParms"}
        if not all(
            self.same(raw_entry(left, k), raw_entry(right, k), depth + 1, seen) for k in keys
        ):
            return False
        try:
            return bool(left.data == right.data)
        except READ_ERRORS:
            return False
