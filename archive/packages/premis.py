"""PREMIS 3: what is preserved (objects with fixity and format), what happened, who did it.

Two documents in each package: one for the package (the dossier as intellectual entity, all
events and agents) and one for the representation (each file with its signatures).

Source: PREMIS Data Dictionary 3.0; Circular 05/2025/TT-BNV, annex I.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.errors import IntegrityError
from archive.events import Event, EventType
from archive.model import DigitalFile, DossierId, PackagePath, Verdict
from archive.packages import xml
from archive.packages.mets import timestamp
from archive.packages.xmlwrite import XmlWriter

NAMESPACE = "http://www.loc.gov/premis/v3"
REPRESENTATION = "rep1"

_EVENTS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:kho:event")
_MEDIA_TYPE_ONLY = "not identified; this is the media type"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_P = f"{{{NAMESPACE}}}"


@dataclass(frozen=True, slots=True)
class FileObject:
    """A data file as PREMIS describes it."""

    identifier: str
    """Unique in the archive: `kho:‹dossier›/v00001/‹path in the package›`."""
    file: DigitalFile
    verdicts: tuple[Verdict, ...] = ()
    """What was found out about the signatures in it, when the package was made."""


def write_package(dossier_id: DossierId, code: str, events: Sequence[Event]) -> bytes:
    """Return the package's PREMIS.xml: the dossier, every event, every agent.

    Raises:
        Rejected: a text holds a character that XML does not allow.
    """
    writer = XmlWriter()
    with writer.element("premis", _root()):
        with writer.element("object", {"xsi:type": "intellectualEntity"}):
            _write_identifier(writer, "objectIdentifier", "UUID", dossier_id)
            writer.leaf("originalName", code)
        seen: dict[uuid.UUID, int] = {}
        for event in events:
            _write_event(writer, event, _event_id(event, seen), dossier_id)
        for agent in dict.fromkeys(event.agent for event in events):
            with writer.element("agent"):
                _write_identifier(writer, "agentIdentifier", "local", agent)
                writer.leaf("agentName", agent)
    return writer.document()


def write_representation(dossier_id: DossierId, files: Sequence[FileObject]) -> bytes:
    """Return the representation's PREMIS: itself and every data file. Errors as above."""
    writer = XmlWriter()
    with writer.element("premis", _root()):
        with writer.element("object", {"xsi:type": "representation"}):
            _write_identifier(writer, "objectIdentifier", "local", f"{dossier_id}/{REPRESENTATION}")
            _write_relationship(writer, "represents", "UUID", dossier_id)
        for each in files:
            _write_file(writer, each, dossier_id)
    return writer.document()


def read_events(content: bytes) -> tuple[Event, ...]:
    """Return the events of a PREMIS document that `write_package` made, in its order.

    Raises:
        IntegrityError: it is not such a document.
        UnsafeInput, Rejected: as `xml.parse`.
    """
    root = xml.parse(content).getroot()
    try:
        return tuple(_read_event(element) for element in root.iterchildren(f"{_P}event"))
    except (AttributeError, TypeError, ValueError) as error:
        raise IntegrityError("PREMIS.xml is not one that the archive wrote") from error


def read_files(content: bytes) -> dict[PackagePath, FileObject]:
    """Return the data files of a PREMIS document that `write_representation` made.

    They come back without verdicts and without media type, which PREMIS does not keep.
    Errors as `read_events`.
    """
    root = xml.parse(content).getroot()
    try:
        objects = (_read_file(element) for element in _of_type(root, "file"))
        return {each.file.path: each for each in objects}
    except (AttributeError, TypeError, ValueError) as error:
        raise IntegrityError("PREMIS_rep1.xml is not one that the archive wrote") from error


def _root() -> dict[str, str | None]:
    return {"xmlns": NAMESPACE, "xmlns:xsi": _XSI, "version": "3.0"}


def _write_identifier(writer: XmlWriter, name: str, kind: str, value: str, role: str = "") -> None:
    with writer.element(name):
        writer.leaf(f"{name}Type", kind)
        writer.leaf(f"{name}Value", value)
        if role:
            writer.leaf(f"{name.removesuffix('Identifier')}Role", role)


def _write_relationship(writer: XmlWriter, subtype: str, kind: str, value: str) -> None:
    with writer.element("relationship"):
        writer.leaf("relationshipType", "structural")
        writer.leaf("relationshipSubType", subtype)
        _write_identifier(writer, "relatedObjectIdentifier", kind, value)


def _write_event(writer: XmlWriter, event: Event, event_id: str, dossier_id: DossierId) -> None:
    with writer.element("event"):
        _write_identifier(writer, "eventIdentifier", "UUID", event_id)
        writer.leaf("eventType", event.type.value)
        writer.leaf("eventDateTime", timestamp(event.at))
        if event.details:
            with writer.element("eventDetailInformation"):
                writer.leaf("eventDetail", _canonical(dict(event.details)))
        with writer.element("eventOutcomeInformation"):
            writer.leaf("eventOutcome", event.outcome)
        _write_identifier(writer, "linkingAgentIdentifier", "local", event.agent, "implementer")
        if event.subject:
            kind = "UUID" if event.subject == dossier_id else "local"
            _write_identifier(writer, "linkingObjectIdentifier", kind, event.subject, "outcome")


def _event_id(event: Event, seen: dict[uuid.UUID, int]) -> str:
    """Return an id that the same event has in every package, and no other event has."""
    facts = [event.type.value, timestamp(event.at), event.outcome, event.agent, event.subject]
    name = _canonical([*facts, dict(event.details)])
    plain = uuid.uuid5(_EVENTS, name)
    seen[plain] = seen.get(plain, 0) + 1
    return str(plain if seen[plain] == 1 else uuid.uuid5(_EVENTS, f"{name}#{seen[plain]}"))


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def _write_file(writer: XmlWriter, each: FileObject, dossier_id: DossierId) -> None:
    file = each.file
    with writer.element("object", {"xsi:type": "file"}):
        _write_identifier(writer, "objectIdentifier", "URI", each.identifier)
        with writer.element("objectCharacteristics"):
            writer.leaf("compositionLevel", "0")
            with writer.element("fixity"):
                writer.leaf("messageDigestAlgorithm", "SHA-256")
                writer.leaf("messageDigest", file.sha256)
            writer.leaf("size", str(file.size))
            _write_format(writer, file)
        writer.leaf("originalName", file.path)
        for verdict in each.verdicts:
            _write_signature(writer, verdict)
        _write_relationship(writer, "is included in", "local", f"{dossier_id}/{REPRESENTATION}")


def _write_format(writer: XmlWriter, file: DigitalFile) -> None:
    with writer.element("format"):
        if file.format_name or not file.puid:
            with writer.element("formatDesignation"):
                writer.leaf("formatName", file.format_name or file.media_type)
        if file.puid:
            with writer.element("formatRegistry"):
                writer.leaf("formatRegistryName", "PRONOM")
                writer.leaf("formatRegistryKey", file.puid)
        elif not file.format_name:
            writer.leaf("formatNote", _MEDIA_TYPE_ONLY)


def _write_signature(writer: XmlWriter, verdict: Verdict) -> None:
    """Write what PREMIS asks of a signature; the value itself stays in the file."""
    with writer.element("signatureInformation"), writer.element("signature"):
        writer.leaf("signatureEncoding", "DER")
        writer.optional("signer", verdict.signed_by)
        writer.leaf("signatureMethod", verdict.signature_algorithm or "not known")
        writer.leaf("signatureValue", f"embedded in the file: {verdict.field}")
        writer.leaf("signatureValidationRules", "ETSI EN 319 102-1")
        for line in _properties(verdict):
            writer.leaf("signatureProperties", line)
        if verdict.issuer or verdict.signed_by:
            with (
                writer.element("keyInformation"),
                writer.element("ds:KeyInfo", {"xmlns:ds": _DSIG}),
            ):
                names = (verdict.signed_by, verdict.issuer)
                writer.leaf("ds:KeyName", " / ".join(name for name in names if name))


def _properties(verdict: Verdict) -> Iterator[str]:
    yield f"kind: {verdict.kind}"
    yield f"format: {verdict.format}"
    yield f"indication: {verdict.indication.value}"
    if verdict.sub_indication:
        yield f"sub-indication: {verdict.sub_indication}"
    if verdict.signed_at_claimed:
        yield f"claimed signing time: {timestamp(verdict.signed_at_claimed)}"
    if verdict.proven_at:
        yield f"proof of existence: {timestamp(verdict.proven_at)}"


def _read_event(element: Any) -> Event:
    details = element.findtext(f"{_P}eventDetailInformation/{_P}eventDetail")
    agent = element.findtext(f"{_P}linkingAgentIdentifier/{_P}linkingAgentIdentifierValue")
    return Event(
        type=EventType(element.findtext(f"{_P}eventType")),
        at=datetime.fromisoformat(element.findtext(f"{_P}eventDateTime")),
        outcome=element.findtext(f"{_P}eventOutcomeInformation/{_P}eventOutcome") or "",
        agent=agent or "",
        subject=element.findtext(
            f"{_P}linkingObjectIdentifier/{_P}linkingObjectIdentifierValue", ""
        ),
        details=json.loads(details) if details else {},
    )


def _of_type(root: Any, kind: str) -> Iterator[Any]:
    for element in root.iterchildren(f"{_P}object"):
        if element.get(f"{{{_XSI}}}type") == kind:
            yield element


def _read_file(element: Any) -> FileObject:
    facts = element.find(f"{_P}objectCharacteristics")
    form = facts.find(f"{_P}format")
    noted = form.findtext(f"{_P}formatNote") == _MEDIA_TYPE_ONLY
    name = form.findtext(f"{_P}formatDesignation/{_P}formatName")
    return FileObject(
        identifier=element.findtext(f"{_P}objectIdentifier/{_P}objectIdentifierValue"),
        file=DigitalFile(
            path=PackagePath(element.findtext(f"{_P}originalName")),
            size=int(facts.findtext(f"{_P}size")),
            sha256=facts.findtext(f"{_P}fixity/{_P}messageDigest"),
            puid=form.findtext(f"{_P}formatRegistry/{_P}formatRegistryKey"),
            format_name=None if noted else name,
        ),
    )
