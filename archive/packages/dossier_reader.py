"""Reading a description: from JSON values to a dossier, with every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from archive.findings import Finding, Severity
from archive.model import (
    CLOSING_STATUSES,
    Applicant,
    DigitalFile,
    Document,
    Dossier,
    PackagePath,
    Result,
    Role,
    Status,
)
from archive.packages import codes, profile
from archive.packages.json_text import composed
from archive.packages.names import check_name, normalised

_DOSSIER_KEYS = {
    "title": "title",
    "fileCode": "file_code",
    "mode": "access",
    "language": "language",
}
_DOCUMENT_KEYS = {
    "typeName": "type_code",
    "codeNumber": "number",
    "codeNotation": "notation",
    "organName": "organ",
}
_CLOSING = frozenset(status.value for status in CLOSING_STATUSES)
_OPEN = frozenset(status.value for status in Status) - _CLOSING
_TRUE = frozenset({"1", "true"})


class Reader:
    """One reading of a description; collects findings as it goes."""

    def __init__(self, content: object, today: date | None, name: str) -> None:
        self.content: Any = composed(content)
        self.today = today
        self.name = name
        self.findings: list[Finding] = []

    def tolerant(self) -> list[Finding]:
        """Return the findings on those parts that have the right shape."""
        parts = self.content if isinstance(self.content, dict) else {}
        for part, check in (("dossier", self._dossier_part), ("tthc", self._tthc_part)):
            if isinstance(parts.get(part), dict):
                check({key: value for key, value in parts[part].items() if value is not None})
        documents = parts.get("documents")
        for index, row in enumerate(documents if isinstance(documents, list) else []):
            if isinstance(row, dict) and isinstance(row.get("file"), str):
                self._file_name(row["file"], f"documents/{index}/file")
            if isinstance(row, dict) and isinstance(row.get("fields", {}), dict):
                self._document_fields(row, index)
        return self.findings

    def dossier(self) -> Dossier:
        """Return the dossier; only meaningful if no finding is an error."""
        tthc = self.content["tthc"]
        facts = self._tthc_part({key: value for key, value in tthc.items() if value is not None})
        fields = self._dossier_part(self.content["dossier"])
        documents = tuple(
            self._document(row, index) for index, row in enumerate(self.content["documents"])
        )
        self._repeats(documents)
        code = facts.pop("code")
        agency = tthc["agencyCode"]
        known: dict[str, Any] = {
            key: fields.pop(name) for name, key in _DOSSIER_KEYS.items() if name in fields
        }
        return Dossier(
            id=codes.dossier_id(agency, code),
            code=code,
            agency=agency,
            procedure=tthc["procedureCode"],
            applicant=_applicant(tthc["applicant"]),
            status=Status(tthc["status"]),
            documents=documents,
            fonds=tthc.get("fonds") or agency,
            agency_name=tthc.get("agencyName"),
            procedure_name=tthc.get("procedureName"),
            important=tthc.get("important", False),
            retention_code=tthc.get("retentionCode"),
            profile=self.content.get("profile", profile.CURRENT),
            fields=fields,
            **facts,
            **known,
        )

    # --- parts -------------------------------------------------------------------

    def _dossier_part(self, part: Mapping[str, Any]) -> dict[str, str]:
        found = self._profile()
        values = _as_text(part)
        if found is None:
            return values
        digitized = profile.is_digitized(values)
        self._fields(values, found.dossier, "dossier", digitized)
        if (code := values.get("fileCode")) is not None:
            path = self._at("dossier/fileCode")
            self.findings += codes.check_file_code(code, today=self.today, path=path)
        return _as_printed(values, found.dossier)

    def _tthc_part(self, part: Mapping[str, Any]) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        facts.update(self._codes(part))
        for key, name in (("receivedOn", "received_on"), ("closedOn", "closed_on")):
            facts[name] = self._day(part, key, f"tthc/{key}", past=True)
        facts["due_on"] = self._day(part, "dueOn", "tthc/dueOn", past=False)
        if isinstance(part.get("applicant"), dict):
            self._identity(part["applicant"])
        facts["result"] = self._result(part.get("result"))
        given = part.get("events")
        events: dict[str, Any] = given if isinstance(given, dict) else {}
        days = {name: self._day(events, name, f"tthc/events/{name}", past=False) for name in events}
        facts["events"] = {name: day for name, day in days.items() if day is not None}
        self._consistency(part, facts)
        return facts

    def _codes(self, part: Mapping[str, Any]) -> dict[str, Any]:
        written, old = _text(part, "dossierCode"), _text(part, "dossierCodeOld")
        for key, code in (("dossierCode", written), ("dossierCodeOld", old)):
            if code is not None:
                path = self._at(f"tthc/{key}")
                self.findings += codes.check_dossier_code(code, today=self.today, path=path)
        if (agency := _text(part, "agencyCode")) is not None:
            self.findings += codes.check_agency_code(agency, path=self._at("tthc/agencyCode"))
        if (procedure := _text(part, "procedureCode")) is not None:
            path = self._at("tthc/procedureCode")
            self.findings += codes.check_procedure_code(procedure, path=path)
        if written is not None and codes.is_old_form(written):
            old = old or written
        code = codes.to_new_form(written or old or "")
        if old is not None and codes.to_new_form(old) != code:
            message = "the old form does not convert to dossierCode; both are kept"
            self._warn("KHO-CODE-FORMS", "tthc/dossierCodeOld", message)
        return {"code": code, "code_old": old}

    def _identity(self, part: Mapping[str, Any]) -> None:
        number, path = _text(part, "identityNumber"), self._at("tthc/applicant/identityNumber")
        if not number:
            return
        if part.get("kind", "citizen") == "citizen":
            self.findings += codes.check_identity_number(number, today=self.today, path=path)
        elif not _is_registration(number):
            self.findings += codes.check_tax_code(number, path=path)

    def _result(self, part: object) -> Result | None:
        if not isinstance(part, dict):
            return None
        if code := _text(part, "code"):
            self.findings += codes.check_result_code(code, path=self._at("tthc/result/code"))
        issued = self._day(part, "issuedOn", "tthc/result/issuedOn", past=True)
        expires = self._day(part, "expiresOn", "tthc/result/expiresOn", past=False)
        if issued and expires and expires < issued:
            self._fail("KHO-DATE-ORDER", "tthc/result/expiresOn", "lies before issuedOn")
        return Result(_text(part, "number") or "", code or None, issued, expires)

    def _consistency(self, part: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        received, closed = facts["received_on"], facts["closed_on"]
        coded = codes.day_of_dossier_code(facts["code"])
        if received and closed and closed < received:
            self._fail("KHO-DATE-ORDER", "tthc/closedOn", "lies before receivedOn")
        if received and coded and received != coded:
            message = f"differs from {coded.isoformat()} in the dossier code"
            self._warn("KHO-CODE-DATE-DIFFERS", "tthc/receivedOn", message)
        ends = part.get("status") in _CLOSING
        if ends and not part.get("closedOn"):
            message = "the status ends the work but closedOn is missing: no period can be counted"
            self._warn("KHO-DOSSIER-CLOSED", "tthc/closedOn", message)
        elif closed and part.get("status") in _OPEN:
            message = "closedOn is given but the status does not end the work"
            self._warn("KHO-DOSSIER-CLOSED", "tthc/status", message)

    def _document(self, row: Mapping[str, Any], index: int) -> Document:
        self._file_name(row["file"], f"documents/{index}/file")
        values, issued = self._document_fields(row, index)
        known = {key: values.pop(name) for name, key in _DOCUMENT_KEYS.items() if name in values}
        size = row.get("size")
        file = DigitalFile(
            path=normalised(row["file"]),
            size=-1 if size is None else size,
            sha256=(row.get("sha256") or "").lower(),
            media_type=row.get("mediaType") or "application/octet-stream",
            puid=row.get("puid"),
            format_name=row.get("formatName"),
        )
        role = Role(row.get("role", "other"))
        return Document(
            index + 1, row["title"], role, file, issued_on=issued, fields=values, **known
        )

    def _document_fields(
        self, row: Mapping[str, Any], index: int
    ) -> tuple[dict[str, str], date | None]:
        values = _as_text(row.get("fields") or {})
        path = f"documents/{index}/fields"
        found = self._profile()
        if found is not None:
            self._fields(values, found.document, path, profile.is_digitized(values))
            values = _as_printed(values, found.document)
        if (code := values.get("docCode")) is not None:
            self.findings += codes.check_document_code(code, path=self._at(f"{path}/docCode"))
        issued = self._day(values, "issuedDate", f"{path}/issuedDate", past=True, quiet=True)
        if issued is not None:
            del values["issuedDate"]
        return values, issued

    # --- single checks -------------------------------------------------------------

    def _profile(self) -> profile.Profile | None:
        version = self.content.get("profile", profile.CURRENT)
        if version in profile.versions():
            return profile.load(version)
        known = ", ".join(profile.versions())
        message = f"there is no field profile of this name; known are: {known}"
        finding = Finding("KHO-PROFILE", Severity.ERROR, self._at("profile"), message)
        if finding not in self.findings:
            self.findings.append(finding)
        return None

    def _fields(
        self,
        values: Mapping[str, str],
        fields: Mapping[str, profile.Field],
        path: str,
        digitized: bool,
    ) -> None:
        # The JSON Schema refuses unknown members and a missing title; said once is enough.
        known = {code: value for code, value in values.items() if code in fields}
        for finding in profile.check_fields(
            known, fields, digitized=digitized, path=self._at(path)
        ):
            if (finding.rule, finding.path) != ("KHO-FIELD-MISSING", self._at("dossier/title")):
                self.findings.append(finding)

    def _day(
        self, part: Mapping[str, Any], key: str, path: str, *, past: bool, quiet: bool = False
    ) -> date | None:
        written = _text(part, key)
        if not written:
            return None
        try:
            day = codes.parse_date(written)
        except ValueError as error:
            if not quiet:
                self._fail("KHO-DATE", path, f"{written[:40]!r} is not a day: {error}")
            return None
        if past and self.today is not None and day > self.today:
            self._fail("KHO-DATE-FUTURE", path, f"{day.isoformat()} lies in the future")
        return day

    def _file_name(self, name: str, path: str) -> None:
        self.findings += [
            Finding(finding.rule, finding.severity, self._at(path), finding.message)
            for finding in check_name(name)
        ]

    def _repeats(self, documents: tuple[Document, ...]) -> None:
        seen: dict[PackagePath, int] = {}
        for document in documents:
            first = seen.setdefault(document.file.path, document.ordinal)
            if first != document.ordinal:
                message = f"the file is described twice, first as document {first}"
                self._fail("KHO-FILE-TWICE", f"documents/{document.ordinal - 1}/file", message)

    def _at(self, pointer: str) -> str:
        return f"{self.name}#/{pointer}"

    def _fail(self, rule: str, pointer: str, message: str) -> None:
        self.findings.append(Finding(rule, Severity.ERROR, self._at(pointer), message))

    def _warn(self, rule: str, pointer: str, message: str) -> None:
        self.findings.append(Finding(rule, Severity.WARNING, self._at(pointer), message))


def _applicant(part: Mapping[str, Any]) -> Applicant:
    return Applicant(part["name"], part.get("identityNumber") or None, part.get("kind", "citizen"))


def _is_registration(number: str) -> bool:
    """Whether a body's number is an agency code or the 12 digits of a household's owner."""
    return not codes.check_agency_code(number) or not codes.check_identity_number(number)


def _text(part: Mapping[str, Any], key: str) -> str | None:
    value = part.get(key)
    return value if isinstance(value, str) and value else None


def _as_text(part: Mapping[str, Any]) -> dict[str, str]:
    """Return field values as text: true as 1, numbers in digits, empty ones left out."""
    texts = {
        key: str(int(value)) if isinstance(value, bool) else str(value)
        for key, value in part.items()
        if isinstance(value, str | int)
    }
    return {key: value for key, value in texts.items() if value}


def _as_printed(values: Mapping[str, str], fields: Mapping[str, profile.Field]) -> dict[str, str]:
    """Return values in one form: days as dd/mm/yyyy, truth as 1 or 0."""
    printed = dict(values)
    for key, value in values.items():
        field = fields.get(key)
        if field is not None and field.type == "date":
            printed[key] = _printed_day(value)
        elif field is not None and field.type == "boolean":
            printed[key] = "1" if value.lower() in _TRUE else "0"
    return printed


def _printed_day(value: str) -> str:
    try:
        return f"{codes.parse_date(value):%d/%m/%Y}"
    except ValueError:
        return value
