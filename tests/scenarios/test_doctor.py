"""`kho doctor` warns of what somebody has to do, and of nothing that ordinary use leaves."""

from __future__ import annotations

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
