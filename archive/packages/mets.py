"""METS.xml of a package and of a representation: one model, written and read back.

The profile is E-ARK CSIP 2.0.4 (in the words of 2.1.0 where they differ), as Circular
05/2025/TT-BNV asks: SHA-256, sizes, media types and times with milliseconds and offset
on everything; one structural map CSIP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from archive.errors import IntegrityError
from archive.packages import xml
from archive.packages.xmlwrite import XmlWriter, escaped_attribute

METS = "http://www.loc.gov/METS/"
CSIP = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
XLINK = "http://www.w3.org/1999/xlink"
CSIP_PROFILE = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml"
AIP_PROFILE = "http://www.ra.ee/METS/v01/IP.xml"
"""What Circular 05/2025/TT-BNV, annex I, prescribes for the package's own METS.xml."""
VIETNAM = timezone(timedelta(hours=7))

_SAFE_IN_HREF = "/-._~!$'()*+,;=@"
_NEEDS_NO_ENCODING = re.compile(r"[A-Za-z0-9_/.~!$'()*+,;=@-]*").fullmatch


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that a METS.xml points to."""

    href: str
    """Plain path from the METS.xml's own folder, or a URI with a scheme (`kho:…`)."""
    size: int
    sha256: str
    media_type: str
    kind: str = ""
    """For metadata: `DC`, `PREMIS`, or our own word, written as `OTHER`."""


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one use: `Documentation`, `Schemas`, `Representations/rep1`, `Data`, …"""

    use: str
    files: tuple[Reference, ...]
    pointer: bool = False
    """Whether its one file is a representation's METS.xml."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who made or keeps the package."""

    role: str
    name: str
    note: str
    software: bool = False
    """Whether it is a program and `note` its version; else an organization and its code."""


@dataclass(frozen=True, slots=True)
class Mets:
    """What one METS.xml says."""

    id: str
    label: str
    profile: str
    created_at: datetime
    record_status: str
    version: int
    agents: tuple[Agent, ...]
    descriptive: tuple[Reference, ...]
    preservation: tuple[Reference, ...]
    groups: tuple[Group, ...]
    described: Mapping[str, str]
    """Href of a data file to the href of its description among `descriptive`."""
    package_type: str = "AIP"

    def references(self) -> Iterator[Reference]:
        """Yield every file that is pointed to."""
        yield from self.descriptive
        yield from self.preservation
        for group in self.groups:
            yield from group.files


@lru_cache(maxsize=256)
def timestamp(at: datetime) -> str:
    """Return an aware time in Vietnam's zone with milliseconds, `…T09:30:00.000+07:00`.

    Microseconds are kept where there are any: what is read back is what was written.
    """
    unit = "microseconds" if at.microsecond % 1000 else "milliseconds"
    return at.astimezone(VIETNAM).isoformat(timespec=unit)


def write(mets: Mets) -> bytes:
    """Return the METS.xml. The clauses are those of CSIP 2.1.0, section 5.

    Raises:
        Rejected: a text holds a character that XML does not allow.
    """
    writer = XmlWriter()
    prefix = "" if any(group.pointer for group in mets.groups) else "rep1-"
    ids = _Ids(mets, prefix)
    with writer.element("mets", _root_attributes(mets)):
        _write_header(writer, mets)
        created = timestamp(mets.created_at)
        for reference in mets.descriptive:  # CSIP17 to CSIP30
            attributes = {"ID": ids[reference.href], "CREATED": created, "STATUS": "CURRENT"}
            with writer.element("dmdSec", attributes):
                _write_metadata_reference(writer, reference, created)
        if mets.preservation:
            with writer.element("amdSec", {"ID": f"{prefix}amd"}):  # CSIP31 to CSIP44
                for reference in mets.preservation:
                    attributes = {"ID": ids[reference.href], "STATUS": "CURRENT"}
                    with writer.element("digiprovMD", attributes):
                        _write_metadata_reference(writer, reference, created)
        with writer.element("fileSec", {"ID": f"{prefix}files"}):  # CSIP58 to CSIP79
            for group in mets.groups:
                _write_group(writer, group, ids, created)
        _write_map(writer, mets, ids, prefix)
    return writer.document()


class _Ids(dict[str, str]):
    """The XML ids of what a METS.xml points to, by href; groups by their use."""

    def __init__(self, mets: Mets, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix
        for kind, references in (("dmd", mets.descriptive), ("prov", mets.preservation)):
            for number, reference in enumerate(references, 1):
                self[reference.href] = f"{prefix}{kind}-{number}"
        files = (file for group in mets.groups for file in group.files)
        for number, file in enumerate(files, 1):
            self[file.href] = f"{prefix}file-{number}"

    def of_group(self, group: Group) -> str:
        return f"{self.prefix}group-{group.use.replace('/', '-').lower()}"


def _root_attributes(mets: Mets) -> dict[str, str | None]:
    return {
        "xmlns": METS,
        "xmlns:csip": CSIP,
        "xmlns:xlink": XLINK,
        "OBJID": mets.id,  # CSIP1
        "LABEL": mets.label,
        "TYPE": "Mixed",  # CSIP2; Circular 05/2025, annex I
        "csip:CONTENTINFORMATIONTYPE": "MIXED",  # CSIP4
        "PROFILE": mets.profile,  # CSIP6
    }


def _write_header(writer: XmlWriter, mets: Mets) -> None:
    created = timestamp(mets.created_at)
    attributes = {
        "CREATEDATE": created,  # CSIP7
        "LASTMODDATE": created,  # CSIP8
        "RECORDSTATUS": mets.record_status,
        "csip:OAISPACKAGETYPE": mets.package_type,  # CSIP9
    }
    with writer.element("metsHdr", attributes):
        for agent in mets.agents:  # CSIP10 to CSIP16
            kind = (
                {"TYPE": "OTHER", "OTHERTYPE": "SOFTWARE"}
                if agent.software
                else {"TYPE": "ORGANIZATION"}
            )
            note = "SOFTWARE VERSION" if agent.software else "IDENTIFICATIONCODE"
            with writer.element("agent", {"ROLE": agent.role} | kind):
                writer.leaf("name", agent.name)
                writer.leaf("note", agent.note, {"csip:NOTETYPE": note})
        writer.leaf("metsDocumentID", version_label(mets.version), {"TYPE": "VERSION"})


def _write_metadata_reference(writer: XmlWriter, reference: Reference, created: str) -> None:
    kind = escaped_attribute(reference.kind)
    if kind not in ("DC", "EAD", "PREMIS"):
        kind = f'OTHER" OTHERMDTYPE="{kind}'
    link = f' LOCTYPE="URL" MDTYPE="{kind}" xlink:type="simple" xlink:href="{_href(reference)}"'
    writer.leaf("mdRef", None, link + _file_attributes(reference, created))


def _href(reference: Reference) -> str:
    return escaped_attribute(encode_href(reference.href))


def _file_attributes(reference: Reference, created: str) -> str:
    return (
        f' MIMETYPE="{escaped_attribute(reference.media_type)}" SIZE="{reference.size}"'
        f' CREATED="{created}" CHECKSUM="{escaped_attribute(reference.sha256)}"'
        ' CHECKSUMTYPE="SHA-256"'
    )


def _write_group(writer: XmlWriter, group: Group, ids: _Ids, created: str) -> None:
    # CSIP62, CSIP63: in a package of type MIXED each group says what it is.
    content = "tthc" if group.pointer else group.use.lower()
    attributes = {
        "ID": ids.of_group(group),
        "USE": group.use,
        "csip:CONTENTINFORMATIONTYPE": "OTHER",
        "csip:OTHERCONTENTINFORMATIONTYPE": content,
    }
    with writer.element("fileGrp", attributes):
        for file in group.files:
            known = f' ID="{ids[file.href]}"{_file_attributes(file, created)}'
            with writer.element("file", known):
                link = f' LOCTYPE="URL" xlink:type="simple" xlink:href="{_href(file)}"'
                writer.leaf("FLocat", None, link)


def _write_map(writer: XmlWriter, mets: Mets, ids: _Ids, prefix: str) -> None:
    """Write the structural map. Source: CSIP80 to CSIP112, CSIP116, CSIP118."""
    structure = {"ID": f"{prefix}map", "TYPE": "PHYSICAL", "LABEL": "CSIP"}
    with (
        writer.element("structMap", structure),
        writer.element("div", {"ID": f"{prefix}div", "LABEL": mets.id}),
    ):
        metadata = {
            "ID": f"{prefix}div-metadata",
            "LABEL": "Metadata",
            "ADMID": " ".join(ids[one.href] for one in mets.preservation) or None,
            "DMDID": " ".join(ids[one.href] for one in mets.descriptive) or None,
        }
        writer.leaf("div", None, metadata)
        for group in mets.groups:
            label = {"ID": f"{prefix}div-{ids.of_group(group)}", "LABEL": group.use}
            with writer.element("div", label):
                if group.pointer:
                    _write_pointer(writer, group, ids)
                else:
                    writer.leaf("fptr", None, {"FILEID": ids.of_group(group)})
        _write_contents(writer, mets, ids)
        _write_links(writer, mets, ids, prefix)


def _write_contents(writer: XmlWriter, mets: Mets, ids: _Ids) -> None:
    """Name the groups of representations once more, together.

    CSIP101 asks for this division only where there are no representations, but the E-ARK
    project's own validator (1.1.3) asks for it everywhere, as CSIP103.
    """
    pointers = [group for group in mets.groups if group.pointer]
    if pointers:
        with writer.element("div", {"ID": "div-representations", "LABEL": "Representations"}):
            for group in pointers:
                writer.leaf("fptr", None, {"FILEID": ids.of_group(group)})


def _write_pointer(writer: XmlWriter, group: Group, ids: _Ids) -> None:
    pointer = {
        "LOCTYPE": "URL",
        "xlink:type": "simple",
        "xlink:href": encode_href(group.files[0].href),
        "xlink:title": ids.of_group(group),  # CSIP108
    }
    writer.leaf("mptr", None, pointer)


def _write_links(writer: XmlWriter, mets: Mets, ids: _Ids, prefix: str) -> None:
    """Tie documents to their descriptions. Source: Circular 05/2025, annex I, structMap."""
    if not mets.described:
        return
    with writer.element("div", {"ID": f"{prefix}div-links", "LABEL": "MetadataLink"}):
        for number, (file, description) in enumerate(mets.described.items(), 1):
            link = {
                "ID": f"{prefix}link-{number}",
                "LABEL": "MetadataLink/Holey" if is_uri(file) else "MetadataLink/File",
                "DMDID": ids[description],
            }
            with writer.element("div", link):
                writer.leaf("fptr", None, {"FILEID": ids[file]})


def version_label(version: int) -> str:
    """Return a version as packages write it: `v00001`."""
    return f"v{version:05}"


def is_uri(href: str) -> bool:
    """Tell a URI with our scheme from a path."""
    return href.startswith("kho:")


def encode_href(href: str) -> str:
    """Return a path or a `kho:` URI with everything percent-encoded that has to be."""
    if _NEEDS_NO_ENCODING(href):
        return href
    scheme, path = ("kho:", href.removeprefix("kho:")) if is_uri(href) else ("", href)
    return scheme + quote(path, safe=_SAFE_IN_HREF)


def read(content: bytes) -> Mets:
    """Return what a METS.xml says that `write` made.

    Raises:
        IntegrityError: it is not such a METS.xml.
        UnsafeInput, Rejected: as `xml.parse`.
    """
    root = xml.parse(content).getroot()
    try:
        return _read(root)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IntegrityError("METS.xml is not one that the archive wrote") from error


def _read(root: Any) -> Mets:
    header = root.find(f"{{{METS}}}metsHdr")
    descriptive = _by_id(root.iterfind(f"{{{METS}}}dmdSec"))
    preservation = _by_id(root.iterfind(f"{{{METS}}}amdSec/{{{METS}}}digiprovMD"))
    files: dict[str, Reference] = {}
    groups = tuple(_read_groups(root, files))
    if root.tag != f"{{{METS}}}mets":
        raise ValueError("the root is not mets")
    links = root.iterfind(f".//{{{METS}}}div[@LABEL='MetadataLink']/{{{METS}}}div")
    return Mets(
        id=root.attrib["OBJID"],
        label=root.get("LABEL", ""),
        profile=root.attrib["PROFILE"],
        created_at=datetime.fromisoformat(header.attrib["CREATEDATE"]),
        record_status=header.attrib["RECORDSTATUS"],
        version=int(header.findtext(f"{{{METS}}}metsDocumentID").removeprefix("v")),
        agents=tuple(_read_agent(agent) for agent in header.iterfind(f"{{{METS}}}agent")),
        descriptive=tuple(descriptive.values()),
        preservation=tuple(preservation.values()),
        groups=groups,
        described={
            files[link[0].attrib["FILEID"]].href: descriptive[link.attrib["DMDID"]].href
            for link in links
        },
        package_type=header.attrib[f"{{{CSIP}}}OAISPACKAGETYPE"],
    )


def _by_id(sections: Iterator[Any]) -> dict[str, Reference]:
    return {section.attrib["ID"]: _read_reference(section[0], section[0]) for section in sections}


def _read_groups(root: Any, files: dict[str, Reference]) -> Iterator[Group]:
    for element in root.iterfind(f"{{{METS}}}fileSec/{{{METS}}}fileGrp"):
        members = []
        for file in element.iterfind(f"{{{METS}}}file"):
            members.append(_read_reference(file, file[0]))
            files[file.attrib["ID"]] = members[-1]
        use = element.attrib["USE"]
        yield Group(use, tuple(members), pointer=use.startswith("Representations"))


def _read_reference(element: Any, location: Any) -> Reference:
    if element.attrib["CHECKSUMTYPE"] != "SHA-256":
        raise ValueError("a digest is not SHA-256")
    kind = element.get("MDTYPE", "")
    return Reference(
        href=unquote(location.attrib[f"{{{XLINK}}}href"], errors="strict"),
        size=int(element.attrib["SIZE"]),
        sha256=element.attrib["CHECKSUM"].lower(),
        media_type=element.attrib["MIMETYPE"],
        kind=element.get("OTHERMDTYPE", "") if kind == "OTHER" else kind,
    )


def _read_agent(element: Any) -> Agent:
    return Agent(
        role=element.attrib["ROLE"],
        name=element.findtext(f"{{{METS}}}name") or "",
        note=element.findtext(f"{{{METS}}}note") or "",
        software=element.get("OTHERTYPE") == "SOFTWARE",
    )
