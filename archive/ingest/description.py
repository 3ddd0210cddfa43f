"""Description: the archival package of an examined submission and its retention; step 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.assembly import Archive
from archive.catalogue.dossiers import Fixed, Holding
from archive.events import Event, EventType
from archive.heads import head_of_version
from archive.ingest.examination import Examined
from archive.model import Dossier, PackagePath, Verdict
from archive.packages.aip import Aip, AipContents, build
from archive.retention import Circumstances, decide_now, fixed_by, fixed_facts, schedules_of
from retention_rules.decide import Decision


@dataclass(frozen=True, slots=True)
class Described:
    """A package that is ready to be sealed, and what the catalogue will say of it."""

    package: Aip
    dossier: Dossier
    verdicts: tuple[Verdict, ...]
    submission_digest: str
    decision: Decision
    fixed: Fixed | None
    """The period that an adopted schedule fixed, now or for an earlier version."""
    number: int
    """The version's number."""
    at: datetime


def describe(archive: Archive, examined: Examined, held: Holding | None) -> Described:
    """Build the next version's package; files that are held are referred to, not repeated."""
    at = archive.clock()
    dossier, submission = examined.sip.dossier, examined.sip
    number = 1 if held is None else len(held.versions) + 1
    known = Circumstances(fixed=held.fixed if held is not None else None)
    by = schedules_of(archive)
    decision = decide_now(archive, dossier, known=known, by=by)
    fixed = known.fixed or fixed_by(dossier, decision, by)
    latest = head_of_version(archive, held.versions[-1]) if held is not None else None
    creation = Event(EventType.PACKAGE_CREATION, at, "success", archive.agent)
    package = build(
        AipContents(
            dossier=dossier,
            files=_new(submission.files, dossier, held),
            version=number,
            previous=latest.kept() if latest is not None else (),
            versions=held.versions if held is not None else (),
            events=(*examined.events, creation),
            verdicts=examined.verdicts,
            created_at=at,
            agent=archive.agent,
            submission_digest=submission.submission_digest,
            contents=submission.contents,
            extra={
                PackagePath(f"preservation/validation/{name}"): content
                for name, content in examined.material.items()
            },
            texts=examined.texts,
            retention={
                "rule": decision.rule_code or "",
                "schedule": decision.schedule_version,
                "action": decision.final_action.value,
                "protected_until": str(decision.protected_until or ""),
                **fixed_facts(fixed),
            },
            archive_code=archive.settings.text("archive.agency"),
        )
    )
    return Described(
        package,
        dossier,
        examined.verdicts,
        submission.submission_digest,
        decision,
        fixed,
        number,
        at,
    )


def _new(
    files: Mapping[PackagePath, Path], dossier: Dossier, held: Holding | None
) -> dict[PackagePath, Path]:
    """Return the files that no earlier version has under the same path with the same bytes."""
    if held is None:
        return dict(files)
    known = {(d.file.path, d.file.sha256) for d in held.dossier.documents}
    digests = {document.file.path: document.file.sha256 for document in dossier.documents}
    return {path: place for path, place in files.items() if (path, digests[path]) not in known}
