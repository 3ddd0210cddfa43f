"""Checkpoints of the journal's log in evidence: covered, renewed, watched, and found damaged."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from archive import log_evidence, log_proofs, proving
from archive.assembly import Archive
from archive.auditing import endings, watch
from archive.catalogue import evidence
from archive.errors import FixityMismatch
from archive.evidence import logstore, proof_verdict, records
from archive.evidence.verify import verify
from archive.model import Indication
from archive.preservation.rebuild import rebuild
from archive.segments import flush
from archive.signatures.cms_reader import SignedCms
from archive.signatures.tokens import Token
from archive.viewers import OPERATOR
from tests import archives


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An archive that holds a dossier, its evidence and its log made."""
    archive = archives.an_archive(tmp_path)
    archives.ingested(archive, archives.submissions(tmp_path / "sip", 1))
    return archive


def sizes(archive: Archive) -> list[int]:
    return list(logstore.sizes(archive.store))


def uncovered(archive: Archive) -> list[int]:
    return list(log_evidence.uncovered(archive))


def test_checkpoints_go_along_with_packages_and_are_of_no_number_of_versions(archive):
    proving.prove_pending(archive)
    flush(archive)

    covered = [size for size in sizes(archive) if log_evidence.record_of(archive, size)]
    with archive.catalogue.connect() as connection:
        coverage = evidence.coverage(connection)
        members = sum(evidence.members_by_batch(connection).values())
    assert covered
    assert set(covered) | set(uncovered(archive)) == set(sizes(archive))
    assert (coverage.versions, coverage.covered, members) == (1, 1, 1)


def test_what_is_in_evidence_makes_no_new_evidence_by_itself(archive):
    proving.prove_pending(archive)
    flush(archive)
    before = proving.status(archive)

    assert proving.prove_pending(archive) == 0
    flush(archive)
    assert proving.status(archive) == before


def test_a_renewal_brings_every_checkpoint_into_evidence_and_one_to_come_only_what_ends(archive):
    flush(archive)
    left = uncovered(archive)
    ending = Token.load(logstore.token(archive.store, left[0]) or b"").signer
    assert ending is not None

    proving.renew_timestamps(archive, ending=ending.not_after - timedelta(days=1))
    assert uncovered(archive) == left
    proving.renew_timestamps(archive, ending=ending.not_after)
    assert uncovered(archive) == []


def test_the_record_of_a_checkpoint_lives_through_renewals_and_a_lost_catalogue(archive):
    flush(archive)
    proving.renew_timestamps(archive)
    size = sizes(archive)[0]
    proving.renew_timestamps(archive)
    proving.renew_hash_trees(archive, "sha512")
    proving.renew_timestamps(archive)
    flush(archive)

    record = log_evidence.record_of(archive, size)
    assert record is not None
    found = log_evidence.objects(archive, size, {"sha256", "sha512"})
    verdict = verify(record, found, archive.trust, at=archive.clock())
    assert (verdict.indication, verdict.intact) == (Indication.PASSED, True)
    assert [len(chain.timestamps) for chain in records.read(record).chains] == [3, 2]

    archive.close()
    (archive.settings.home / "catalogue.db").unlink()
    again = archives.opened(archive.settings.home)
    rebuild(again)
    proving.adopt(again)
    assert log_evidence.record_of(again, size) == record


def test_a_damaged_checkpoint_is_not_renewed_over(archive):
    flush(archive)
    proving.renew_timestamps(archive)
    size = sizes(archive)[0]
    path = archive.settings.home / "store" / logstore.token_name(size)
    other = logstore.token(archive.store, sizes(archive)[1])
    path.chmod(0o600)
    path.write_bytes(other or b"")

    with pytest.raises(FixityMismatch):
        proving.renew_hash_trees(archive, "sha512")


def test_evidence_of_something_else_carries_nothing(archive):
    flush(archive)
    proving.renew_timestamps(archive)
    one, two = (
        log_proofs.prove_entry(archive, 1, size=size).to_json() for size in sizes(archive)[:2]
    )
    ended = archive.clock() + timedelta(days=40 * 365)
    foreign = {**one, "evidence": two["evidence"]}

    assert _checked(archive, one).indication is Indication.PASSED
    assert _checked(archive, foreign).indication is Indication.PASSED  # needs no evidence yet
    late = _checked(archive, foreign, at=ended)
    assert late.indication is not Indication.PASSED
    assert any(one.startswith("evidence record: ") for one in late.reasons)


def test_checkpoints_stand_in_the_sunset_watch_until_they_are_in_evidence(archive):
    flush(archive)
    (row,) = endings.checkpoints(archive)

    assert (row.first, row.last, row.count) == (
        uncovered(archive)[0],
        uncovered(archive)[-1],
        len(uncovered(archive)),
    )
    assert row.ending.indication is Indication.PASSED
    proving.renew_timestamps(archive)
    assert list(endings.checkpoints(archive)) == []


def test_a_chain_tells_how_many_checkpoints_it_covers_beside_its_packages(archive):
    flush(archive)
    proving.renew_timestamps(archive)

    (row,) = endings.evidence(archive)
    covered = [size for size in sizes(archive) if log_evidence.record_of(archive, size)]
    assert (row.versions, row.checkpoints) == (0, len(covered))
    assert row.to_json()["checkpoints"] == len(covered) > 0

    proving.prove_pending(archive)
    proving.renew_hash_trees(archive, "sha512")
    (row,) = endings.evidence(archive)
    covered = [size for size in sizes(archive) if log_evidence.record_of(archive, size)]
    assert (row.versions, row.checkpoints) == (1, len(covered))


def test_the_watch_of_the_page_sees_batches_of_checkpoints_and_renewals(archive):
    flush(archive)
    assert _watched(archive) == []
    proving.renew_timestamps(archive)
    first = _watched(archive)
    proving.renew_timestamps(archive)
    second = _watched(archive)
    assert len(first) == len(second) == 1
    assert first != second


def test_timestamp_and_seal_of_the_key_carry_what_they_were_judged_by(archive):
    flush(archive)
    size = sizes(archive)[0]
    proof = log_proofs.prove_entry(archive, 1, size=size)

    for encoded in (proof.timestamp, proof.log_key_seal):
        crls, _ = SignedCms(encoded or b"").revocation_objects()
        assert len(crls) == 2  # of the issuing CA and of the root


def _watched(archive):
    found = watch.watch(archive, OPERATOR)
    assert found is not None
    return [each.batch for each in found.evidence]


def _checked(archive, document, at=None):
    return proof_verdict.verify(
        json.dumps(document).encode(), archive.trust, at=at or archive.clock()
    )
