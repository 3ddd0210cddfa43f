"""The reader that a signature check is given: XML in, what can be judged out.

Its functions take bytes and give values without lxml in them, so that the check can stay
without XML and XML without trust. They run in the check's child process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from archive.errors import Rejected
from archive.packages import xml
from archive.packages.dsig import names
from archive.packages.dsig.canonical import NotReadable, canonical, method_of
from archive.packages.dsig.extent import first_uncovered
from archive.packages.dsig.properties import Properties, XmlStamp, read_properties
from archive.packages.dsig.references import (
    MAX_REFERENCES,
    Document,
    Outside,
    Reference,
    decoded,
    read_reference,
)

MAX_SIGNATURES = 1_000
_D = names.DSIG


@dataclass(frozen=True, slots=True)
class XmlSignature:
    """One XML signature, read."""

    name: str
    """Its identifier, or its place among the document's signatures."""
    signed_info: bytes
    """Canonical: what the signature value is over."""
    method: str
    """Identifier of the signature algorithm."""
    value: bytes
    certificates: tuple[bytes, ...]
    """Of the ds:KeyInfo, DER."""
    references: tuple[Reference, ...]
    """Without the one to the signed properties, if that one holds."""
    signing_time: datetime | None
    signing_certificate: tuple[str, bytes] | None
    """Digest algorithm and digest; None if absent or not signed."""
    properties_hold: bool | None
    """Whether the signed properties are signed and unchanged; None if there are none."""
    properties_digest: str
    policy: bool
    described: bool
    """Whether the media type of all that is signed is stated (EN 319 132-1, 6.3)."""
    kept_certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    stamps: tuple[XmlStamp, ...]
    uncovered: str | None
    """Name of the first element of the document that it does not cover; None if it covers all."""
    fault: str | None = None
    """Why it cannot be processed."""


@dataclass(frozen=True, slots=True)
class ContainerManifest:
    """An ASiCManifest: what a signature or timestamp file in a container is over."""

    signature: str | None
    """Name of the file with the signature or timestamp."""
    entries: tuple[tuple[str, str, bytes], ...]
    """Name, digest algorithm ("" if not known) and digest of every data object."""


def signatures(content: bytes, outside: Outside) -> list[XmlSignature]:
    """Return the signatures of a document in their order; none if it has none.

    Args:
        content: the document.
        outside: gives the bytes of other files by their URI.

    Raises:
        ValueError: not XML, or not safe to read.
    """
    try:
        document = Document(content, outside)
    except Rejected as error:
        raise ValueError(error.message) from error
    found = list(document.root.iter(names.SIGNATURE))
    if len(found) > MAX_SIGNATURES:
        raise ValueError(f"more than {MAX_SIGNATURES} signatures")
    return [_read(document, one, str(n)) for n, one in enumerate(found, 1)]


def container_manifest(content: bytes) -> ContainerManifest:
    """Return what an ASiCManifest says (EN 319 162-1, A.4).

    Raises:
        ValueError: not XML, not safe to read, or not an ASiCManifest.
    """
    root = _root(content)
    if root.tag != f"{{{names.ASIC}}}ASiCManifest":
        raise ValueError("not an ASiCManifest")
    signature = root.find(f"{{{names.ASIC}}}SigReference")
    entries = []
    for one in root.findall(f"{{{names.ASIC}}}DataObjectReference"):
        method = one.find(f"{{{_D}}}DigestMethod")
        algorithm = method.get("Algorithm", "") if method is not None else ""
        digest = decoded(one.findtext(f"{{{_D}}}DigestValue"))
        entries.append((one.get("URI", ""), names.DIGESTS.get(algorithm, ""), digest))
    return ContainerManifest(
        signature.get("URI") if signature is not None else None, tuple(entries)
    )


def listed_files(content: bytes) -> list[str]:
    """Return the names in META-INF/manifest.xml, without the container itself.

    Raises:
        ValueError: not XML, or not safe to read.
    """
    ns = names.OASIS_MANIFEST
    paths = [
        one.get(f"{{{ns}}}full-path", "") for one in _root(content).iter(f"{{{ns}}}file-entry")
    ]
    return [one for one in paths if one and not one.endswith("/")]


def _root(content: bytes) -> etree._Element:
    try:
        return xml.parse(content).getroot()
    except Rejected as error:
        raise ValueError(error.message) from error


def _read(document: Document, signature: etree._Element, place: str) -> XmlSignature:
    """Read one signature."""
    properties = read_properties(document, signature)
    info = signature.find(f"{{{_D}}}SignedInfo")
    method = signature.find(f"{{{_D}}}SignedInfo/{{{_D}}}SignatureMethod")
    elements = signature.findall(f"{{{_D}}}SignedInfo/{{{_D}}}Reference")
    fault = _fault(signature, len(elements))
    references: list[Reference] = []
    own: Reference | None = None
    covered: list[etree._Element] = []
    described = True
    for element in elements if fault is None else ():
        read = read_reference(document, element)
        target = document.covered_by(element)
        is_own = properties.signed is not None and target is properties.signed
        if is_own and element.get("Type") == names.SIGNED_PROPERTIES_TYPE and own is None:
            own = read
            continue
        references.append(read)
        described = described and element.get("Id", "") in properties.described
        if target is not None:
            covered.append(target)
    holds = None if properties.signed is None else own is not None and own.found == own.stated
    if not holds:
        properties = replace(properties, signing_certificate=None, signing_time=None, policy=False)
        references += [own] if own is not None else []
    covered_octets, fault = _signed_info(info, fault)
    return XmlSignature(
        name=(signature.get("Id") or place)[:128],
        signed_info=covered_octets,
        method=method.get("Algorithm", "") if method is not None else "",
        value=decoded(signature.findtext(f"{{{_D}}}SignatureValue")),
        certificates=_certificates(signature),
        references=tuple(references),
        signing_time=properties.signing_time,
        signing_certificate=properties.signing_certificate,
        properties_hold=holds,
        properties_digest=own.digest_algorithm if own is not None else "",
        policy=properties.policy,
        described=described and bool(references),
        kept_certificates=properties.certificates,
        crls=properties.crls,
        ocsps=properties.ocsps,
        stamps=properties.stamps,
        uncovered=first_uncovered(document.root, signature, covered),
        fault=fault,
    )


def _fault(signature: etree._Element, references: int) -> str | None:
    """Return why a signature cannot be processed."""
    if len(signature.findall(f"{{{_D}}}SignedInfo")) != 1:
        return "the signature has not exactly one ds:SignedInfo"
    if len(signature.findall(f"{{{_D}}}SignatureValue")) != 1:
        return "the signature has not exactly one ds:SignatureValue"
    if len(signature.findall(f"{{{_D}}}Object/{{{names.XADES}}}QualifyingProperties")) > 1:
        return "the signature has more than one set of properties"
    if not 1 <= references <= MAX_REFERENCES:
        return f"the signature has {references} references"
    return None


def _signed_info(info: etree._Element | None, fault: str | None) -> tuple[bytes, str | None]:
    """Return the canonical ds:SignedInfo, or why there is none."""
    if info is None or fault is not None:
        return b"", fault or "the signature has no ds:SignedInfo"
    named = info.find(f"{{{_D}}}CanonicalizationMethod")
    method = method_of(named) if named is not None else None
    if method is None:
        return b"", "the canonicalization of the signature is not known"
    try:
        return canonical(info, method), None
    except NotReadable as error:
        return b"", str(error)


def _certificates(signature: etree._Element) -> tuple[bytes, ...]:
    path = f"{{{_D}}}KeyInfo/{{{_D}}}X509Data/{{{_D}}}X509Certificate"
    return tuple(decoded(one.text) for one in signature.findall(path)[:64])


__all__ = [
    "ContainerManifest",
    "Properties",
    "XmlSignature",
    "XmlStamp",
    "container_manifest",
    "listed_files",
    "signatures",
]
