"""What differs between two revisions of a PDF, object by object and with its meaning.

Only objects that a later revision wrote can differ, and each of them is judged by its
role: catalogue, form, field, page, annotation, security store. An object that has no
role that may change, and that is not the same as before, is suspicious. References to
objects that do not exist read as null (ISO 32000-2, 7.3.10), in old and new alike; an
object that fills such a gap counts as changed, since content can be hidden that way.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pyhanko.pdf_utils import generic

from archive.signatures.form_changes import FormChanges, SignatureState
from archive.signatures.pdf_file import READ_ERRORS, SignedPdf
from archive.signatures.references import referenced_numbers
from archive.signatures.revision_pair import Difference, RevisionPair
from archive.signatures.roles import (
    Roles,
    find_roles,
    items_of,
    number_of,
    painted,
    raw_entry,
    resolve,
    seen,
    type_of,
    value_of,
)

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
_PAGE_MAY = {"/LastModified", "/PieceInfo", "/Tabs", "/StructParents", "/Metadata"}


class Comparison:
    """The comparison of one revision with a later one."""

    def __init__(
        self, pdf: SignedPdf, old: int, new: int, signatures: Mapping[int, SignatureState]
    ) -> None:
        """Prepare; raises one of READ_ERRORS if a revision has no catalogue.

        Args:
            pdf: the file.
            old: number of the earlier revision.
            new: number of the later one.
            signatures: the states of all signatures by object number.
        """
        self._pdf = pdf
        self._reader = pdf.reader
        self._old_revision, self._new_revision = old, new
        self._old = self._reader.get_historical_resolver(old)
        self._new = (
            self._reader if new == pdf.revisions - 1 else self._reader.get_historical_resolver(new)
        )
        self._roots = (self._old.root, self._new.root)
        self._signatures = signatures
        self._pair = RevisionPair(self._old, self._new)
        self.found = self._pair.found

    def run(self) -> Difference:
        """Return everything that differs."""
        if not self._same_root():
            self.found.faults.append("the document's catalogue was replaced")
            return self.found
        for reference in self._written():
            before, after = value_of(self._old, reference), value_of(self._new, reference)
            if before is None and reference.idnum not in self._gaps:
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

    @cached_property
    def _was(self) -> Roles:
        """Which object plays which part in the old revision."""
        return find_roles(self._old, self._reader.trailer)

    @cached_property
    def _form(self) -> FormChanges:
        """The judgement of the form."""
        now = find_roles(self._new, self._reader.trailer)
        return FormChanges(self._pair, self._was, now, self._signatures)

    @cached_property
    def _gaps(self) -> set[int]:
        """The numbers that the old revision refers to without having the objects."""
        return _referenced(self._pdf, self._old_revision)

    @cached_property
    def _painted(self) -> set[int]:
        """The objects that the old revision's pages consist of."""
        return painted(self._old, self._was)

    @cached_property
    def _seen(self) -> set[int] | None:
        """The objects that are more than bookkeeping; None if they are too many."""
        return seen(self._old, self._was)

    @cached_property
    def _containers(self) -> set[int]:
        """The object streams of the old revision in which the new one still looks for objects."""
        xrefs, found = self._reader.xrefs, set()
        for revision in range(self._old_revision + 1):
            for number, place in xrefs.get_xref_data(revision).xrefs_in_objstm.items():
                reference = generic.Reference(number, 0, self._reader)
                if xrefs.get_historical_ref(reference, self._new_revision) == place:
                    found.add(place.obj_stream_id)
        return found

    # Judging

    def _judge(self, number: int, before: Any, after: Any) -> None:
        """Judge one object that was written again."""
        if number in self._containers:
            # What it held is another thing now, whatever the tables say of it.
            self.found.faults.append("a stream that holds other objects was overwritten")
        elif self._pair.same(before, after):
            return
        elif number == number_of(raw_entry(self._reader.trailer, "/Root")):
            self._pair.judge_keys(before, after, _CATALOG_MAY | {"/AcroForm"}, "the catalogue")
        else:
            self._judge_by_role(number, before, after)

    def _judge_by_role(self, number: int, before: Any, after: Any) -> None:
        """Judge an object by the part that it played."""
        was = self._was
        if number in was.pages:
            self._judge_page(before, after)
        elif number in was.tree:
            keys = {*before, *after} if isinstance(before, dict) and isinstance(after, dict) else {}
            self._pair.judge_keys(before, after, {*keys} - _TREE_MUST_NOT, "the page tree")
        elif number in self._painted:
            # An object with a harmless part may be a page's content as well.
            self.found.faults.append("what a page shows was changed")
        elif self._is_bookkeeping(number, before):
            return
        elif number == number_of(raw_entry(was.catalog, "/AcroForm")):
            self._form.form(before, after)
        elif number in was.fields:
            self._form.field(number, before, after)
        elif number in was.arrays:
            self._form.field_array(before, after)
        elif number in was.annotation_arrays:
            self._judge_annotations(before, after)
        elif number in was.appearances:
            self.found.fields.add(was.appearances[number])
        elif number in was.annotations:
            self.found.annotations = True
        else:
            self.found.faults.append(f"object {number} was changed")

    def _is_bookkeeping(self, number: int, before: Any) -> bool:
        """Return whether an object is bookkeeping and nothing else."""
        if number not in self._was.harmless and type_of(before) not in _BOOKKEEPING:
            return False
        return self._seen is not None and number not in self._seen

    def _judge_direct(self) -> None:
        """Judge a form that lies directly in the catalogue."""
        before, after = (raw_entry(root, "/AcroForm") for root in self._roots)
        if (before is not None or after is not None) and (
            number_of(before) is None or number_of(before) != number_of(after)
        ):
            self._form.form(resolve(self._old, before), resolve(self._new, after))

    def _judge_page(self, before: Any, after: Any) -> None:
        """Judge a page."""
        changed = self._pair.judge_keys(before, after, {*_PAGE_MAY, "/Annots"}, "a page")
        if "/Annots" in changed:
            old = resolve(self._old, raw_entry(before, "/Annots"))
            self._judge_annotations(old, resolve(self._new, raw_entry(after, "/Annots")))

    def _judge_annotations(self, before: Any, after: Any) -> None:
        """Judge a page's annotations: those of new signatures may come."""
        old, new = ({number_of(one) for one in items_of(value)} for value in (before, after))
        if len(old) != len(items_of(before)) or old - new:
            self.found.annotations = True
        for number in new - old:
            if number is None or not self._form.is_signature(number):
                self.found.annotations = True
            else:
                self._form.signature_widget(number, new=True)


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
