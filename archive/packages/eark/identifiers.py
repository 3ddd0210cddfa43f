"""IDs inside METS: that they exist, are names, and are unique in the document."""

from __future__ import annotations

from archive.packages.eark.package import Mets
from archive.packages.eark.rules import Element, Findings, local, must, place, shown
from archive.packages.eark.values import is_name


def check(mets: Mets, element: Element, rule: str) -> Findings:
    """Yield what is wrong with an element's mandatory ID."""
    value = element.get("ID")
    where = place(mets, element, "ID")
    if not value:
        yield must(rule, where, f"{local(element.tag)} has no ID")
    elif not is_name(value):
        yield must(rule, where, f"{shown(value)} is no XML name (xs:ID)")
    elif len(mets.ids[value]) > 1:
        yield must(rule, where, f"{shown(value)} stands at {len(mets.ids[value])} elements")
