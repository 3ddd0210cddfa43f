"""Waiting: what there is to do for one viewer, of everything that their roles are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from archive import condition, overview
from archive.assembly import Archive
from archive.catalogue import disposal_outlines, disposals
from archive.catalogue.disposal_outlines import Outline
from archive.catalogue.disposals import Kind, ListStatus
from archive.catalogue.issued_copies import CopyKind, IssuedCopy
from archive.catalogue.schedules import Proposal
from archive.catalogue.standing import Standing
from archive.disposal import permission
from archive.dissemination import desk as copies
from archive.reception import desk
from archive.retention_office import holds, lists, schedules
from archive.trusting import proposals
from archive.trusting.proposals import Proposal as TrustProposal
from archive.viewers import Right, Viewer

ENDS_WITHIN: Final = timedelta(days=5)
"""Reading copies that end within so long are named."""
_COPIES: Final = 200
"""So many of the latest copies are looked through."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of disposal that waits for somebody."""

    outline: Outline
    days_left: int | None = None
    """Until the decision lapses; negative: late; None: no decision."""

    @property
    def address(self) -> str:
        """Its page."""
        base = "transfer" if self.outline.kind is Kind.TRANSFER else "disposal"
        return f"/{base}/{self.outline.id}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one viewer; nothing where they have no right."""

    to_fix: int = 0
    """Submissions."""
    to_approve: tuple[Listed, ...] = ()
    """Reviewed lists, never their own."""
    to_confirm: tuple[Proposal, ...] = ()
    """Schedules whose second person they can be."""
    trust: tuple[TrustProposal, ...] = ()
    """Changes of trust that wait for a second person."""
    to_go_on: tuple[Listed, ...] = ()
    """Lists that the retention office has to take further."""
    holds_to_ask: int = 0
    """Holds whose owner is to be asked whether they still want it."""
    ending: tuple[IssuedCopy, ...] = ()
    """Reading copies that end soon."""
    not_intact: int = 0
    rehearsal_overdue: bool = False
    whole: Standing | None = None
    """The archive as a machine, for who administers it and sees no dossier."""


def of(archive: Archive, viewer: Viewer) -> Waiting:
    """Return what waits for a viewer."""
    may = viewer.may
    office = lists_of(archive, viewer) if may(Right.RETENTION) or may(Right.APPROVE) else ()
    state = condition.brief(archive) if may(Right.INTEGRITY) else (0, False)
    return Waiting(
        to_fix=desk.to_fix(archive, viewer) if may(Right.INGEST) else 0,
        to_approve=_to_approve(archive, viewer, office) if may(Right.APPROVE) else (),
        to_confirm=_to_confirm(archive, viewer) if may(Right.APPROVE) else (),
        trust=tuple(proposals.pending(archive)) if _keeps_trust(viewer) else (),
        to_go_on=_to_go_on(archive, office) if may(Right.RETENTION) else (),
        holds_to_ask=len(holds.to_ask(archive, viewer)) if may(Right.HOLD) else 0,
        ending=_ending(archive, viewer) if may(Right.COPY) else (),
        not_intact=state[0],
        rehearsal_overdue=state[1],
        whole=overview.whole(archive) if may(Right.ADMINISTER) else None,
    )


def _keeps_trust(viewer: Viewer) -> bool:
    return viewer.may(Right.APPROVE) or viewer.may(Right.ADMINISTER)


def lists_of(archive: Archive, viewer: Viewer) -> tuple[Outline, ...]:
    """Return the lists that a viewer may see and that are not at their end."""
    ended = (ListStatus.EXECUTED, ListStatus.REJECTED)
    found = [each for kind in Kind for each in lists.shown(archive, viewer, kind)]
    return tuple(each for each in found if each.status not in ended)


def _to_approve(
    archive: Archive, viewer: Viewer, office: tuple[Outline, ...]
) -> tuple[Listed, ...]:
    scopes = viewer.scopes(Right.APPROVE)
    reviewed = [
        each
        for each in office
        if each.status is ListStatus.REVIEWED
        and all(any(scope.has(*extent) for scope in scopes) for extent in each.extents)
    ]
    with archive.catalogue.connect() as connection:
        proposers = disposal_outlines.proposers(connection, [each.id for each in reviewed])
    return tuple(Listed(each) for each in reviewed if proposers.get(each.id) != viewer.account)


def _to_confirm(archive: Archive, viewer: Viewer) -> tuple[Proposal, ...]:
    known = schedules.known(archive).proposals
    return tuple(each for each in known if schedules.may_confirm(viewer, each))


def _to_go_on(archive: Archive, office: tuple[Outline, ...]) -> tuple[Listed, ...]:
    """Return lists in the order in which they press: those with a decision that lapses first."""
    others = [each for each in office if each.status is not ListStatus.REVIEWED]
    found = [Listed(each, _days_left(archive, each)) for each in others]
    return tuple(sorted(found, key=lambda e: (e.days_left is None, e.days_left or 0)))


def _days_left(archive: Archive, outline: Outline) -> int | None:
    if outline.status not in (ListStatus.APPROVED, ListStatus.EXECUTING):
        return None
    with archive.catalogue.connect() as connection:
        return permission.days_left(disposals.get(connection, outline.id), archive.today())


def _ending(archive: Archive, viewer: Viewer) -> tuple[IssuedCopy, ...]:
    now = archive.clock()
    return tuple(
        each
        for each in copies.register(archive, viewer, limit=_COPIES)
        if each.kind is CopyKind.READING
        and each.revoked_at is None
        and each.usable_until is not None
        and now <= each.usable_until <= now + ENDS_WITHIN
    )
