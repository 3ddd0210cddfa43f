"""Correction: a new version of what is held, with other words or more documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.catalogue.dossiers import Holding
from archive.errors import DossierRejected, UsageError
from archive.events import Event, EventType
from archive.findings import Report
from archive.fixity import sha256_of_file
from archive.ingest import description, examination, register, store
from archive.model import DigitalFile, Document, Dossier, PackagePath, Receipt, Role
from archive.packages import dossier_json
from archive.packages.sip import Sip

KIND = "correction"


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that is added to a dossier."""

    place: Path
    title: str
    role: Role = Role.OTHER


def correct(
    archive: Archive,
    held: Holding,
    changes: Mapping[str, str | None],
    added: Sequence[NewDocument] = (),
    *,
    agent: str,
    reason: str,
) -> Receipt:
    """Make the next version of a dossier; originals that are held are never touched.

    Args:
        archive: where.
        held: what is held now.
        changes: place in the description to its new value, `tthc.closedOn` to
            `2026-01-15`; None takes the value away.
        added: documents to add at the end.
        agent: who corrects.
        reason: why; kept in the package's events.

    Raises:
        DossierRejected: the corrected description breaks a rule; the error has all findings.
        UsageError: nothing would change, or a change names no place.
        Unavailable: try again.
    """
    dossier = _described(archive, held.dossier, changes)
    documents, files = _with_added(dossier.documents, added)
    dossier = replace(dossier, documents=documents)
    if dossier_json.canonical(dossier) == dossier_json.canonical(held.dossier):
        raise UsageError("nothing would change", where=held.dossier.code)
    new = tuple(document for document in documents if document.file.path in files)
    submission = Sip(replace(dossier, documents=new), files, "", KIND)
    with archive.catalogue.connect() as connection:
        twins = examination.twins(connection, submission)
    examined = examination.examine(archive, submission, Report(()), twins)
    if not examined.report.accepted:
        raise DossierRejected(
            "the correction breaks rules", examined.report, where=held.dossier.code
        )
    examined = _merged(archive, examined, dossier, held, agent=agent, reason=reason)
    described = description.describe(archive, examined, held)
    sealed = described.package.sealed(archive.sealer.seal(described.package.mets, at=described.at))
    store(archive, sealed)
    return register(archive, described, sealed, held)


def _described(archive: Archive, dossier: Dossier, changes: Mapping[str, str | None]) -> Dossier:
    content = dossier_json.to_json(dossier)
    for place, value in changes.items():
        _set(content, place, value)
    corrected, findings = dossier_json.from_json(content, today=archive.today())
    if corrected is None:
        raise DossierRejected(
            "the correction breaks rules",
            Report.of(findings),
            where=dossier.code,
            hint="see the names of the fields: kho sip schema",
        )
    if corrected.id != dossier.id:
        raise UsageError(
            "agency and dossier code make the dossier what it is and cannot be corrected",
            where=dossier.code,
            hint="submit it under the right code, and dispose of this one",
        )
    formats = {document.file.path: document.file for document in dossier.documents}
    documents = tuple(
        replace(document, file=formats[document.file.path]) for document in corrected.documents
    )
    return replace(corrected, documents=documents)


def _set(content: dict[str, Any], place: str, value: str | None) -> None:
    *parents, name = place.split(".")
    table: Any = content
    for parent in parents:
        table = table.setdefault(parent, {}) if isinstance(table, dict) else None
    if not parents or parents[0] not in ("dossier", "tthc") or not isinstance(table, dict):
        raise UsageError(
            f"{place} names no place in a description",
            where=place,
            hint="for example: --set dossier.title=… or --set tthc.closedOn=2026-01-15",
        )
    if value is None:
        table.pop(name, None)
    else:
        table[name] = (
            {"true": True, "false": False}.get(value, value) if name == "important" else value
        )


def _with_added(
    documents: tuple[Document, ...], added: Sequence[NewDocument]
) -> tuple[tuple[Document, ...], dict[PackagePath, Path]]:
    taken = {document.file.path for document in documents}
    files: dict[PackagePath, Path] = {}
    extended = list(documents)
    for each in added:
        path = PackagePath(each.place.name)
        if path in taken or path in files:
            raise UsageError(f"the dossier has a file {path} already", hint="rename the new file")
        size, digest = each.place.stat().st_size, sha256_of_file(each.place)
        file = DigitalFile(path, size, digest)
        extended.append(Document(len(extended) + 1, each.title, each.role, file))
        files[path] = each.place
    return tuple(extended), files


def _merged(
    archive: Archive,
    examined: examination.Examined,
    dossier: Dossier,
    held: Holding,
    *,
    agent: str,
    reason: str,
) -> examination.Examined:
    """Put what was found out about the new files beside what is known of the others."""
    found = {document.file.path: document for document in examined.sip.dossier.documents}
    documents = tuple(found.get(document.file.path, document) for document in dossier.documents)
    whole = replace(dossier, documents=documents)
    digest = dossier_json.submission_digest(whole)
    event = Event(
        EventType.METADATA_MODIFICATION,
        archive.clock(),
        "success",
        agent,
        dossier.id,
        {"reason": reason},
    )
    return replace(
        examined,
        sip=replace(examined.sip, dossier=whole, submission_digest=digest),
        verdicts=(*held.verdicts, *examined.verdicts),
        events=(*examined.events, event),
    )
