"""What an archival package adds (E-ARK AIP 2.2.0), as far as one package can show it.

AIP1, AIP2 (divided representations) and AIP20 to AIP28 (names of containers, versions) speak
of several packages or of the archive file, which is not seen here.
"""

from __future__ import annotations

from collections.abc import Mapping

from archive.errors import Rejected
from archive.packages import xml
from archive.packages.eark import references
from archive.packages.eark.package import METS, METS_NAME, XLINK, Mets, Package
from archive.packages.eark.rules import (
    Element,
    Findings,
    local,
    must,
    place,
    should,
    shown,
    text_of,
)

_PREMIS = "{http://www.loc.gov/premis/v3}"


def check(package: Package, mets: Mets) -> Findings:
    """Yield what is wrong with the package as an archival one; nothing if it is another kind."""
    if mets.package_type != "AIP":
        return
    yield from _divided(package, mets)
    provenance = mets.all("amdSec/digiprovMD/mdRef")
    if not provenance:
        message = "no digiprovMD/mdRef; provenance must be referenced"
        yield must("AIPM5", place(mets, mets.root), message)
    elif not any((one.get("MDTYPE") or "").startswith("PREMIS") for one in provenance):
        yield should("AIPM6", place(mets, provenance[0], "MDTYPE"), "none is of MDTYPE PREMIS")
    hrefs = (reference.get(XLINK + "href") or "" for reference in provenance)
    names = {references.target(package, mets, href) for href in hrefs} - {None}
    yield from _premis(
        {name: root for name in names if name and (root := _read(package, name)) is not None}
    )


def _divided(package: Package, mets: Mets) -> Findings:
    # AIP3: representations with a METS of their own are reached by mptr.
    pointed = {
        references.target(package, mets, pointer.get(XLINK + "href") or "")
        for pointer in mets.root.iter(METS + "mptr")
    }
    for folder in package.representations:
        name = f"{folder}/{METS_NAME}"
        if name in package.files and name not in pointed:
            yield must("AIP3", place(mets, mets.root), f"no mptr points to {shown(name)}")


def _read(package: Package, name: str) -> Element | None:
    try:
        return xml.parse(package.root / name).getroot()
    except (Rejected, OSError):
        return None  # the check of metadata files reports it


def _premis(roots: Mapping[str, Element]) -> Findings:
    found = (one for root in roots.values() for one in root.iter(_PREMIS + "agentIdentifier"))
    known = {_key(one) for one in found}
    for name, root in sorted(roots.items()):
        for event in root.iter(_PREMIS + "event"):
            yield from _event(event, f"{name}#line {event.sourceline}", known)


def _event(event: Element, where: str, known: set[tuple[str, str]]) -> Findings:
    links = event.findall(_PREMIS + "linkingAgentIdentifier")
    if not links:
        # AIP16: the agent that caused an event is linked to it.
        yield must("AIP16", where, "the event has no linkingAgentIdentifier")
    for link in links:
        if _key(link) not in known:
            # AIP18: agents that events name are described.
            yield must("AIP18", where, f"agent {shown(_key(link)[1])} is not described")


def _key(identifier: Element) -> tuple[str, str]:
    """Return type and value of a PREMIS identifier, whichever entity it is of."""
    parts = {local(one.tag)[-4:]: text_of(one) for one in identifier if isinstance(one.tag, str)}
    return parts.get("Type", ""), parts.get("alue", "")
