"""From TOML tables to the rows of a schedule; every problem is recorded, none raised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from retention_rules.facts import Case, DocumentFacts, Expected, Facts, FixedPeriod, Link
from retention_rules.periods import Period, Start, parse_period
from retention_rules.rule import (
    Action,
    AppliesTo,
    Approval,
    FondsRow,
    MaintenanceCode,
    ProcedureMapping,
    Rule,
    Source,
    Status,
    Trigger,
)
from retention_rules.tables import Table


@dataclass(frozen=True, slots=True)
class Confirmation:
    """An agency's statement that it has read a row of the base in its instrument."""

    row: str
    read: str
    by: str
    on: date


def read_rule(table: Table) -> Rule | None:
    """Return the rule that a `[[rules]]` table describes; None if it is not usable."""
    table.row = code = table.text("code", required=True)
    title = table.text("title", required=True)
    period = read_period(table)
    trigger = table.choice("trigger", Trigger, Trigger.DOSSIER_CLOSED)
    start = table.choice("start", Start, Start.END_OF_YEAR)
    action = table.choice("action", Action)
    status = table.choice("status", Status)
    source = read_source(table)
    applies_to = read_applies_to(table)
    group, basis, note = table.text("group"), table.text("basis"), table.text("note")
    supersedes = table.texts("supersedes")
    from_, until = table.day("in_force_from"), table.day("in_force_until")
    overrides_fixed = table.flag("overrides_fixed") or False
    table.done()
    if status is Status.EXAMPLE:
        table.refuse("KHO-RULE-VALUE", "only a mapping can be an example", "status")
    if not (code and title and period and trigger and start and action and status and source):
        return None
    return Rule(
        code=code,
        title=title,
        period=period,
        trigger=trigger,
        start=start,
        action=action,
        basis=basis,
        status=status,
        source=source,
        applies_to=applies_to,
        group=group,
        in_force_from=from_,
        in_force_until=until,
        supersedes=supersedes,
        overrides_fixed=overrides_fixed,
        note=note,
    )


def read_period(table: Table) -> Period | None:
    """Return the period of a rule's table."""
    text = table.text("period", required=True)
    period = parse_period(text) if text else None
    if text and period is None:
        table.refuse("KHO-RULE-PERIOD", f"`period` is {text!r}, expected e.g. `20 years`", "period")
    return period


def read_source(table: Table) -> Source | None:
    """Return the source of a rule's table."""
    inner = table.table("source")
    if inner is None:
        table.refuse("KHO-RULE-MISSING", "`source` is missing, expected where the row was read")
        return None
    source = Source(
        instrument=inner.text("instrument", required=True),
        read=inner.text("read", required=True),
        mark=inner.text("mark", required=True),
        row=inner.text("row"),
    )
    inner.done()
    if source.mark not in {"T", "S", "I", "M", ""}:
        table.refuse("KHO-RULE-VALUE", f"mark {source.mark!r} is none of T, S, I, M", "source")
    return source


def read_applies_to(table: Table) -> AppliesTo:
    """Return the conditions of a rule's table; none if it has none."""
    inner = table.table("applies_to")
    if inner is None:
        return AppliesTo()
    applies_to = AppliesTo(
        procedures=inner.texts("procedures"),
        fields=inner.texts("fields"),
        document_types=inner.texts("document_types"),
        outcomes=inner.texts("outcomes"),
        agencies=inner.texts("agencies"),
        media=inner.texts("media"),
        important=inner.flag("important"),
    )
    inner.done()
    return applies_to


def read_mapping(table: Table) -> ProcedureMapping | None:
    """Return the mapping that a `[[procedures]]` table describes."""
    table.row = prefix = table.text("prefix", required=True)
    row = table.text("row", required=True)
    status = table.choice("status", Status)
    title, field = table.text("title"), table.text("field")
    blocks = table.texts("blocks")
    table.done()
    if not (prefix and row and status):
        return None
    return ProcedureMapping(prefix.rstrip("."), row, status, title, field, blocks)


def read_fonds_row(table: Table) -> FondsRow | None:
    """Return what a `[[fonds]]` table lets the dossiers of a fonds inherit."""
    table.row = code = table.text("code", required=True)
    row = table.text("row", required=True)
    status = table.choice("status", Status)
    blocks = table.texts("blocks")
    table.done()
    return FondsRow(code.rstrip("."), row, status, blocks) if code and row and status else None


def read_confirmation(table: Table) -> Confirmation | None:
    """Return what a `[[confirmations]]` table confirms."""
    table.row = row = table.text("row", required=True)
    read, by = table.text("read", required=True), table.text("by", required=True)
    on = table.day("on", required=True)
    table.done()
    return Confirmation(row, read, by, on) if row and read and by and on else None


def read_approval(table: Table) -> Approval | None:
    """Return the approval that an `[[approvals]]` table records."""
    by, on = table.text("by", required=True), table.day("on", required=True)
    document = table.text("document")
    table.done()
    return Approval(by, on, document) if by and on else None


def read_maintenance(table: Table) -> MaintenanceCode | None:
    """Return a value of the field `maintenance`; `period = "other"` has no period."""
    table.row = code = table.text("code", required=True)
    title = table.text("title", required=True)
    text = table.text("period", required=True)
    period = parse_period(text)
    table.done()
    if text and text != "other" and period is None:
        table.refuse("KHO-RULE-PERIOD", f"`period` is {text!r}, expected e.g. `20 years`", "period")
    return MaintenanceCode(code, title, period) if code and title else None


def read_case(table: Table) -> Case | None:
    """Return the case that a `[[cases]]` table describes."""
    table.row = name = table.text("name", required=True)
    as_of = table.day("as_of", required=True)
    holds = table.texts("holds")
    facts, expected = table.table("facts"), table.table("expect")
    table.done()
    if facts is None or expected is None:
        table.refuse("KHO-RULE-MISSING", "a case needs `facts` and `expect`")
        return None
    outcome = Expected(
        action=expected.choice("action", Action, None) if expected.text("action") else None,
        due_on=expected.day("due_on"),
        never_due=expected.flag("never_due") or False,
        rule=expected.text("rule") or None,
    )
    expected.done()
    read = read_facts(facts)
    return Case(name, read, as_of, outcome, holds) if name and as_of else None


def read_facts(table: Table) -> Facts:
    """Return the facts that a table describes, the form that `facts.to_table` writes."""
    facts = Facts(
        procedure=table.text("procedure"),
        field=table.text("field") or None,
        agency=table.text("agency"),
        status=table.text("status") or None,
        outcome=table.text("outcome") or None,
        important=table.flag("important") or False,
        medium=table.text("medium") or "electronic",
        received_on=table.day("received_on"),
        closed_on=table.day("closed_on"),
        issued_on=table.day("issued_on"),
        events=read_events(table),
        rows=table.texts("rows"),
        fonds=table.text("fonds"),
        blocks=table.texts("blocks"),
        blocked_by=table.text("blocked_by"),
        documents=tuple(read_document(inner) for inner in table.tables("documents")),
        links=tuple(read_link(inner) for inner in table.tables("links")),
        fixed=read_fixed(table),
        complaint_open=table.flag("complaint_open") or False,
        chosen_rule=table.text("chosen_rule") or None,
        chosen_by=table.text("chosen_by"),
        proposed_rule=table.text("proposed_rule") or None,
    )
    table.done()
    return facts


def read_events(table: Table) -> dict[str, date]:
    """Return the days of events by trigger; unknown triggers are refused."""
    events = table.days("events")
    known = {trigger.value for trigger in Trigger}
    for name in events:
        if name not in known:
            table.refuse("KHO-RULE-VALUE", f"unknown event `{name}`", "events")
    return {name: on for name, on in events.items() if name in known}


def read_document(table: Table) -> DocumentFacts:
    """Return the facts of one document."""
    document = DocumentFacts(
        ref=table.text("ref", required=True),
        type_code=table.text("type_code") or None,
        rows=table.texts("rows"),
        blocks=table.texts("blocks"),
        issued_on=table.day("issued_on"),
        events=read_events(table),
    )
    table.done()
    return document


def read_link(table: Table) -> Link:
    """Return one link to a document elsewhere."""
    link = Link(table.text("ref", required=True), table.day("protected_until"))
    table.done()
    return link


def read_fixed(table: Table) -> FixedPeriod | None:
    """Return the period that was fixed before; None if none was."""
    inner = table.table("fixed")
    if inner is None:
        return None
    fixed = FixedPeriod(
        rule_code=inner.text("rule_code", required=True),
        schedule_version=inner.text("schedule_version", required=True),
        protected_until=inner.day("protected_until"),
    )
    inner.done()
    return fixed
