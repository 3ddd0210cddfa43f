"""Rows to values and back: nothing of a dossier is lost between the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from archive.catalogue.columns import instant_text
from archive.catalogue.holding import Due, Fixed, Holding
from archive.model import (
    Applicant,
    DigitalFile,
    Document,
    Dossier,
    DossierId,
    Indication,
    ObjectName,
    PackagePath,
    Receipt,
    Result,
    Role,
    Status,
    Verdict,
    Version,
)

RowValues = dict[str, Any]


def dossier_row(holding: Holding) -> RowValues:
    """Return the row of `dossiers`."""
    dossier = holding.dossier
    return {
        **due_values(holding.due),
        "retention_fixed": _fixed_value(holding.fixed),
        "id": dossier.id,
        "code": dossier.code,
        "code_old": dossier.code_old,
        "file_code": dossier.file_code,
        "title": dossier.title,
        "agency": dossier.agency,
        "agency_name": dossier.agency_name,
        "fonds": dossier.fonds,
        "access": dossier.access,
        "procedure": dossier.procedure,
        "procedure_name": dossier.procedure_name,
        "applicant_name": dossier.applicant.name,
        "applicant_identity": dossier.applicant.identity_number,
        "applicant_kind": dossier.applicant.kind,
        "year": dossier.year,
        "received_on": dossier.received_on,
        "due_on": dossier.due_on,
        "closed_on": dossier.closed_on,
        "status": dossier.status.value,
        "result_number": dossier.result.number if dossier.result else None,
        "important": dossier.important,
        "description": _dossier_rest(dossier),
        "signature_outcome": holding.signature_outcome,
    }


def due_values(due: Due | None) -> RowValues:
    """Return the retention columns of `dossiers`; all empty while nothing is computed."""
    return {
        "retention_action": due.action if due else None,
        "retention_due_on": due.due_on if due else None,
        "retention_rule": due.rule_code if due else None,
        "retention_schedule": due.schedule_version if due else None,
    }


def _fixed_value(fixed: Fixed | None) -> RowValues | None:
    if fixed is None:
        return None
    return {
        "rule": fixed.rule_code,
        "schedule": fixed.schedule_version,
        "until": _iso(fixed.protected_until),
    }


def _dossier_rest(dossier: Dossier) -> RowValues:
    result = dossier.result
    return {
        "result": {
            "code": result.code,
            "issued_on": _iso(result.issued_on),
            "expires_on": _iso(result.expires_on),
        }
        if result
        else None,
        "retention_code": dossier.retention_code,
        "events": {name: day.isoformat() for name, day in dossier.events.items()},
        "language": dossier.language,
        "profile": dossier.profile,
        "fields": dict(dossier.fields),
    }


def version_rows(holding: Holding) -> Iterator[RowValues]:
    """Yield a row of `versions` for each version."""
    for version, receipt in zip(holding.versions, holding.receipts, strict=True):
        yield {
            "dossier_id": holding.dossier.id,
            "number": version.number,
            "place": version.place,
            "sha256": version.sha256,
            "size": version.size,
            "seal_digest": version.seal_digest,
            "sealed_at": version.sealed_at,
            "submission_digest": receipt.submission_digest,
            "held_since": receipt.held_since,
        }


def file_rows(holding: Holding) -> Iterator[RowValues]:
    """Yield a row of `files` for each document."""
    for document in holding.dossier.documents:
        yield {
            "dossier_id": holding.dossier.id,
            "ordinal": document.ordinal,
            "path": document.file.path,
            "sha256": document.file.sha256,
            "size": document.file.size,
            "media_type": document.file.media_type,
            "puid": document.file.puid,
            "format_name": document.file.format_name,
            "role": document.role.value,
            "title": document.title,
            "type_code": document.type_code,
            "description": {
                "number": document.number,
                "notation": document.notation,
                "issued_on": _iso(document.issued_on),
                "organ": document.organ,
                "fields": dict(document.fields),
            },
        }


def verdict_rows(holding: Holding) -> Iterator[RowValues]:
    """Yield a row of `verdicts` for each verdict, in their order."""
    for ordinal, verdict in enumerate(holding.verdicts, start=1):
        yield {
            "dossier_id": holding.dossier.id,
            "ordinal": ordinal,
            "path": verdict.path,
            "field": verdict.field,
            "indication": verdict.indication.value,
            "sub_indication": verdict.sub_indication,
            "format": verdict.format,
            "proven_at": verdict.proven_at,
            "test": verdict.test,
            "provable_until": verdict.provable_until,
            "description": _verdict_rest(verdict),
        }


def _verdict_rest(verdict: Verdict) -> RowValues:
    claimed = verdict.signed_at_claimed
    return {
        "kind": verdict.kind,
        "intact": verdict.intact,
        "covers_whole_file": verdict.covers_whole_file,
        "modified_after_signing": verdict.modified_after_signing,
        "signed_by": verdict.signed_by,
        "signed_at_claimed": _claim_text(claimed) if claimed else None,
        "timestamps": verdict.timestamps,
        "digest_algorithm": verdict.digest_algorithm,
        "signature_algorithm": verdict.signature_algorithm,
        "issuer": verdict.issuer,
        "reasons": list(verdict.reasons),
        "to_do": verdict.to_do,
        "fresh_until": instant_text(verdict.fresh_until) if verdict.fresh_until else None,
        "limited_by": verdict.limited_by,
    }


def _claim_text(claimed: datetime) -> str:
    # A signer's own clock may state no zone; then the claim is kept as it was made.
    return instant_text(claimed) if claimed.tzinfo else claimed.isoformat()


def holding_of(
    dossier: Row[Any],
    versions: Sequence[Row[Any]],
    files: Sequence[Row[Any]],
    verdicts: Sequence[Row[Any]],
) -> Holding:
    """Put a holding together from its rows, each sequence in ascending order."""
    receipts = tuple(receipt_of(row, dossier.code) for row in versions)
    return Holding(
        dossier=dossier_of(dossier, tuple(document_of(row) for row in files)),
        versions=tuple(version_of(row) for row in versions),
        verdicts=tuple(verdict_of(row) for row in verdicts),
        submission_digest=receipts[-1].submission_digest,
        held_since=receipts[-1].held_since,
        earlier=receipts[:-1],
        due=due_of(dossier),
        fixed=fixed_of(dossier.retention_fixed),
    )


def dossier_of(row: Row[Any], documents: tuple[Document, ...]) -> Dossier:
    """Return the dossier of a row of `dossiers`."""
    rest: Mapping[str, Any] = row.description
    return Dossier(
        id=DossierId(row.id),
        code=row.code,
        title=row.title,
        agency=row.agency,
        procedure=row.procedure,
        applicant=Applicant(row.applicant_name, row.applicant_identity, row.applicant_kind),
        received_on=row.received_on,
        status=Status(row.status),
        documents=documents,
        fonds=row.fonds,
        code_old=row.code_old,
        file_code=row.file_code,
        agency_name=row.agency_name,
        procedure_name=row.procedure_name,
        due_on=row.due_on,
        closed_on=row.closed_on,
        result=_result_of(row.result_number, rest["result"]),
        important=row.important,
        retention_code=rest["retention_code"],
        events={name: date.fromisoformat(day) for name, day in rest["events"].items()},
        access=row.access,
        language=rest["language"],
        profile=rest["profile"],
        fields=rest["fields"],
    )


def _result_of(number: str | None, rest: Mapping[str, Any] | None) -> Result | None:
    if number is None or rest is None:
        return None
    return Result(number, rest["code"], _day(rest["issued_on"]), _day(rest["expires_on"]))


def document_of(row: Row[Any]) -> Document:
    """Return the document of a row of `files`."""
    rest: Mapping[str, Any] = row.description
    return Document(
        ordinal=row.ordinal,
        title=row.title,
        role=Role(row.role),
        file=DigitalFile(
            path=PackagePath(row.path),
            size=row.size,
            sha256=row.sha256,
            media_type=row.media_type,
            puid=row.puid,
            format_name=row.format_name,
        ),
        type_code=row.type_code,
        number=rest["number"],
        notation=rest["notation"],
        issued_on=_day(rest["issued_on"]),
        organ=rest["organ"],
        fields=rest["fields"],
    )


def version_of(row: Row[Any]) -> Version:
    """Return the version of a row of `versions`."""
    return Version(
        number=row.number,
        place=ObjectName(row.place),
        sha256=row.sha256,
        size=row.size,
        seal_digest=row.seal_digest,
        sealed_at=row.sealed_at,
    )


def receipt_of(row: Row[Any], code: str) -> Receipt:
    """Return the receipt for a row of `versions`; `code` is the dossier's."""
    return Receipt(
        dossier_id=DossierId(row.dossier_id),
        code=code,
        version=row.number,
        place=ObjectName(row.place),
        seal_digest=row.seal_digest,
        submission_digest=row.submission_digest,
        held_since=row.held_since,
    )


def verdict_of(row: Row[Any]) -> Verdict:
    """Return the verdict of a row of `verdicts`."""
    rest: Mapping[str, Any] = row.description
    claimed = rest["signed_at_claimed"]
    return Verdict(
        path=PackagePath(row.path),
        field=row.field,
        kind=rest["kind"],
        format=row.format,
        indication=Indication(row.indication),
        sub_indication=row.sub_indication,
        intact=rest["intact"],
        covers_whole_file=rest["covers_whole_file"],
        modified_after_signing=rest["modified_after_signing"],
        signed_by=rest["signed_by"],
        signed_at_claimed=datetime.fromisoformat(claimed) if claimed else None,
        proven_at=row.proven_at,
        timestamps=rest["timestamps"],
        digest_algorithm=rest["digest_algorithm"],
        signature_algorithm=rest["signature_algorithm"],
        issuer=rest["issuer"],
        test=row.test,
        reasons=tuple(rest["reasons"]),
        to_do=rest["to_do"],
        provable_until=row.provable_until,
        fresh_until=datetime.fromisoformat(fresh) if (fresh := rest.get("fresh_until")) else None,
        limited_by=rest.get("limited_by"),
    )


def due_of(row: Row[Any]) -> Due | None:
    """Return what a row of `dossiers` says of its retention; None if nothing yet."""
    if row.retention_schedule is None:
        return None
    return Due(
        dossier_id=DossierId(row.id),
        action=row.retention_action,
        due_on=row.retention_due_on,
        rule_code=row.retention_rule,
        schedule_version=row.retention_schedule,
    )


def fixed_of(value: Mapping[str, Any] | None) -> Fixed | None:
    """Return the period that was fixed for a dossier; None if none was."""
    return Fixed(value["rule"], value["schedule"], _day(value["until"])) if value else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
