"""Files that no METS document mentions (the other direction of the references)."""

from __future__ import annotations

from collections.abc import Iterable

from archive.packages.eark import references
from archive.packages.eark.package import METS, METS_NAME, XLINK, Mets, Package
from archive.packages.eark.rules import Findings, should

_BESIDE_METS = frozenset({METS_NAME, METS_NAME + ".p7s"})
"""The package's METS cannot list itself or the seal over it."""


def check(package: Package, documents: Iterable[Mets]) -> Findings:
    """Yield each file of the package that neither its METS nor a representation's mentions."""
    mentioned = {name for mets in documents for name in _mentioned(package, mets)}
    for name in package.below(""):
        if name in mentioned or name in _BESIDE_METS:
            continue
        rule, what = _rule(name)
        yield should(rule, name, f"the file is not mentioned in METS.xml: {what}")


def _mentioned(package: Package, mets: Mets) -> Iterable[str]:
    for element in mets.root.iter(METS + "mdRef", METS + "FLocat", METS + "mptr"):
        href = element.get(XLINK + "href") or ""
        name = references.target(package, mets, href) or references.nearly(package, mets, href)
        if name:
            yield name


def _rule(name: str) -> tuple[str, str]:
    """Return the requirement that a file outside METS breaks."""
    folders = name.split("/")[:-1]
    if "metadata" not in folders[:1] + folders[2:3]:
        return "CSIP58", "transferred content should be in a fileGrp"
    if "descriptive" in folders:
        return "CSIP17", "descriptive metadata should be in a dmdSec"
    if "preservation" in folders:
        return "CSIP32", "preservation metadata should be in a digiprovMD"
    return "CSIP31", "metadata should be in a dmdSec or in the amdSec"
