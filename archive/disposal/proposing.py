"""Proposing: the list of what is due and qualifies, signed by who proposes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

from archive.assembly import Archive
from archive.catalogue import disposals, dossiers
from archive.catalogue.disposals import Act, Disposal, Item, ItemState, Kind, ListStatus
from archive.catalogue.dossiers import Due, Holding
from archive.catalogue.engine import Connection
from archive.disposal import lists, papers, qualifying
from archive.disposal.lists import Signing
from archive.disposal.procedure import journalled, keep_list
from archive.errors import Changed, DisposalForbidden
from archive.retention import Schedules, schedules_of
from archive.segments import try_to_flush
from archive.viewers import OPERATOR, Right, Viewer

PAGE = 500


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


@dataclass(frozen=True, slots=True)
class Draft:
    """A list that would be proposed, and what was due but does not qualify."""

    disposal: Disposal
    digest: str
    """SHA-256 of the exact bytes that its proposer signs."""
    left_out: tuple[tuple[str, str], ...]
    """Dossier code and reason."""


def draft(archive: Archive, request: Request, viewer: Viewer = OPERATOR) -> Draft:
    """Return the list that a request makes today; nothing is recorded.

    The same request on the same day gives the same bytes as long as nothing else changes.

    Raises:
        DisposalForbidden: nothing that is due qualifies; the message gives the first reasons.
    """
    at, as_of = archive.clock(), archive.today()
    with archive.catalogue.connect() as connection:
        by = schedules_of(archive, connection)
        found, left_out = _qualified(archive, connection, request, as_of, by, viewer)
        number = disposals.next_id(connection, request.kind, as_of.year)
    if not found:
        told = "; ".join(f"{code}: {reason}" for code, reason in left_out[:3])
        raise DisposalForbidden(
            f"nothing qualifies. {told}".strip(), where=request.agency, hint="kho retention due"
        )
    schedules = sorted({item.entry["decision"]["schedule_version"] for item in found})
    more = {"as_of": as_of.isoformat(), "note": request.note, "schedules": schedules}
    heading = lists.heading(by, request.agency, more)
    made = Disposal(number, request.kind, ListStatus.PROPOSED, at, heading, tuple(found), ())
    return Draft(made, lists.digest(made), tuple(left_out))


def propose(
    archive: Archive,
    request: Request,
    by: Signing,
    *,
    agent: str,
    viewer: Viewer = OPERATOR,
    expected: str = "",
) -> Proposed:
    """List what is due, signed by who proposes it.

    Args:
        archive: where.
        request: what is to be listed.
        by: the proposer's key, or their signature over the bytes of `draft`.
        agent: the account that acts.
        viewer: who proposes; what they have no right to is not listed.
        expected: the digest of the list that was signed elsewhere.

    Raises:
        DisposalForbidden: nothing that is due qualifies; the message gives the first reasons.
        NotPermitted: the signature does not pass under the archive's trust.
        Changed: another list was made meanwhile; try again.
    """
    made = draft(archive, request, viewer)
    drafted, digest, found = made.disposal, made.digest, made.disposal.items
    number, at, as_of = drafted.id, drafted.proposed_at, archive.today()
    if expected and expected != digest:
        raise Changed(
            "the list is no longer the one that was signed",
            where=number,
            hint="get its bytes again and sign those",
        )
    signed = lists.sign(archive, drafted, by, at=at)
    paper = papers.sealed(archive, number, "list", papers.of_list(archive, drafted, digest))
    details = {
        "proposal": signed.to_json(digest),
        "paper": paper.to_json(),
        "left_out": [{"code": code, "reason": reason} for code, reason in made.left_out],
    }
    act = Act(number, 1, "proposed", at, agent, ListStatus.PROPOSED, details)
    with archive.catalogue.begin() as connection:
        if disposals.next_id(connection, request.kind, as_of.year) != number:
            raise Changed("another list was made meanwhile", where=number, hint="look again")
        taken = disposals.listed(connection) & {item.dossier_id for item in found}
        if taken:
            raise Changed("a dossier was listed meanwhile", hint="look again")
        disposals.open_list(connection, act, request.kind, drafted.heading, found)
        papers.keep(connection, paper)
        keep_list(connection, drafted)
        journalled(connection, act, {"list": digest, "dossiers": len(found)})
        after = disposals.get(connection, number)
    try_to_flush(archive)
    return Proposed(after, digest, made.left_out)


def _qualified(
    archive: Archive,
    connection: Connection,
    request: Request,
    as_of: date,
    by: Schedules,
    viewer: Viewer,
) -> tuple[list[Item], list[tuple[str, str]]]:
    found: list[Item] = []
    left_out: list[tuple[str, str]] = []
    taken, ordinal = disposals.listed(connection), count(1)
    for holding in _candidates(connection, request, as_of):
        dossier = holding.dossier
        if not f"{dossier.agency}.".startswith(f"{request.agency}."):
            continue
        if not viewer.may(Right.RETENTION, dossier):
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
