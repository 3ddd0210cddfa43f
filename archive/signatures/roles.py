"""Which object plays which part in a PDF at one revision: catalogue, form, page, store."""

# mypy: allow-untyped-calls
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from archive.signatures.pdf_file import READ_ERRORS

MAX_NODES = 50_000


@dataclass(slots=True)
class Roles:
    """Which object plays which part at one revision."""

    catalog: Any
    form: Any
    fields: dict[int, tuple[str, bool]] = field(default_factory=dict)
    """Object number of a field or widget to its name and whether it is a signature's."""
    arrays: set[int] = field(default_factory=set)
    """Arrays of fields: /Fields and /Kids."""
    appearances: dict[int, str] = field(default_factory=dict)
    """Object numbers below the appearances of fields to the field's name."""
    pages: set[int] = field(default_factory=set)
    tree: set[int] = field(default_factory=set)
    annotation_arrays: set[int] = field(default_factory=set)
    annotations: set[int] = field(default_factory=set)
    store: set[int] = field(default_factory=set)
    """Objects below /DSS."""
    plain: set[int] = field(default_factory=set)
    """Objects that change nothing that is seen: /Info, /Metadata, /Extensions."""


def find_roles(handler: Any, trailer: Any) -> Roles:
    """Find out which object plays which part."""
    root = handler.root
    roles = Roles(root, entry(handler, root, "/AcroForm"))
    _walk_fields(handler, roles)
    _walk_pages(handler, roles)
    for number in below(handler, raw_entry(root, "/DSS")):
        roles.store.add(number)
    for key in ("/Metadata", "/Extensions"):
        roles.plain.update(below(handler, raw_entry(root, key)))
    info = number_of(raw_entry(trailer, "/Info"))
    roles.plain.update({info} if info is not None else ())
    roles.plain.update(_structure(handler, root))
    return roles


def _structure(handler: Any, root: Any) -> Iterator[int]:
    """Yield the objects of the structure tree's own bookkeeping."""
    item = raw_entry(root, "/StructTreeRoot")
    tree = resolve(handler, item)
    for one in (item, raw_entry(tree, "/ParentTree"), raw_entry(tree, "/K")):
        number = number_of(one)
        if number is not None:
            yield number


def _walk_fields(handler: Any, roles: Roles) -> None:
    """Find the form's fields and their appearances."""
    top = raw_entry(roles.form, "/Fields")
    note_number(roles.arrays, top)
    stack = [("", None, one) for one in items_of(resolve(handler, top))]
    seen: set[int] = set()
    while stack and len(seen) < MAX_NODES:
        prefix, inherited, item = stack.pop()
        number = number_of(item)
        if number is not None:
            if number in seen:
                continue
            seen.add(number)
        node = resolve(handler, item)
        if not isinstance(node, generic.DictionaryObject):
            continue
        own = entry(handler, node, "/T")
        name = ".".join(p for p in (prefix, str(own) if own is not None else "") if p)
        kind = entry(handler, node, "/FT") or inherited
        if number is not None:
            roles.fields[number] = (name, kind == "/Sig")
        if kind != "/Sig":
            for inner in below(handler, raw_entry(node, "/AP")):
                roles.appearances[inner] = name
        kids = raw_entry(node, "/Kids")
        note_number(roles.arrays, kids)
        stack += [(name, kind, one) for one in items_of(resolve(handler, kids))]


def _walk_pages(handler: Any, roles: Roles) -> None:
    """Find the pages and their annotations."""
    stack = [raw_entry(roles.catalog, "/Pages")]
    seen: set[int] = set()
    while stack and len(seen) < MAX_NODES:
        item = stack.pop()
        number = number_of(item)
        if number is None or number in seen:
            continue
        seen.add(number)
        node = resolve(handler, item)
        kids = raw_entry(node, "/Kids")
        if kids is not None:
            roles.tree.add(number)
            note_number(roles.tree, kids)
            stack += items_of(resolve(handler, kids))
            continue
        roles.pages.add(number)
        annotations = raw_entry(node, "/Annots")
        note_number(roles.annotation_arrays, annotations)
        for one in items_of(resolve(handler, annotations)):
            note_number(roles.annotations, one)


def below(handler: Any, item: Any, known: set[int] | None = None) -> set[int]:
    """Return the numbers of all objects below an item, without climbing to parents.

    Args:
        handler: the revision.
        item: a reference or value.
        known: numbers whose objects were followed already; they are added to.
    """
    numbers: set[int] = set() if known is None else known
    stack = [item]
    while stack and len(numbers) < MAX_NODES:
        one = stack.pop()
        number = number_of(one)
        if number is not None:
            if number in numbers:
                continue
            numbers.add(number)
        value = resolve(handler, one)
        if isinstance(value, generic.DictionaryObject):
            stack += [raw_entry(value, key) for key in value if key not in ("/Parent", "/P")]
        else:
            stack += items_of(value)
    return numbers


def painted(handler: Any, roles: Roles) -> set[int]:
    """Return the objects below the contents and resources of all pages.

    Objects that are missing are among them: content can be hidden in such a gap.
    """
    numbers: set[int] = set()
    for page in (*roles.pages, *roles.tree):
        node = value_of(handler, generic.Reference(page, 0, handler))
        for key in ("/Contents", "/Resources"):
            numbers |= below(handler, raw_entry(node, key), numbers)
    return numbers


def value_of(handler: Any, reference: Any) -> Any:
    """Return an object at a revision, null as None."""
    try:
        if isinstance(handler, HistoricalResolver) and _is_missing(handler, reference):
            return None
        value = handler.get_object(reference)
    except READ_ERRORS:
        return None
    return None if isinstance(value, generic.NullObject) else value


def _is_missing(handler: HistoricalResolver, reference: Any) -> bool:
    """Return whether a revision does not have an object; asked first, as reading would log."""
    found = handler.reader.xrefs.get_historical_ref(reference, handler.revision)
    return found is None


def resolve(handler: Any, item: Any) -> Any:
    """Return what an item is at a revision."""
    if isinstance(item, generic.IndirectObject):
        return value_of(handler, item.reference)
    return None if isinstance(item, generic.NullObject) else item


def entry(handler: Any, node: Any, key: str) -> Any:
    """Return a dictionary's entry at a revision."""
    return resolve(handler, raw_entry(node, key))


def note_number(numbers: set[int], item: Any) -> None:
    """Add an item's object number, if it is a reference."""
    number = number_of(item)
    if number is not None:
        numbers.add(number)


def number_of(item: Any) -> int | None:
    """Return the object number of a reference."""
    return int(item.idnum) if isinstance(item, generic.IndirectObject) else None


def raw_entry(node: Any, key: str) -> Any:
    """Return an entry as it stands, or None."""
    try:
        return node.raw_get(key)
    except READ_ERRORS:
        return None


def type_of(value: Any) -> Any:
    """Return the /Type of a dictionary."""
    return raw_entry(value, "/Type") if isinstance(value, generic.DictionaryObject) else None


def items_of(value: Any) -> list[Any]:
    """Return an array's items, unresolved."""
    return list(list.__iter__(value)) if isinstance(value, list) else []
