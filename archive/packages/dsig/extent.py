"""Extent: whether what a signature covers is all that its document says.

A part that no reference covers is how wrapping attacks work: the signed element is
moved aside, and another one is put in its place, while every digest still holds.
"""

from __future__ import annotations

from collections.abc import Collection

from lxml import etree

from archive.packages.dsig import names
from archive.packages.dsig.canonical import is_element

_SILENT = ("Id", "ID", "id", f"{{{names.XML}}}id")


def first_uncovered(
    root: etree._Element, own: etree._Element, covered: Collection[etree._Element]
) -> str | None:
    """Return the name of the first element that a signature does not cover, or None.

    Args:
        root: of the document.
        own: the signature.
        covered: elements that its references point to.

    Signatures, and elements that only hold signatures, say nothing themselves; the
    ds:Object elements of the signature itself do.
    """
    if _is_countersignature(own, covered):
        return None
    for one in own.findall(names.OBJECT):
        if one.find(names.QUALIFYING) is None and not _is_covered(one, covered):
            children = [child for child in one if is_element(child)]
            if _has_text(one) or not all(child in covered for child in children):
                return _name(one)
    return _uncovered(root, covered)


def _is_countersignature(own: etree._Element, covered: Collection[etree._Element]) -> bool:
    """Return whether a signature stands in another one and is over its value."""
    outer = next(own.iterancestors(names.SIGNATURE), None)
    return outer is not None and any(
        one.tag == f"{{{names.DSIG}}}SignatureValue" and one.getparent() is outer for one in covered
    )


def _uncovered(element: etree._Element, covered: Collection[etree._Element]) -> str | None:
    """Return the first uncovered element below, depth first; the depth is limited by the reader."""
    if element in covered or element.tag == names.SIGNATURE:
        return None
    if not is_element(element):
        return None
    if _speaks(element) or len(element) == 0:
        return _name(element)
    for child in element:
        found = _uncovered(child, covered)
        if found is not None:
            return found
    return None


def _is_covered(element: etree._Element, covered: Collection[etree._Element]) -> bool:
    return not is_element(element) or element in covered


def _speaks(element: etree._Element) -> bool:
    """Return whether an element has text or attributes of its own."""
    return _has_text(element) or any(
        name not in _SILENT and not str(name).startswith(f"{{{names.SCHEMA_INSTANCE}}}")
        for name in element.attrib
    )


def _has_text(element: etree._Element) -> bool:
    return bool((element.text or "").strip()) or any((c.tail or "").strip() for c in element)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname[:64]
