"""What a submission adds (E-ARK SIP 2.1.0), and what a dissemination fixes (E-ARK DIP 2.1.0)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from archive.findings import Finding
from archive.packages.eark.package import CSIP, METS, SIP, Mets
from archive.packages.eark.rules import (
    Element,
    Findings,
    local,
    may,
    must,
    place,
    should,
    shown,
    text_of,
)
from archive.packages.eark.values import record_statuses

PROFILE = "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml"
DIP_PROFILE = "https://earkdip.dilcis.eu/profile/E-ARK-DIP.xml"
_SIP_PROFILE = re.compile(
    r"https://earksip\.dilcis\.eu/profile/E-ARK-SIP(-v\d+-\d+-\d+)?\.xml", re.ASCII
)
_DIP_PROFILE = re.compile(
    r"https://earkdip\.dilcis\.eu/profile/E-ARK-DIP(-v\d+-\d+-\d+)?\.xml", re.ASCII
)
_FAMILY = re.compile(
    r"(?i)https?://(earkcsip\.dilcis\.eu|earkaip\.dilcis\.eu|earkdip\.dilcis\.eu|"
    r"www\.eark-project\.com|www\.ra\.ee)/\S+"
)
"""Profiles of the same family, which claim less than the SIP's."""
_PERSONS = ("ORGANIZATION", "INDIVIDUAL")
_ROLES = frozenset(
    [
        "CREATOR",
        "EDITOR",
        "ARCHIVIST",
        "PRESERVATION",
        "DISSEMINATOR",
        "CUSTODIAN",
        "IPOWNER",
        "OTHER",
    ]
)
"""METS 1.12, `agent/@ROLE`."""
_PARTIES = frozenset({"CREATOR", "ARCHIVIST", "PRESERVATION"})
_ALTERNATIVES = {
    "SIP5": ("SUBMISSIONAGREEMENT", True),
    "SIP6": ("PREVIOUSSUBMISSIONAGREEMENT", False),
    "SIP7": ("REFERENCECODE", True),
    "SIP8": ("PREVIOUSREFERENCECODE", False),
}
"""By requirement: the TYPE of altRecordID, and whether it may stand only once."""
_FORMATS = {
    "SIP32": ("FILEFORMATNAME",),
    "SIP33": ("FILEFORMATVERSION",),
    "SIP34": ("FILEFORMATREGISTRY", "FORMATREGISTRY"),
    "SIP35": ("FILEFORMATKEY", "FORMATREGISTRYKEY"),
}
"""By requirement: the attribute in the specification's text, and in its schema."""


def check(mets: Mets) -> Findings:
    """Yield what is wrong with a package's METS as that of a submission or dissemination.

    Whoever names the CSIP's profile claims no more than the CSIP; of such a submission only the
    profile is remarked upon.
    """
    profile = mets.root.get("PROFILE") or ""
    kind = mets.package_type
    if kind == "DIP" or "E-ARK-DIP" in profile:
        yield from _dissemination(mets, profile)
    if not (kind == "SIP" or _SIP_PROFILE.fullmatch(profile)):
        return
    if _FAMILY.fullmatch(profile):
        message = f"{shown(profile)} is not the profile of an E-ARK SIP, {PROFILE}"
        yield should("SIP2", place(mets, mets.root, "PROFILE"), message)
        return
    yield from _root(mets, profile)
    if (header := mets.header) is not None:
        yield from _header(mets, header)
        yield from _agents(mets, header)
    yield from _formats(mets)


def _root(mets: Mets, profile: str) -> Findings:
    label = mets.root.get("LABEL")
    where = place(mets, mets.root, "LABEL")
    if label is None:
        yield may("SIP1", where, "LABEL may describe the content of the package")
    elif not label.strip():
        yield should("SIP1", where, "LABEL is empty")
    if not _SIP_PROFILE.fullmatch(profile):
        message = f"PROFILE must be {PROFILE}, not {shown(profile)}"
        yield must("SIP2", place(mets, mets.root, "PROFILE"), message)


def _header(mets: Mets, header: Element) -> Findings:
    status = header.get("RECORDSTATUS")
    where = place(mets, header, "RECORDSTATUS")
    if status is None:
        yield may("SIP3", where, "RECORDSTATUS may say how to handle the package; NEW is meant")
    elif status not in record_statuses():
        yield should("SIP3", where, f"{shown(status)} is not in VocabularyRECORDSTATUS")
    if header.get(CSIP + "OAISPACKAGETYPE") != "SIP":
        where = place(mets, header, "csip:OAISPACKAGETYPE")
        yield must("SIP4", where, "csip:OAISPACKAGETYPE must be “SIP”")
    for rule, (kind, once) in _ALTERNATIVES.items():
        yield from _alternative(mets, header, rule, kind, once=once)


def _alternative(mets: Mets, header: Element, rule: str, kind: str, *, once: bool) -> Findings:
    found = [one for one in header.findall(METS + "altRecordID") if one.get("TYPE") == kind]
    if not found:
        yield may(rule, place(mets, header), f"altRecordID of TYPE {kind} may be given")
    if once and len(found) > 1:
        yield should(rule, place(mets, found[1]), f"{len(found)} altRecordID of TYPE {kind}")
    for one in found:
        if not text_of(one):
            yield should(rule, place(mets, one), f"altRecordID of TYPE {kind} is empty")


@dataclass(frozen=True, slots=True)
class _Party:
    """The requirement numbers of one of the parties to a submission."""

    name: str
    note: str
    note_type: str


_CREATOR = _Party("SIP12", "SIP13", "SIP14")
_SUBMITTER = _Party("SIP18", "SIP19", "SIP20")
_PRESERVER = _Party("SIP29", "SIP30", "SIP31")


def _agents(mets: Mets, header: Element) -> Findings:
    """Check the parties, which only ROLE and TYPE tell apart.

    ARCHIVIST is the archival creator, CREATOR as organization the submitting agent, CREATOR as
    individual a contact person, PRESERVATION the archive (example 1 of the SIP's profile).
    """
    agents = header.findall(METS + "agent")
    for agent in agents:
        if agent.get("ROLE") not in _ROLES:
            yield from _no_party(mets, agent, agents)
    yield from _creators(mets, header, agents)
    yield from _submitters(mets, header, agents)
    preservers = _with_role(agents, "PRESERVATION")
    if not preservers:
        yield may("SIP26", place(mets, header), "no agent for the archive (PRESERVATION)")
    if len(preservers) > 1:
        yield should("SIP26", place(mets, preservers[1]), f"{len(preservers)} preservation agents")
    for agent in preservers:
        yield from _typed(mets, agent, "SIP28", ("ORGANIZATION",))
        yield from _party(mets, agent, _PRESERVER)


def _no_party(mets: Mets, agent: Element, agents: list[Element]) -> Findings:
    """Say of an agent without a role of METS which parties it could have been meant as."""
    role = agent.get("ROLE")
    rules = ["SIP10", "SIP16"]
    if agent.get("TYPE") == "INDIVIDUAL":
        rules.append("SIP22")
    elif not _with_role(agents, "PRESERVATION"):
        rules.append("SIP27")
    message = f"{shown(role)} is not a role of METS" if role else "ROLE is missing or empty"
    for rule in rules:
        yield must(rule, place(mets, agent, "ROLE"), message)


def _creators(mets: Mets, header: Element, agents: list[Element]) -> Findings:
    # SIP10 fixes no role for the archival creator: without an ARCHIVIST, every organization
    # among the CREATORs may be meant, beside the submitting one.
    own = _with_role(agents, "ARCHIVIST")
    meant = own or [one for one in _submitting(agents) if one.get("TYPE") != "INDIVIDUAL"]
    if not own and len(meant) < 2:
        yield may("SIP9", place(mets, header), "no agent for the archival creator")
    for agent in meant:
        yield from _typed(mets, agent, "SIP11", _PERSONS)
        yield from _party(mets, agent, _CREATOR)


def _submitting(agents: list[Element]) -> list[Element]:
    # TYPE OTHER with an OTHERTYPE is the software, or an agent of the depositor's own kind,
    # which CSIP10 allows.
    creators = _with_role(agents, "CREATOR")
    return [one for one in creators if one.get("TYPE") != "OTHER" or not one.get("OTHERTYPE")]


def _submitters(mets: Mets, header: Element, agents: list[Element]) -> Findings:
    own = _submitting(agents)
    for agent in own:
        for rule in ("SIP17", "SIP23"):  # neither an organization nor its contact person
            yield from _typed(mets, agent, rule, _PERSONS)
    if not any(agent.get("TYPE") in _PERSONS for agent in own):
        message = "no agent for the submitter (ROLE CREATOR, TYPE ORGANIZATION or INDIVIDUAL)"
        yield must("SIP15", place(mets, header), message)
        yield from _in_another_role(mets, agents, "ORGANIZATION", "SIP16", must)
    organizations = [agent for agent in own if agent.get("TYPE") == "ORGANIZATION"]
    for agent in organizations:
        yield from _party(mets, agent, _SUBMITTER)
    persons = [agent for agent in own if agent.get("TYPE") == "INDIVIDUAL"]
    if not persons:
        yield may("SIP21", place(mets, header), "no agent for a contact person")
        yield from _in_another_role(mets, agents, "INDIVIDUAL", "SIP22", should)
    for agent in persons:
        yield from _contact(mets, agent)


def _in_another_role(
    mets: Mets, agents: list[Element], kind: str, rule: str, level: Callable[..., Finding]
) -> Findings:
    """Find who may be meant as a party that is missing, but has a role of no party."""
    for agent in agents:
        role = agent.get("ROLE")
        if agent.get("TYPE") == kind and role in _ROLES - _PARTIES:
            message = f"ROLE must be “CREATOR” for this party, not {shown(role)}"
            yield level(rule, place(mets, agent, "ROLE"), message)


def _contact(mets: Mets, agent: Element) -> Findings:
    if len([name for name in agent.findall(METS + "name") if text_of(name)]) != 1:
        yield must("SIP24", place(mets, agent), "a contact person needs one name")
    notes = agent.findall(METS + "note")
    if not notes:
        yield may("SIP25", place(mets, agent), "notes may tell how to reach the person")
    yield from _empty(mets, notes, "SIP25")


def _empty(mets: Mets, elements: list[Element], rule: str) -> Findings:
    for one in elements:
        if not text_of(one):
            yield should(rule, place(mets, one), f"{local(one.tag)} is empty")


def _with_role(agents: list[Element], role: str) -> list[Element]:
    return [agent for agent in agents if agent.get("ROLE") == role]


def _typed(mets: Mets, agent: Element, rule: str, kinds: tuple[str, ...]) -> Findings:
    if agent.get("TYPE") not in kinds:
        where = place(mets, agent, "TYPE")
        yield must(rule, where, f"TYPE must be {' or '.join(kinds)}")


def _party(mets: Mets, agent: Element, party: _Party) -> Findings:
    names = agent.findall(METS + "name")
    if not names:
        yield may(party.name, place(mets, agent), "the agent has no name")
    yield from _empty(mets, names, party.name)
    notes = agent.findall(METS + "note")
    if not notes:
        yield may(party.note, place(mets, agent), "a note may give an identification code")
    yield from _empty(mets, notes, party.note)
    for note in notes:
        if note.get(CSIP + "NOTETYPE") != "IDENTIFICATIONCODE":
            where = place(mets, note, "csip:NOTETYPE")
            yield must(party.note_type, where, "must be “IDENTIFICATIONCODE”")


def _formats(mets: Mets) -> Findings:
    every_file = list(mets.root.iter(METS + "file"))
    for rule, names in _FORMATS.items():
        found = [(file, file.get(SIP + name)) for file in every_file for name in names]
        given = [(file, value) for file, value in found if value is not None]
        if every_file and not given:
            where = place(mets, every_file[0], f"sip:{names[0]}")
            yield may(rule, where, f"no file has the optional sip:{names[0]}")
        for file, value in given:
            if not value.strip():
                yield should(rule, place(mets, file, f"sip:{names[0]}"), "is empty")


def _dissemination(mets: Mets, profile: str) -> Findings:
    if not _DIP_PROFILE.fullmatch(profile):
        message = f"PROFILE must be {DIP_PROFILE}, not {shown(profile)}"
        yield must("DIP2", place(mets, mets.root, "PROFILE"), message)
    if mets.package_type != "DIP":
        yield must("DIP3", place(mets, mets.root), "csip:OAISPACKAGETYPE must be “DIP”")
    for section in mets.all("dmdSec"):
        if section.get("STATUS") not in (None, "CURRENT"):
            where = place(mets, section, "STATUS")
            yield should("DIP4", where, "should be “CURRENT” in a dissemination package")
