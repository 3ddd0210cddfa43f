"""Holds as somebody who may place and lift them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from archive import access, disposal
from archive.assembly import Archive
from archive.catalogue import holds
from archive.catalogue.checkpoints import Job
from archive.catalogue.holds import Hold
from archive.disposal import HoldRequest
from archive.errors import NotHeld, NotPermitted
from archive.jobs.background import Background, Progress
from archive.viewers import Right, Viewer

RECONCILIATION = "hold-reconciliation"


def shown(archive: Archive, viewer: Viewer) -> tuple[Hold, ...]:
    """Return the holds that a viewer is concerned with, those in force first, then the newest."""
    with archive.catalogue.connect() as connection:
        found = [each for each in holds.every(connection) if _concerns(archive, viewer, each)]
    return tuple(sorted(found, key=lambda each: (not each.active, -each.placed_at.timestamp())))


def to_ask(archive: Archive, viewer: Viewer) -> frozenset[str]:
    """Return the ids of the holds whose owners are to be asked again by today."""
    with archive.catalogue.connect() as connection:
        return frozenset(
            each.id
            for each in holds.to_ask(connection, archive.today())
            if _concerns(archive, viewer, each)
        )


def _concerns(archive: Archive, viewer: Viewer, hold: Hold) -> bool:
    if hold.dossier_id is not None:
        try:
            dossier = access.find(archive, hold.dossier_id, viewer).dossier
        except NotHeld:
            return _unlimited(viewer)
        return viewer.may(Right.HOLD, dossier)
    return _may_hold(viewer, hold.facts.agency if hold.facts else None)


def _unlimited(viewer: Viewer) -> bool:
    return any(s.agencies is None and s.fonds is None for s in viewer.scopes(Right.HOLD))


def _may_hold(viewer: Viewer, agency: str | None) -> bool:
    """Whether a viewer may hold all that an agency has; everything if None."""
    return any(
        scope.agencies is None
        or (agency is not None and any(f"{agency}.".startswith(f"{a}.") for a in scope.agencies))
        for scope in viewer.scopes(Right.HOLD)
        if scope.fonds is None
    )


def place(archive: Archive, viewer: Viewer, name: str, request: HoldRequest) -> Hold:
    """Place a hold on a dossier, by its id or code, or on what a request describes.

    Raises:
        NotHeld: there is no such dossier.
        NotPermitted: it reaches further than the viewer's roles.
        UsageError, QueryRejected: it is about nothing that can be told.
    """
    if name:
        dossier = access.find(archive, name, viewer).dossier
        if not viewer.may(Right.HOLD, dossier):
            raise NotPermitted("your roles do not include holding this dossier")
        request = replace(request, dossier_id=dossier.id)
    elif not _may_hold(viewer, request.agency):
        raise NotPermitted("your roles do not reach that far", hint="name your agency")
    return disposal.place_hold(archive, request, agent=viewer.account)


def lift(archive: Archive, viewer: Viewer, hold_id: str, reason: str) -> Hold:
    """Lift a hold. Errors as `disposal.lift_hold`."""
    get(archive, viewer, hold_id)
    return disposal.lift_hold(archive, hold_id, agent=viewer.account, reason=reason)


def keep(archive: Archive, viewer: Viewer, hold_id: str, next_on: date, reason: str) -> Hold:
    """Record that the owner was asked and the hold stays. Errors as `disposal.review_hold`."""
    get(archive, viewer, hold_id)
    return disposal.review_hold(
        archive, hold_id, next_on=next_on, agent=viewer.account, reason=reason
    )


def get(archive: Archive, viewer: Viewer, hold_id: str) -> Hold:
    """Return a hold.

    Raises:
        NotHeld: there is none, or it does not concern the viewer.
    """
    with archive.catalogue.connect() as connection:
        found = holds.get(connection, hold_id)
    if not _concerns(archive, viewer, found):
        raise NotHeld("there is no such hold", where=hold_id)
    return found


def reconcile(archive: Archive, background: Background, viewer: Viewer) -> Job:
    """Begin to compare every stored version on every copy with the holds, and to set it right.

    Raises:
        NotPermitted: a viewer who does not see everything.
    """
    if not viewer.everywhere or not viewer.may(Right.HOLD):
        raise NotPermitted("reconciling reads the whole archive")

    def work(progress: Progress) -> list[dict[str, Any]]:
        return [
            {"code": each.code, "copy": each.copy, "held": each.held, "found": each.found}
            for each in disposal.reconcile(archive)
        ]

    return background.begin(RECONCILIATION, "", (), work)
