"""Descriptive metadata sections `dmdSec` (CSIP 2.1.0, section 5.3.3)."""

from __future__ import annotations

from archive.packages.eark import identifiers, metadata
from archive.packages.eark.metadata import Section
from archive.packages.eark.package import Mets, Package
from archive.packages.eark.references import Numbers
from archive.packages.eark.rules import Element, Findings, must, place, should, shown
from archive.packages.eark.values import date_time

_SECTION = Section(
    status="CSIP20",
    reference="CSIP21",
    numbers=Numbers(
        locator="CSIP22",
        link="CSIP23",
        href="CSIP24",
        metadata_type="CSIP25",
        media_type="CSIP26",
        size="CSIP27",
        created="CSIP28",
        checksum="CSIP29",
        checksum_type="CSIP30",
    ),
)


def check(package: Package, mets: Mets) -> Findings:
    """Yield what is wrong with the descriptive sections."""
    sections = mets.all("dmdSec")
    if not sections:
        message = "no dmdSec; descriptive metadata should be referenced by one"
        yield should("CSIP17", place(mets, mets.root), message)
    for section in sections:
        yield from identifiers.check(mets, section, "CSIP18")
        yield from _created(mets, section)
        yield from metadata.check(package, mets, section, _SECTION)


def _created(mets: Mets, section: Element) -> Findings:
    value = section.get("CREATED")
    where = place(mets, section, "CREATED")
    if not value:
        yield must("CSIP19", where, "CREATED is missing or empty")
    elif date_time(value) is None:
        yield must("CSIP19", where, f"{shown(value)} is no date and time (xs:dateTime)")
