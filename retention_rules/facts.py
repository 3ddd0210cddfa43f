"""What a decision is made from: facts about a dossier, its documents, links and history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as member
from datetime import date
from types import MappingProxyType

from retention_rules.rule import Action

OPEN_STATUSES = frozenset({"received", "processing"})
"""States of a procedure whose work has not ended."""

_NO_EVENTS: Mapping[str, date] = MappingProxyType({})


def _no_events() -> Mapping[str, date]:
    return _NO_EVENTS


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What is known of one document of the dossier."""

    ref: str
    """Its name in explanations; an ordinal or a file name."""
    type_code: str | None = None
    """`typeName` of Circular 05/2025/TT-BNV."""
    rows: tuple[str, ...] = ()
    """Rules or groups under which a person classified this document."""
    blocks: tuple[str, ...] = ()
    """Rules or groups that do not apply to it by their conditions; `*` for all."""
    issued_on: date | None = None
    events: Mapping[str, date] = member(default_factory=_no_events)
    """Events of this document by trigger; they come before the dossier's."""


@dataclass(frozen=True, slots=True)
class Link:
    """A document elsewhere that this dossier's digital documents are linked to.

    Source: Law 33/2024/QH15, art. 36.4.
    """

    ref: str
    protected_until: date | None
    """The last protected day of the other document; None if it has no known end."""


@dataclass(frozen=True, slots=True)
class FixedPeriod:
    """A period that was fixed for this dossier before; a new table does not shorten it."""

    rule_code: str
    schedule_version: str
    protected_until: date | None
    """None if it was fixed as permanent."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a dossier on the day of the decision."""

    procedure: str = ""
    """Procedure code, base or localized; "" if not known."""
    field: str | None = None
    """Sector (lĩnh vực)."""
    agency: str = ""
    status: str | None = None
    """State of the procedure, `received` ... `stopped`; None if not known."""
    outcome: str | None = None
    """How the work ended; None to take `status`."""
    important: bool = False
    medium: str = "electronic"
    received_on: date | None = None
    closed_on: date | None = None
    """The day the work ended; None while it is open."""
    issued_on: date | None = None
    """The date of the result."""
    events: Mapping[str, date] = member(default_factory=_no_events)
    """Days of events by `Trigger` value, as far as known; they may lie ahead."""
    rows: tuple[str, ...] = ()
    """Rules or groups under which a person classified the dossier."""
    fonds: str = ""
    """Code of the fonds, whose rows are inherited; "" if not known."""
    blocks: tuple[str, ...] = ()
    """Rules or groups that the dossier does not inherit; `*` for all. See `blocked_by`."""
    blocked_by: str = ""
    """Who blocked them and on what record; a block without this, here or on a document, is
    not used."""
    documents: tuple[DocumentFacts, ...] = ()
    links: tuple[Link, ...] = ()
    fixed: FixedPeriod | None = None
    complaint_open: bool = False
    """Whether a complaint or court case has reopened the matter."""
    chosen_rule: str | None = None
    """Rule or group that a person chose as the nearest comparable one."""
    chosen_by: str = ""
    """Who chose it and on what record; a choice without this is not used."""
    proposed_rule: str | None = None
    """What the depositor proposed; it is explained, never applied."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a case says must come of its facts; None where it says nothing."""

    action: Action | None = None
    due_on: date | None = None
    never_due: bool = False
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A worked example in a schedule file, run by `rule test`."""

    name: str
    facts: Facts
    as_of: date
    expected: Expected
    holds: tuple[str, ...] = ()


def to_table(facts: Facts) -> dict[str, object]:
    """Return the facts as plain values (texts, flags, ISO days), the form that is stored.

    `rows.read_facts` reads it back; what is absent or empty is left out.
    """
    plain: dict[str, object] = {
        "procedure": facts.procedure,
        "field": facts.field,
        "agency": facts.agency,
        "status": facts.status,
        "outcome": facts.outcome,
        "important": facts.important,
        "medium": facts.medium,
        "received_on": _iso(facts.received_on),
        "closed_on": _iso(facts.closed_on),
        "issued_on": _iso(facts.issued_on),
        "events": {name: on.isoformat() for name, on in sorted(facts.events.items())},
        "rows": list(facts.rows),
        "fonds": facts.fonds,
        "blocks": list(facts.blocks),
        "blocked_by": facts.blocked_by,
        "documents": [_document_table(document) for document in facts.documents],
        "links": [
            _filled({"ref": link.ref, "protected_until": _iso(link.protected_until)})
            for link in facts.links
        ],
        "fixed": facts.fixed and _fixed_table(facts.fixed),
        "complaint_open": facts.complaint_open,
        "chosen_rule": facts.chosen_rule,
        "chosen_by": facts.chosen_by,
        "proposed_rule": facts.proposed_rule,
    }
    return _filled(plain)


def _document_table(document: DocumentFacts) -> dict[str, object]:
    return _filled(
        {
            "ref": document.ref,
            "type_code": document.type_code,
            "rows": list(document.rows),
            "blocks": list(document.blocks),
            "issued_on": _iso(document.issued_on),
            "events": {name: on.isoformat() for name, on in sorted(document.events.items())},
        }
    )


def _fixed_table(fixed: FixedPeriod) -> dict[str, object]:
    return _filled(
        {
            "rule_code": fixed.rule_code,
            "schedule_version": fixed.schedule_version,
            "protected_until": _iso(fixed.protected_until),
        }
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _filled(table: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in table.items() if value}
