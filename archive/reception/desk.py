"""The desk at which submissions are received: whose batches somebody sees and works on.

Who receives for the whole archive sees every batch, others their own. What is taken in must
be of an agency and level that the role covers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from archive.assembly import Archive
from archive.catalogue import dossiers, reception
from archive.catalogue.engine import Connection
from archive.catalogue.reception import Batch, Item, ItemState
from archive.errors import ArchiveError, NotHeld, NotPermitted, Rejected, UsageError
from archive.ingest import Intake
from archive.reception import fixing, handover
from archive.viewers import EVERYTHING, Right, Viewer

_TELLS_OF_OTHERS = "KHO-DUPLICATE-CONTENT"


def open_batch(archive: Archive, producer: str, viewer: Viewer) -> Batch:
    """Open a batch as a viewer; errors as `handover.open_batch`."""
    return handover.open_batch(archive, producer, source="upload", agent=viewer.account)


def listed(archive: Archive, viewer: Viewer, *, before: str | None = None) -> tuple[Batch, ...]:
    """Return the batches that a viewer works on, the latest first."""
    by = None if _everywhere(viewer) else viewer.account
    return handover.batches(archive, by=by, before=before)


def to_fix(archive: Archive, viewer: Viewer) -> int:
    """Return how many submissions wait for a hand in the open batches of a viewer."""
    by = None if _everywhere(viewer) else viewer.account
    with archive.catalogue.connect() as connection:
        return reception.open_items(connection, ItemState.TO_FIX, by=by)


def batch(archive: Archive, batch_id: str, viewer: Viewer) -> Batch:
    """Return a batch; raises NotHeld if there is none that the viewer works on."""
    found = handover.batch(archive, batch_id)
    if not _everywhere(viewer) and found.opened_by != viewer.account:
        raise NotHeld("there is no such batch", where=batch_id)
    return found


def items(archive: Archive, batch_id: str, viewer: Viewer) -> tuple[Item, ...]:
    """Return the submissions of a batch; raises as `batch`."""
    batch(archive, batch_id, viewer)
    return tuple(_shown(each, viewer) for each in handover.items(archive, batch_id))


def item(archive: Archive, name: str, viewer: Viewer) -> Item:
    """Return a submission; raises NotHeld if there is none that the viewer works on."""
    found = handover.item(archive, name)
    batch(archive, found.batch_id, viewer)
    return _shown(found, viewer)


def form(archive: Archive, name: str, viewer: Viewer) -> fixing.Form:
    """Return a submission's form; raises as `item` and `fixing.form`."""
    item(archive, name, viewer)
    return fixing.form(archive, name)


def take_in(archive: Archive, batch_id: str, viewer: Viewer, *, again: bool = False) -> None:
    """Take in what waits in a batch; with `again` also what was refused.

    Raises as `batch` and `handover.take_in_all`.
    """
    batch(archive, batch_id, viewer)
    act = handover.retry if again else handover.take_in_all
    act(archive, batch_id, agent=viewer.account, permit=permit_of(viewer))


def fix(
    archive: Archive,
    name: str,
    corrections: Mapping[str, str | None],
    viewer: Viewer,
    *,
    reason: str,
) -> Item:
    """Correct a submission and take it in; raises as `item`, `fixing.fix`, `take_in`."""
    item(archive, name, viewer)
    fixed = fixing.fix(archive, name, corrections, agent=viewer.account, reason=reason)
    handover.take_in_all(
        archive,
        fixed.batch_id,
        agent=viewer.account,
        only=[fixed.ordinal],
        permit=permit_of(viewer),
    )
    return handover.item(archive, name)


def give_back(archive: Archive, name: str, viewer: Viewer, *, reason: str) -> Item:
    """Return a submission to its producer; raises as `item` and `handover.give_back`."""
    item(archive, name, viewer)
    return handover.give_back(archive, name, agent=viewer.account, reason=reason)


@dataclass(frozen=True, slots=True)
class Several:
    """What became of submissions that were chosen together."""

    done: int
    left: tuple[tuple[str, ArchiveError], ...]
    """Those for which it could not be done, by name, with the reason."""


def fix_several(
    archive: Archive,
    batch_id: str,
    ordinals: Iterable[int],
    correction: tuple[str, str],
    viewer: Viewer,
    *,
    reason: str,
) -> Several:
    """Give one field of several submissions the same value, and take them in.

    Args:
        archive: which.
        batch_id: whose submissions.
        ordinals: of the chosen ones.
        correction: a place as in `fixing.FIELDS`, and its value; "" takes it away. In a row of
            a list it is the column of the last part's name.
        viewer: who.
        reason: on what ground.

    Raises:
        NotHeld: there is no such batch.
        UsageError: nothing is chosen, or no reason is given.
        Unavailable: a service did not answer; what was corrected waits.
    """
    reason = _several(archive, batch_id, ordinals := tuple(ordinals), viewer, reason)
    place, value = correction
    fixed: list[int] = []
    left: list[tuple[str, ArchiveError]] = []
    for name, ordinal in _named(batch_id, ordinals):
        try:
            own = _place_in(form(archive, name, viewer), place)
            told = {own: value or None}
            fixing.fix(archive, name, told, agent=viewer.account, reason=reason)
            fixed.append(ordinal)
        except (NotHeld, Rejected, UsageError) as error:
            left.append((name, error))
    permit = permit_of(viewer)
    handover.take_in_all(archive, batch_id, agent=viewer.account, only=fixed, permit=permit)
    return Several(len(fixed), tuple(left))


def give_back_several(
    archive: Archive, batch_id: str, ordinals: Iterable[int], viewer: Viewer, *, reason: str
) -> Several:
    """Return several submissions with one reason, each with its own note.

    Errors as `fix_several`; what was returned before a service failed stays returned.
    """
    reason = _several(archive, batch_id, ordinals := tuple(ordinals), viewer, reason)
    done, left = 0, []
    for name, _ in _named(batch_id, ordinals):
        try:
            handover.give_back(archive, name, agent=viewer.account, reason=reason)
            done += 1
        except (NotHeld, UsageError) as error:
            left.append((name, error))
    return Several(done, tuple(left))


def _several(
    archive: Archive, batch_id: str, ordinals: tuple[int, ...], viewer: Viewer, reason: str
) -> str:
    batch(archive, batch_id, viewer)
    if not ordinals:
        raise UsageError("choose submissions first", where="item")
    return handover.words(reason, "reason")


def _named(batch_id: str, ordinals: Iterable[int]) -> list[tuple[str, int]]:
    return [(f"{batch_id}.{each}", each) for each in sorted(set(ordinals))]


def _place_in(found: fixing.Form, place: str) -> str:
    """Return a place as a submission calls it."""
    known = {field.place for field in found.fields}
    column = place.rpartition(".")[2]
    if place in known:
        return place
    if column in known:
        return column
    raise UsageError(f"the submission has no {place}", where=found.item.name)


def close(archive: Archive, batch_id: str, viewer: Viewer) -> Batch:
    """Close a batch; raises as `batch` and `handover.close`."""
    batch(archive, batch_id, viewer)
    return handover.close(archive, batch_id, agent=viewer.account)


def _everywhere(viewer: Viewer) -> bool:
    return EVERYTHING in viewer.scopes(Right.INGEST)


def permit_of(viewer: Viewer) -> Callable[[Connection, Intake], None]:
    """Return what refuses to register a dossier that the viewer's role does not cover."""

    def permit(connection: Connection, intake: Intake) -> None:
        dossier = dossiers.get(connection, intake.receipt.dossier_id).dossier
        if not viewer.may(Right.INGEST, dossier):
            raise NotPermitted(
                "your role does not receive dossiers of this agency or access level",
                where=dossier.code,
            )

    return permit


def _shown(each: Item, viewer: Viewer) -> Item:
    """Leave out what would tell of dossiers that the viewer may not see."""
    if viewer.everywhere:
        return each
    told = tuple(f for f in each.findings if f["rule"] != _TELLS_OF_OTHERS)
    return replace(each, findings=told)
