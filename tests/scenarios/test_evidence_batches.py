"""Evidence of what is held: batches, crashes, the lost catalogue, renewals, exported records."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from archive import proving
from archive.assembly import TEST_PKI, Archive
from archive.catalogue import evidence, journal
from archive.errors import FixityMismatch, NotHeld, Unavailable
from archive.events import EventType
from archive.evidence import batches, given, records
from archive.evidence.verify import RecordVerdict, verify
from archive.heads import metadata_file
from archive.preservation.rebuild import rebuild
from archive.segments import flush
from archive.signatures import testpki
from archive.signatures.trust import ALGORITHMS_FILE
from tests import archives
from tests.faults import FaultyStore


@pytest.fixture(scope="module")
def ingested_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an archive that holds three dossiers, one of them in two versions."""
    folder = tmp_path_factory.mktemp("held")
    archive = archives.an_archive(folder)
    archives.ingested(archive, archives.submissions(folder / "sip", 3))
    archives.corrected(archive, archives.held(archive, 2), dossier__keyword="mới")
    archive.close()
    return folder / "archive"


@pytest.fixture
def archive(ingested_home: Path, tmp_path: Path) -> Archive:
    """A copy of that archive with nothing proven yet."""
    import shutil

    home = tmp_path / "archive"
    shutil.copytree(ingested_home, home)
    for leftover in (home / "store").glob("evidence"):
        shutil.rmtree(leftover)
    archive = archives.opened(home)
    with archive.catalogue.begin() as connection:
        connection.exec_driver_sql("DELETE FROM evidence_members")
        connection.exec_driver_sql("DELETE FROM evidence_batches")
    return archive


def everything(archive: Archive) -> list[RecordVerdict]:
    """Return the verdict on every version of everything held."""
    return [
        proving.verify_held(archive, holding, version.number)
        for holding in archives.all_held(archive)
        for version in holding.versions
    ]


def all_passed(archive: Archive) -> bool:
    return {(v.indication.value, v.intact) for v in everything(archive)} == {("passed", True)}


def batch_ids(archive: Archive) -> list[str]:
    return sorted(batches.ids(archive.store))


def events(archive: Archive) -> int:
    with archive.catalogue.connect() as connection:
        return sum(
            len(list(journal.entries(connection, type=kind)))
            for kind in (EventType.EVIDENCE_MADE, EventType.EVIDENCE_RENEWED)
        )


def test_one_timestamp_proves_every_stored_version_of_a_batch(archive):
    before = events(archive)

    proven = proving.prove_pending(archive)

    assert proven == 4
    assert len(batch_ids(archive)) == 1
    assert events(archive) == before + 1
    assert all_passed(archive)
    assert all(verdict.test for verdict in everything(archive))


def test_proving_again_finds_nothing_to_do(archive):
    proving.prove_pending(archive)
    objects = list(archive.store.names("evidence/"))

    assert proving.prove_pending(archive) == 0
    assert list(archive.store.names("evidence/")) == objects


def test_a_later_version_comes_into_a_batch_of_its_own(archive):
    proving.prove_pending(archive)
    archives.corrected(archive, archives.held(archive, 1), dossier__keyword="khác")

    proving.prove_pending(archive)

    assert len(batch_ids(archive)) == 2
    assert all_passed(archive)


def test_a_record_is_verified_with_nothing_but_files_and_roots(archive, tmp_path):
    proving.prove_pending(archive)
    holding = archives.held(archive, 1)
    package, seal = tmp_path / "package.zip", tmp_path / "METS.xml.p7s"
    package.write_bytes(archive.store.read(holding.versions[-1].place))
    seal.write_bytes(metadata_file(archive, holding.versions[-1], "METS.xml.p7s"))
    record = proving.record_for(archive, holding)

    objects = given.of_files([package, seal], ["sha256"])
    verdict = verify(record, objects, archive.trust, at=archive.clock())

    assert (verdict.indication.value, verdict.intact) == ("passed", True)
    altered = [given.DataObject("altered", {"sha256": hashlib.sha256(b"x").digest()})]
    assert verify(record, altered, archive.trust, at=archive.clock()).intact is None


def test_what_is_in_no_batch_has_no_record(archive):
    with pytest.raises(NotHeld):
        proving.record_for(archive, archives.held(archive, 1))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 5))
def test_a_crash_at_any_write_is_made_good_by_the_next_run(archive, write, after):
    faulty = FaultyStore(archive.store, fail_at=write, after=after)
    broken = archives.opened(archive.settings.home, store=faulty)
    with pytest.raises(Unavailable):
        proving.prove_pending(broken)
    tokens = [n for n in archive.store.names("evidence/") if n.endswith(".tst")]

    proving.prove_pending(archive)

    assert len(batch_ids(archive)) == 1
    assert all_passed(archive)
    kept = [n for n in archive.store.names("evidence/") if n.endswith(".tst")]
    assert kept == tokens or not tokens


def test_a_batch_that_the_catalogue_missed_is_taken_in_and_not_made_again(archive):
    proving.prove_pending(archive)
    with archive.catalogue.begin() as connection:
        connection.exec_driver_sql("DELETE FROM evidence_members")
        connection.exec_driver_sql("DELETE FROM evidence_batches")
    before = events(archive)

    assert proving.prove_pending(archive) == 0
    assert len(batch_ids(archive)) == 1
    assert events(archive) == before
    assert all_passed(archive)


def test_evidence_outlives_the_catalogue(archive):
    proving.prove_pending(archive)
    flush(archive)
    records_before = [proving.record_for(archive, h) for h in archives.all_held(archive)]

    lost = archives.lose(archive)
    rebuild(lost)

    assert [proving.record_for(lost, h) for h in archives.all_held(lost)] == records_before
    assert all_passed(lost)


def test_timestamps_are_renewed_for_all_batches_at_once(archive):
    proving.prove_pending(archive)
    archives.corrected(archive, archives.held(archive, 1), dossier__keyword="khác")
    proving.prove_pending(archive)

    renewed = proving.renew_timestamps(archive)

    assert len(renewed) == 1
    assert renewed[0].shape.leaves == 2
    assert {len(verdict.chains[0]) for verdict in everything(archive)} == {2}
    assert all_passed(archive)
    assert proving.status(archive).renewals == 1


def test_only_what_ends_soon_is_renewed_when_that_is_asked(archive):
    proving.prove_pending(archive)
    until = proving.status(archive).renew_before
    assert until is not None

    early = proving.renew_timestamps(archive, ending=until - timedelta(days=1))
    late = proving.renew_timestamps(archive, ending=until)

    assert (early, len(late)) == ([], 1)
    assert all_passed(archive)


def test_hash_trees_are_renewed_to_another_digest_after_timestamps_and_before_more(archive):
    proving.prove_pending(archive)
    proving.renew_timestamps(archive)

    assert proving.renew_hash_trees(archive, "sha512") == 4
    assert proving.renew_hash_trees(archive, "sha512") == 0
    renewed = proving.renew_timestamps(archive)

    assert [batch.shape.algorithm for batch in renewed] == ["sha512"]
    assert {tuple(map(len, v.chains)) for v in everything(archive)} == {(2, 2)}
    assert all_passed(archive)
    record = records.read(proving.record_for(archive, archives.held(archive, 2)))
    assert record.digest_algorithms == ("sha256", "sha512")


def test_hash_tree_renewal_in_many_small_batches_keeps_every_chain(archive, monkeypatch):
    monkeypatch.setattr(proving, "BATCH", 2)
    proving.prove_pending(archive)

    proving.renew_hash_trees(archive, "sha384")
    proving.renew_timestamps(archive)

    assert len(batch_ids(archive)) == 2 + 2 + 1
    assert all_passed(archive)


@pytest.mark.parametrize("write", range(1, 5))
def test_a_crash_during_renewal_is_made_good_by_the_next_one(archive, write):
    proving.prove_pending(archive)
    faulty = FaultyStore(archive.store, fail_at=write)
    broken = archives.opened(archive.settings.home, store=faulty)
    with pytest.raises(Unavailable):
        proving.renew_hash_trees(broken, "sha512")

    proving.renew_hash_trees(archive, "sha512")

    assert {tuple(map(len, v.chains)) for v in everything(archive)} == {(1, 1)}
    assert all_passed(archive)


def test_nothing_is_renewed_over_a_package_that_is_not_what_was_recorded(archive):
    proving.prove_pending(archive)
    holding = archives.held(archive, 3)
    archives.altered(archive, holding.versions[-1].place, archives.flipped)

    with pytest.raises(FixityMismatch):
        proving.renew_hash_trees(archive, "sha512")
    assert proving.verify_held(archive, holding).indication.value != "passed"


def test_the_status_counts_what_waits_and_names_the_first_end(archive):
    waiting = proving.status(archive)
    proving.prove_pending(archive)
    done = proving.status(archive)

    assert (waiting.coverage.pending, waiting.oldest) == (4, None)
    assert waiting.renew_before is not None  # the journal has a checkpoint
    assert (done.coverage.pending, done.batches, done.algorithms) == (0, 1, ("sha256",))
    assert done.renew_before is not None
    assert done.oldest is not None


def test_a_new_batch_does_not_use_a_digest_that_has_become_weak(archive):
    ends = {"form": 1, "digests": {"sha256": "2026-01-01", "sha224": "2026-01-01"}}
    trusted = archive.settings.path("trust.folder")
    (trusted / ALGORITHMS_FILE).write_text(json.dumps(ends))
    folder = archive.settings.home / TEST_PKI
    begin, end = archive.clock() - timedelta(days=1), archive.clock() + timedelta(days=900)
    issuing = testpki.load(folder).issuing
    seal = issuing.issue("Seal TEST", algorithm="p384", not_before=begin, not_after=end)
    testpki.save(folder, "seal", seal)
    later = archives.opened(archive.settings.home)

    assert proving.prove_pending(later) == 4

    assert proving.status(later).algorithms == ("sha512",)
    verdicts = everything(later)
    assert {one.intact for one in verdicts} == {True}
    assert not any("hash trees" in reason for one in verdicts for reason in one.reasons)


def test_a_place_is_found_among_many_members(archive):
    from archive.evidence.batches import Draft, Kind, Member
    from archive.model import ObjectName

    members = [
        Member(ObjectName(f"aip/{n:06d}"), (hashlib.sha256(b"%d" % n).digest(),) * 2, ())
        for n in range(2000)
    ]
    members = [Member(m.place, m.digests, m.digests) for m in members]
    batch = batches.keep(
        archive.store,
        archive.sealer.tsa,
        Draft(Kind.PACKAGES, "sha256", members),
        scratch=archive.scratch,
        at=archive.clock(),
    )

    for n in (0, 1, 999, 1998, 1999):
        assert batches.member(archive.store, batch.id, members[n].place) == members[n]
    for absent in ("aip/", "aip/000500x", "zzz"):
        with pytest.raises(NotHeld):
            batches.member(archive.store, batch.id, ObjectName(absent))
    assert list(batches.members(archive.store, batch.id)) == members


def test_batches_are_told_by_place_in_the_order_of_their_making(archive):
    proving.prove_pending(archive)
    proving.renew_hash_trees(archive, "sha512")
    place = archives.held(archive, 1).versions[-1].place

    with archive.catalogue.connect() as connection:
        of = evidence.of_place(connection, place)
        rows = {row.id: row.kind for row in evidence.batches(connection)}

    assert [rows[one] for one in of] == ["packages", "hash-trees"]
