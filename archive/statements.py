"""Statements: what is told of dossiers as JSON, in the same words by the command line and the API.

The shapes are those of `schemas/commands`.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from archive.access import Answer, Found
from archive.assembly import Archive
from archive.catalogue import journal
from archive.catalogue.dossiers import Holding
from archive.catalogue.journal import Entry
from archive.ingest.batch import receipt_json
from archive.masking import masked
from archive.packages import dossier_json
from archive.retention import explained
from archive.signatures.verdicts import to_json as verdict_json
from retention_rules.decide import Decision
from retention_rules.explain import explain
from retention_rules.explain import to_json as stored_form


def of_holding(archive: Archive, holding: Holding) -> dict[str, Any]:
    """Return everything that is known of a dossier; schema `show`."""
    decision = explained(archive, holding)
    with archive.catalogue.connect() as connection:
        entries = tuple(journal.entries(connection, subject=holding.dossier.id))
    return {
        "id": holding.dossier.id,
        "test": archive.test,
        "description": dossier_json.to_json(holding.dossier),
        "versions": [
            {
                "number": v.number,
                "place": v.place,
                "size": v.size,
                "sha256": v.sha256,
                "seal_digest": v.seal_digest,
                "sealed_at": v.sealed_at,
            }
            for v in holding.versions
        ],
        "receipt": receipt_json(holding.receipt),
        "signatures": [verdict_json(verdict) for verdict in holding.verdicts],
        "signature_outcome": holding.signature_outcome,
        "retention": of_decision(decision),
        "events": [
            {"seq": e.seq, "at": e.at, "type": e.type, "outcome": e.outcome, "agent": e.agent}
            for e in entries
        ],
    }


def of_decision(decision: Decision) -> dict[str, Any]:
    """Return a retention decision with its reasons; schema `common`, `decision`."""
    return {
        "action": decision.action,
        "final_action": decision.final_action,
        "due_on": decision.due_on,
        "protected_until": decision.protected_until,
        "rule": decision.rule_code,
        "schedule": decision.schedule_version,
        "confirmed": decision.confirmed,
        "standing": decision.standing,
        "reasons": [reason.to_json() for reason in decision.reasons],
    }


def of_retention(holding: Holding, decision: Decision, as_of: date) -> dict[str, Any]:
    """Return why a dossier is kept, with the rows considered; schema `retention-explain`."""
    return {
        "id": holding.dossier.id,
        "code": holding.dossier.code,
        "as_of": as_of,
        **of_decision(decision),
        "considered": [row.to_json() for row in decision.considered],
        "ruler": [mark.to_json() for mark in explain(decision).ruler],
        "decision": stored_form(decision),
    }


def of_due(holding: Holding, decision: Decision) -> dict[str, Any]:
    """Return one line of what is due; schema `retention-due`."""
    dossier = holding.dossier
    return {
        "id": dossier.id,
        "code": dossier.code,
        "title": dossier.title,
        **of_decision(decision),
    }


def of_answer(answer: Answer) -> dict[str, Any]:
    """Return a page of what a search found; schema `search`."""
    return {
        "total": answer.total,
        "approximate": answer.approximate,
        "hits": [_hit(found) for found in answer.found],
        "facets": {
            facet.field: [{"value": v.value, "count": v.count} for v in facet.values]
            for facet in answer.facets
        },
        "cursor": answer.cursor,
        "diagnostics": [diagnostic.to_json() for diagnostic in answer.diagnostics],
    }


def _hit(found: Found) -> dict[str, Any]:
    dossier = found.holding.dossier
    snippet = found.snippet
    return {
        "id": dossier.id,
        "code": dossier.code,
        "title": masked(dossier.title),
        "applicant": dossier.applicant.name,
        "procedure": dossier.procedure,
        "agency": dossier.agency,
        "received_on": dossier.received_on,
        "status": dossier.status,
        "signature_outcome": found.holding.signature_outcome,
        "score": round(found.score, 4),
        "approximate": found.approximate,
        "snippet": {"text": masked(snippet.text), "marks": snippet.marks} if snippet else None,
    }


def of_entry(entry: Entry) -> dict[str, Any]:
    """Return an entry of the journal; schema `journal-list`."""
    return {**entry.to_json(), "details": json.loads(entry.details)}
