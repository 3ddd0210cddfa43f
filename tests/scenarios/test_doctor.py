"""`kho doctor` warns of what somebody has to do, and of nothing that ordinary use leaves."""

from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path

from archive.catalogue import journal
from archive.checkup import checkup
from archive.events import Event, EventType
from tests.archives import SteppingClock, an_archive, ingested, submission


def waiting(archive) -> list[str]:
    return [f.message for f in checkup(archive) if f.rule == "KHO-DOCTOR-BACKLOG"]


def test_a_reading_is_written_by_the_next_sweep_and_missed_only_after_a_day(tmp_path: Path):
    clock = SteppingClock()
    archive = an_archive(tmp_path, clock=clock)
    (receipt,) = ingested(archive, submission(tmp_path / "in"))
    event = Event(EventType.VIEW, clock(), "success", "công chức", receipt.dossier_id)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)

    today = waiting(archive)
    clock.advance(days=2)
    later = waiting(archive)

    assert today == []
    assert later == ["1 wait to be written to the store: kho sweep"]


def told_to_somebody_else(archive) -> list[str]:
    """Return the rules of what `kho doctor` finds first, asked by a user who may not write."""
    here, there = get_context("fork").Pipe(duplex=False)

    def ask() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)
        there.send(next(f.rule for f in checkup(archive) if f.path == str(archive.settings.home)))

    asking = get_context("fork").Process(target=ask)
    asking.start()
    asking.join(60)
    return [here.recv()] if here.poll() else []


def test_a_folder_that_cannot_be_written_is_named_as_the_cause(tmp_path: Path):
    archive = an_archive(tmp_path)
    archive.settings.home.chmod(0o555)
    try:
        assert told_to_somebody_else(archive) == ["KHO-DOCTOR-READ-ONLY"]
    finally:
        archive.settings.home.chmod(0o755)
    assert "KHO-DOCTOR-READ-ONLY" not in [f.rule for f in checkup(archive)]
