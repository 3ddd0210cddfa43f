"""An E-ARK submission with one representation that breaks no rule, and ways to break it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree

NAME = "uuid-6F0A8B1E-8E0B-4E0B-9E53-0D5B7C1F2A3D"
NAMESPACES = {
    "m": "http://www.loc.gov/METS/",
    "csip": "https://DILCIS.eu/XML/METS/CSIPExtensionMETS",
    "sip": "https://DILCIS.eu/XML/METS/SIPExtensionMETS",
    "xlink": "http://www.w3.org/1999/xlink",
}
_WHEN = "2026-11-01T08:00:00.000+07:00"
_CONTENT = {
    "metadata/descriptive/package.xml": b"<description/>",
    "metadata/preservation/package.xml": b"<preservation/>",
    "metadata/other/rights.xml": b"<rights/>",
    "documentation/readme.txt": b"read me\n",
    "schemas/description.xsd": b"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>",
    "representations/rep1/data/\u0111\u01a1n.txt": "Đơn\n".encode(),
    "representations/rep1/metadata/descriptive/rep.xml": b"<description/>",
    "representations/rep1/metadata/preservation/rep.xml": b"<preservation/>",
}
_HEADER = f"""
  <metsHdr CREATEDATE="{_WHEN}" LASTMODDATE="{_WHEN}" RECORDSTATUS="NEW" csip:OAISPACKAGETYPE="SIP">
    <agent ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE">
      <name>Kho</name><note csip:NOTETYPE="SOFTWARE VERSION">1.0</note>
    </agent>
    <agent ROLE="ARCHIVIST" TYPE="ORGANIZATION">
      <name>Agency</name><note csip:NOTETYPE="IDENTIFICATIONCODE">H26.18</note>
    </agent>
    <agent ROLE="CREATOR" TYPE="ORGANIZATION">
      <name>Office</name><note csip:NOTETYPE="IDENTIFICATIONCODE">H26.19</note>
    </agent>
    <agent ROLE="CREATOR" TYPE="INDIVIDUAL">
      <name>Contact</name><note>office@example.vn</note>
    </agent>
    <agent ROLE="PRESERVATION" TYPE="ORGANIZATION">
      <name>Archive</name><note csip:NOTETYPE="IDENTIFICATIONCODE">H26</note>
    </agent>
    <altRecordID TYPE="SUBMISSIONAGREEMENT">2026-1</altRecordID>
    <altRecordID TYPE="PREVIOUSSUBMISSIONAGREEMENT">2025-1</altRecordID>
    <altRecordID TYPE="REFERENCECODE">H26.18/1</altRecordID>
    <altRecordID TYPE="PREVIOUSREFERENCECODE">18/1</altRecordID>
  </metsHdr>"""

Change = Callable[[Any], None]


def a_package(parent: Path) -> Path:
    """Write the package below a folder and return its root."""
    root = parent / NAME
    for name, content in _CONTENT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    representation = root / "representations" / "rep1"
    (representation / "METS.xml").write_text(_representation_mets(representation), "utf-8")
    (root / "METS.xml").write_text(_package_mets(root), "utf-8")
    return root


def changed(mets: Path, xpath: str, change: Change) -> None:
    """Apply a change to every element at an XPath of a METS document."""
    tree = etree.parse(str(mets))
    found: Any = tree.getroot().xpath(xpath, namespaces=NAMESPACES)
    assert found, f"nothing at {xpath}"
    for element in found:
        change(element)
    tree.write(str(mets), xml_declaration=True, encoding="UTF-8")


def without(attribute: str) -> Change:
    """Remove an attribute."""

    def change(element: Any) -> None:
        del element.attrib[_name(attribute)]

    return change


def having(attribute: str, value: str) -> Change:
    """Set an attribute."""
    return lambda element: element.set(_name(attribute), value)


def text(value: str) -> Change:
    """Replace an element's text."""

    def change(element: Any) -> None:
        element.text = value

    return change


def removed(element: Any) -> None:
    """Remove the element."""
    element.getparent().remove(element)


def doubled(element: Any) -> None:
    """Put a copy behind the element, with other IDs."""
    copy = etree.fromstring(etree.tostring(element))
    for one in copy.iter("*"):
        if identifier := one.get("ID"):
            one.set("ID", f"{identifier}-2")
    copy.tail = None
    element.addnext(copy)


def emptied(element: Any) -> None:
    """Remove what the element holds."""
    for child in list(element):
        element.remove(child)


def _name(attribute: str) -> str:
    prefix, _, local = attribute.rpartition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if prefix else local


def _root(identifier: str, body: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<mets xmlns="{NAMESPACES["m"]}" xmlns:csip="{NAMESPACES["csip"]}"
  xmlns:sip="{NAMESPACES["sip"]}" xmlns:xlink="{NAMESPACES["xlink"]}"
  OBJID="{identifier}" LABEL="A dossier" TYPE="OTHER" csip:OTHERTYPE="Dossiers"
  csip:CONTENTINFORMATIONTYPE="OTHER" csip:OTHERCONTENTINFORMATIONTYPE="Dossier"
  PROFILE="https://earksip.dilcis.eu/profile/E-ARK-SIP.xml">{body}
</mets>
"""


def _described(path: Path, media_type: str) -> str:
    content = path.read_bytes()
    return (
        f'MIMETYPE="{media_type}" SIZE="{len(content)}" CREATED="{_WHEN}" '
        f'CHECKSUM="{hashlib.sha256(content).hexdigest()}" CHECKSUMTYPE="SHA-256"'
    )


def _link(name: str) -> str:
    return f'LOCTYPE="URL" xlink:type="simple" xlink:href="{name}"'


def _reference(folder: Path, name: str, kind: str) -> str:
    described = _described(folder / name, "application/xml")
    return f'<mdRef {_link(name)} MDTYPE="{kind}" {described}/>'


def _file(folder: Path, name: str, identifier: str, media_type: str, more: str = "") -> str:
    described = _described(folder / name, media_type)
    return f'<file ID="{identifier}" {described} {more}><FLocat {_link(name)}/></file>'


def _metadata(folder: Path, name: str) -> str:
    return f"""
  <dmdSec ID="dmd" CREATED="{_WHEN}" STATUS="CURRENT">
    {_reference(folder, f"metadata/descriptive/{name}.xml", "OTHER")}
  </dmdSec>
  <amdSec>
    <digiprovMD ID="prov" STATUS="CURRENT">
      {_reference(folder, f"metadata/preservation/{name}.xml", "OTHER")}
    </digiprovMD>
  </amdSec>"""


def _package_mets(root: Path) -> str:
    rights = _reference(root, "metadata/other/rights.xml", "OTHER")
    metadata = _metadata(root, "package").replace(
        "<digiprovMD", f'<rightsMD ID="rights" STATUS="CURRENT">{rights}</rightsMD><digiprovMD'
    )
    formats = (
        'sip:FILEFORMATNAME="Text" sip:FILEFORMATVERSION="1" sip:FILEFORMATREGISTRY="PRONOM" '
        'sip:FILEFORMATKEY="x-fmt/111" OWNERID="1" ADMID="prov" DMDID="dmd"'
    )
    documentation = _file(root, "documentation/readme.txt", "readme", "text/plain", formats)
    schema = _file(root, "schemas/description.xsd", "xsd", "application/xml")
    mets = _file(root, "representations/rep1/METS.xml", "rep1-mets", "application/xml")
    pointer = f'<mptr {_link("representations/rep1/METS.xml")} xlink:title="group-rep1"/>'
    return _root(
        NAME,
        f"""{_HEADER}{metadata}
  <fileSec ID="files">
    <fileGrp ID="group-doc" USE="Documentation" ADMID="rights">{documentation}</fileGrp>
    <fileGrp ID="group-xsd" USE="Schemas">{schema}</fileGrp>
    <fileGrp ID="group-rep1" USE="Representations/rep1"
      csip:CONTENTINFORMATIONTYPE="OTHER" csip:OTHERCONTENTINFORMATIONTYPE="Dossier">{mets}</fileGrp>
  </fileSec>
  <structMap ID="map" TYPE="PHYSICAL" LABEL="CSIP">
    <div ID="div" LABEL="{NAME}">
      <div ID="div-metadata" LABEL="Metadata" DMDID="dmd" ADMID="prov rights"/>
      <div ID="div-doc" LABEL="Documentation"><fptr FILEID="group-doc"/></div>
      <div ID="div-xsd" LABEL="Schemas"><fptr FILEID="group-xsd"/></div>
      <div ID="div-rep1" LABEL="Representations/rep1">{pointer}</div>
    </div>
  </structMap>""",
    )


def _representation_mets(folder: Path) -> str:
    record = _file(folder, "data/\u0111\u01a1n.txt", "record", "text/plain")
    return _root(
        "rep1",
        f"""{_HEADER}{_metadata(folder, "rep")}
  <fileSec ID="files">
    <fileGrp ID="group-data" USE="Data">{record}</fileGrp>
  </fileSec>
  <structMap ID="map" TYPE="PHYSICAL" LABEL="CSIP">
    <div ID="div" LABEL="rep1">
      <div ID="div-metadata" LABEL="Metadata" DMDID="dmd" ADMID="prov"/>
      <div ID="div-data" LABEL="Data"><fptr FILEID="group-data"/></div>
    </div>
  </structMap>""",
    )
