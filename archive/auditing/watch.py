"""The watch as a page shows it: seals, timestamps and evidence whose proof ends in the months ahead."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from archive.assembly import Archive
from archive.auditing import endings
from archive.auditing.endings import EvidenceEnding, SealsEnding
from archive.catalogue import dossiers, evidence, seal_links
from archive.catalogue.checkpoints import Job
from archive.jobs.background import Background, Progress
from archive.viewers import EVERYTHING, Right, Viewer

LOOK: Final = "seal-endings"
AT_ONCE: Final = 200
"""Seals that were never looked at: so many are looked at while a page is made."""
_KEPT: Final[dict[Hashable, Watch]] = {}
"""The last answer, for as long as holdings, evidence, trust and the day are what they were."""

Proof = SealsEnding | EvidenceEnding


@dataclass(frozen=True, slots=True)
class Watch:
    """Seals and evidence of the whole archive, those that end first before the others."""

    seals: tuple[SealsEnding, ...]
    evidence: tuple[EvidenceEnding, ...]
    unseen: bool
    """Whether there are seals that nobody has looked at yet."""

    def within(self, start: datetime | None, stop: datetime) -> Watch:
        """Return what ends from `start` on and before `stop`; what ended already has no start."""

        def fits(each: Proof) -> bool:
            ends = ends_at(each)
            return ends is not None and (start is None or ends >= start) and ends < stop

        return Watch(
            tuple(each for each in self.seals if fits(each)),
            tuple(each for each in self.evidence if fits(each)),
            self.unseen,
        )

    @property
    def versions(self) -> int:
        """Packages whose seals these are."""
        return sum(each.versions for each in self.seals)

    @property
    def first(self) -> datetime | None:
        """When the first of them ends."""
        proofs: tuple[Proof, ...] = (*self.seals, *self.evidence)
        return min((end for each in proofs if (end := ends_at(each))), default=None)


def ends_at(each: Proof) -> datetime | None:
    """Return when a proof ends; None if no end is known, or it does not pass now."""
    return each.ending.sunset.provable_until if each.ending.sunset else None


def watch(archive: Archive, viewer: Viewer) -> Watch | None:
    """Return the watch; None for who may not audit the whole archive: seals are of no fonds."""
    if EVERYTHING not in viewer.scopes(Right.AUDIT):
        return None
    with archive.catalogue.connect() as connection:
        new = len(seal_links.unknown(connection, AT_ONCE + 1))
        held = (dossiers.counts(connection).versions, evidence.count(connection))
    key = (archive.settings.home, archive.trust.digest, archive.today(), new > AT_ONCE, held)
    if key not in _KEPT:
        _KEPT.clear()
        _KEPT[key] = _watched(archive, new)
    return _KEPT[key]


def _watched(archive: Archive, new: int) -> Watch:
    seals = endings.seals(archive, only_known=new > AT_ONCE)
    return Watch(
        tuple(sorted(seals, key=_first)),
        tuple(sorted(endings.evidence(archive), key=_first)),
        new > AT_ONCE,
    )


def _first(each: Proof) -> tuple[bool, float]:
    end = ends_at(each)
    return end is None, end.timestamp() if end else 0.0


def look(archive: Archive, background: Background) -> Job:
    """Begin to look at the seals that nobody has looked at yet."""

    def work(progress: Progress) -> dict[str, Any]:
        return {"groups": sum(1 for _ in endings.seals(archive))}

    return background.begin(LOOK, "", (), work)
