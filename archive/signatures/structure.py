"""What differs between two revisions of a PDF, object by object and with its meaning.

Only objects that a later revision wrote can differ, and each of them is judged by its
role: catalogue, form, field, page, annotation, security store. An object that has no
role that may change, and that is not the same as before, is suspicious. References to
objects that do not exist read as null (ISO 32000-2, 7.3.10), in old and new alike; an
object that fills such a gap counts as changed, since content can be hidden that way.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pyhanko.pdf_utils import generic

from archive.signatures.pdf_file import READ_ERRORS, SignedPdf
from archive.signatures.references import referenced_numbers
from archive.signatures.roles import (
    MAX_NODES,
    entry,
    find_roles,
    items_of,
    number_of,
    painted,
    raw_entry,
    resolve,
    type_of,
    value_of,
)

_MAX_DEPTH = 64
_CATALOG_MAY = {"/DSS", "/Extensions", "/Metadata", "/Version", "/StructTreeRoot", "/MarkInfo"}
_TREE_MUST_NOT = {
    "/Kids",
    "/Count",
    "/Type",
    "/Parent",
    "/Resources",
    "/MediaBox",
    "/CropBox",
    "/Rotate",
}
_BOOKKEEPING = ("/ObjStm", "/XRef", "/StructElem")
_FORM_MAY = {"/SigFlags", "/DR", "/DA", "/NeedAppearances", "/CO", "/Q"}
_PAGE_MAY = {"/LastModified", "/PieceInfo", "/Tabs", "/StructParents", "/Metadata"}
_SIGNING_MAY = {"/V", "/AP", "/MK", "/F", "/P", "/Rect", "/Lock", "/SV", "/DA", "/AS", "/Ff", "/M"}
_FILLING_MAY = {"/V", "/AP", "/AS", "/DA", "/I", "/M", "/MK", "/RV", "/DV", "/F", "/TU"}


@dataclass(slots=True)
class Difference:
    """What changed between two revisions."""

    faults: list[str] = field(default_factory=list)
    """Changes for which there is no good reason."""
    fields: set[str] = field(default_factory=set)
    """Form fields, other than signatures, that were filled in or changed."""
    signed: set[str] = field(default_factory=set)
    """Signature fields that were added or signed."""
    annotations: bool = False
    """Whether annotations other than signatures came, went or changed."""


class Comparison:
    """The comparison of one revision with a later one."""

    def __init__(self, pdf: SignedPdf, old: int, new: int) -> None:
        """Prepare; raises one of READ_ERRORS if a revision has no catalogue."""
        self._pdf = pdf
        self._reader = pdf.reader
        self._old_revision, self._new_revision = old, new
        self._old = self._reader.get_historical_resolver(old)
        self._new = (
            self._reader if new == pdf.revisions - 1 else self._reader.get_historical_resolver(new)
        )
        trailer = self._reader.trailer
        self._was = find_roles(self._old, trailer)
        self._is = find_roles(self._new, trailer)
        self._known_gaps: set[int] | None = None
        self._known_painted: set[int] | None = None
        self.found = Difference()

    def run(self) -> Difference:
        """Return everything that differs."""
        if not self._same_root():
            self.found.faults.append("the document's catalogue was replaced")
            return self.found
        for reference in self._written():
            before, after = value_of(self._old, reference), value_of(self._new, reference)
            if before is None and reference.idnum not in self._gaps():
                continue
            self._judge(reference.idnum, before, after)
        self._judge_direct()
        return self.found

    # Reading

    def _same_root(self) -> bool:
        """Return whether the trailer still names the same catalogue and encryption."""
        old, new = (
            self._reader.trailer.flatten(one) for one in (self._old_revision, self._new_revision)
        )
        return all(
            number_of(raw_entry(old, key)) == number_of(raw_entry(new, key))
            for key in ("/Root", "/Encrypt")
        )

    def _written(self) -> list[Any]:
        """Return references to the objects that later revisions wrote or freed."""
        found: set[Any] = set()
        xrefs = self._reader.xrefs
        for revision in range(self._old_revision + 1, self._new_revision + 1):
            found |= xrefs.explicit_refs_in_revision(revision)
            found |= xrefs.refs_freed_in_revision(revision)
        return sorted(found, key=lambda one: (one.idnum, one.generation))

    def _gaps(self) -> set[int]:
        """Return the numbers that the old revision refers to without having the objects."""
        if self._known_gaps is None:
            self._known_gaps = _referenced(self._pdf, self._old_revision)
        return self._known_gaps

    # Judging

    def _judge(self, number: int, before: Any, after: Any) -> None:
        """Judge one object that was written again."""
        was = self._was
        if self._same(before, after):
            return
        if number == number_of(raw_entry(self._reader.trailer, "/Root")):
            self._judge_keys(before, after, _CATALOG_MAY | {"/AcroForm"}, "the catalogue")
        elif number in was.pages:
            self._judge_page(before, after)
        elif number in was.tree:
            keys = {*before, *after} if isinstance(before, dict) and isinstance(after, dict) else {}
            self._judge_keys(before, after, {*keys} - _TREE_MUST_NOT, "the page tree")
        elif number in self._painted():
            # An object with a harmless part may be a page's content as well.
            self.found.faults.append("what a page shows was changed")
        elif number in was.plain | was.store or type_of(before) in _BOOKKEEPING:
            return
        elif number == number_of(raw_entry(was.catalog, "/AcroForm")):
            self._judge_form(before, after)
        elif number in was.fields:
            self._judge_field(number, before, after)
        elif number in was.arrays:
            self._judge_field_array(before, after)
        elif number in was.annotation_arrays:
            self._judge_annotations(before, after)
        elif number in was.appearances:
            self.found.fields.add(was.appearances[number])
        elif number in was.annotations:
            self.found.annotations = True
        else:
            self.found.faults.append(f"object {number} was changed")

    def _painted(self) -> set[int]:
        """Return the objects that the old revision's pages consist of."""
        if self._known_painted is None:
            self._known_painted = painted(self._old, self._was)
        return self._known_painted

    def _judge_direct(self) -> None:
        """Judge a form that lies directly in the catalogue."""
        if number_of(raw_entry(self._was.catalog, "/AcroForm")) is None or number_of(
            raw_entry(self._is.catalog, "/AcroForm")
        ) != number_of(raw_entry(self._was.catalog, "/AcroForm")):
            self._judge_form(self._was.form, self._is.form)

    def _judge_keys(self, before: Any, after: Any, may: set[str], what: str) -> set[str]:
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
            if not self._same(raw_entry(before, key), raw_entry(after, key))
        }
        for key in sorted(changed - may):
            self.found.faults.append(f"{what} was changed at {key}")
        return changed

    def _judge_form(self, before: Any, after: Any) -> None:
        """Judge the form dictionary."""
        if before is None:
            before = generic.DictionaryObject()  # a form that is new has new fields only
        if self._same(before, after):
            return
        changed = self._judge_keys(before, after, {*_FORM_MAY, "/Fields", "/XFA"}, "the form")
        if "/XFA" in changed:
            self.found.fields.add("XFA")
        if "/Fields" in changed:
            old = resolve(self._old, raw_entry(before, "/Fields"))
            self._judge_field_array(old, resolve(self._new, raw_entry(after, "/Fields")))

    def _judge_field_array(self, before: Any, after: Any) -> None:
        """Judge a list of fields: signatures may come, nothing may go."""
        old, new = items_of(before), items_of(after)
        kept = {number_of(one) for one in new}
        if any(number_of(one) is not None and number_of(one) not in kept for one in old):
            self.found.faults.append("form fields were removed")
        known = {number_of(one) for one in old}
        for one in new:
            number = number_of(one)
            if number is not None and number not in known:
                name, signature = self._is.fields.get(number, ("", False))
                (self.found.signed if signature else self.found.fields).add(name)
                if signature and self._shows_unsigned(one):
                    self.found.annotations = True

    def _shows_unsigned(self, item: Any) -> bool:
        """Return whether a new signature field shows something without being signed."""
        node = resolve(self._new, item)
        if entry(self._new, node, "/V") is not None:
            return False
        return entry(self._new, node, "/AP") is not None

    def _judge_field(self, number: int, before: Any, after: Any) -> None:
        """Judge a field that was there before."""
        name, signature = self._was.fields[number]
        if not signature:
            self._judge_keys(before, after, {*_FILLING_MAY, "/Kids"}, f"the form field {name}")
            self.found.fields.add(name)
            return
        if entry(self._old, before, "/V") is None:
            self._judge_keys(before, after, {*_SIGNING_MAY, "/Kids"}, "a signature field")
            self.found.signed.add(name)
            return
        self._judge_keys(before, after, {"/Lock", "/SV", "/P"}, "a signed field")

    def _judge_page(self, before: Any, after: Any) -> None:
        """Judge a page."""
        changed = self._judge_keys(before, after, {*_PAGE_MAY, "/Annots"}, "a page")
        if "/Annots" in changed:
            old = resolve(self._old, raw_entry(before, "/Annots"))
            self._judge_annotations(old, resolve(self._new, raw_entry(after, "/Annots")))

    def _judge_annotations(self, before: Any, after: Any) -> None:
        """Judge a page's annotations: those of new signatures may come."""
        old, new = ({number_of(one) for one in items_of(value)} for value in (before, after))
        if len(old) != len(items_of(before)) or old - new:
            self.found.annotations = True
        for number in new - old:
            signature = number is not None and self._is.fields.get(number, ("", False))[1]
            if not signature:
                self.found.annotations = True

    # Comparing

    def _same(self, before: Any, after: Any, depth: int = 0, seen: Any = None) -> bool:
        """Return whether two values are the same, each at its revision.

        References with one number are the same here: the object behind them is judged
        by itself if it was written again.
        """
        one, other = number_of(before), number_of(after)
        if one is not None and one == other:
            return True
        seen = set() if seen is None else seen
        if one is not None and other is not None:
            if (one, other) in seen:
                return True
            seen.add((one, other))
        if depth > _MAX_DEPTH or len(seen) > MAX_NODES:
            return False
        left, right = resolve(self._old, before), resolve(self._new, after)
        if isinstance(left, generic.StreamObject) or isinstance(right, generic.StreamObject):
            return self._same_stream(left, right, depth, seen)
        if isinstance(left, generic.DictionaryObject) and isinstance(
            right, generic.DictionaryObject
        ):
            return all(
                self._same(raw_entry(left, key), raw_entry(right, key), depth + 1, seen)
                for key in {*left, *right}
            )
        if isinstance(left, list) and isinstance(right, list):
            pairs = zip(items_of(left), items_of(right), strict=False)
            return len(left) == len(right) and all(
                self._same(a, b, depth + 1, seen) for a, b in pairs
            )
        return type_of(left) is type_of(right) and bool(left == right)

    def _same_stream(self, left: Any, right: Any, depth: int, seen: Any) -> bool:
        """Return whether two streams are the same in dictionary and content."""
        if type_of(left) is not type_of(right):
            return False
        keys = {*left, *right} - {"/Length", "/Filter", "/DecodeParms"}
        if not all(
            self._same(raw_entry(left, k), raw_entry(right, k), depth + 1, seen) for k in keys
        ):
            return False
        try:
            return bool(left.data == right.data)
        except READ_ERRORS:
            return False


def _referenced(pdf: SignedPdf, revision: int) -> set[int]:
    """Return every object number that the bytes up to a revision refer to.

    Taken from the raw bytes and the object streams: cheaper than walking the whole file,
    and a number too many only means that one more object is judged.
    """
    xrefs = pdf.reader.xrefs
    end = max(xrefs.get_xref_container_info(one).end_location for one in range(revision + 1))
    numbers = referenced_numbers(pdf.content, end)
    for one in range(revision + 1):
        for reference in xrefs.object_streams_used_in(one):
            try:
                stream = pdf.reader.get_object(reference, revision=revision)
                numbers |= referenced_numbers(stream.data, len(stream.data))
            except READ_ERRORS:
                continue
    return numbers
