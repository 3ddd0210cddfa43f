"""What was changed in a PDF after a signature, and whether that is all right.

Stricter than ISO 32000-2 in one point: a form that is filled in, or an annotation added,
after the last signature needs a person, because replacing visible content through form
fields looks just so. What lies before a later signature that is sound is vouched for by
that; whether it passed is for whoever judges it to ask (`Change.filled`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archive.signatures.coverage import Coverage
from archive.signatures.form_changes import SignatureState
from archive.signatures.pdf_file import READ_ERRORS, SignatureEntry, SignedPdf
from archive.signatures.permissions import ANNOTATIONS, NO_CHANGES, Rules, rules_of
from archive.signatures.revision_pair import Difference
from archive.signatures.structure import Comparison

NONE, ALLOWED, SUSPICIOUS = "none", "allowed", "suspicious"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to the file after one signature."""

    kind: str
    """`none`, `allowed` or `suspicious`."""
    reason: str = ""
    pages: bool = False
    """Whether pages came or went."""
    filled: int | None = None
    """Revision after which a form was filled or an annotation changed last; a later signature
    has to vouch for it."""


UNCHANGED = Change(NONE)


def changes(
    pdf: SignedPdf,
    entries: Sequence[SignatureEntry],
    covered: Sequence[Coverage],
    sound: Sequence[bool],
) -> list[Change]:
    """Return what happened after each signature, in the order of `entries`.

    Each stretch between two signatures is compared once, against the revision that the
    first of them signed, and counts for all signatures before it.

    Args:
        pdf: the file.
        entries: its signatures.
        covered: what each of them covers.
        sound: whether format, digest and value of each are as they must be.
    """
    states = {
        one.number: SignatureState(one.revision, one.is_timestamp, good)
        for one, good in zip(entries, sound, strict=True)
        if one.number is not None
    }
    stretches = _Stretches(pdf, sorted({one.revision for one in entries}), states)
    approving = [
        (one.revision, good)
        for one, good in zip(entries, sound, strict=True)
        if not one.is_timestamp
    ]
    last = max((revision for revision, good in approving if good), default=-1)
    last_of_all = max((revision for revision, _ in approving), default=-1)
    return [
        # What is broken itself is only told apart, so that broken ones after it count.
        _change(pdf, entry, cover, stretches, last if good else last_of_all, good)
        for entry, cover, good in zip(entries, covered, sound, strict=True)
    ]


def _change(
    pdf: SignedPdf,
    entry: SignatureEntry,
    cover: Coverage,
    stretches: _Stretches,
    last: int,
    good: bool,
) -> Change:
    """Return what happened after one signature."""
    if pdf.doubt:
        return Change(SUSPICIOUS, f"the cross-references are damaged: {pdf.doubt}")
    if cover.whole_file and cover.contiguous:
        return UNCHANGED
    if not cover.contiguous:
        return Change(SUSPICIOUS, cover.fault or "the byte range is unusual")
    if _follows_the_end(pdf):
        reason = "something follows after the end of the file's last revision"
        return _suspicion(pdf, entry, reason)
    if not _ends_revision(pdf, entry, cover):
        return _suspicion(pdf, entry, "the signature does not cover the whole of its revision")
    rules, filled = rules_of(entry), None
    for begin, difference in stretches.after(entry.revision):
        reason = _objection(difference, rules, final=begin >= last)
        if difference.broken and good:
            reason = reason or "a signature that was added shows something and is broken"
        if reason:
            return _suspicion(pdf, entry, reason)
        if difference.fields or difference.annotations:
            filled = begin
    return Change(ALLOWED, filled=filled)


def _suspicion(pdf: SignedPdf, entry: SignatureEntry, reason: str) -> Change:
    """Return a suspicious change; pages that came or went are the first thing to be told.

    Only asked here, since no change of the page tree is without objection.
    """
    before, after = pdf.page_count(entry.revision), pdf.page_count()
    if before is not None and after is not None and before != after:
        return Change(SUSPICIOUS, f"the file had {before} pages when signed, now {after}", True)
    return Change(SUSPICIOUS, reason)


def _objection(difference: Difference, rules: Rules, *, final: bool) -> str:
    """Return why a stretch of changes needs a person, or nothing."""
    if difference.faults:
        return "; ".join(difference.faults[:3])
    if any(rules.locks(name) for name in difference.fields | difference.signed):
        return "a form field that the signature locks was changed"
    forms, annotated = bool(difference.fields), difference.annotations
    if rules.permission == NO_CHANGES and (forms or annotated or difference.signed):
        return "the certification signature permits no changes"
    if rules.permission not in (None, ANNOTATIONS) and annotated:
        return "the certification signature does not permit annotations"
    if final and annotated:
        return "annotations were changed after the last signature"
    if final and forms:
        return "form fields were filled in after the last signature"
    return ""


class _Stretches:
    """The stretches between signatures, compared when first asked for."""

    def __init__(
        self, pdf: SignedPdf, revisions: Sequence[int], states: dict[int, SignatureState]
    ) -> None:
        self._pdf, self._states = pdf, states
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
            return Comparison(self._pdf, begin, end, self._states).run()
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
