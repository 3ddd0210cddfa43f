"""Lists of what is to be destroyed or handed over, as somebody who may see or act on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archive.assembly import Archive
from archive.catalogue import disposal_outlines, disposals, dossiers, dues
from archive.catalogue.disposal_outlines import Outline
from archive.catalogue.disposals import Disposal, Item, ItemState, Kind, ListStatus
from archive.disposal import attachments, lists, procedure, proposing, qualifying
from archive.disposal.lists import Signing
from archive.disposal.procedure import Decided
from archive.disposal.proposing import Draft, Proposed, Request
from archive.errors import DisposalForbidden, NotHeld, NotPermitted
from archive.retention import schedules_of
from archive.viewers import Right, Viewer

RIGHTS = (Right.RETENTION, Right.APPROVE)
"""One of these is needed to see a list."""
UNKNOWN_LEVEL = "03"
"""Access level of a dossier of which a list does not say it."""


def shown(archive: Archive, viewer: Viewer, kind: Kind) -> tuple[Outline, ...]:
    """Return the lists of a kind whose every dossier a viewer may see, the newest first."""
    with archive.catalogue.connect() as connection:
        found = disposal_outlines.outlines(connection, kind)
    return tuple(each for each in found if all(_sees(viewer, *extent) for extent in each.extents))


def get(archive: Archive, viewer: Viewer, list_id: str, kind: Kind) -> Disposal:
    """Return a list with everything on it.

    Raises:
        NotHeld: there is none of this kind, or `viewer` may not see all of it.
    """
    with archive.catalogue.connect() as connection:
        disposal = disposals.get(connection, list_id)
    if disposal.kind is not kind or not all(_sees(viewer, *_extent(i)) for i in disposal.items):
        raise NotHeld("there is no such list", where=list_id)
    return disposal


def _extent(item: Item) -> tuple[str, str, str]:
    entry = item.entry
    return entry["fonds"], entry["agency"], entry.get("access", UNKNOWN_LEVEL)


def _sees(viewer: Viewer, fonds: str, agency: str, access: str) -> bool:
    return any(
        scope.has(fonds, agency, access) for right in RIGHTS for scope in viewer.scopes(right)
    )


def may(viewer: Viewer, right: Right, disposal: Disposal) -> bool:
    """Whether a viewer has a right to every dossier of a list."""
    scopes = viewer.scopes(right)
    return bool(scopes) and all(
        any(scope.has(*_extent(item)) for scope in scopes) for item in disposal.items
    )


def may_approve(viewer: Viewer, disposal: Disposal) -> bool:
    """Whether a viewer may approve a list: never one that they proposed."""
    return may(viewer, Right.APPROVE, disposal) and viewer.account != disposal.acts[0].agent


def require(viewer: Viewer, right: Right, disposal: Disposal) -> None:
    """Raise NotPermitted unless a viewer has a right to a list."""
    if not may(viewer, right, disposal):
        raise NotPermitted("your roles do not include this", where=disposal.id)


def agencies_due(archive: Archive, viewer: Viewer, kind: Kind) -> tuple[str, ...]:
    """Return the agencies of which a list can be made today: something of theirs is due."""
    with archive.catalogue.connect() as connection:
        return dues.agencies(connection, viewer, kind.value, archive.today())


def draft(archive: Archive, viewer: Viewer, request: Request) -> Draft:
    """Return the list that would be proposed, with the bytes to sign.

    Raises:
        DisposalForbidden: nothing that is due qualifies.
        NotPermitted: no right to propose.
    """
    _propose_right(viewer)
    return proposing.draft(archive, request, viewer)


def propose(
    archive: Archive, viewer: Viewer, request: Request, by: Signing, *, expected: str
) -> Proposed:
    """Propose a list by a signature over the bytes of its draft. Errors as `proposing.propose`."""
    _propose_right(viewer)
    return proposing.propose(
        archive, request, by, agent=viewer.account, viewer=viewer, expected=expected
    )


def _propose_right(viewer: Viewer) -> None:
    if not viewer.may(Right.RETENTION):
        raise NotPermitted("your roles do not include proposing")


def exclude(archive: Archive, viewer: Viewer, disposal: Disposal, code: str, reason: str) -> None:
    """Take a dossier off a list, with a reason."""
    require(viewer, Right.RETENTION, disposal)
    procedure.exclude(archive, disposal.id, [code], agent=viewer.account, reason=reason)


def reject(archive: Archive, viewer: Viewer, disposal: Disposal, reason: str) -> None:
    """End a list without execution: who proposed it, or who may approve it."""
    if not may(viewer, Right.APPROVE, disposal):
        require(viewer, Right.RETENTION, disposal)
    procedure.reject(archive, disposal.id, agent=viewer.account, reason=reason)


@dataclass(frozen=True, slots=True)
class CouncilPapers:
    """Signed PDFs of the council, as files."""

    council: Path
    minutes: Path
    appraisal: Path | None


def review(archive: Archive, viewer: Viewer, disposal: Disposal, papers: CouncilPapers) -> None:
    """Record the council's review with its papers. Errors as `procedure.review`."""
    require(viewer, Right.RETENTION, disposal)
    procedure.review(
        archive, disposal.id, council=papers.council, minutes=papers.minutes,
        appraisal=papers.appraisal, agent=viewer.account,
    )  # fmt: skip


def approve(
    archive: Archive, viewer: Viewer, disposal: Disposal, decided: Decided, by: Signing
) -> None:
    """Approve a list by a signature over its bytes.

    Raises:
        NotPermitted: no right, or the account or the person is the proposer's.
    """
    require(viewer, Right.APPROVE, disposal)
    if not may_approve(viewer, disposal):
        raise NotPermitted(
            "who proposed the list cannot approve it, whatever the role", where=disposal.id
        )
    procedure.approve(archive, disposal.id, decided, by, agent=viewer.account)


def rechecked(archive: Archive, disposal: Disposal) -> dict[int, str | None]:
    """Ask for every dossier that still waits whether it would go today.

    Returns:
        By ordinal why it would not; None if it would.
    """
    by, as_of = schedules_of(archive), archive.today()
    found: dict[int, str | None] = {}
    with archive.catalogue.connect() as connection:
        for item in disposal.in_state(ItemState.LISTED, ItemState.ACKNOWLEDGED):
            held = dossiers.held(connection, item.dossier_id)
            if not held:
                found[item.ordinal] = "kho không còn giữ hồ sơ này"
                continue
            judged = qualifying.judge(
                archive, connection, held[0], disposal.kind, as_of=as_of, by=by
            )
            changed = qualifying.changed(item, held[0], judged.decision)
            found[item.ordinal] = judged.obstacle or changed
    return found


def paper(archive: Archive, disposal: Disposal, number: int, name: str) -> bytes:
    """Return a paper that an act of a list has: generated, attached, or its seal.

    Args:
        archive: where.
        disposal: the list.
        number: of the act.
        name: the last part of the object's name.

    Raises:
        NotHeld: the act has no such paper.
    """
    for act in disposal.acts:
        if act.number == number:
            for each in papers_of(act.details):
                if each.rsplit("/", 1)[-1] == name.removesuffix(".p7s"):
                    return attachments.read(
                        archive, f"{each}.p7s" if name.endswith(".p7s") else each
                    )
    raise NotHeld("there is no such paper", where=f"{disposal.id} {name}")


def papers_of(details: object) -> tuple[str, ...]:
    """Return the names of the papers of an act's details, generated ones first."""
    if not isinstance(details, dict):
        return ()
    made = [details["paper"]["name"]] if "paper" in details else []
    return (*made, *(each["name"] for each in details.get("attachments", ())))


def confirm(disposal: Disposal, typed: str) -> None:
    """Compare what a person typed with the beginning of the list's digest.

    Raises:
        DisposalForbidden: it is not the first eight digits at least.
    """
    text = typed.strip().casefold()
    if len(text) < 8 or not lists.digest(disposal).startswith(text):
        raise DisposalForbidden(
            "the digits typed are not the beginning of this list's digest", where=disposal.id
        )


OPEN_TO_REVIEW = (ListStatus.PROPOSED,)
OPEN_TO_APPROVAL = (ListStatus.REVIEWED, ListStatus.APPROVED)
EXCLUDABLE = (ListStatus.PROPOSED, ListStatus.REVIEWED, ListStatus.APPROVED)
EXECUTABLE = (ListStatus.APPROVED, ListStatus.EXECUTING)
