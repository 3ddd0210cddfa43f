"""A recovery is rehearsed beside the archive in use: what would come back is what is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archive import access, disposal, rehearsal
from archive.catalogue import dossiers, snapshot
from archive.catalogue.engine import Catalogue
from archive.checkup import checkup
from archive.preservation import fixity
from archive.proving import prove_pending
from tests.archives import SteppingClock, an_archive, corrected, ingested, placed_hold, submissions
from tests.soundness import assert_sound


def lived(folder: Path, clock: SteppingClock):
    """Return an archive with versions, holds, evidence and a fixity run."""
    archive = an_archive(folder, clock=clock)
    submissions(folder / "in", 4)
    receipts = ingested(archive, folder / "in")
    corrected(archive, access.find(archive, receipts[0].dossier_id), dossier__title="Tên đúng")
    hold = placed_hold(archive, dossier_id=receipts[1].dossier_id)
    placed_hold(archive, dossier_id=receipts[2].dossier_id)
    disposal.lift_hold(archive, hold.id, agent="a", reason="xong")
    prove_pending(archive)
    list(fixity.run(archive))
    return archive


def told(archive) -> list[tuple[str, str]]:
    return [
        (f.severity.value, f.message) for f in checkup(archive) if f.rule == "KHO-DOCTOR-REHEARSAL"
    ]


def test_everything_would_come_back_and_nothing_in_use_is_touched(tmp_path: Path):
    clock = SteppingClock()
    archive = lived(tmp_path, clock)
    before = told(archive)
    with archive.catalogue.connect() as connection:
        was = snapshot.dump(connection)
        there = sorted(archive.store.names())

    rehearsed = rehearsal.rehearse(archive, agent="lưu trữ viên")

    with archive.catalogue.connect() as connection:
        now = snapshot.dump(connection)
    assert (rehearsed.same, rehearsed.dossiers, rehearsed.versions) == (True, 4, 5)
    assert rehearsal.last(archive) == rehearsed
    assert {name for name in was if was[name] != now[name]} == {"journal"}
    assert now["journal"][:-1] == was["journal"]
    assert {n for n in archive.store.names() if n not in there} == {
        n for n in archive.store.names("journal/") if n not in there
    }
    assert not list(archive.scratch.glob("rehearsal-*"))
    assert before == [
        ("warning", "recovery from the store was never rehearsed: kho rebuild --rehearse")
    ]
    assert told(archive)[0][0] == "info"
    assert_sound(archive, finished=False)


def test_what_would_not_come_back_is_named_and_kept_on_record(tmp_path: Path):
    archive = lived(tmp_path, SteppingClock())
    with archive.catalogue.begin() as connection:  # as if a row had been changed by hand
        due = dossiers.get(connection, next(iter(dossiers.ids(connection)))).due
        assert due is not None
        dossiers.set_dues(connection, [replace(due, rule_code="KHAC")])

    rehearsed = rehearsal.rehearse(archive, agent="a")

    assert (rehearsed.same, rehearsed.differences) == (False, {"dossiers": 1})
    assert told(archive)[0][0] == "error"


def test_a_package_that_is_gone_from_the_store_is_missed(tmp_path: Path):
    archive = lived(tmp_path, SteppingClock())
    with archive.catalogue.connect() as connection:
        held = dossiers.get(connection, next(iter(dossiers.ids(connection))))
    (file,) = (tmp_path / "archive" / "store").rglob(held.versions[-1].place.rsplit("/", 1)[-1])
    file.chmod(0o600)
    file.unlink()

    rehearsed = rehearsal.rehearse(archive, agent="a")

    assert not rehearsed.same
    assert rehearsed.differences["dossiers"] >= 1
    assert rehearsed.differences["index"] == 1


def test_a_rehearsal_is_due_again_after_as_many_days_as_the_settings_say(tmp_path: Path):
    clock = SteppingClock()
    archive = lived(tmp_path, clock)
    rehearsed = rehearsal.rehearse(archive, agent="a")
    fresh = rehearsal.is_overdue(archive, rehearsed)

    clock.advance(days=366)

    assert not fresh
    assert rehearsal.is_overdue(archive, rehearsed)
    assert told(archive)[0][0] == "warning"


def test_a_catalogue_on_postgresql_is_compared_with_one_in_a_file(tmp_path: Path, postgres_server):
    url = postgres_server.url(postgres_server.new_database())
    archive = an_archive(tmp_path, catalogue__url=url)
    submissions(tmp_path / "in", 2)
    ingested(archive, tmp_path / "in")

    assert rehearsal.rehearse(archive, agent="a").same
    assert isinstance(archive.catalogue, Catalogue)
