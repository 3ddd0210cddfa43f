"""tthc.xml: Kho's extension, the administrative procedure behind a dossier as XML.

It says the same as a submission's `dossier.json`, in the same words, so that neither form
knows more than the other. In an archival package it is the dossier's whole description;
EAD.xml beside it repeats what Circular 05/2025/TT-BNV asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archive.errors import Rejected
from archive.packages import xml
from archive.packages.xmlwrite import XmlWriter

NAMESPACE = "urn:kho:tthc:1"
"""Schema: schemas/tthc-1.xsd."""

_BEFORE_APPLICANT = (
    "dossierCode", "dossierCodeOld", "procedureCode", "procedureName", "agencyCode",
    "agencyName", "fonds",
)  # fmt: skip
_APPLICANT = ("name", "identityNumber", "kind")
_AFTER_APPLICANT = ("receivedOn", "dueOn", "closedOn", "status", "important", "retentionCode")
_RESULT = ("number", "code", "issuedOn", "expiresOn")
_FILE_FACTS = ("sha256", "mediaType", "puid", "formatName")
_MAX_BYTES = 64 << 20


def write(description: Mapping[str, Any]) -> bytes:
    """Return a description in the shape of `dossier.json` as tthc.xml.

    Raises:
        Rejected: a text holds a character that XML does not allow.
    """
    facts = description["tthc"]
    writer = XmlWriter()
    root = {"xmlns": NAMESPACE, "profile": description["profile"]}
    with writer.element("tthc", root):
        _write_facts(writer, facts, _BEFORE_APPLICANT)
        with writer.element("applicant"):
            _write_facts(writer, facts["applicant"], _APPLICANT)
        _write_facts(writer, facts, _AFTER_APPLICANT)
        if facts.get("result") is not None:
            with writer.element("result"):
                _write_facts(writer, facts["result"], _RESULT)
        if facts.get("events"):
            with writer.element("events"):
                for trigger, day in facts["events"].items():
                    writer.leaf("event", day, {"trigger": trigger})
        _write_fields(writer, description["dossier"])
        with writer.element("documents"):
            for document in description["documents"]:
                _write_document(writer, document)
    return writer.document()


def read(content: bytes) -> dict[str, Any]:
    """Return what a tthc.xml says, in the shape of `dossier.json`.

    Values stay as they stand there (days as text); absent ones are left out. Elements in
    another namespace or unknown ones are passed over: the schema is checked elsewhere.

    Raises:
        UnsafeInput, Rejected: as `xml.parse`, or the root is not `tthc`.
    """
    root = xml.parse(content, max_bytes=_MAX_BYTES).getroot()
    if root.tag != f"{{{NAMESPACE}}}tthc":
        raise Rejected(f"KHO-TTHC-ROOT: the root is not tthc in {NAMESPACE}")
    facts: dict[str, Any] = {}
    fields: dict[str, str] = {}
    documents: list[dict[str, Any]] = []
    for name, element in _children(root):
        if name in ("applicant", "result"):
            facts[name] = {inner: part.text or "" for inner, part in _children(element)}
        elif name == "events":
            facts[name] = {
                part.get("trigger", ""): part.text or "" for _, part in _children(element)
            }
        elif name == "fields":
            fields = _read_fields(element)
        elif name == "documents":
            documents = [_read_document(part) for _, part in _children(element)]
        else:
            facts[name] = element.text or ""
    if "important" in facts:
        facts["important"] = facts["important"].strip() in ("true", "1")
    return {
        "profile": root.get("profile", ""),
        "dossier": fields,
        "tthc": facts,
        "documents": documents,
    }


def _write_facts(writer: XmlWriter, facts: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        value = facts.get(name)
        if isinstance(value, bool):
            value = "true" if value else "false"
        writer.optional(name, value)


def _write_fields(writer: XmlWriter, fields: Mapping[str, Any]) -> None:
    with writer.element("fields"):
        for code, value in fields.items():
            if value is not None:
                writer.leaf("field", str(value), {"code": code})


def _write_document(writer: XmlWriter, document: Mapping[str, Any]) -> None:
    size = document.get("size")
    attributes = {"file": document["file"], "role": document["role"]}
    attributes["size"] = None if size is None else str(size)
    attributes |= {name: document.get(name) for name in _FILE_FACTS}
    with writer.element("document", attributes):
        writer.leaf("title", document["title"])
        _write_fields(writer, document.get("fields", {}))


def _read_fields(element: Any) -> dict[str, str]:
    return {part.get("code", ""): part.text or "" for _, part in _children(element)}


def _read_document(element: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"file": element.get("file", ""), "role": element.get("role", "")}
    if (size := element.get("size", "")).isdecimal():
        document["size"] = int(size)
    document |= {name: element.get(name) for name in _FILE_FACTS if element.get(name)}
    document["title"] = ""
    document["fields"] = {}
    for name, part in _children(element):
        if name == "title":
            document["title"] = part.text or ""
        elif name == "fields":
            document["fields"] = _read_fields(part)
    return document


def _children(element: Any) -> Iterator[tuple[str, Any]]:
    """Yield the child elements in our namespace with their local names."""
    prefix = f"{{{NAMESPACE}}}"
    for child in element.iterchildren(f"{prefix}*"):
        yield child.tag.removeprefix(prefix), child
