"""Divisions for representations with their own METS (CSIP 2.1.0, CSIP105 to CSIP112)."""

from __future__ import annotations

from archive.packages.eark import identifiers, references
from archive.packages.eark.package import METS, METS_NAME, XLINK, Mets, Package
from archive.packages.eark.references import Numbers
from archive.packages.eark.rules import Element, Findings, must, place, should, shown

_PREFIX = "Representations/"
_POINTER = Numbers(
    locator="CSIP112",
    link="CSIP111",
    href="CSIP110",
    media_type="",
    size="",
    created="",
    checksum="",
    checksum_type="",
)


def check(package: Package, mets: Mets, main: Element, divisions: list[Element]) -> Findings:
    """Yield what is wrong with the divisions that point to representations' METS documents."""
    described = [one for one in package.representations if f"{one}/{METS_NAME}" in package.files]
    if mets.is_package:
        yield from _missing(package, mets, main, divisions, described)
    for one in divisions:
        pointers = one.findall(METS + "mptr")
        if pointers or (one.get("LABEL") or "").startswith(_PREFIX):
            yield from _division(package, mets, one, pointers, described)


def titles(main: Element) -> set[str | None]:
    """Return the file groups that METS pointers name (CSIP108)."""
    return {pointer.get(XLINK + "title") for pointer in main.iter(METS + "mptr")}


def _missing(
    package: Package, mets: Mets, main: Element, divisions: list[Element], described: list[str]
) -> Findings:
    labels = {(one.get("LABEL") or "").strip("/").casefold() for one in divisions}
    pointed = {
        references.target(package, mets, pointer.get(XLINK + "href") or "")
        for pointer in main.iter(METS + "mptr")
    }
    for folder in described:
        if folder.casefold() not in labels and f"{folder}/{METS_NAME}" not in pointed:
            yield should(
                "CSIP105", place(mets, main), f"no div for {shown(folder)}, which has a METS.xml"
            )


def _division(
    package: Package, mets: Mets, one: Element, pointers: list[Element], described: list[str]
) -> Findings:
    yield from identifiers.check(mets, one, "CSIP106")
    yield from _label(package, mets, one, pointers)
    folder = (one.get("LABEL") or "").strip("/").casefold()
    has_mets = any(name.casefold() == folder for name in described)
    if len(pointers) > 1 or (has_mets and not pointers):
        message = f"{len(pointers)} mptr instead of one to the representation's METS.xml"
        yield must("CSIP109", place(mets, one), message)
    for pointer in pointers:
        yield from _group(mets, pointer)
        yield from references.locator(package, mets, pointer, _POINTER)
        name = references.target(package, mets, pointer.get(XLINK + "href") or "")
        if name and name.rpartition("/")[2] != METS_NAME:
            where = place(mets, pointer, "xlink:href")
            yield must("CSIP110", where, f"{shown(name)} is not a representation's METS.xml")


def _label(package: Package, mets: Mets, one: Element, pointers: list[Element]) -> Findings:
    label = one.get("LABEL") or ""
    where = place(mets, one, "LABEL")
    if not label.startswith(_PREFIX) or label == _PREFIX:
        message = f"LABEL must be “Representations/” and the folder's name, not {shown(label)}"
        yield must("CSIP107", where, message)
        return
    for pointer in pointers:
        name = references.target(package, mets, pointer.get(XLINK + "href") or "")
        if name and name.rpartition("/")[0].casefold() != label.strip("/").casefold():
            yield must("CSIP107", where, f"{shown(label)} is not the folder of {shown(name)}")
    if not pointers and label.strip("/").casefold() not in package.folded_folders:
        yield must("CSIP107", where, f"{shown(label)} is not a folder of the package")


def _group(mets: Mets, pointer: Element) -> Findings:
    title = pointer.get(XLINK + "title") or ""
    groups = (one for one in mets.ids.get(title, []) if one.tag == METS + "fileGrp")
    if any((group.get("USE") or "").startswith("Representations") for group in groups):
        return
    where = place(mets, pointer, "xlink:title")
    message = f"must be the ID of the representation's fileGrp, not {shown(title)}"
    # The AIP specification's own examples have free text here.
    yield (should if mets.package_type == "AIP" else must)("CSIP108", where, message)
