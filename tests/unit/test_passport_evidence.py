"""The passport's verifier and the renewals of evidence: in time, or it does not hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from archive.passport import verify_passport
from archive.passport.verify_passport import Trust, Wrong
from tests import evidence
from tests.signed import LongPki

MADE, RENEWED, LATE, REHASHED = (datetime(y, 6, 1, tzinfo=UTC) for y in (2012, 2017, 2019, 2026))
GROUPS = [[evidence.a_document(f"{n}".encode())] for n in range(3)]
LATER = REHASHED + timedelta(days=2)


@pytest.fixture(scope="module")
def pki() -> LongPki:
    return LongPki()


def found(pki: LongPki, record: bytes, now: datetime) -> list[datetime]:
    """Return what the verifier says of a record at a time."""
    load = x509.load_der_x509_certificate
    trust = Trust([load(pki.root.key.certificate)], [load(one) for one in pki.certificates])
    trust.now = now
    return verify_passport.evidence(record, [dict(GROUPS[1][0].digests)], trust)


def test_evidence_renewed_in_time_holds(pki):
    first = evidence.records_of(GROUPS, pki.tsa1, MADE)
    renewed = evidence.timestamps_renewed(first, pki, pki.tsa2, RENEWED)
    rehashed = evidence.hash_trees_renewed(renewed, GROUPS, pki, pki.tsa3, REHASHED)

    assert found(pki, first[1].encoded, MADE) == [MADE]
    assert found(pki, renewed[1].encoded, RENEWED) == [MADE, RENEWED]
    assert found(pki, rehashed[1].encoded, LATER) == [MADE, RENEWED, REHASHED]


def test_evidence_that_was_never_renewed_or_too_late_does_not_hold(pki):
    first = evidence.records_of(GROUPS, pki.tsa1, MADE)
    late = evidence.timestamps_renewed(first, pki, pki.tsa2, LATE)

    for record, now in ((first[1], LATER), (late[1], LATER)):
        with pytest.raises(Wrong, match="not renewed before 2018-01-01"):
            found(pki, record.encoded, now)


def test_evidence_of_other_data_does_not_hold(pki):
    first = evidence.records_of(GROUPS, pki.tsa1, MADE)

    with pytest.raises(Wrong, match="evidence of other data"):
        found(pki, first[0].encoded, MADE)
