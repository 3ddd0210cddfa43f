"""What was changed in a PDF after a signature.

pyHanko's difference analysis compares revisions; here its outcomes are joined and judged
more strictly: a form that is filled in, or an annotation added, after the last signature
needs a person, because replacing visible content through form fields looks just so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY
from pyhanko.sign.diff_analysis.policy_api import ModificationLevel, SuspiciousModification
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

from archive.signatures.coverage import Coverage
from archive.signatures.pdf_file import READ_ERRORS, SignatureEntry, SignedPdf

NONE, ALLOWED, SUSPICIOUS = "none", "allowed", "suspicious"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to the file after one signature."""

    kind: str
    """`none`, `allowed` or `suspicious`."""
    reason: str = ""
    pages: bool = False
    """Whether pages came or went."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """The difference between one signed revision and those up to the next signature."""

    level: int
    fields: frozenset[str]
    fault: str = ""


def changes(
    pdf: SignedPdf, entries: Sequence[SignatureEntry], covered: Sequence[Coverage]
) -> list[Change]:
    """Return what happened after each signature, in the order of `entries`.

    Each stretch between two signatures is compared once, against the revision that the
    first of them signed, and counts for all signatures before it.
    """
    names = {one.field_name for one in entries}
    last = max((one.revision for one in entries if not one.is_timestamp), default=-1)
    segments = _Segments(pdf, sorted({one.revision for one in entries}))
    return [
        _change(pdf, entry, cover, segments, names, last)
        for entry, cover in zip(entries, covered, strict=True)
    ]


def _change(
    pdf: SignedPdf,
    entry: SignatureEntry,
    cover: Coverage,
    segments: _Segments,
    names: set[str],
    last: int,
) -> Change:
    """Return what happened after one signature."""
    if cover.whole_file and cover.contiguous:
        return Change(NONE)
    if not cover.contiguous:
        return Change(SUSPICIOUS, cover.fault or "the byte range is unusual")
    before, after = pdf.page_count(entry.revision), pdf.page_count()
    if before != after:
        return Change(SUSPICIOUS, f"the file had {before} pages when signed, now {after}", True)
    if not segments.ends_revision(entry, cover):
        return Change(SUSPICIOUS, "the signature does not cover the whole of its revision")
    permission, locks = _restrictions(entry)
    worst = NONE
    for begin, segment in segments.after(entry.revision):
        reason = _objection(segment, names, permission, locks, final=begin >= last)
        if reason:
            return Change(SUSPICIOUS, reason)
        worst = ALLOWED
    return Change(worst if worst != NONE else ALLOWED)


def _objection(
    segment: _Segment,
    names: set[str],
    permission: MDPPerm | None,
    locks: FieldMDPSpec | None,
    *,
    final: bool,
) -> str:
    """Return why a stretch of changes needs a person, or nothing."""
    if segment.fault:
        return segment.fault
    if locks is not None and any(locks.is_locked(name) for name in segment.fields):
        return "a form field that the signature locks was changed"
    if permission is not None and segment.level > permission.value:
        return "the certification signature does not permit this change"
    forms = segment.fields - names
    if segment.level >= ModificationLevel.ANNOTATIONS.value:
        return "annotations were changed after signing"
    if segment.level >= ModificationLevel.FORM_FILLING.value and final and forms:
        return "form fields were filled in after the last signature"
    return ""


class _Segments:
    """The stretches between signatures, compared when first asked for."""

    def __init__(self, pdf: SignedPdf, revisions: Sequence[int]) -> None:
        self._pdf = pdf
        ends = [*revisions[1:], pdf.revisions - 1][: len(revisions)]
        self._bounds = [(b, e) for b, e in zip(revisions, ends, strict=True) if b < e]
        self._known: dict[int, _Segment] = {}

    def after(self, revision: int) -> list[tuple[int, _Segment]]:
        """Return begin and difference of every stretch after a revision."""
        found = []
        for begin, end in self._bounds:
            if begin >= revision:
                if begin not in self._known:
                    self._known[begin] = self._compare(begin, end)
                found.append((begin, self._known[begin]))
        return found

    def _compare(self, begin: int, end: int) -> _Segment:
        """Compare every revision of a stretch with its first one."""
        reader = self._pdf.reader
        level, fields = ModificationLevel.NONE, set[str]()
        try:
            old = reader.get_historical_resolver(begin)
            for revision in range(begin + 1, end + 1):
                new = reader.get_historical_resolver(revision)
                outcome = DEFAULT_DIFF_POLICY.apply(old, new)
                level = max(level, outcome.modification_level)
                fields |= outcome.changed_form_fields
        except SuspiciousModification as error:
            return _Segment(ModificationLevel.OTHER.value, frozenset(), _first_line(error))
        except READ_ERRORS as error:
            fault = f"the changes after signing cannot be read: {type(error).__name__}"
            return _Segment(ModificationLevel.OTHER.value, frozenset(), fault)
        return _Segment(level.value, frozenset(fields))

    def ends_revision(self, entry: SignatureEntry, cover: Coverage) -> bool:
        """Return whether the covered part ends where the signed revision ends."""
        xrefs = self._pdf.reader.xrefs
        try:
            return all(
                xrefs.get_xref_container_info(one).end_location <= cover.end
                for one in range(entry.revision + 1)
            )
        except READ_ERRORS:
            return False


def _restrictions(entry: SignatureEntry) -> tuple[MDPPerm | None, FieldMDPSpec | None]:
    """Return the changes that a signature permits and the fields that it locks."""
    permission: MDPPerm | None = None
    locks: FieldMDPSpec | None = None
    for reference in _references(entry):
        try:
            parameters = reference["/TransformParams"]
            if reference["/TransformMethod"] == "/DocMDP":
                permission = MDPPerm(parameters.get("/P", 2))
            elif reference["/TransformMethod"] == "/FieldMDP":
                locks = FieldMDPSpec.from_pdf_object(parameters)
        except READ_ERRORS:
            continue
    return permission, locks


def _references(entry: SignatureEntry) -> list[Any]:
    """Return the signature reference dictionaries."""
    try:
        return list(entry.dictionary["/Reference"])
    except READ_ERRORS:
        return []


def _first_line(error: Exception) -> str:
    """Return the beginning of a message."""
    return str(error).partition("\n")[0][:200]
