"""Holds: what stands against every disposal, in the catalogue and on the stored objects."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from archive import covering
from archive.assembly import Archive
from archive.catalogue import dossiers, holds, journal, state
from archive.catalogue.dossiers import Holding
from archive.catalogue.holds import Hold
from archive.errors import ArchiveError, UsageError
from archive.events import Event, EventType
from archive.locking import reconcile_legal_hold
from archive.model import DossierId, ObjectName
from archive.segments import HOLDS, state_document, try_to_flush


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What a person asks to be held, and on what ground."""

    owner: str
    reason: str
    legal_reference: str
    dossier_id: DossierId | None = None
    procedure: str | None = None
    agency: str | None = None
    query: str | None = None
    """In the language of the search box, about what descriptions say."""
    review_on: date | None = None


def place_hold(archive: Archive, request: HoldRequest, *, agent: str) -> Hold:
    """Place a hold, in force when the transaction commits; then lock the stored versions.

    Raises:
        NotHeld: there is no such dossier.
        UsageError: neither a dossier nor facts are named.
        QueryRejected: the query cannot be read, or asks for what descriptions do not say.
    """
    facts = None
    if request.procedure or request.agency or request.query:
        facts = holds.Facts(request.procedure, request.agency, request.query)
    if request.query:
        from archive.search import matching  # with a parser that few commands need

        matching.condition(request.query)
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


def review_hold(archive: Archive, hold_id: str, *, next_on: date, agent: str, reason: str) -> Hold:
    """Record that the owner was asked and the hold stays, until the next day to ask.

    Raises:
        NotHeld: there is no such hold.
        UsageError: it was lifted, or the day is past.
    """
    at = archive.clock()
    if next_on <= archive.today():
        raise UsageError(f"{next_on} is not ahead", where=hold_id, hint="--next DATE")
    with archive.catalogue.begin() as connection:
        hold = holds.review(connection, _full_id(archive, hold_id), next_on=next_on)
        value = {"hold": hold.id, "next_on": next_on.isoformat(), "reason": reason, "by": agent}
        name = f"{HOLDS}{hold.id}/reviewed-{at:%Y%m%dT%H%M%S%fZ}.json"
        state.add(connection, name, state_document({**value, "at": at.isoformat()}))
        details = {"next_on": next_on.isoformat()}
        journal.append(
            connection, Event(EventType.HOLD_REVIEWED, at, "success", agent, hold.id, details)
        )
    try_to_flush(archive)
    return hold


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stored version on which store and catalogue do not agree about a hold."""

    dossier_id: DossierId
    code: str
    place: ObjectName
    copy: str
    """The store's address."""
    held: bool
    """What the catalogue says."""
    found: str
    """`on` or `off` as the store has it, or why it could not be told."""


def disagreements(archive: Archive) -> Iterator[Disagreement]:
    """Compare every version on every copy with the holds in force; changes nothing."""
    with archive.catalogue.connect() as connection:
        standing = holds.active(connection)
        for holding in dossiers.all(connection):
            wanted = bool(covering.standing(standing, holding))
            yield from _compare(archive, holding, wanted)


def _compare(archive: Archive, holding: Holding, wanted: bool) -> Iterator[Disagreement]:
    for version in holding.versions:
        for copy in archive.copies:
            try:
                found = "on" if copy.stat(version.place).legal_hold else "off"
            except ArchiveError as error:
                found = error.message
            if found != ("on" if wanted else "off"):
                dossier = holding.dossier
                yield Disagreement(dossier.id, dossier.code, version.place, copy.url, wanted, found)


def reconcile(archive: Archive) -> tuple[Disagreement, ...]:
    """Make every copy's legal holds agree with the catalogue; return what disagreed."""
    found = tuple(disagreements(archive))
    copies = {copy.url: copy for copy in archive.copies}
    for each in found:
        if each.found in ("on", "off"):
            copies[each.copy].set_legal_hold(each.place, each.held)
    return found


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
            if covering.standing((hold,), holding):
                yield holding
