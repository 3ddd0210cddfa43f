"""The administrative metadata section `amdSec` (CSIP 2.1.0, section 5.3.4)."""

from __future__ import annotations

from archive.packages.eark import identifiers, metadata
from archive.packages.eark.metadata import Section
from archive.packages.eark.package import METS, Mets, Package
from archive.packages.eark.references import Numbers
from archive.packages.eark.rules import Element, Findings, may, place, should

_PROVENANCE = Section(
    status="CSIP34",
    reference="CSIP35",
    numbers=Numbers(
        locator="CSIP36",
        link="CSIP37",
        href="CSIP38",
        metadata_type="CSIP39",
        media_type="CSIP40",
        size="CSIP41",
        created="CSIP42",
        checksum="CSIP43",
        checksum_type="CSIP44",
    ),
)
_RIGHTS = Section(
    status="CSIP47",
    reference="CSIP48",
    numbers=Numbers(
        locator="CSIP49",
        link="CSIP50",
        href="CSIP51",
        metadata_type="CSIP52",
        media_type="CSIP53",
        size="CSIP54",
        created="CSIP55",
        checksum="CSIP56",
        checksum_type="CSIP57",
    ),
)


def check(package: Package, mets: Mets) -> Findings:
    """Yield what is wrong with the administrative section and its parts."""
    sections = mets.all("amdSec")
    if len(sections) != 1:
        message = f"{len(sections)} amdSec; administrative metadata should be in a single one"
        yield should("CSIP31", place(mets, mets.root), message)
    for section in sections:
        yield from _parts(mets, section)
    for part in mets.all("amdSec/digiprovMD"):
        yield from identifiers.check(mets, part, "CSIP33")
        yield from metadata.check(package, mets, part, _PROVENANCE)
    for part in mets.all("amdSec/rightsMD"):
        yield from identifiers.check(mets, part, "CSIP46")
        yield from metadata.check(package, mets, part, _RIGHTS)


def _parts(mets: Mets, section: Element) -> Findings:
    if section.find(METS + "digiprovMD") is None:
        message = "no digiprovMD; each PREMIS file should be referenced by one"
        yield should("CSIP32", place(mets, section), message)
    if mets.is_package and section.find(METS + "rightsMD") is None:
        yield may("CSIP45", place(mets, section), "no rightsMD; rights may be stated in one")
