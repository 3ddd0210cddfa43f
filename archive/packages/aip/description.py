"""From the description that tthc.xml keeps back to the `Dossier`, without loss.

Nothing is checked here, on purpose: what lies in a sealed package was checked when it came
in, and must stay readable when the rules have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from archive.model import (
    Applicant,
    DigitalFile,
    Document,
    Dossier,
    DossierId,
    PackagePath,
    Result,
    Role,
    Status,
)
from archive.packages.codes import parse_date

_DOSSIER_FIELDS = ("title", "fileCode", "mode", "language")
_UNKNOWN_TYPE = "application/octet-stream"
_DOCUMENT_FIELDS = ("typeName", "codeNumber", "codeNotation", "issuedDate", "organName")


def restore(description: Mapping[str, Any], dossier_id: DossierId) -> Dossier:
    """Return the dossier that `dossier_json.to_json` described.

    Raises:
        KeyError, ValueError: the description is not one that it made.
    """
    facts = description["tthc"]
    fields = dict(description["dossier"])
    title, file_code, mode, language = (fields.pop(code, None) for code in _DOSSIER_FIELDS)
    return Dossier(
        id=dossier_id,
        code=facts["dossierCode"],
        title=title or "",
        agency=facts["agencyCode"],
        procedure=facts["procedureCode"],
        applicant=_applicant(facts["applicant"]),
        received_on=date.fromisoformat(facts["receivedOn"]),
        status=Status(facts["status"]),
        documents=tuple(
            _document(ordinal, document)
            for ordinal, document in enumerate(description["documents"], 1)
        ),
        fonds=facts["fonds"],
        code_old=facts.get("dossierCodeOld"),
        file_code=file_code,
        agency_name=facts.get("agencyName"),
        procedure_name=facts.get("procedureName"),
        due_on=_day(facts.get("dueOn")),
        closed_on=_day(facts.get("closedOn")),
        result=_result(facts["result"]) if "result" in facts else None,
        important=facts.get("important", False),
        retention_code=facts.get("retentionCode"),
        events={name: date.fromisoformat(day) for name, day in facts.get("events", {}).items()},
        access=mode or "",
        language=language or "",
        profile=description["profile"],
        fields=fields,
    )


def _document(ordinal: int, document: Mapping[str, Any]) -> Document:
    fields = dict(document.get("fields", {}))
    kind, number, notation, issued, organ = (fields.pop(code, None) for code in _DOCUMENT_FIELDS)
    return Document(
        ordinal=ordinal,
        title=document["title"],
        role=Role(document["role"]),
        file=DigitalFile(
            path=PackagePath(document["file"]),
            size=document["size"],
            sha256=document["sha256"],
            media_type=document.get("mediaType", _UNKNOWN_TYPE),
            puid=document.get("puid"),
            format_name=document.get("formatName"),
        ),
        type_code=kind,
        number=number,
        notation=notation,
        issued_on=_day(issued),
        organ=organ,
        fields=fields,
    )


def _applicant(facts: Mapping[str, str]) -> Applicant:
    return Applicant(facts["name"], facts.get("identityNumber"), facts["kind"])


def _result(facts: Mapping[str, str]) -> Result:
    return Result(
        facts["number"],
        facts.get("code"),
        _day(facts.get("issuedOn")),
        _day(facts.get("expiresOn")),
    )


def _day(text: str | None) -> date | None:
    return parse_date(text) if text else None
