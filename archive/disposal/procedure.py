"""The procedure between proposal and execution: exclude, review, approve, reject.

Circular 06/2025/TT-BNV: list with explanatory note, council and its minutes, appraisal where
needed, decision. Each act is one transaction with its journal event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.catalogue import disposals, journal, state
from archive.catalogue.disposals import (
    Act,
    Change,
    Disposal,
    Item,
    ItemState,
    ListStatus,
)
from archive.catalogue.engine import Connection
from archive.disposal import lists
from archive.disposal.attachments import Attachment, attach, keep
from archive.disposal.lists import Signing
from archive.errors import (
    Changed,
    ListNotReady,
    NotHeld,
    NotPermitted,
    Rejected,
    UsageError,
)
from archive.events import Event, EventType
from archive.retention import schedules_of
from archive.segments import try_to_flush
from archive.signatures import persons

APPROVALS = 1
"""How many people have to approve, beside the one who proposes."""


def keep_list(connection: Connection, disposal: Disposal) -> None:
    """Let the exact bytes that approvals are signatures over go to the store."""
    name = f"{disposals.FOLDER}{disposal.id}/list-{lists.digest(disposal)[:32]}.json"
    state.add(connection, name, lists.content(disposal))


def journalled(connection: Connection, act: Act, details: Mapping[str, Any]) -> None:
    """Append an act's journal event: digests and counts, no names."""
    told = {"act": act.act, "number": act.number, "status": act.status.value, **details}
    kind = EventType.TRANSFER if act.disposal.startswith("T") else EventType.DESTRUCTION
    journal.append(connection, Event(kind, act.at, "success", act.agent, act.disposal, told))


def exclude(
    archive: Archive, disposal_id: str, codes: Sequence[str], *, agent: str, reason: str
) -> Disposal:
    """Take dossiers off a list; approvals of the list as it was no longer count.

    Raises:
        NotHeld: a dossier is not on the list.
        NotPermitted: the list is past approval, or rejected.
    """
    return act_on(
        archive,
        disposal_id,
        "excluded",
        (ListStatus.PROPOSED, ListStatus.REVIEWED, ListStatus.APPROVED),
        lambda disposal: (
            ListStatus.PROPOSED if disposal.status is ListStatus.PROPOSED else ListStatus.REVIEWED
        ),
        agent=agent,
        details=lambda disposal: {"reason": reason},
        changes=lambda disposal: tuple(
            Change(_find(disposal, code).ordinal, ItemState.EXCLUDED, reason) for code in codes
        ),
    )


def _find(disposal: Disposal, name: str) -> Item:
    for item in disposal.in_state(ItemState.LISTED, ItemState.ACKNOWLEDGED):
        if name in (item.dossier_id, item.entry["code"], item.entry["file_code"]):
            return item
    raise NotHeld(f"{name} is not on list {disposal.id}", where=name)


def review(
    archive: Archive,
    disposal_id: str,
    *,
    council: Path,
    minutes: Path,
    appraisal: Path | None,
    agent: str,
) -> Disposal:
    """Record the council's review with its papers: signed PDFs, checked.

    Args:
        archive: where the list is.
        disposal_id: which.
        council: the decision that set up the council (Hội đồng xét hủy tài liệu).
        minutes: of its meeting.
        appraisal: of the competent body, where one is needed.
        agent: who records it.

    Raises:
        Rejected: a paper is not a signed PDF, a signature failed, or the appraisal is missing.
    """
    named = disposal_id.upper()
    with archive.catalogue.connect() as connection:
        needed = _appraisal_needed(archive, connection, disposals.get(connection, named))
    if needed and appraisal is None:
        raise Rejected(
            "an appraisal by the competent body is needed: the agency submits to a historical archive",
            where=named,
            hint="--appraisal FILE.pdf (Law 33/2024/QH15, art. 16)",
        )
    told = [("council", council), ("minutes", minutes), ("appraisal", appraisal)]
    kept = [attach(archive, named, kind, path) for kind, path in told if path is not None]
    return act_on(
        archive,
        named,
        "reviewed",
        (ListStatus.PROPOSED,),
        lambda disposal: ListStatus.REVIEWED,
        agent=agent,
        details=lambda disposal: {
            "attachments": [each.to_json() for each in kept],
            "list": lists.digest(disposal),
        },
        attachments=kept,
    )


def _appraisal_needed(archive: Archive, connection: Connection, disposal: Disposal) -> bool:
    by = schedules_of(archive, connection)
    agencies = {item.entry["agency"] for item in disposal.counted}
    today = archive.today()
    return any(
        by.of(agency, today).transfer_permanent_after_years is not None for agency in agencies
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision to destroy, or to hand over."""

    paper: Path
    """The signed PDF."""
    number: str
    """Its number and sign."""
    on: date


def approve(
    archive: Archive, disposal_id: str, decided: Decided, by: Signing, *, agent: str
) -> Disposal:
    """Approve a list: a signature over its exact bytes, by another person than who proposed it.

    Raises:
        NotPermitted: the council has not reviewed it; the proposer cannot approve, under
            whatever role; the signature does not pass.
        Rejected: the decision is no signed PDF, or its day is impossible.
    """
    named, at = disposal_id.upper(), archive.clock()
    with archive.catalogue.connect() as connection:
        before = disposals.get(connection, named)
    _expect(before, (ListStatus.REVIEWED, ListStatus.APPROVED), "approved")
    _refuse_proposer(before, lists.signer_of(by))
    if not decided.number.strip():
        raise UsageError("give the decision's number", hint='--number "15/QĐ-UBND"')
    if not before.proposed_at.date() <= decided.on <= archive.today():
        raise Rejected(
            f"the decision is of {decided.on}, the list of {before.proposed_at.date()}",
            where=named,
            hint="--date: not before the list and not in the future",
        )
    paper = attach(archive, named, "decision", decided.paper)
    signed = lists.sign(archive, before, by, at=at)
    digest = lists.digest(before)

    def same_list(disposal: Disposal) -> dict[str, Any]:
        if lists.digest(disposal) != digest:
            raise Changed("the list was changed meanwhile", where=named, hint="look again")
        return {
            "approval": signed.to_json(digest),
            "decision": {"number": decided.number, "on": decided.on.isoformat()},
            "attachments": [paper.to_json()],
        }

    return act_on(
        archive,
        named,
        "approved",
        (ListStatus.REVIEWED, ListStatus.APPROVED),
        lambda disposal: ListStatus.APPROVED,
        agent=agent,
        details=same_list,
        attachments=[paper],
    )


def _refuse_proposer(disposal: Disposal, signer: persons.Person) -> None:
    first = persons.from_json(disposal.acts[0].details["proposal"]["person"])
    if persons.same(first, signer):
        raise NotPermitted(
            "who proposed the list cannot approve it, whatever the role",
            where=disposal.id,
            hint="another person has to approve, with a key of their own",
        )
    for act in disposal.of_act("approved"):
        if persons.same(persons.from_json(act.details["approval"]["person"]), signer) and (
            act.details["approval"]["list"] == lists.digest(disposal)
        ):
            raise NotPermitted("this person approved the list before", where=disposal.id)


def reject(archive: Archive, disposal_id: str, *, agent: str, reason: str) -> Disposal:
    """End a list without execution; its dossiers may be listed again.

    Raises:
        NotPermitted: it is past the commit point.
    """
    return act_on(
        archive,
        disposal_id,
        "rejected",
        (
            ListStatus.PROPOSED,
            ListStatus.REVIEWED,
            ListStatus.APPROVED,
            ListStatus.EXPORTED,
            ListStatus.RECEIVED,
        ),
        lambda disposal: ListStatus.REJECTED,
        agent=agent,
        details=lambda disposal: {"reason": reason},
    )


def _expect(disposal: Disposal, allowed: Sequence[ListStatus], act: str) -> None:
    if disposal.status not in allowed:
        raise ListNotReady(
            f"list {disposal.id} is {disposal.status.value}; it cannot be {act}",
            where=disposal.id,
            hint=f"see: kho disposal show {disposal.id}",
        )


def act_on(
    archive: Archive,
    disposal_id: str,
    name: str,
    allowed: Sequence[ListStatus],
    status: Any,
    *,
    agent: str,
    details: Any,
    changes: Any = lambda disposal: (),
    attachments: Sequence[Attachment] = (),
) -> Disposal:
    """Record an act on a list in one transaction and return the list as it then is.

    Args:
        archive: where the list is.
        disposal_id: which.
        name: of the act.
        allowed: in which statuses it may be done.
        status: function of the list: its status afterwards.
        agent: who acts.
        details: function of the list: what the act says.
        changes: function of the list: what changes on it.
        attachments: papers that go to the store with it.
    """
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        disposal = disposals.get(connection, disposal_id)
        _expect(disposal, allowed, name)
        told = details(disposal)
        number = len(disposal.acts) + 1
        act = Act(disposal.id, number, name, at, agent, status(disposal), told, changes(disposal))
        disposals.record(connection, act)
        keep(connection, attachments)
        if act.changes:
            keep_list(connection, disposals.get(connection, disposal.id))
        after = disposals.get(connection, disposal.id)
        journalled(connection, act, {"list": lists.digest(after)})
    try_to_flush(archive)
    return after
