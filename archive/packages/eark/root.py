"""The root element `mets` (CSIP 2.1.0, section 5.3.1)."""

from __future__ import annotations

import re

from archive.packages.eark.package import CSIP, Mets, Package
from archive.packages.eark.rules import Findings, must, place, should, shown
from archive.packages.eark.values import content_categories, content_information_types


def check(package: Package, mets: Mets) -> Findings:
    """Yield what is wrong with the attributes of `mets`."""
    yield from _identifier(package, mets)
    yield from _content_category(mets)
    yield from _content_information_type(mets)
    yield from _profile(mets)


def _identifier(package: Package, mets: Mets) -> Findings:
    identifier = mets.root.get("OBJID")
    where = place(mets, mets.root, "OBJID")
    if not (identifier or "").strip():
        yield must("CSIP1", where, "OBJID is missing or empty; it identifies the package")
        return
    folder = package.name if mets.is_package else mets.folder.rpartition("/")[2]
    if folder is None or _same_name(identifier, folder):
        return
    # CSIP1: the name of the package's root folder, or of the representation's folder.
    yield should(
        "CSIP1", where, f"OBJID {shown(identifier)} is not the folder's name {shown(folder)}"
    )
    if mets.is_package:
        message = f"the folder is not named after the package: {shown(identifier)}"
        yield should("CSIPSTR2", package.name or "", message)


def _same_name(identifier: str, folder: str) -> bool:
    """Return whether a folder bears an identifier, whose `:` file systems do not allow."""
    return identifier == folder or _portable(identifier) == _portable(folder)


def _portable(name: str) -> str:
    return re.sub(r"[:/\\+_]", "_", name)


def _content_category(mets: Mets) -> Findings:
    root = mets.root
    category = root.get("TYPE")
    other = root.get(CSIP + "OTHERTYPE")
    where = place(mets, root, "TYPE")
    if not category:
        yield must("CSIP2", where, "TYPE is missing or empty; it says what kind of content it is")
    elif category not in content_categories():
        yield must("CSIP2", where, f"{shown(category)} is not in VocabularyContentCategory")
    where = place(mets, root, "csip:OTHERTYPE")
    if category in {"OTHER", "Other"}:
        if not (other or "").strip():
            message = "TYPE is OTHER, so csip:OTHERTYPE must say which"
            yield must("CSIP3", where, message)
            yield must("CSIP2", where, message)
        elif other in content_categories() - {"OTHER", "Other"}:
            yield must("CSIP3", where, f"{shown(other)} is in the vocabulary: use it as TYPE")
    elif other is not None:
        yield should("CSIP3", where, "csip:OTHERTYPE has a meaning only if TYPE is OTHER")


def _content_information_type(mets: Mets) -> Findings:
    root = mets.root
    value = root.get(CSIP + "CONTENTINFORMATIONTYPE")
    where = place(mets, root, "csip:CONTENTINFORMATIONTYPE")
    if value is None and mets.is_package:
        yield should("CSIP4", where, "csip:CONTENTINFORMATIONTYPE should be given")
    elif value is None:
        yield must("CSIP4", where, "a representation must give csip:CONTENTINFORMATIONTYPE")
    elif value not in content_information_types():
        message = f"{shown(value)} is not in VocabularyContentInformationTypeSpecification"
        yield must("CSIP4", where, message)
    other = root.get(CSIP + "OTHERCONTENTINFORMATIONTYPE")
    where = place(mets, root, "csip:OTHERCONTENTINFORMATIONTYPE")
    if value == "OTHER":
        if not (other or "").strip():
            message = "csip:CONTENTINFORMATIONTYPE is OTHER, so this must say which"
        elif other in content_information_types():
            message = f"{shown(other)} is in the vocabulary: use it as CONTENTINFORMATIONTYPE"
        else:
            return
        yield must("CSIP4", where, message)
        yield must("CSIP5", where, message)
    elif other is not None:
        yield should("CSIP5", where, "has a meaning only if csip:CONTENTINFORMATIONTYPE is OTHER")


def _profile(mets: Mets) -> Findings:
    profile = mets.root.get("PROFILE")
    where = place(mets, mets.root, "PROFILE")
    if not (profile or "").strip():
        yield must("CSIP6", where, "PROFILE is missing or empty; it is the METS profile's URL")
    elif not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S+$", profile):
        yield must("CSIP6", where, f"{shown(profile)} is not a URL")
