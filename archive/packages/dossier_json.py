"""`dossier.json`: the description of a submission, read with every fault it has at once.

The shape is in `schemas/dossier-1.schema.json`; codes, dates and field values are checked
here. Findings carry a JSON pointer: `dossier.json#/tthc/receivedOn`.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from archive.findings import Finding, Severity
from archive.fixity import sha256_of
from archive.model import Document, Dossier, Result
from archive.packages.dossier_reader import Reader
from archive.packages.json_text import shape_findings

FILE_NAME = "dossier.json"
_UNKNOWN_TYPE = "application/octet-stream"
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def to_json(dossier: Dossier) -> dict[str, Any]:
    """Return a dossier in the shape of `dossier.json`; `from_json` gives it back equal."""
    return {
        "profile": dossier.profile,
        "dossier": _dossier_fields(dossier),
        "tthc": _tthc(dossier),
        "documents": [_document_json(document) for document in dossier.documents],
    }


def canonical(dossier: Dossier) -> bytes:
    """Return the description as canonical JSON: what a submission *says*, however written.

    Two submissions with equal bytes here and equal files are the same submission. What the
    archive finds out about the files (their format) does not count.
    """
    content = to_json(dossier)
    for document in content["documents"]:
        for found_out in ("mediaType", "puid", "formatName"):
            document.pop(found_out, None)
    return _canonical(content).encode()


def submission_digest(dossier: Dossier) -> str:
    """Return the SHA-256 of the canonical description, which names every file's digest."""
    return sha256_of(canonical(dossier))


def from_json(
    content: object, *, today: date | None = None, name: str = FILE_NAME
) -> tuple[Dossier | None, list[Finding]]:
    """Read a description.

    Args:
        content: parsed JSON, as `json_text.parse` gives it.
        today: dates after it are errors, where they report what has happened.
        name: of the file, for the findings.

    Returns:
        The dossier, None if a finding is an error. A file's size is -1 and its digest ""
        where the description does not state them.
    """
    found = list(shape_findings(content, name))
    if any(finding.severity is Severity.ERROR for finding in found):
        # What has the right shape is checked all the same, so that nothing comes later.
        return None, list(dict.fromkeys(found + Reader(content, today, name).tolerant()))
    reader = Reader(content, today, name)
    dossier = reader.dossier()
    found += reader.findings
    if any(finding.severity is Severity.ERROR for finding in found):
        return None, found
    return dossier, found


def _dossier_fields(dossier: Dossier) -> dict[str, Any]:
    return {
        **dossier.fields,
        "title": dossier.title,
        "mode": dossier.access,
        "language": dossier.language,
        **({"fileCode": dossier.file_code} if dossier.file_code else {}),
    }


def _tthc(dossier: Dossier) -> dict[str, Any]:
    applicant = dossier.applicant
    return _given(
        dossierCode=dossier.code,
        dossierCodeOld=dossier.code_old,
        procedureCode=dossier.procedure,
        procedureName=dossier.procedure_name,
        agencyCode=dossier.agency,
        agencyName=dossier.agency_name,
        fonds=dossier.fonds,
        applicant=_given(
            name=applicant.name, identityNumber=applicant.identity_number, kind=applicant.kind
        ),
        receivedOn=_iso(dossier.received_on),
        dueOn=_iso(dossier.due_on),
        closedOn=_iso(dossier.closed_on),
        status=dossier.status.value,
        important=dossier.important,
        retentionCode=dossier.retention_code,
        events={name: day.isoformat() for name, day in sorted(dossier.events.items())} or None,
        result=None if dossier.result is None else _result_json(dossier.result),
    )


def _result_json(result: Result) -> dict[str, Any]:
    return _given(
        number=result.number,
        code=result.code,
        issuedOn=_iso(result.issued_on),
        expiresOn=_iso(result.expires_on),
    )


def _document_json(document: Document) -> dict[str, Any]:
    file = document.file
    fields = {
        **document.fields,
        **_given(
            typeName=document.type_code,
            codeNumber=document.number,
            codeNotation=document.notation,
            issuedDate=None if document.issued_on is None else f"{document.issued_on:%d/%m/%Y}",
            organName=document.organ,
        ),
    }
    return _given(
        file=file.path,
        title=document.title,
        role=document.role.value,
        sha256=file.sha256 or None,
        size=None if file.size < 0 else file.size,
        mediaType=None if file.media_type == _UNKNOWN_TYPE else file.media_type,
        puid=file.puid,
        formatName=file.format_name,
        fields=fields or None,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _given(**members: Any) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}
