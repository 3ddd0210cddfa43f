"""The header `metsHdr` (CSIP 2.1.0, section 5.3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from archive.packages.eark.package import CSIP, METS, Mets, Package
from archive.packages.eark.rules import Element, Findings, must, place, should, shown, text_of
from archive.packages.eark.values import date_time, is_future, vocabulary

_CREATOR = {"CSIP11": ("ROLE", "CREATOR"), "CSIP12": ("TYPE", "OTHER")}
_SOFTWARE = {**_CREATOR, "CSIP13": ("OTHERTYPE", "SOFTWARE")}
"""What makes an agent the mandatory one, by requirement."""


def check(package: Package, mets: Mets) -> Findings:
    """Yield what is wrong with the header."""
    headers = mets.all("metsHdr")
    if len(headers) != 1:
        yield must("CSIP117", place(mets, mets.root), f"{len(headers)} metsHdr instead of one")
    if not headers:
        return
    header = headers[0]
    yield from _created(package, mets, header)
    yield from _modified(package, mets, header)
    yield from _package_type(mets, header)
    yield from _agents(mets, header)


def _created(package: Package, mets: Mets, header: Element) -> Findings:
    value = header.get("CREATEDATE")
    where = place(mets, header, "CREATEDATE")
    if not value:
        yield must("CSIP7", where, "CREATEDATE is missing or empty")
        return
    moment = date_time(value)
    if moment is None:
        yield must("CSIP7", where, f"{shown(value)} is no date and time (xs:dateTime)")
    elif is_future(moment, package.at):
        yield must("CSIP7", where, f"{shown(value)} lies in the future")


def _modified(package: Package, mets: Mets, header: Element) -> Findings:
    created = date_time(header.get("CREATEDATE") or "")
    value = header.get("LASTMODDATE")
    where = place(mets, header, "LASTMODDATE")
    if value is None:
        # CSIP8: mandatory when the package has been modified, and it has been if it holds
        # something that is younger than the package.
        if created and any(moment > created for moment in _dates_of_content(mets)):
            message = "missing, although the package holds files that were created after it was"
            yield should("CSIP8", where, message)
        return
    moment = date_time(value)
    if moment is None:
        yield must("CSIP8", where, f"{shown(value)} is no date and time (xs:dateTime)")
    elif is_future(moment, package.at):
        yield must("CSIP8", where, f"{shown(value)} lies in the future")
    elif created and moment < created:
        yield must("CSIP8", where, f"{shown(value)} lies before CREATEDATE")


def _dates_of_content(mets: Mets) -> Iterator[datetime]:
    for element in mets.root.iter(METS + "file", METS + "mdRef", METS + "dmdSec"):
        if moment := date_time(element.get("CREATED") or ""):
            yield moment


def _package_type(mets: Mets, header: Element) -> Findings:
    value = header.get(CSIP + "OAISPACKAGETYPE")
    where = place(mets, header, "csip:OAISPACKAGETYPE")
    if not value:
        yield must("CSIP9", where, "csip:OAISPACKAGETYPE is missing or empty")
    elif value not in vocabulary("CSIPVocabularyOAISPackageType"):
        yield must("CSIP9", where, f"{shown(value)} is not in VocabularyOAISPackageType")


def _agents(mets: Mets, header: Element) -> Findings:
    agents = header.findall(METS + "agent")
    if not agents:
        yield must("CSIP10", place(mets, header), "no agent; one names the creating software")
        return
    mandatory = [agent for agent in agents if not _lacking(agent)]
    if not mandatory:
        yield from _no_mandatory_agent(mets, header, agents)
        mandatory = [min(agents, key=lambda agent: len(_lacking(agent)))]
    for agent in mandatory:
        yield from _mandatory_agent(mets, agent)


def _lacking(agent: Element) -> list[str]:
    return [rule for rule, (name, value) in _SOFTWARE.items() if agent.get(name) != value]


def _no_mandatory_agent(mets: Mets, header: Element, agents: list[Element]) -> Findings:
    # CSIP11 to CSIP13 speak of one agent: criteria spread over several do not meet them.
    rules = _lacking(agents[0]) if len(agents) == 1 else list(_SOFTWARE)
    for rule in rules:
        name, value = _SOFTWARE[rule]
        where = place(mets, agents[0] if len(agents) == 1 else header)
        message = f"no agent has ROLE CREATOR, TYPE OTHER and OTHERTYPE SOFTWARE: {name} {value}"
        yield must(rule, where, message)


def _mandatory_agent(mets: Mets, agent: Element) -> Findings:
    names = agent.findall(METS + "name")
    if len(names) != 1 or not text_of(names[0]):
        yield must("CSIP14", place(mets, agent), "needs one name, that of the software")
    notes = agent.findall(METS + "note")
    if len(notes) != 1 or not text_of(notes[0]):
        yield must("CSIP15", place(mets, agent), "needs one note, the version of the software")
    if notes and not any(note.get(CSIP + "NOTETYPE") == "SOFTWARE VERSION" for note in notes):
        where = place(mets, notes[0], "csip:NOTETYPE")
        yield must("CSIP16", where, "must be “SOFTWARE VERSION”")
    elif not notes:
        message = "needs a note of csip:NOTETYPE “SOFTWARE VERSION”"
        yield must("CSIP16", place(mets, agent), message)
