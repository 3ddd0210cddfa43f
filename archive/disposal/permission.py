"""Permission: whether a list may be carried out: its status, its approvals, the 15 days."""

from __future__ import annotations

from datetime import date, timedelta

from archive.assembly import Archive
from archive.catalogue.disposals import Disposal, Kind, ListStatus
from archive.disposal import lists
from archive.disposal.procedure import APPROVALS
from archive.errors import IntegrityError, ListNotReady, NotPermitted
from archive.fixity import sha256_of
from archive.signatures import persons

DAYS = 15
"""Within so many days of the decision (Circular 06/2025/TT-BNV)."""
READY = {Kind.DESTROY: ListStatus.APPROVED, Kind.TRANSFER: ListStatus.RECEIVED}


def permitted(archive: Archive, disposal: Disposal) -> tuple[str, ...]:
    """Check status and approvals; return warnings."""
    started = (ListStatus.EXECUTING, ListStatus.EXECUTED)
    if disposal.status not in (READY[disposal.kind], *started):
        raise ListNotReady(
            f"list {disposal.id} is {disposal.status.value}, not {READY[disposal.kind].value}",
            where=disposal.id,
            hint=f"see: kho disposal show {disposal.id}",
        )
    if disposal.kind is Kind.DESTROY:
        _check_approvals(archive, disposal)
    decided = decided_on(disposal)
    late = decided is not None and archive.today() > decided + timedelta(days=DAYS)
    if late and disposal.status not in started:
        return (f"quá {DAYS} ngày kể từ quyết định ngày {decided:%d/%m/%Y} (TT 06/2025/TT-BNV)",)
    return ()


def _check_approvals(archive: Archive, disposal: Disposal) -> None:
    whole = lists.content(disposal)
    digest = sha256_of(whole)
    proposer = persons.from_json(disposal.acts[0].details["proposal"]["person"])
    excluded = [act.number for act in disposal.of_act("excluded")]
    found = 0
    for act in disposal.of_act("approved"):
        approval = act.details["approval"]
        if any(number > act.number for number in excluded):
            continue  # of the list as it was before; it was approved anew or not at all
        if approval["list"] != digest:
            raise IntegrityError(
                f"list {disposal.id} is not the one that was approved",
                where=disposal.id,
                hint="look for who changed the catalogue; kho rebuild --from-store restores it",
            )
        signer = lists.refuse_untrusted(
            archive, whole, bytes.fromhex(approval["signature"]), at=archive.clock()
        )
        if persons.same(proposer, signer):
            raise NotPermitted("the proposer approved the list", where=disposal.id)
        found += 1
    if found < APPROVALS:
        raise NotPermitted("the list as it stands is not approved", where=disposal.id)


def decided_on(disposal: Disposal) -> date | None:
    """Return the day of the last decision; None if there is none."""
    approved = disposal.of_act("approved")
    return date.fromisoformat(approved[-1].details["decision"]["on"]) if approved else None


def days_left(disposal: Disposal, today: date) -> int | None:
    """Return the days until execution is late; None without a decision."""
    decided = decided_on(disposal)
    return None if decided is None else (decided + timedelta(days=DAYS) - today).days
