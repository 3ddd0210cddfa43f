"""Evidence records: made, renewed over decades, verified; broken ones never pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from archive.evidence import agreement, enclosing, records
from archive.evidence.given import DataObject, of_digests, parse_digest
from archive.evidence.records import ArchiveTimestamp, Chain, EvidenceRecord
from archive.evidence.verify import verify
from archive.signatures import der
from archive.signatures.algorithms import AlgorithmPolicy
from archive.signatures.tokens import Token
from archive.signatures.trust import TrustStore
from tests import evidence
from tests.signed import LongPki

MADE, RENEWED, REHASHED = (datetime(year, 6, 1, tzinfo=UTC) for year in (2012, 2017, 2026))
SOON = timedelta(days=2)
GROUPS = [
    [evidence.a_document(f"{n}a".encode()), evidence.a_document(f"{n}b".encode())] for n in range(7)
]


@pytest.fixture(scope="module")
def pki() -> LongPki:
    return LongPki()


@pytest.fixture(scope="module")
def first(pki: LongPki) -> list[EvidenceRecord]:
    return evidence.records_of(GROUPS, pki.tsa1, MADE)


@pytest.fixture(scope="module")
def renewed(pki: LongPki, first: list[EvidenceRecord]) -> list[EvidenceRecord]:
    return evidence.timestamps_renewed(first, pki, pki.tsa2, RENEWED)


@pytest.fixture(scope="module")
def rehashed(pki: LongPki, renewed: list[EvidenceRecord]) -> list[EvidenceRecord]:
    return evidence.hash_trees_renewed(renewed, GROUPS, pki, pki.tsa3, REHASHED)


def test_a_record_proves_each_group_of_its_batch(pki, first):
    for group, record in zip(GROUPS, first, strict=True):
        verdict = evidence.verdict(record, group, pki, MADE + SOON)
        assert (verdict.indication.value, verdict.intact) == ("passed", True), verdict.reasons
        assert verdict.proven_at == MADE
        assert verdict.test


def test_a_record_speaks_for_its_own_group_and_not_for_its_neighbours(pki, first):
    verdict = evidence.verdict(first[0], GROUPS[1], pki, MADE + SOON)

    assert (verdict.indication.value, verdict.sub_indication, verdict.intact) == (
        "indeterminate", "SIGNED_DATA_NOT_FOUND", None,
    )  # fmt: skip


def test_one_object_of_a_group_is_proven_by_itself(pki, first):
    verdict = evidence.verdict(first[3], GROUPS[3][1:], pki, MADE + SOON)

    assert (verdict.indication.value, verdict.intact) == ("passed", True)


def test_reading_gives_back_what_was_made_byte_by_byte(rehashed):
    for record in rehashed:
        assert records.read(record.encoded) == record


def test_without_renewal_nothing_is_proven_once_the_authority_has_expired(pki, first):
    verdict = evidence.verdict(first[0], GROUPS[0], pki, datetime(2019, 1, 1, tzinfo=UTC))

    assert (verdict.indication.value, verdict.sub_indication, verdict.intact) == (
        "indeterminate", "OUT_OF_BOUNDS_NO_POE", True,
    )  # fmt: skip


def test_a_renewed_timestamp_proves_after_the_first_authority_has_expired(pki, renewed):
    for group, record in zip(GROUPS, renewed, strict=True):
        verdict = evidence.verdict(record, group, pki, datetime(2019, 1, 1, tzinfo=UTC))
        assert (verdict.indication.value, verdict.intact) == ("passed", True), verdict.reasons
        assert verdict.proven_at == MADE


def test_renewed_hash_trees_prove_when_every_older_authority_and_a_ca_are_gone(pki, rehashed):
    for group, record in zip(GROUPS, rehashed, strict=True):
        verdict = evidence.verdict(record, group, pki, datetime(2035, 1, 1, tzinfo=UTC))
        assert (verdict.indication.value, verdict.intact) == ("passed", True), verdict.reasons
        assert [len(chain) for chain in verdict.chains] == [2, 1]
        assert verdict.proven_at == MADE


def test_all_of_it_ends_with_the_last_authority(pki, rehashed):
    verdict = evidence.verdict(rehashed[0], GROUPS[0], pki, datetime(2036, 6, 1, tzinfo=UTC))

    assert verdict.indication.value == "indeterminate"
    assert verdict.intact is True


def test_a_digest_that_became_weak_before_its_renewal_is_not_relied_on(pki, renewed, rehashed):
    at = datetime(2035, 1, 1, tzinfo=UTC)
    ends = dict(AlgorithmPolicy().digests)
    early = AlgorithmPolicy(digests=ends | {"sha256": datetime(2025, 1, 1, tzinfo=UTC)})
    late = AlgorithmPolicy(digests=ends | {"sha512": datetime(2034, 1, 1, tzinfo=UTC)})

    for policy in (early, late):
        verdict = verify(rehashed[0].encoded, GROUPS[0], pki.trust(at), at=at, policy=policy)
        assert verdict.indication.value == "indeterminate"
        assert any("sha" in reason.lower() for reason in verdict.reasons)


def test_an_unknown_authority_leaves_a_sound_record_undecided(first):
    verdict = verify(first[0].encoded, GROUPS[0], TrustStore(), at=MADE + SOON)

    assert (verdict.indication.value, verdict.sub_indication, verdict.intact) == (
        "indeterminate", "NO_CERTIFICATE_CHAIN_FOUND", True,
    )  # fmt: skip


def test_without_data_nothing_is_said_about_data(pki, first):
    verdict = evidence.verdict(first[0], [], pki, MADE + SOON)

    assert (verdict.indication.value, verdict.sub_indication, verdict.intact) == (
        "indeterminate", "SIGNED_DATA_NOT_FOUND", None,
    )  # fmt: skip


def test_a_foreign_object_beside_the_right_one_is_named(pki, first):
    objects = [GROUPS[0][0], DataObject("foreign", evidence.a_document(b"x").digests)]

    verdict = evidence.verdict(first[0], objects, pki, MADE + SOON)

    assert (verdict.indication.value, verdict.intact) == ("indeterminate", None)
    assert [one.covered for one in verdict.objects] == [True, None]
    assert "foreign is not what the record is about" in verdict.reasons


def test_a_renewal_that_belongs_to_another_record_is_a_failure(pki, rehashed):
    swapped = EvidenceRecord.make([rehashed[0].chains[0], rehashed[1].chains[1]])

    verdict = evidence.verdict(swapped, GROUPS[0], pki, REHASHED + SOON)

    assert (verdict.indication.value, verdict.sub_indication, verdict.intact) == (
        "failed", "HASH_FAILURE", False,
    )  # fmt: skip


@pytest.mark.parametrize("change", ["swapped", "first missing", "doubled", "reversed chains"])
def test_chains_with_missing_repeated_or_reordered_parts_never_pass(pki, rehashed, change):
    old, new = rehashed[0].chains
    stamps = old.timestamps
    chains = {
        "swapped": [Chain.make(stamps[::-1]), new],
        "first missing": [Chain.make(stamps[1:]), new],
        "doubled": [Chain.make([*stamps, stamps[-1]]), new],
        "reversed chains": [new, old],
    }[change]

    verdict = evidence.verdict(EvidenceRecord.make(chains), GROUPS[0], pki, REHASHED + SOON)

    assert verdict.indication.value != "passed"
    assert verdict.intact is not True


def test_a_chain_keeps_its_digest(pki, first):
    """RFC 4998, 5.3: all archive timestamps of a chain use the same hash algorithm."""
    token = first[0].timestamps[0].timestamp
    covered = DataObject("old timestamp", evidence.a_document(token).digests)
    (other,) = evidence.records_of([[covered]], pki.tsa2, RENEWED, algorithm="sha512")
    mixed = EvidenceRecord.make([Chain.make([*first[0].timestamps, *other.timestamps])])

    verdict = evidence.verdict(mixed, GROUPS[0], pki, RENEWED + SOON)

    assert (verdict.indication.value, verdict.intact) == ("failed", False)


def test_a_timestamp_older_than_the_one_it_covers_is_noticed(pki, first):
    earlier = evidence.timestamps_renewed(first[:1], pki, pki.tsa1, MADE - timedelta(days=30))

    verdict = evidence.verdict(earlier[0], GROUPS[0], pki, MADE + SOON)

    assert verdict.indication.value == "indeterminate"
    assert "timestamp 2 is older than timestamp 1" in verdict.reasons


def test_a_timestamp_without_hash_tree_is_over_the_object_itself(pki, first):
    from tests.signed import a_tsa

    digest = GROUPS[0][0].digests["sha256"]
    token = a_tsa(pki.tsa1, MADE).timestamp(digest)
    record = EvidenceRecord.make([Chain.make([ArchiveTimestamp.make("sha256", None, token)])])

    assert evidence.verdict(record, GROUPS[0][:1], pki, MADE + SOON).indication.value == "passed"
    assert evidence.verdict(record, GROUPS[1][:1], pki, MADE + SOON).intact is None


def test_digests_alone_are_enough_if_every_chains_algorithm_is_there(pki, rehashed):
    both = [(name, GROUPS[0][0].digests[name]) for name in ("sha256", "sha512")]

    complete = evidence.verdict(rehashed[0], of_digests(both), pki, REHASHED + SOON)
    partly = evidence.verdict(rehashed[0], of_digests(both[:1]), pki, REHASHED + SOON)

    assert complete.indication.value == "passed"
    assert (partly.indication.value, partly.intact) == ("indeterminate", None)


def test_flipped_bits_never_make_a_record_pass_or_crash(pki, rehashed):
    """Only what nobody signed or hashed may change unnoticed: the list of digest algorithms
    at the beginning, and the shell of the last timestamp with the proofs in it."""
    record = rehashed[2]
    hashed_from = record.encoded.index(record.chains[0].encoded)
    hashed_until = record.encoded.index(record.chains[1].encoded)
    trust, at = pki.trust(REHASHED + SOON), REHASHED + SOON
    for place in range(0, len(record.encoded), 11):
        damaged = bytearray(record.encoded)
        damaged[place] ^= 1 << place % 8

        verdict = verify(bytes(damaged), GROUPS[2], trust, at=at)

        if hashed_from <= place < hashed_until:
            assert verdict.indication.value != "passed", place
        assert verdict.proven_at in (None, MADE), place


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@for_all(place=st.integers(0, 1 << 30), bit=st.integers(0, 7))
def test_a_flipped_bit_in_any_hash_list_is_never_passed(renewed, pki, place, bit):
    record = renewed[2]
    digests = [one for stamp in record.timestamps for part in stamp.hashtree or () for one in part]
    chosen = digests[place % len(digests)]
    damaged = bytearray(record.encoded)
    damaged[record.encoded.index(chosen) + place % len(chosen)] ^= 1 << bit

    verdict = evidence.verdict(bytes(damaged), GROUPS[2], pki, RENEWED + SOON)

    assert verdict.indication.value == "failed"
    assert verdict.intact is False


@settings(max_examples=200, deadline=None)
@for_all(junk=st.binary(max_size=300))
def test_junk_gets_a_verdict_and_never_passes(junk):
    for encoded in (junk, der.sequence(der.integer(1), der.sequence(), junk)):
        verdict = verify(encoded, GROUPS[0], TrustStore(), at=MADE)
        assert verdict.indication.value == "failed"
        assert verdict.sub_indication == "FORMAT_FAILURE"


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\x30",
        b"\x30\x84\x7f\xff\xff\xff",
        b"\x30\x80" * 5000,
        b"\x30\x88" + b"\xff" * 8,
        der.sequence(*[b"\x30\x00"] * 500_001),
        b"\x30\x80\x02\x01\x01",
        b"\x1f" + b"\xff" * 1000,
        bytes(records.MAX_RECORD_BYTES + 1),
    ],
    ids=["empty", "one octet", "2 GB", "deep", "huge", "many", "no end", "tag", "too large"],
)
def test_hostile_der_is_answered_at_once(encoded):
    verdict = verify(encoded, GROUPS[0], TrustStore(), at=MADE)

    assert (verdict.indication.value, verdict.intact) == ("failed", None)


def test_too_many_timestamps_are_not_looked_at(first):
    stamps = [first[0].timestamps[0]] * 2001
    many = EvidenceRecord.make([Chain.make(stamps)]).encoded

    assert verify(many, GROUPS[0], TrustStore(), at=MADE).sub_indication == "FORMAT_FAILURE"


def test_enclosing_keeps_what_the_authority_signed(pki, first):
    token = first[0].timestamps[0].timestamp

    crls = pki.crls(MADE)
    fuller = enclosing.enclose(token, certificates=pki.certificates, crls=crls)

    before, after = Token.load(token), Token.load(fuller)
    assert after.intact
    assert after.imprint == before.imprint
    assert len(after.cms.certificates) > len(before.cms.certificates)
    assert after.cms.revocation_objects()[0] == sorted(crls)
    assert enclosing.enclose(fuller, crls=crls) == fuller


def test_the_algorithms_that_data_is_needed_by_are_named(rehashed):
    assert agreement.algorithms_of(rehashed[0]) == ["sha256", "sha512"]


@pytest.mark.parametrize("text", ["sha256:00", "sha256", "md99:00", "shake_128:00", "sha256:zz"])
def test_a_digest_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_digest(text)


def test_digests_are_named_as_people_write_them():
    assert parse_digest("SHA-256:" + "ab" * 32) == ("sha256", bytes([0xAB] * 32))
    assert parse_digest("SHA3-256:" + "ab" * 32)[0] == "sha3_256"
