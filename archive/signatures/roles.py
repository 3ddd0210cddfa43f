"""Which object plays which part in a PDF at one revision: catalogue, form, page, store."""

# mypy: allow-untyped-calls
from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from archive.signatures.fastobjects import LEAVES
from archive.signatures.pdf_file import READ_ERRORS

MAX_NODES = 50_000
_ABOVE = ("/Parent", "/P", "/SE")
"""Keys that lead up, or from an outline to the structure tree."""
_UNSEEN = {*_ABOVE, "/DSS", "/Extensions", "/Metadata", "/StructTreeRoot", "/PieceInfo"}


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
    harmless: set[int] = field(default_factory=set)
    """Objects below /DSS, /Info, /Metadata and /Extensions, and the structure tree's own."""


def find_roles(handler: Any, trailer: Any) -> Roles:
    """Find out which object plays which part."""
    root = handler.root
    roles = Roles(root, entry(handler, root, "/AcroForm"))
    _walk_fields(handler, roles)
    _walk_pages(handler, roles)
    for key in ("/DSS", "/Metadata", "/Extensions"):
        roles.harmless.update(below(handler, raw_entry(root, key)))
    info = number_of(raw_entry(trailer, "/Info"))
    roles.harmless.update({info} if info is not None else ())
    roles.harmless.update(_structure(handler, root))
    return roles


def seen(handler: Any, roles: Roles) -> set[int] | None:
    """Return the objects that what is seen or done consists of: all but the bookkeeping.

    Whoever prepares a file can name any object as bookkeeping too, to change it later.
    None if they are too many to be told.
    """
    numbers: set[int] = set()
    for key in roles.catalog:
        if key not in _UNSEEN:
            below(handler, raw_entry(roles.catalog, key), numbers, skip=_UNSEEN)
    return numbers if len(numbers) < MAX_NODES else None


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


def below(
    handler: Any,
    item: Any,
    known: set[int] | None = None,
    *,
    skip: Collection[str] = _ABOVE,
) -> set[int]:
    """Return the numbers of all objects below an item, without climbing to parents.

    Args:
        handler: the revision.
        item: a reference or value.
        known: numbers whose objects were followed already; they are added to.
        skip: keys that are not followed.
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
            stack += [
                raw_entry(value, key)
                for key, each in dict.items(value)
                if type(each) not in LEAVES and key not in skip
            ]
        elif isinstance(value, list):
            stack += [each for each in list.__iter__(value) if type(each) not in LEAVES]
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


class Unreadable:
    """An object that is there and cannot be read here: viewers may, so it equals nothing."""


def value_of(handler: Any, reference: Any) -> Any:
    """Return an object at a revision: null as None, or `Unreadable`."""
    if _is_missing(handler, reference):
        return None
    try:
        value = handler.get_object(reference)
    except READ_ERRORS:
        value = _leniently(handler, reference)
    return None if isinstance(value, generic.NullObject) else value


def _leniently(handler: Any, reference: Any) -> Any:
    """Return an object that only a tolerant reader can read, or `Unreadable`."""
    reader = handler.reader if isinstance(handler, HistoricalResolver) else handler
    strict, reader.strict = reader.strict, False
    try:
        return handler.get_object(reference)
    except READ_ERRORS:
        return Unreadable()
    finally:
        reader.strict = strict


def _is_missing(handler: Any, reference: Any) -> bool:
    """Return whether a revision does not have an object; asked first, as reading would log."""
    if isinstance(handler, HistoricalResolver):
        found = handler.reader.xrefs.get_historical_ref(reference, handler.revision)
    else:
        found = handler.xrefs[reference]
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
