"""Destruction, hand-over and their progress, as work behind the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.catalogue.checkpoints import ItemState as Step
from archive.catalogue.checkpoints import Job
from archive.catalogue.disposals import Disposal, ItemState, Kind
from archive.disposal import execution, transfer
from archive.disposal.destruction import Fate
from archive.disposal.execution import Execution
from archive.jobs.background import Background, Progress
from archive.retention_office.lists import confirm, require
from archive.viewers import Right, Viewer

EXECUTION, EXPORT = "disposal-execution", "transfer-export"


def execute(
    archive: Archive, background: Background, viewer: Viewer, disposal: Disposal, typed: str
) -> Job:
    """Begin to carry a list out; everything is asked again there.

    Raises:
        NotPermitted: no right.
        DisposalForbidden: the digits typed are not the list's.
    """
    require(viewer, Right.RETENTION, disposal)
    confirm(disposal, typed)
    waiting = disposal.in_state(ItemState.LISTED, ItemState.ACKNOWLEDGED, ItemState.ORDERED)

    def work(progress: Progress) -> dict[str, Any]:
        def erased(code: str, fates: tuple[Fate, ...]) -> None:
            gone = not any(fate.pending for fate in fates)
            progress.settle(code, Step.DONE if gone else Step.FAILED, [_fate(f) for f in fates])

        act = execution.execute if disposal.kind is Kind.DESTROY else transfer.purge
        done = act(archive, disposal.id, agent=viewer.account, erased=erased)
        for code, why in done.dropped:
            progress.settle(code, Step.DONE, why)
        return _told(done)

    codes = [item.entry["code"] for item in waiting]
    return background.begin(EXECUTION, disposal.id, codes, work)


def _fate(fate: Fate) -> dict[str, Any]:
    return {"copy": fate.copy, "objects": fate.objects, "pending": fate.pending, "key": fate.key}


def _told(done: Execution) -> dict[str, Any]:
    return {
        "status": done.disposal.status.value,
        "dropped": [list(each) for each in done.dropped],
        "postponed": [list(each) for each in done.postponed],
        "pending": [list(each) for each in done.pending],
        "nothing": execution.nothing_left(done),
    }


def export(archive: Archive, background: Background, viewer: Viewer, disposal: Disposal) -> Job:
    """Begin to write a list's packages into a folder of the archive's machine.

    Raises:
        NotPermitted: no right.
    """
    require(viewer, Right.RETENTION, disposal)
    folder = export_folder(archive, disposal.id)

    def work(progress: Progress) -> dict[str, Any]:
        transfer.export(
            archive, disposal.id, folder, agent=viewer.account,
            written=lambda code: progress.settle(code, Step.DONE),
        )  # fmt: skip
        return {"folder": str(folder)}

    codes = [item.entry["code"] for item in disposal.counted]
    return background.begin(EXPORT, disposal.id, codes, work)


def export_folder(archive: Archive, list_id: str) -> Path:
    """Return where the packages of a transfer are written."""
    folder = archive.settings.home / "transfers"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / list_id
