"""What changed in a PDF's form between two revisions: fields, signatures, what they show.

ISO 32000-2, 12.7 (forms) and 12.8 (signatures). A signature that is added may show itself;
what shows something and is not signed, or is no sound signature, hides what was signed.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic

from archive.signatures.revision_pair import RevisionPair
from archive.signatures.roles import (
    Roles,
    entry,
    items_of,
    number_of,
    raw_entry,
    resolve,
)

_FORM_MAY = {"/SigFlags", "/Fields"}
_DRAWING = {"/DR", "/DA", "/NeedAppearances", "/CO", "/Q", "/XFA"}
"""What fields are drawn and calculated with: changing it changes what they show."""
_SIGNING_MAY = {"/V", "/AP", "/MK", "/F", "/P", "/Rect", "/Lock", "/SV", "/DA", "/AS", "/Ff", "/M"}
_FILLING_MAY = {"/V", "/AP", "/AS", "/DA", "/I", "/M", "/MK", "/RV", "/DV", "/F", "/TU"}
_MAX_PARENTS = 16
_HIDDEN = 0x02 | 0x20
"""Flags of annotations that are not seen (ISO 32000-2, 12.5.3): hidden, no view."""


@dataclass(frozen=True, slots=True)
class SignatureState:
    """What is known of a signature before trust is asked."""

    revision: int
    is_timestamp: bool
    sound: bool
    """Whether its format, digest and value are as they must be."""


BROKEN = SignatureState(-1, is_timestamp=False, sound=False)


class FormChanges:
    """The judgement of a form's objects, added to what a pair of revisions found."""

    def __init__(
        self, pair: RevisionPair, was: Roles, now: Roles, signatures: Mapping[int, SignatureState]
    ) -> None:
        """Take the roles at both revisions and the states of signatures by object number."""
        self._pair, self._was, self._is = pair, was, now
        self._signatures = signatures

    def is_signature(self, number: int) -> bool:
        """Return whether an object of the newer revision is a signature field or its widget."""
        return self._is.fields.get(number, ("", False))[1]

    def form(self, before: Any, after: Any) -> None:
        """Judge the form dictionary."""
        if before is None:
            before = generic.DictionaryObject()  # a form that is new has new fields only
        if self._pair.same(before, after):
            return
        changed = self._pair.judge_keys(before, after, _FORM_MAY | _DRAWING, "the form")
        if any(not signature for _, signature in self._was.fields.values()) or "/XFA" in changed:
            for key in sorted(changed & _DRAWING):
                old, new = raw_entry(before, key), raw_entry(after, key)
                if not (key == "/DR" and self._pair.only_added(old, new)) and not (
                    key in ("/DA", "/Q") and old is None
                ):
                    self._pair.found.fields.add(key[1:])
        if "/Fields" in changed:
            old = resolve(self._pair.old, raw_entry(before, "/Fields"))
            self.field_array(old, resolve(self._pair.new, raw_entry(after, "/Fields")))

    def field_array(self, before: Any, after: Any) -> None:
        """Judge a list of fields: signatures may come, nothing may go."""
        found = self._pair.found
        old, new = items_of(before), items_of(after)
        kept = {number_of(one) for one in new}
        if any(number_of(one) is not None and number_of(one) not in kept for one in old):
            found.faults.append("form fields were removed")
        known = {number_of(one) for one in old}
        if sum(number_of(one) is None for one in new) > sum(number_of(one) is None for one in old):
            found.fields.add("")
        for number in kept - known - {None}:
            name, signature = self._is.fields.get(int(number or 0), ("", False))
            if not signature:
                found.fields.add(name)
                continue
            self.signature_widget(int(number or 0), new=True)

    def field(self, number: int, before: Any, after: Any) -> None:
        """Judge a field or widget that was there before."""
        found = self._pair.found
        name, signature = self._was.fields[number]
        if not signature:
            self._pair.judge_keys(before, after, {*_FILLING_MAY, "/Kids"}, f"the form field {name}")
            found.fields.add(name)
        elif _value(self._pair.old, before, number)[0] is None:
            self._pair.judge_keys(before, after, {*_SIGNING_MAY, "/Kids"}, "a signature field")
            self.signature_widget(number, new=False)
        else:
            self._pair.judge_keys(before, after, {"/SV", "/P"}, "a signed field")

    def signature_widget(self, number: int, *, new: bool) -> None:
        """Judge a signature field or its widget that came, or was signed."""
        found, handler = self._pair.found, self._pair.new
        node = resolve(handler, generic.IndirectObject(number, 0, handler))
        name, _ = self._is.fields.get(number, ("", True))
        kind = entry(handler, node, "/Subtype")
        if node is None or (new and (kind not in (None, "/Widget") or _acts(node))):
            found.faults.append("a signature field that was added does something else as well")
            return
        state = self._state(node, number)
        shows = _shows(handler, node)
        if not (state is not None and state.is_timestamp and state.sound and not shows):
            found.signed.add(name)
        if shows:
            if state is None:
                found.annotations = True
            elif not state.sound:
                found.broken = True

    def _state(self, node: Any, number: int) -> SignatureState | None:
        """Return the state of the signature that a field or widget has; None if it is unsigned."""
        value, holder = _value(self._pair.new, node, number)
        if value is None:
            return None
        own = number_of(value)
        return self._signatures.get(holder if own is None else own, BROKEN)


def _value(handler: Any, node: Any, number: int) -> tuple[Any, int]:
    """Return a field's value, or its parents', as it stands, with the number of who has it."""
    for _ in range(_MAX_PARENTS):
        item = raw_entry(node, "/V")
        if resolve(handler, item) is not None:
            return item, number
        above = raw_entry(node, "/Parent")
        node, number = resolve(handler, above), number_of(above) or -1
        if node is None:
            break
    return None, number


def _shows(handler: Any, node: Any) -> bool:
    """Return whether a widget shows something: an appearance on some area, not hidden."""
    background = entry(handler, entry(handler, node, "/MK"), "/BG")
    if entry(handler, node, "/AP") is None and background is None:
        return False
    flags = entry(handler, node, "/F")
    if isinstance(flags, int) and flags & _HIDDEN:
        return False
    sides = [resolve(handler, one) for one in items_of(entry(handler, node, "/Rect"))]
    if len(sides) != 4 or not all(isinstance(one, int | float) for one in sides):
        return True
    return bool(sides[0] != sides[2] and sides[1] != sides[3])


def _acts(node: Any) -> bool:
    """Return whether a field runs something when it is touched."""
    return any(raw_entry(node, key) is not None for key in ("/A", "/AA"))
