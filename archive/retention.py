"""Retention of what is held: from dossiers to facts, and from facts to decisions."""

from __future__ import annotations

from datetime import date

from archive.assembly import Archive
from archive.catalogue import dossiers, holds
from archive.catalogue.dossiers import Due, Holding
from archive.model import Document, Dossier
from retention_rules.decide import Decision, decide
from retention_rules.facts import DocumentFacts, Facts


def facts_of(dossier: Dossier) -> Facts:
    """Return what the retention rules ask about a dossier."""
    events = dict(dossier.events)
    if dossier.result is not None and dossier.result.expires_on is not None:
        events.setdefault("result-expired", dossier.result.expires_on)
    return Facts(
        procedure=dossier.procedure,
        agency=dossier.agency,
        status=dossier.status.value,
        important=dossier.important,
        received_on=dossier.received_on,
        closed_on=dossier.closed_on,
        issued_on=dossier.result.issued_on if dossier.result else None,
        events=events,
        documents=tuple(map(_document_facts, dossier.documents)),
        proposed_rule=dossier.retention_code,
    )


def _document_facts(document: Document) -> DocumentFacts:
    return DocumentFacts(
        ref=str(document.ordinal), type_code=document.type_code, issued_on=document.issued_on
    )


def decide_now(
    archive: Archive, dossier: Dossier, *, as_of: date | None = None, under: tuple[str, ...] = ()
) -> Decision:
    """Decide what may be done with a dossier.

    Args:
        archive: whose schedule and conflict mode apply.
        dossier: which.
        as_of: on which day; today if None.
        under: the holds that stand on it.
    """
    return decide(
        facts_of(dossier),
        archive.schedule,
        as_of=as_of or archive.today(),
        holds=under,
        mode=archive.settings.text("retention.conflict"),
    )


def due_of(dossier: Dossier, decision: Decision) -> Due:
    """Return when the dossier is due, in the form in which the catalogue keeps it."""
    return Due(
        dossier.id,
        decision.final_action.value,
        decision.due_on,
        decision.rule_code,
        decision.schedule_version,
    )


def explained(archive: Archive, holding: Holding, *, as_of: date | None = None) -> Decision:
    """Decide for a dossier that is held, with the holds that stand on it."""
    with archive.catalogue.connect() as connection:
        standing = holds.active_for(connection, holding.dossier.id)
    labels = tuple(f"{hold.id[:8]} ({hold.owner})" for hold in standing)
    return decide_now(archive, holding.dossier, as_of=as_of, under=labels)


def recompute(archive: Archive) -> int:
    """Decide every dossier anew after a change of schedule; return how many changed."""
    with archive.catalogue.begin() as connection:
        batch: list[Due] = []
        for holding in dossiers.all(connection):
            due = due_of(holding.dossier, decide_now(archive, holding.dossier))
            if due != holding.due:
                batch.append(due)
        dossiers.set_dues(connection, batch)
    return len(batch)
