"""What was changed in a PDF after a signature, and whether that is all right.

Stricter than ISO 32000-2 in one point: a form that is filled in, or an annotation added,
after the last signature needs a person, because replacing visible content through form
fields looks just so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archive.signatures.coverage import Coverage
from archive.signatures.pdf_file import READ_ERRORS, SignatureEntry, SignedPdf
from archive.signatures.structure import Comparison, Difference

NONE, ALLOWED, SUSPICIOUS = "none", "allowed", "suspicious"
_NO_CHANGES, _FORMS = 1, 2
"""Values of /P in a DocMDP dictionary (ISO 32000-2, 12.8.2.2)."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to the file after one signature."""

    kind: str
    """`none`, `allowed` or `suspicious`."""
    reason: str = ""
    pages: bool = False
    """Whether pages came or went."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """What one signature permits to change."""

    permission: int | None
    """/P of its DocMDP dictionary; None if it does not certify."""
    locked: frozenset[str] | None
    """Fields that it locks; None stands for no lock, an empty set for all fields."""
    unlocked: frozenset[str]
    """Exceptions from a lock of all fields."""

    def locks(self, name: str) -> bool:
        """Return whether a field must not change any more."""
        if self.locked is None:
            return False
        return name in self.locked if self.locked else name not in self.unlocked


def changes(
    pdf: SignedPdf, entries: Sequence[SignatureEntry], covered: Sequence[Coverage]
) -> list[Change]:
    """Return what happened after each signature, in the order of `entries`.

    Each stretch between two signatures is compared once, against the revision that the
    first of them signed, and counts for all signatures before it.
    """
    last = max((one.revision for one in entries if not one.is_timestamp), default=-1)
    stretches = _Stretches(pdf, sorted({one.revision for one in entries}))
    return [
        _change(pdf, entry, cover, stretches, last)
        for entry, cover in zip(entries, covered, strict=True)
    ]


def _change(
    pdf: SignedPdf, entry: SignatureEntry, cover: Coverage, stretches: _Stretches, last: int
) -> Change:
    """Return what happened after one signature."""
    if pdf.doubt:
        return Change(SUSPICIOUS, f"the cross-references are damaged: {pdf.doubt}")
    if cover.whole_file and cover.contiguous:
        return Change(NONE)
    if not cover.contiguous:
        return Change(SUSPICIOUS, cover.fault or "the byte range is unusual")
    before, after = pdf.page_count(entry.revision), pdf.page_count()
    if before is not None and after is not None and before != after:
        return Change(SUSPICIOUS, f"the file had {before} pages when signed, now {after}", True)
    if _follows_the_end(pdf):
        return Change(SUSPICIOUS, "something follows after the end of the file's last revision")
    if not _ends_revision(pdf, entry, cover):
        return Change(SUSPICIOUS, "the signature does not cover the whole of its revision")
    rules = _rules(entry)
    for begin, difference in stretches.after(entry.revision):
        reason = _objection(difference, rules, final=begin >= last)
        if reason:
            return Change(SUSPICIOUS, reason)
    return Change(ALLOWED)


def _objection(difference: Difference, rules: _Rules, *, final: bool) -> str:
    """Return why a stretch of changes needs a person, or nothing."""
    if difference.faults:
        return "; ".join(difference.faults[:3])
    if any(rules.locks(name) for name in difference.fields | difference.signed):
        return "a form field that the signature locks was changed"
    forms = bool(difference.fields)
    if rules.permission == _NO_CHANGES and (forms or difference.annotations):
        return "the certification signature permits no changes"
    if rules.permission == _FORMS and difference.annotations:
        return "the certification signature does not permit annotations"
    if final and difference.annotations:
        return "annotations were changed after the last signature"
    if final and forms:
        return "form fields were filled in after the last signature"
    return ""


class _Stretches:
    """The stretches between signatures, compared when first asked for."""

    def __init__(self, pdf: SignedPdf, revisions: Sequence[int]) -> None:
        self._pdf = pdf
        ends = [*revisions[1:], pdf.revisions - 1][: len(revisions)]
        self._bounds = [(b, e) for b, e in zip(revisions, ends, strict=True) if b < e]
        self._known: dict[int, Difference] = {}

    def after(self, revision: int) -> list[tuple[int, Difference]]:
        """Return begin and difference of every stretch after a revision."""
        found = []
        for begin, end in self._bounds:
            if begin >= revision:
                if begin not in self._known:
                    self._known[begin] = self._compare(begin, end)
                found.append((begin, self._known[begin]))
        return found

    def _compare(self, begin: int, end: int) -> Difference:
        """Compare the two ends of a stretch."""
        try:
            return Comparison(self._pdf, begin, end).run()
        except READ_ERRORS as error:
            fault = f"the changes after signing cannot be read: {type(error).__name__}"
            return Difference(faults=[fault])


def _ends_revision(pdf: SignedPdf, entry: SignatureEntry, cover: Coverage) -> bool:
    """Return whether the covered part reaches to the end of the signed revision."""
    xrefs = pdf.reader.xrefs
    try:
        return all(
            xrefs.get_xref_container_info(one).end_location <= cover.end
            for one in range(entry.revision + 1)
        )
    except READ_ERRORS:
        return False


def _follows_the_end(pdf: SignedPdf) -> bool:
    """Return whether there are objects, or anything after an end-of-file mark, that no table has.

    Readers that repair files look there for objects and trailers ("incremental saving").
    """
    xrefs = pdf.reader.xrefs
    try:
        ends = [xrefs.get_xref_container_info(one).end_location for one in range(pdf.revisions)]
    except READ_ERRORS:
        return True
    _, _, after = (tail := pdf.content[max(ends) :]).partition(b"%%EOF")
    return b" obj" in tail or bool(after.strip(b"\0\t\n\f\r "))


def _rules(entry: SignatureEntry) -> _Rules:
    """Return what a signature permits to change (ISO 32000-2, 12.8.2)."""
    permission: int | None = None
    locked: frozenset[str] | None = None
    unlocked: frozenset[str] = frozenset()
    for reference in _references(entry):
        try:
            method, parameters = reference["/TransformMethod"], reference["/TransformParams"]
            if method == "/DocMDP":
                permission = int(parameters.get("/P", _FORMS))
            elif method == "/FieldMDP":
                names = frozenset(str(one) for one in parameters.get("/Fields", ()))
                action = parameters["/Action"]
                locked = names if action == "/Include" else frozenset()
                unlocked = names if action == "/Exclude" else frozenset()
        except READ_ERRORS:
            continue
    return _Rules(permission, locked, unlocked)


def _references(entry: SignatureEntry) -> list[Any]:
    """Return the signature reference dictionaries."""
    try:
        return list(entry.dictionary["/Reference"])
    except READ_ERRORS:
        return []
