"""The structural map `structMap` (CSIP 2.1.0, section 5.3.6)."""

from __future__ import annotations

from dataclasses import dataclass

from archive.packages.eark import identifiers, representations
from archive.packages.eark.package import METS, Mets, Package
from archive.packages.eark.rules import Element, Findings, must, place, should, shown
from archive.packages.eark.values import vocabulary


@dataclass(frozen=True, slots=True)
class _Division:
    """The requirement numbers of a division that lists file groups."""

    label: str
    exists: str
    identifier: str
    labelled: str
    pointers: str
    pointer_target: str


_DIVISIONS = (
    _Division("Documentation", "CSIP93", "CSIP94", "CSIP95", "CSIP96", "CSIP116"),
    _Division("Schemas", "CSIP97", "CSIP98", "CSIP99", "CSIP100", "CSIP118"),
    _Division("Representations", "CSIP101", "CSIP102", "CSIP103", "CSIP104", "CSIP119"),
)


def check(package: Package, mets: Mets) -> Findings:
    """Yield what is wrong with the structural map that CSIP describes."""
    maps = mets.all("structMap")
    labelled = [one for one in maps if one.get("LABEL") == "CSIP"]
    if len(labelled) != 1:
        message = f"{len(labelled)} structMap with LABEL “CSIP” instead of one"
        for rule in ("CSIP80", "CSIP82"):
            yield must(rule, place(mets, (maps or [mets.root])[-1]), message)
    # Without the label, a sole map can only be meant as this one.
    for one in labelled or (maps if len(maps) == 1 else []):
        yield from _map(package, mets, one)


def _map(package: Package, mets: Mets, one: Element) -> Findings:
    if one.get("TYPE") != "PHYSICAL":
        message = f"TYPE must be “PHYSICAL”, not {shown(one.get('TYPE') or '')}"
        yield must("CSIP81", place(mets, one, "TYPE"), message)
    yield from identifiers.check(mets, one, "CSIP83")
    divisions = one.findall(METS + "div")
    if len(divisions) != 1:
        yield must("CSIP84", place(mets, one), f"{len(divisions)} main divisions instead of one")
    for main in divisions:
        yield from _main(package, mets, main)


def _main(package: Package, mets: Mets, main: Element) -> Findings:
    yield from identifiers.check(mets, main, "CSIP85")
    if main.get("LABEL") != mets.root.get("OBJID"):
        # CSIP86 is a MUST in 2.0.4 and left out in 2.1.0.
        message = f"{shown(main.get('LABEL') or '')} is not the package's OBJID"
        yield should("CSIP86", place(mets, main, "LABEL"), message)
    divisions = main.findall(METS + "div")
    yield from _metadata(mets, main, divisions)
    for kind in _DIVISIONS:
        yield from _division(mets, main, divisions, kind)
    yield from representations.check(package, mets, main, divisions)


def _metadata(mets: Mets, main: Element, divisions: list[Element]) -> Findings:
    found = [one for one in divisions if one.get("LABEL") == "Metadata"]
    if len(found) != 1:
        message = f"{len(found)} div with LABEL “Metadata” instead of one"
        yield must("CSIP88", place(mets, main), message)
    if not found:
        yield must("CSIP90", place(mets, main), "no div has the LABEL “Metadata”")
        found = [one for one in divisions if (one.get("LABEL") or "").strip().lower() == "metadata"]
    for one in found:
        yield from identifiers.check(mets, one, "CSIP89")
        yield from _lists(mets, one, "CSIP91", "ADMID")
        yield from _lists(mets, one, "CSIP92", "DMDID")


def _lists(mets: Mets, division: Element, rule: str, attribute: str) -> Findings:
    """Check that the metadata division names every current section, and nothing else."""
    where = place(mets, division, attribute)
    sections = mets.all("amdSec/*") if rule == "CSIP91" else mets.all("dmdSec")
    known = mets.administrative_ids if rule == "CSIP91" else mets.descriptive_ids
    value = division.get(attribute)
    listed = (value or "").split()
    # CSIP91, CSIP92: 2.0.4 lists all sections, 2.1.0 those that are current.
    current = [one for one in sections if one.get("STATUS") != "SUPERSEDED" and one.get("ID")]
    if value is None and current:
        yield should(rule, where, f"{attribute} is missing; it lists the metadata sections")
        return
    for one in current:
        if one.get("ID") not in listed and one.getparent().get("ID") not in listed:
            yield should(rule, where, f"{shown(one.get('ID'))} is not listed")
    for name in listed:
        if name not in known:
            yield should(rule, where, f"{shown(name)} is not the ID of a metadata section")


def _division(mets: Mets, main: Element, divisions: list[Element], kind: _Division) -> Findings:
    found = [one for one in divisions if one.get("LABEL") == kind.label]
    prefix = kind.label + "/"
    if (
        mets.is_package
        and not found
        and not any((one.get("LABEL") or "").startswith(prefix) for one in divisions)
    ):
        yield should(kind.exists, place(mets, main), f"no div has the LABEL “{kind.label}”")
    if len(found) > 1:
        yield must(kind.exists, place(mets, found[1]), f"{len(found)} div with this LABEL")
    for one in found:
        yield from identifiers.check(mets, one, kind.identifier)
        yield from _pointers(mets, one, kind)
    yield from _wrong_labels(mets, divisions, kind)
    yield from _unlisted_groups(mets, main, kind)


def _pointers(mets: Mets, division: Element, kind: _Division) -> Findings:
    for pointer in division.findall(METS + "fptr"):
        where = place(mets, pointer, "FILEID")
        value = pointer.get("FILEID")
        if not value:
            yield must(kind.pointer_target, where, "FILEID is missing or empty")
            continue
        if any(_is_group(one, kind) for one in mets.ids.get(value, [])):
            continue
        message = f"{shown(value)} is not the ID of a fileGrp with USE “{kind.label}”"
        yield must(kind.pointers, where, message)
        yield must(kind.pointer_target, where, message)


def _is_group(element: Element, kind: _Division) -> bool:
    use = element.get("USE") or ""
    return bool(element.tag == METS + "fileGrp") and use.startswith(kind.label)


def _wrong_labels(mets: Mets, divisions: list[Element], kind: _Division) -> Findings:
    """Find divisions that are meant as this kind, by look or by content, but not labelled so."""
    terms = vocabulary("CSIPVocabularyFileGrpAndStructMapDivisionLabel")
    for one in divisions:
        label = one.get("LABEL") or ""
        if label.startswith(tuple(terms)) and label.partition("/")[0] in terms:
            continue
        targets = [
            target
            for pointer in one.findall(METS + "fptr")
            for target in mets.ids.get(pointer.get("FILEID") or "", [])
        ]
        looks = label.strip().casefold().startswith(kind.label.casefold())
        if looks or any(_is_group(target, kind) for target in targets):
            where = place(mets, one, "LABEL")
            yield must(kind.labelled, where, f"LABEL must be “{kind.label}”, not {shown(label)}")


def _unlisted_groups(mets: Mets, main: Element, kind: _Division) -> Findings:
    """Check that each file group of this kind is reached from the structural map."""
    reached = {pointer.get("FILEID") for pointer in main.iter(METS + "fptr")}
    reached |= representations.titles(main)
    for group in mets.all("fileSec/fileGrp"):
        if not _is_group(group, kind) or group.get("ID") in reached:
            continue
        message = "no fptr of the structural map points to this fileGrp by its ID"
        yield must(kind.pointers, place(mets, group), message)
        yield must(kind.pointer_target, place(mets, group), message)
