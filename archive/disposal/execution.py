"""Execution: everything is asked again, then what may go goes from every copy, for good.

The commit point is the end of one transaction (`_order`): before it a hold wins, after it the
dossiers are no longer held. What a crash leaves is finished by the same command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from archive.assembly import VIETNAM, Archive
from archive.catalogue import disposals, dossiers, holds, state
from archive.catalogue.disposals import (
    Act,
    Change,
    Disposal,
    Item,
    ItemState,
    Kind,
)
from archive.catalogue.engine import Connection
from archive.disposal import destruction, lists, qualifying
from archive.disposal.certifying import Outcome, certify, status_after
from archive.disposal.destruction import Fate
from archive.disposal.permission import permitted
from archive.disposal.procedure import journalled
from archive.errors import ArchiveError, Changed, DisposalForbidden
from archive.fixity import sha256_of
from archive.retention import schedules_of
from archive.search import PurgeProof
from archive.segments import try_to_flush


@dataclass(frozen=True, slots=True)
class Execution:
    """What an execution did, or with `dry_run` would do."""

    disposal: Disposal
    dry_run: bool
    dropped: tuple[tuple[str, str], ...]
    """Code and reason of what no longer qualified, now."""
    postponed: tuple[tuple[str, str], ...]
    """Code and reason of what a lock on a copy stands against; still on the list."""
    ordered: tuple[str, ...]
    """Codes of what passed the commit point now, or with `dry_run` would."""
    warnings: tuple[str, ...] = ()
    fates: dict[str, tuple[Fate, ...]] = field(default_factory=dict)
    """What became of each dossier on each copy in this run, by code."""
    index: PurgeProof | None = None
    keys: dict[str, str] = field(default_factory=dict)
    """Fingerprints of the keys that go with encrypted dossiers, by code."""
    traces: tuple[str, ...] = field(default=(), repr=False)
    """Identity numbers that must be gone from the index; personal data, never kept."""

    @property
    def pending(self) -> tuple[tuple[str, str], ...]:
        """Code and reason of what is not gone from every copy."""
        return tuple(
            (code, fate.pending)
            for code, fates in self.fates.items()
            for fate in fates
            if fate.pending
        )


class _DryRunError(Exception):
    """Ends the transaction of a dry run without anything written."""

    def __init__(self, execution: Execution) -> None:
        super().__init__("dry run")
        self.execution = execution


Told = Callable[[str, tuple[Fate, ...]], None]
"""Is told a dossier's code and what became of it on each copy."""


def silent(code: str, fates: tuple[Fate, ...]) -> None:
    """Tell nobody."""


def execute(
    archive: Archive,
    disposal_id: str,
    *,
    agent: str,
    dry_run: bool = False,
    erased: Told = silent,
) -> Execution:
    """Carry a list out, or go on where an earlier run was stopped.

    Running it again is always safe: what is gone is looked for once more on every copy, what
    is pending is tried again, what a lock stood against is asked again.

    Args:
        archive: where the list is.
        disposal_id: which.
        agent: who executes.
        dry_run: do everything up to the commit point and write nothing.
        erased: is called after each dossier that was looked for on every copy.

    Raises:
        NotPermitted: the list is not approved, or approvals do not hold.
        IntegrityError: the list is not what was approved.
        DisposalForbidden: nothing on it qualifies any more.
    """
    try:
        done = _order(archive, disposal_id.upper(), agent=agent, dry_run=dry_run)
    except _DryRunError as stopped:
        return stopped.execution
    return _finish(archive, done, agent=agent, erased=erased)


def _order(archive: Archive, disposal_id: str, *, agent: str, dry_run: bool) -> Execution:
    """Ask everything again and commit, in one transaction. Errors as `execute`."""
    with archive.catalogue.connect() as connection:
        before = disposals.get(connection, disposal_id)
    warnings = permitted(archive, before)
    with archive.catalogue.begin() as connection:
        # (1) Keep new holds out, and make sure that the list is the one that was approved.
        holds.guard(connection)
        disposal = disposals.get(connection, disposal_id)
        if lists.content(disposal) != lists.content(before) or disposal.status != before.status:
            raise Changed("the list was changed meanwhile", where=disposal_id, hint="look again")

        # (2) Decide every dossier anew: hold, period, links, rows, schedule, versions, locks.
        changes, postponed = _judged(archive, connection, disposal)
        dropped = [c for c in changes if c.state is ItemState.DROPPED]
        ordered = [c for c in changes if c.state is ItemState.ORDERED]
        by_ordinal = {item.ordinal: item for item in disposal.items}
        execution = Execution(
            disposal,
            dry_run,
            tuple((by_ordinal[c.ordinal].entry["code"], c.note) for c in dropped),
            tuple((item.entry["code"], why) for item, why in postponed),
            tuple(by_ordinal[c.ordinal].entry["code"] for c in ordered),
            warnings,
            keys=_fingerprints(archive, [by_ordinal[c.ordinal] for c in ordered]),
            traces=_identities(connection, [by_ordinal[c.ordinal] for c in ordered]),
        )
        if dry_run:
            raise _DryRunError(execution)
        if not changes:
            return execution

        # (3) Enter the order, take the dossiers out of the register, journal it. The end of
        #     this transaction is the commit point: no longer held from here on.
        status = status_after(disposal, changes)
        details = _order_details(execution, disposal)
        number = len(disposal.acts) + 1
        at = archive.clock()
        act = Act(disposal_id, number, "ordered", at, agent, status, details, tuple(changes))
        disposals.record(connection, act)
        destruction.unregister(connection, [by_ordinal[c.ordinal] for c in ordered])
        told = {"list": details["list"], "ordered": len(ordered), "dropped": len(dropped)}
        journalled(connection, act, told)
    return execution


def _judged(
    archive: Archive, connection: Connection, disposal: Disposal
) -> tuple[list[Change], list[tuple[Item, str]]]:
    """Return the new state of each dossier that is still on the list, and what must wait."""
    by, as_of, at = schedules_of(archive, connection), archive.today(), archive.clock()
    waiting = ItemState.LISTED if disposal.kind is Kind.DESTROY else ItemState.ACKNOWLEDGED
    changes: list[Change] = []
    postponed: list[tuple[Item, str]] = []
    for item in disposal.in_state(waiting):
        held = dossiers.held(connection, item.dossier_id)
        if not held:
            changes.append(Change(item.ordinal, ItemState.DROPPED, "kho không còn giữ hồ sơ này"))
            continue
        judged = qualifying.judge(archive, connection, held[0], disposal.kind, as_of=as_of, by=by)
        reason = judged.obstacle or qualifying.changed(item, held[0], judged.decision)
        if reason is not None:
            changes.append(Change(item.ordinal, ItemState.DROPPED, reason))
            continue
        lock = destruction.locked(archive, item, at=at)
        if lock is not None:
            postponed.append((item, lock))
        else:
            changes.append(Change(item.ordinal, ItemState.ORDERED))
    return changes, postponed


def _identities(connection: Connection, items: Iterable[Item]) -> tuple[str, ...]:
    applicants = [
        held.dossier.applicant
        for item in items
        for held in dossiers.held(connection, item.dossier_id)
    ]
    return tuple(each.identity_number for each in applicants if each.identity_number)


def _fingerprints(archive: Archive, items: Iterable[Item]) -> dict[str, str]:
    """Return the fingerprint of each dossier's key; nothing for what is not encrypted."""
    keyring = archive.keyring
    if keyring is None:
        return {}
    found = {item.entry["code"]: keyring.fingerprint(item.dossier_id) for item in items}
    return {code: key for code, key in found.items() if key is not None}


def _order_details(execution: Execution, disposal: Disposal) -> dict[str, Any]:
    return {
        "list": lists.digest(disposal),
        "dropped": [{"code": code, "reason": why} for code, why in execution.dropped],
        "postponed": [{"code": code, "reason": why} for code, why in execution.postponed],
        "warnings": list(execution.warnings),
        "keys": execution.keys,
    }


def _finish(archive: Archive, done: Execution, *, agent: str, erased: Told) -> Execution:
    """Do what follows the commit point; all of it may be repeated."""
    with archive.catalogue.connect() as connection:
        disposal = disposals.get(connection, done.disposal.id)
    gone = disposal.in_state(*disposals.GONE)
    if not gone:
        return _told(done, disposal, {}, None)

    # (4) The order lies in the store, on one copy at least, before anything is removed: a
    #     rebuild from the store alone must know that these dossiers are no longer held.
    _secure(archive, disposal)

    # (5) The index: its files are built anew and searched for traces.
    ordered = disposal.in_state(ItemState.ORDERED)
    proof = destruction.purge_index(archive, ordered, done.traces) if ordered else None

    # (6) Every version on every copy, then look again. What was destroyed before is looked
    #     for once more: a copy may have come back from a backup.
    fates: dict[str, tuple[Fate, ...]] = {}
    for item in gone:
        code = item.entry["code"]
        fates[code] = destruction.erase(archive, item)
        erased(code, fates[code])
    archive.catalogue.scrub()

    # (7) Complete the certificate with what is gone and what is pending.
    changes = tuple(
        Change(item.ordinal, ItemState.DESTROYED)
        for item in ordered
        if not any(fate.pending for fate in fates[item.entry["code"]])
    )
    if ordered or any(fate.objects for all_copies in fates.values() for fate in all_copies):
        outcome = Outcome(changes, fates, proof, done.warnings)
        disposal = certify(archive, disposal, outcome, agent=agent)
    return _told(done, disposal, fates, proof)


def _told(
    done: Execution,
    disposal: Disposal,
    fates: dict[str, tuple[Fate, ...]],
    proof: PurgeProof | None,
) -> Execution:
    return Execution(
        disposal,
        done.dry_run,
        done.dropped,
        done.postponed,
        done.ordered,
        done.warnings,
        fates,
        proof,
        done.keys,
    )


def _secure(archive: Archive, disposal: Disposal) -> None:
    """Make sure that the list's acts are in the store, on one copy at least.

    Raises:
        Unavailable: no copy took them; nothing was removed, try again.
    """
    error = try_to_flush(archive)
    if error is None:
        return
    prefix = f"{disposals.FOLDER}{disposal.id}/"
    with archive.catalogue.connect() as connection:
        waiting = [each for each in state.pending(connection) if each[0].startswith(prefix)]
    if not any(_put_all(copy, waiting) for copy in archive.copies):
        raise error


def _put_all(copy: Any, documents: list[tuple[str, bytes]]) -> bool:
    import io

    try:
        for name, content in documents:
            copy.put(name, io.BytesIO(content), size=len(content), sha256=sha256_of(content))
    except ArchiveError:
        return False
    return True


def nothing_left(execution: Execution) -> bool:
    """Whether a first execution found nothing that may go."""
    return not (execution.ordered or execution.postponed or execution.fates)


def refuse_empty(execution: Execution) -> None:
    """Raise DisposalForbidden if nothing on the list qualifies any more."""
    if nothing_left(execution):
        told = "; ".join(f"{code}: {why}" for code, why in execution.dropped[:5])
        raise DisposalForbidden(f"nothing on the list may go. {told}", where=execution.disposal.id)


def in_vietnam(at: datetime) -> datetime:
    """Return a time as the papers state it."""
    return at.astimezone(VIETNAM)
