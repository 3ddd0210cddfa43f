"""EAD.xml and EAD_doc_*.xml: the descriptive fields of Circular 05/2025/TT-BNV as XML.

Despite their name the circular's files are flat: a root `simpledc` without a namespace,
one element for each field, named by the field's code, in any order.
"""

from __future__ import annotations

from collections.abc import Mapping

from archive.errors import Rejected
from archive.model import Document, Dossier
from archive.packages import xml
from archive.packages.xmlwrite import XmlWriter

DOSSIER_FIELDS = (
    "arcFileCode", "title", "maintenance", "mode", "language", "startDate", "endDate",
    "keyword", "totalDoc", "numberOfPaper", "numberOfPage", "format", "inforSign",
    "confidenceLevel", "paperFileCode", "riskRecovery", "riskRecoveryStatus", "description",
)  # fmt: skip
"""Circular 05/2025/TT-BNV, annex I: the 18 fields of a dossier in an AIP, in its order."""

DOCUMENT_FIELDS = (
    "arcFileCode", "mode", "language", "keyword", "numberOfPage", "format", "inforSign",
    "confidenceLevel", "description", "docCode", "docOrdinal", "typeName", "codeNumber",
    "codeNotation", "issuedDate", "organName", "subject", "autograph", "process",
)  # fmt: skip
"""Circular 05/2025/TT-BNV, annex I: the 19 fields of a document in an AIP, in its order."""

_MAX_BYTES = 1 << 20


def dossier_fields(dossier: Dossier, *, archive_code: str = "") -> dict[str, str]:
    """Return the 18 fields that describe a dossier in its AIP; "" where nothing is known.

    Args:
        archive_code: the code of the archive that keeps it; `arcFileCode` is that code
            and the file's own code (annex I), or the latter alone if this is "".
    """
    dates = {"startDate": dossier.received_on, "endDate": dossier.closed_on}
    return _filled(
        DOSSIER_FIELDS,
        {code: f"{day:%d/%m/%Y}" for code, day in dates.items() if day}
        | {"totalDoc": str(len(dossier.documents))}
        | dict(dossier.fields)
        | {
            "arcFileCode": _archive_file_code(dossier, archive_code),
            "title": dossier.title,
            "mode": dossier.access,
            "language": dossier.language,
        },
    )


def document_fields(
    dossier: Dossier, document: Document, *, archive_code: str = ""
) -> dict[str, str]:
    """Return the 19 fields that describe a document in its AIP; "" where nothing is known."""
    return _filled(
        DOCUMENT_FIELDS,
        {"mode": dossier.access, "language": dossier.language, "subject": document.title}
        | dict(document.fields)
        | {
            "arcFileCode": _archive_file_code(dossier, archive_code),
            "docOrdinal": str(document.ordinal),
            "typeName": document.type_code or "",
            "codeNumber": document.number or "",
            "codeNotation": document.notation or "",
            "issuedDate": f"{document.issued_on:%d/%m/%Y}" if document.issued_on else "",
            "organName": document.organ or "",
        },
    )


def write(fields: Mapping[str, str]) -> bytes:
    """Return fields as a `simpledc` document, in the order given."""
    writer = XmlWriter()
    with writer.element("simpledc"):
        for code, value in fields.items():
            writer.leaf(code, value)
    return writer.document()


def read(content: bytes) -> dict[str, str]:
    """Return the fields of an EAD.xml or EAD_doc.xml that have a value, by their code.

    Raises:
        UnsafeInput, Rejected: as `xml.parse`, or it is not a flat list of fields.
    """
    root = xml.parse(content, max_bytes=_MAX_BYTES).getroot()
    fields: dict[str, str] = {}
    for element in root.iterchildren("*"):
        code = element.tag.rpartition("}")[2]
        if len(element) or code in fields:
            raise Rejected(f"KHO-EAD-FIELDS: {code} is repeated or has elements in it")
        if value := (element.text or "").strip():
            fields[code] = value
    return fields


def _archive_file_code(dossier: Dossier, archive_code: str) -> str:
    given = dossier.fields.get("arcFileCode") or dossier.file_code or ""
    return f"{archive_code}.{given}" if archive_code and given else given


def _filled(codes: tuple[str, ...], known: Mapping[str, str]) -> dict[str, str]:
    return {code: known.get(code, "") for code in codes}
