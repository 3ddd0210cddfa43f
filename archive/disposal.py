"""Disposal: what is due, and the holds that stand against it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from archive.assembly import Archive
from archive.catalogue import dossiers, holds, journal
from archive.catalogue.dossiers import Due, Holding
from archive.catalogue.holds import Hold
from archive.events import Event, EventType
from archive.locking import reconcile_legal_hold
from archive.model import DossierId
from archive.retention import explained
from archive.segments import try_to_flush
from retention_rules.decide import Decision

PAGE = 500


@dataclass(frozen=True, slots=True)
class DueDossier:
    """A dossier whose period is over, with the decision made anew."""

    holding: Holding
    decision: Decision


def due(archive: Archive, *, as_of: date, action: str | None = None) -> Iterator[DueDossier]:
    """Yield what is due on a day, the longest due first, each decided anew.

    The catalogue's list says where to look; whether a hold stands is asked here.
    """
    after: Due | None = None
    while True:
        with archive.catalogue.connect() as connection:
            page = dossiers.due(connection, as_of, PAGE, after, action=action)
            held = [dossiers.get(connection, each.dossier_id) for each in page]
        for holding in held:
            yield DueDossier(holding, explained(archive, holding, as_of=as_of))
        if len(page) < PAGE:
            return
        after = page[-1]


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What a person asks to be held, and on what ground."""

    owner: str
    reason: str
    legal_reference: str
    dossier_id: DossierId | None = None
    procedure: str | None = None
    agency: str | None = None
    review_on: date | None = None


def place_hold(archive: Archive, request: HoldRequest, *, agent: str) -> Hold:
    """Place a hold, in force when the transaction commits; then lock the stored versions.

    Raises:
        NotHeld: there is no such dossier.
        UsageError: neither a dossier nor facts are named.
    """
    facts = None
    if request.procedure or request.agency:
        facts = holds.Facts(request.procedure, request.agency)
    at = archive.clock()
    hold = Hold(
        id=str(uuid.uuid4()),
        owner=request.owner,
        reason=request.reason,
        legal_reference=request.legal_reference,
        placed_at=at,
        placed_by=agent,
        dossier_id=request.dossier_id,
        facts=facts,
        review_on=request.review_on,
    )
    with archive.catalogue.begin() as connection:
        if request.dossier_id is not None:
            dossiers.get(connection, request.dossier_id)
        holds.place(connection, hold)
        details = {"dossier": request.dossier_id or "", "procedure": request.procedure or ""}
        journal.append(
            connection, Event(EventType.HOLD_PLACED, at, "success", agent, hold.id, details)
        )
    _set_legal_holds(archive, hold)
    try_to_flush(archive)
    return hold


def lift_hold(archive: Archive, hold_id: str, *, agent: str, reason: str) -> Hold:
    """Lift a hold; versions that no other hold covers lose their legal hold.

    Raises:
        NotHeld: there is no such hold.
        UsageError: it was lifted before.
    """
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        hold = holds.lift(connection, _full_id(archive, hold_id), at=at, by=agent, reason=reason)
        journal.append(connection, Event(EventType.HOLD_LIFTED, at, "success", agent, hold.id))
    _set_legal_holds(archive, hold)
    try_to_flush(archive)
    return hold


def _full_id(archive: Archive, hold_id: str) -> str:
    """Return the one hold whose id begins so; the text itself if there is none."""
    with archive.catalogue.connect() as connection:
        found = [hold.id for hold in holds.every(connection) if hold.id.startswith(hold_id)]
    return found[0] if len(found) == 1 else hold_id


def _set_legal_holds(archive: Archive, hold: Hold) -> None:
    for holding in _covered(archive, hold):
        reconcile_legal_hold(archive, holding)


def _covered(archive: Archive, hold: Hold) -> Iterator[Holding]:
    with archive.catalogue.connect() as connection:
        if hold.dossier_id is not None:
            yield dossiers.get(connection, hold.dossier_id)
            return
        for holding in dossiers.all(connection):
            dossier = holding.dossier
            if hold.covers(dossier.id, holds.Facts(dossier.procedure, dossier.agency)):
                yield holding
