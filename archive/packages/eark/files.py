"""The file section `fileSec` (CSIP 2.1.0, section 5.3.5)."""

from __future__ import annotations

from archive.packages.eark import identifiers, references
from archive.packages.eark.package import CSIP, METS, METS_NAME, XLINK, Mets, Package
from archive.packages.eark.references import Numbers
from archive.packages.eark.rules import Element, Findings, may, must, place, should, shown
from archive.packages.eark.values import content_information_types, vocabulary

_FILE = Numbers(
    locator="CSIP77",
    link="CSIP78",
    href="CSIP79",
    media_type="CSIP68",
    size="CSIP69",
    created="CSIP70",
    checksum="CSIP71",
    checksum_type="CSIP72",
)
_GROUPS = {"CSIP60": "Documentation", "CSIP113": "Schemas", "CSIP114": "Representations"}
_OPTIONS = {"CSIP73": "OWNERID", "CSIP74": "ADMID", "CSIP75": "DMDID"}


def check(package: Package, mets: Mets) -> Findings:
    """Yield what is wrong with the file section, its groups and its files."""
    sections = mets.all("fileSec")
    if not sections:
        message = "no fileSec; all transferred content should be referenced in one"
        yield should("CSIP58", place(mets, mets.root), message)
        return
    if len(sections) > 1:
        yield must("CSIP58", place(mets, sections[1]), f"{len(sections)} fileSec instead of one")
    for section in sections:
        yield from identifiers.check(mets, section, "CSIP59")
        groups = list(section.iter(METS + "fileGrp"))
        if mets.is_package:
            yield from _expected_groups(mets, section, groups)
            yield from _representations(package, mets, section, groups)
        for group in groups:
            yield from _group(package, mets, group)
        if mets.is_package:
            yield from _unused_options(mets, section, groups)


def _expected_groups(mets: Mets, section: Element, groups: list[Element]) -> Findings:
    # CSIP60, CSIP113 and CSIP114 say MUST of groups whose content (CSIPSTR9, 15, 16) and whose
    # very section (CSIP58) are a SHOULD: without them a package is poorer, not broken.
    for rule, use in _GROUPS.items():
        if not any(_has_use(group, use) for group in groups):
            yield should(rule, place(mets, section), f"no fileGrp with USE “{use}”")


def _representations(
    package: Package, mets: Mets, section: Element, groups: list[Element]
) -> Findings:
    # CSIP114: a pointer to each METS document that describes a representation is in a group.
    own = [group for group in groups if _has_use(group, "Representations")]
    listed = {
        references.target(package, mets, locator.get(XLINK + "href") or "")
        for group in own
        for locator in group.iter(METS + "FLocat")
    }
    for folder in package.representations if own else ():
        name = f"{folder}/{METS_NAME}"
        if name in package.files and name not in listed:
            message = f"no fileGrp with USE “Representations/…” refers to {shown(name)}"
            yield should("CSIP114", place(mets, section), message)


def _has_use(group: Element, use: str) -> bool:
    value = group.get("USE") or ""
    return value == use or value.startswith(use + "/")


def _group(package: Package, mets: Mets, group: Element) -> Findings:
    yield from _administrative_metadata(mets, group, "CSIP61")
    yield from _content_information_type(mets, group)
    if mets.is_package:
        yield from _use(package, mets, group)
    elif not (group.get("USE") or "").strip():
        yield must("CSIP64", place(mets, group, "USE"), "USE is missing or empty")
    yield from identifiers.check(mets, group, "CSIP65")
    if group.find(f".//{METS}file") is None:
        yield must("CSIP66", place(mets, group), "the fileGrp holds no file")
    for file in group.findall(METS + "file"):
        yield from _file(package, mets, file)


def _content_information_type(mets: Mets, group: Element) -> Findings:
    value = group.get(CSIP + "CONTENTINFORMATIONTYPE")
    where = place(mets, group, "csip:CONTENTINFORMATIONTYPE")
    known = content_information_types()
    if value is None and _has_use(group, "Representations"):
        yield must("CSIP62", where, "a group of representations must give it")
    elif value is not None and value not in known:
        message = f"{shown(value)} is not in VocabularyContentInformationTypeSpecification"
        yield must("CSIP62", where, message)
    other = group.get(CSIP + "OTHERCONTENTINFORMATIONTYPE")
    where = place(mets, group, "csip:OTHERCONTENTINFORMATIONTYPE")
    if value == "OTHER":
        if not (other or "").strip():
            message = "csip:CONTENTINFORMATIONTYPE is OTHER, so this must say which"
            yield must("CSIP63", where, message)
        elif other in known:
            message = f"{shown(other)} is in the vocabulary: use it as CONTENTINFORMATIONTYPE"
            yield must("CSIP63", where, message)
    elif other is not None:
        yield should("CSIP63", where, "has a meaning only if CONTENTINFORMATIONTYPE is OTHER")


def _use(package: Package, mets: Mets, group: Element) -> Findings:
    # CSIP64: the name of the whole folder structure to the data.
    use = (group.get("USE") or "").strip()
    where = place(mets, group, "USE")
    if not use:
        yield must("CSIP64", where, "USE is missing or empty")
        return
    terms = vocabulary("CSIPVocabularyFileGrpAndStructMapDivisionLabel")
    if not use.startswith(tuple(terms)):
        message = f"{shown(use)} does not begin with a term of the vocabulary: {sorted(terms)}"
        yield must("CSIP64", where, message)
    if use.strip("/").casefold() not in package.folded_folders:
        yield must("CSIP64", where, f"{shown(use)} is not a folder of the package")


def _file(package: Package, mets: Mets, file: Element) -> Findings:
    yield from identifiers.check(mets, file, "CSIP67")
    locators = file.findall(METS + "FLocat")
    if len(locators) != 1:
        yield must("CSIP76", place(mets, file), f"{len(locators)} FLocat instead of one")
    for locator in locators:
        yield from references.locator(package, mets, locator, _FILE)
    href = locators[0].get(XLINK + "href") if locators else None
    yield from references.described(package, mets, file, href, _FILE)
    if file.get("OWNERID") is not None and not file.get("OWNERID").strip():
        yield should("CSIP73", place(mets, file, "OWNERID"), "OWNERID is empty")
    yield from _administrative_metadata(mets, file, "CSIP74")
    unknown = _unknown(file.get("DMDID"), mets.descriptive_ids)
    if unknown is not None:
        message = f"{shown(unknown)} is not the ID of a dmdSec"
        yield should("CSIP75", place(mets, file, "DMDID"), message)


def _administrative_metadata(mets: Mets, element: Element, rule: str) -> Findings:
    unknown = _unknown(element.get("ADMID"), mets.administrative_ids)
    if unknown is not None:
        message = f"{shown(unknown)} is not the ID of administrative metadata"
        yield should(rule, place(mets, element, "ADMID"), message)


def _unknown(value: str | None, known: frozenset[str]) -> str | None:
    """Return the references in a list of IDs that lead nowhere; None if all is well."""
    if value is None:
        return None
    names = value.split()
    unknown = [name for name in names if name not in known]
    return " ".join(unknown) if unknown or not names else None


def _unused_options(mets: Mets, section: Element, groups: list[Element]) -> Findings:
    if not any(group.get("ADMID") is not None for group in groups):
        message = "no fileGrp refers to its administrative metadata (ADMID)"
        yield may("CSIP61", place(mets, section), message)
    every_file = list(section.iter(METS + "file"))
    for rule, attribute in _OPTIONS.items():
        if not any(file.get(attribute) is not None for file in every_file):
            yield may(rule, place(mets, section), f"no file has the optional {attribute}")
