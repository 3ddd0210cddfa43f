"""What is due: dossiers whose period is over, each decided anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from archive.assembly import Archive
from archive.catalogue import dossiers
from archive.catalogue.dossiers import Due, Holding
from archive.retention import decide_many, schedules_of
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
    by = schedules_of(archive)
    while True:
        with archive.catalogue.connect() as connection:
            page = dossiers.due(connection, as_of, PAGE, after, action=action)
            ids = [each.dossier_id for each in page]
            held = {each.dossier.id: each for each in dossiers.many(connection, ids)}
            holdings = [held[each] for each in ids if each in held]
            decided = decide_many(archive, connection, holdings, as_of=as_of, by=by)
            found = list(map(DueDossier, holdings, decided))
        yield from found
        if len(page) < PAGE:
            return
        after = page[-1]
