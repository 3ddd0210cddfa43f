"""The procedure before execution: propose, exclude, review, approve, reject.

Circular 06/2025/TT-BNV: list with explanatory note, council and its minutes, appraisal where
needed, decision. Each act is one transaction with its journal event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.catalogue import disposals, dossiers, journal, state
from archive.catalogue.disposals import (
    Act,
    Change,
    Disposal,
    Item,
    ItemState,
    Kind,
    ListStatus,
)
from archive.catalogue.dossiers import Due, Holding
from archive.catalogue.engine import Connection
from archive.disposal import lists, papers, qualifying
from archive.disposal.attachments import Attachment, attach, keep
from archive.errors import (
    CatalogueLocked,
    DisposalForbidden,
    NotHeld,
    NotPermitted,
    Rejected,
    UsageError,
)
from archive.events import Event, EventType
from archive.retention import Schedules, schedules_of
from archive.segments import try_to_flush
from archive.signatures import persons
from archive.signatures.keys import SigningKey

PAGE = 500
APPROVALS = 1
"""How many people have to approve, beside the one who proposes."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be listed."""

    kind: Kind
    agency: str
    note: str
    """The explanatory note (bản thuyết minh)."""
    limit: int = 1000
    only: tuple[str, ...] = ()
    """Ids of dossiers; everything that is due if empty."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A new list, and what was due but does not qualify."""

    disposal: Disposal
    digest: str
    left_out: tuple[tuple[str, str], ...]
    """Dossier code and reason."""


def propose(archive: Archive, request: Request, key: SigningKey, *, agent: str) -> Proposed:
    """List what is due, signed by who proposes it.

    Raises:
        DisposalForbidden: nothing that is due qualifies; the message gives the first reasons.
        NotPermitted: the signature does not pass under the archive's trust.
        CatalogueLocked: another list was made meanwhile; try again.
    """
    at, as_of = archive.clock(), archive.today()
    with archive.catalogue.connect() as connection:
        by = schedules_of(archive, connection)
        found, left_out = _qualified(archive, connection, request, as_of, by)
        number = disposals.next_id(connection, request.kind, as_of.year)
    if not found:
        told = "; ".join(f"{code}: {reason}" for code, reason in left_out[:3])
        raise DisposalForbidden(
            f"nothing qualifies. {told}".strip(), where=request.agency, hint="kho retention due"
        )
    schedules = sorted({item.entry["decision"]["schedule_version"] for item in found})
    more = {"as_of": as_of.isoformat(), "note": request.note, "schedules": schedules}
    heading = lists.heading(by, request.agency, more)
    draft = Disposal(number, request.kind, ListStatus.PROPOSED, at, heading, tuple(found), ())
    signed = lists.sign(archive, draft, key, at=at)
    digest = lists.digest(draft)
    paper = papers.sealed(archive, draft.id, "list", papers.of_list(archive, draft, digest))
    details = {
        "proposal": signed.to_json(digest),
        "paper": paper.to_json(),
        "left_out": [{"code": code, "reason": reason} for code, reason in left_out],
    }
    act = Act(number, 1, "proposed", at, agent, ListStatus.PROPOSED, details)
    with archive.catalogue.begin() as connection:
        if disposals.next_id(connection, request.kind, as_of.year) != number:
            raise CatalogueLocked("another list was made meanwhile", where=number, hint="try again")
        taken = disposals.listed(connection) & {item.dossier_id for item in found}
        if taken:
            raise CatalogueLocked("a dossier was listed meanwhile", hint="try again")
        disposals.open_list(connection, act, request.kind, heading, found)
        papers.keep(connection, paper)
        _keep_list(connection, draft)
        journalled(connection, act, {"list": digest, "dossiers": len(found)})
        made = disposals.get(connection, number)
    try_to_flush(archive)
    return Proposed(made, digest, tuple(left_out))


def _keep_list(connection: Connection, disposal: Disposal) -> None:
    """Let the exact bytes that approvals are signatures over go to the store."""
    name = f"{disposals.FOLDER}{disposal.id}/list-{lists.digest(disposal)[:32]}.json"
    state.add(connection, name, lists.content(disposal))


def _qualified(
    archive: Archive, connection: Connection, request: Request, as_of: date, by: Schedules
) -> tuple[list[Item], list[tuple[str, str]]]:
    found: list[Item] = []
    left_out: list[tuple[str, str]] = []
    taken, ordinal = disposals.listed(connection), count(1)
    for holding in _candidates(connection, request, as_of):
        dossier = holding.dossier
        if not f"{dossier.agency}.".startswith(f"{request.agency}."):
            continue
        if len(found) >= request.limit:
            break
        judged = qualifying.judge(archive, connection, holding, request.kind, as_of=as_of, by=by)
        obstacle = judged.obstacle
        if dossier.id in taken:
            obstacle = "đã có trong một danh mục khác"
        if obstacle is not None:
            left_out.append((dossier.code, obstacle))
            continue
        entry = lists.entry_of(holding, judged.decision)
        found.append(Item(next(ordinal), dossier.id, ItemState.LISTED, "", entry))
    return found, left_out


def _candidates(connection: Connection, request: Request, as_of: date) -> Iterator[Holding]:
    if request.only:
        yield from (dossiers.get(connection, each) for each in request.only)
        return
    after: Due | None = None
    action = qualifying.ACTIONS[request.kind].value
    while True:
        page = dossiers.due(connection, as_of, PAGE, after, action=action)
        yield from (dossiers.get(connection, each.dossier_id) for each in page)
        if len(page) < PAGE:
            return
        after = page[-1]


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
    archive: Archive, disposal_id: str, decided: Decided, key: SigningKey, *, agent: str
) -> Disposal:
    """Approve a list: a signature over its digest, by another person than who proposed it.

    Raises:
        NotPermitted: the council has not reviewed it; the proposer cannot approve, under
            whatever role; the signature does not pass.
        Rejected: the decision is no signed PDF, or its day is impossible.
    """
    named, at = disposal_id.upper(), archive.clock()
    with archive.catalogue.connect() as connection:
        before = disposals.get(connection, named)
    _expect(before, (ListStatus.REVIEWED, ListStatus.APPROVED), "approved")
    signer = persons.of_certificate(key.certificate)
    _refuse_proposer(before, signer)
    if not decided.number.strip():
        raise UsageError("give the decision's number", hint='--number "15/QĐ-UBND"')
    if not before.proposed_at.date() <= decided.on <= archive.today():
        raise Rejected(
            f"the decision is of {decided.on}, the list of {before.proposed_at.date()}",
            where=named,
            hint="--date: not before the list and not in the future",
        )
    paper = attach(archive, named, "decision", decided.paper)
    signed = lists.sign(archive, before, key, at=at)
    digest = lists.digest(before)

    def same_list(disposal: Disposal) -> dict[str, Any]:
        if lists.digest(disposal) != digest:
            raise CatalogueLocked("the list was changed meanwhile", where=named, hint="look again")
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
        raise NotPermitted(
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
            _keep_list(connection, disposals.get(connection, disposal.id))
        after = disposals.get(connection, disposal.id)
        journalled(connection, act, {"list": lists.digest(after)})
    try_to_flush(archive)
    return after
