"""What is due: dossiers whose period is over, each decided anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from archive.assembly import Archive
from archive.catalogue import dossiers
from archive.catalogue.dossiers import Due, Holding
from archive.catalogue.engine import Connection
from archive.retention import Schedules, decide_many, schedules_of
from archive.viewers import Viewer
from retention_rules.decide import Decision

PAGE = 500


@dataclass(frozen=True, slots=True)
class DueDossier:
    """A dossier whose period is over, with the decision made anew."""

    holding: Holding
    decision: Decision


def due_page(
    archive: Archive,
    viewer: Viewer,
    *,
    as_of: date,
    action: str,
    limit: int,
    after: Due | None = None,
) -> tuple[tuple[DueDossier, ...], Due | None]:
    """Return one page of what is due for an action, and where the next one begins.

    Args:
        archive: which.
        viewer: who asks; what they may not see is not there.
        as_of: on which day.
        action: `destroy`, `transfer` or `review`.
        limit: dossiers of a page.
        after: where the page begins; at the start if None.
    """
    by = schedules_of(archive)
    with archive.catalogue.connect() as connection:
        page = dossiers.due(connection, as_of, limit, after, action=action, viewer=viewer)
        found = _decided(archive, connection, page, as_of, by)
    return tuple(found), page[-1] if len(page) == limit else None


def due(archive: Archive, *, as_of: date, action: str | None = None) -> Iterator[DueDossier]:
    """Yield what is due on a day, the longest due first, each decided anew.

    The catalogue's list says where to look; whether a hold stands is asked here.
    """
    after: Due | None = None
    by = schedules_of(archive)
    while True:
        with archive.catalogue.connect() as connection:
            page = dossiers.due(connection, as_of, PAGE, after, action=action)
            found = _decided(archive, connection, page, as_of, by)
        yield from found
        if len(page) < PAGE:
            return
        after = page[-1]


def _decided(
    archive: Archive, connection: Connection, page: Sequence[Due], as_of: date, by: Schedules
) -> list[DueDossier]:
    ids = [each.dossier_id for each in page]
    held = {each.dossier.id: each for each in dossiers.many(connection, ids)}
    holdings = [held[each] for each in ids if each in held]
    decided = decide_many(archive, connection, holdings, as_of=as_of, by=by)
    return list(map(DueDossier, holdings, decided))
