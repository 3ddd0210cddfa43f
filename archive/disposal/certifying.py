"""Certifying: what an execution did becomes an act with its minutes and certificate, sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from archive.assembly import Archive
from archive.catalogue import disposals
from archive.catalogue.disposals import Act, Change, Disposal, ItemState, ListStatus
from archive.disposal import lists, papers
from archive.disposal.destruction import Fate
from archive.disposal.procedure import journalled
from archive.search import PurgeProof
from archive.segments import try_to_flush


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of an execution did after its commit point."""

    changes: tuple[Change, ...]
    fates: Mapping[str, tuple[Fate, ...]]
    """What became of each dossier on each copy and in each key store, by code."""
    index: PurgeProof | None
    warnings: tuple[str, ...]


def certify(archive: Archive, disposal: Disposal, outcome: Outcome, *, agent: str) -> Disposal:
    """Record what was done, with its certificate, and return the list as it then is."""
    details = _details(archive, disposal, outcome)
    status, number = status_after(disposal, outcome.changes), len(disposal.acts) + 1
    at, changes = archive.clock(), outcome.changes
    act = Act(disposal.id, number, "destroyed", at, agent, status, details, changes)
    written = papers.of_certificate(archive, disposal, act)
    paper = papers.sealed(archive, disposal.id, "certificate", written)
    act = replace(act, details={**details, "paper": paper.to_json()})
    with archive.catalogue.begin() as connection:
        disposals.record(connection, act)
        papers.keep(connection, paper)
        told = {"destroyed": len(changes), "pending": len(details["pending"])}
        journalled(connection, act, told)
        after = disposals.get(connection, disposal.id)
    try_to_flush(archive)
    return after


def status_after(disposal: Disposal, changes: Iterable[Change]) -> ListStatus:
    """Return what the list is once changes are made: executed if nothing remains to do."""
    states = {item.ordinal: item.state for item in disposal.items}
    states.update((change.ordinal, change.state) for change in changes)
    settled = {ItemState.EXCLUDED, ItemState.DROPPED, ItemState.DESTROYED}
    return ListStatus.EXECUTED if set(states.values()) <= settled else ListStatus.EXECUTING


def _details(archive: Archive, disposal: Disposal, outcome: Outcome) -> dict[str, Any]:
    fates, proof = outcome.fates, outcome.index
    return {
        "list": lists.digest(disposal),
        "copies": [copy.url for copy in archive.copies],
        "removed": {code: [f.objects for f in each] for code, each in fates.items()},
        "pending": [
            {"code": code, "copy": fate.copy, "reason": fate.pending}
            for code, each in fates.items()
            for fate in each
            if fate.pending
        ],
        "index": proof
        and {
            "years": list(proof.years),
            "files": proof.files,
            "bytes": proof.bytes,
            "traces": proof.traces,
        },
        "warnings": list(outcome.warnings),
        "keys": _destroyed_keys(disposal, fates),
    }


def _destroyed_keys(disposal: Disposal, fates: Mapping[str, tuple[Fate, ...]]) -> dict[str, str]:
    """Return the fingerprints, as ordered, of keys that are gone from every key store."""
    ordered = {
        code: key
        for act in disposal.of_act("ordered")
        for code, key in act.details.get("keys", {}).items()
    }
    return {
        code: key
        for code, key in ordered.items()
        if (of_key := [fate for fate in fates.get(code, ()) if fate.key])
        and not any(fate.pending for fate in of_key)
    }
