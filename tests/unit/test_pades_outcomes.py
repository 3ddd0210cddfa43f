"""Every outcome of EN 319 102-1 that a signed PDF of a dossier can have, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.model import Indication
from archive.signatures import testpki
from archive.signatures.pdf_signing import Kept, keep_in_pdf, sign_pdf, timestamp_pdf
from archive.signatures.testpki import TestPki
from archive.signatures.trust import Anchor, Scope, TrustStore
from archive.signatures.verdicts import document, from_json, to_json
from tests.signed import (
    DAY,
    NOW,
    LongPki,
    a_pdf,
    a_signer,
    a_tsa,
    outcome,
    revoked_serial,
    verdicts,
)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def long_pki() -> LongPki:
    return LongPki()


def test_a_signature_of_a_known_signer_passes_and_says_that_it_is_a_test(pki: TestPki) -> None:
    pdf = sign_pdf(a_pdf(), a_signer(pki, "Nguyễn Văn A"), at=NOW - DAY)

    [verdict] = verdicts(pdf, pki.trust())

    assert verdict.indication is Indication.PASSED
    assert (verdict.format, verdict.intact, verdict.covers_whole_file) == ("PAdES-B-B", True, True)
    assert (verdict.signed_by, verdict.signed_at_claimed) == ("Nguyễn Văn A (TEST)", NOW - DAY)
    assert verdict.proven_at is None
    assert verdict.test


def test_a_timestamp_proves_when_the_signature_existed(pki: TestPki) -> None:
    stamped = NOW - 3 * DAY
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - 9 * DAY, tsa=a_tsa(pki.tsa, stamped))

    [verdict] = verdicts(pdf, pki.trust())

    assert (verdict.format, verdict.timestamps, verdict.proven_at) == ("PAdES-B-T", 1, stamped)


def test_an_altered_byte_is_a_failure(pki: TestPki) -> None:
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY).replace(b"MediaBox", b"mediaBox")

    [verdict] = verdicts(pdf, pki.trust())

    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, "HASH_FAILURE")
    assert verdict.intact is False
    assert "altered" in verdict.reasons[0]


def test_an_unknown_root_is_indeterminate_and_says_what_to_do(pki: TestPki) -> None:
    stranger = testpki.new_root("Stranger TEST", not_before=NOW - DAY, not_after=NOW + DAY)
    signer = stranger.issue("Somebody", not_before=NOW - DAY, not_after=NOW + DAY)
    pdf = sign_pdf(a_pdf(), signer, at=NOW)

    [verdict] = verdicts(pdf, pki.trust())

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    assert verdict.intact is True
    assert verdict.to_do is not None
    assert not verdict.test


EXPIRED: dict[str, Any] = {"not_before": NOW - 900 * DAY, "not_after": NOW - 100 * DAY}


@pytest.mark.parametrize(
    ("signed_days_ago", "stamped", "expected"),
    [
        (200, False, ("indeterminate", "OUT_OF_BOUNDS_NO_POE")),
        (200, True, ("passed", None)),
        (50, True, ("indeterminate", "OUT_OF_BOUNDS_NO_POE")),
        (1000, True, ("failed", "NOT_YET_VALID")),
    ],
    ids=[
        "expired since, nothing proves the time",
        "expired since, a timestamp proves that it was before",
        "made after the certificate's end",
        "made before the certificate began",
    ],
)
def test_an_expired_certificate_needs_a_proof_of_the_time(
    pki: TestPki, signed_days_ago: int, stamped: bool, expected: tuple[str, str | None]
) -> None:
    at = NOW - signed_days_ago * DAY
    tsa = a_tsa(pki.tsa, at) if stamped else None
    pdf = sign_pdf(a_pdf(), a_signer(pki, **EXPIRED), at=at, tsa=tsa)

    assert outcome(pdf, pki.trust()) == expected


@pytest.mark.parametrize(
    ("signed_days_ago", "stamped", "expected"),
    [
        (30, True, ("passed", None)),
        (10, True, ("indeterminate", "REVOKED_NO_POE")),
        (30, False, ("indeterminate", "REVOKED_NO_POE")),
    ],
    ids=["signed before, proven", "signed after", "signed before, not proven"],
)
def test_a_revocation_counts_from_its_date(
    tmp_path: Path, signed_days_ago: int, stamped: bool, expected: tuple[str, str | None]
) -> None:
    pki = testpki.create(tmp_path, at=NOW - 2 * DAY)
    signer = a_signer(pki)
    at = NOW - signed_days_ago * DAY
    pdf = sign_pdf(a_pdf(), signer, at=at, tsa=a_tsa(pki.tsa, at) if stamped else None)

    pki.revoke(signer, revoked_at=NOW - 20 * DAY, crl_at=NOW - DAY)

    assert outcome(pdf, pki.trust()) == expected


def test_a_revocation_that_arrives_later_is_seen(tmp_path: Path) -> None:
    pki = testpki.create(tmp_path, at=NOW - 2 * DAY)
    signer = a_signer(pki)
    pdf = sign_pdf(a_pdf(), signer, at=NOW - 10 * DAY)
    before = outcome(pdf, pki.trust())

    pki.revoke(signer, revoked_at=NOW - 20 * DAY, crl_at=NOW - DAY)

    assert before == ("passed", None)
    assert outcome(pdf, pki.trust()) == ("indeterminate", "REVOKED_NO_POE")


def test_signing_after_revocation_is_a_failure_if_the_content_proves_it(tmp_path: Path) -> None:
    pki = testpki.create(tmp_path, at=NOW - 2 * DAY)
    signer = a_signer(pki)
    pki.revoke(signer, revoked_at=NOW - 20 * DAY, crl_at=NOW - DAY)
    stamped = timestamp_pdf(a_pdf(), a_tsa(pki.tsa, NOW - 8 * DAY), field="Stamp")

    pdf = sign_pdf(stamped, signer, at=NOW - 30 * DAY, field="Late")

    assert outcome(pdf, pki.trust(), place=1) == ("failed", "REVOKED")


def test_without_any_crl_the_answer_is_to_try_later(pki: TestPki) -> None:
    full = pki.trust()
    trust = TrustStore(full.anchors, full.certificates)
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    assert outcome(pdf, trust) == ("indeterminate", "TRY_LATER")


def test_a_stale_crl_is_not_enough_without_a_proof_of_the_time(pki: TestPki) -> None:
    full = pki.trust()
    crls = (pki.root.crl(at=NOW - DAY), pki.issuing.crl(at=NOW - 60 * DAY, period=30 * DAY))
    trust = TrustStore(full.anchors, full.certificates, crls)
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - 50 * DAY)

    [proven] = verdicts(pdf, trust, known_at=NOW - 45 * DAY)

    assert outcome(pdf, trust) == ("indeterminate", "TRY_LATER")
    assert proven.indication is Indication.PASSED


def test_sha1_after_2012_is_indeterminate(pki: TestPki) -> None:
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY, digest="sha1")

    [verdict] = verdicts(pdf, pki.trust())

    assert verdict.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    assert (verdict.digest_algorithm, verdict.intact) == ("SHA1", True)


def test_sha1_that_a_strong_timestamp_proves_to_be_old_passes(pki: TestPki) -> None:
    at = datetime(2011, 5, 1, tzinfo=UTC)
    signer = a_signer(pki, not_before=at - DAY, not_after=at + 365 * DAY)
    pdf = sign_pdf(a_pdf(), signer, at=at, digest="sha1", tsa=a_tsa(pki.tsa, at))

    assert outcome(pdf, pki.trust()) == ("passed", None)


def test_rsa_1024_is_too_weak_for_today(pki: TestPki) -> None:
    pdf = sign_pdf(a_pdf(), a_signer(pki, algorithm="rsa1024"), at=NOW - DAY)

    [verdict] = verdicts(pdf, pki.trust())

    assert verdict.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    assert "RSA-1024" in verdict.reasons[0]


def test_a_certificate_for_timestamps_may_not_sign_documents_and_the_reverse(pki: TestPki) -> None:
    by_signer = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY, tsa=a_tsa(a_signer(pki), NOW - DAY))

    [verdict] = verdicts(by_signer, pki.trust())

    assert verdict.indication is Indication.PASSED
    assert verdict.proven_at is None, "a timestamp by a signer's certificate proves nothing"


def test_a_root_counts_only_for_its_scope_and_its_days(pki: TestPki) -> None:
    full = pki.trust()
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    def trusting(**limits: object) -> TrustStore:
        root = Anchor(full.anchors[0].certificate, "root", **limits)  # type: ignore[arg-type]
        return TrustStore((root,), full.certificates, full.crls)

    seals_only = trusting(scopes=frozenset({Scope.SEALS}))
    until_2020 = trusting(scopes=frozenset(Scope), accepted_until=date(2020, 1, 1))
    assert outcome(pdf, seals_only) == ("indeterminate", "NO_CERTIFICATE_CHAIN_FOUND")
    assert outcome(pdf, until_2020) == ("indeterminate", "CERTIFICATE_CHAIN_GENERAL_FAILURE")


def test_a_proof_from_outside_the_file_counts_like_a_timestamp(pki: TestPki) -> None:
    pdf = sign_pdf(a_pdf(), a_signer(pki, **EXPIRED), at=NOW - 200 * DAY)

    [verdict] = verdicts(pdf, pki.trust(), known_at=NOW - 150 * DAY)

    assert verdict.indication is Indication.PASSED
    assert verdict.proven_at == NOW - 150 * DAY


def test_verdicts_survive_the_way_through_json(pki: TestPki) -> None:
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY, tsa=a_tsa(pki.tsa, NOW - DAY))
    [verdict] = verdicts(pdf, pki.trust())

    assert from_json(verdict.path, to_json(verdict)) == verdict
    assert document([verdict])["signatures"] == [to_json(verdict)]


# What pyHanko 0.38 gets wrong; see the notes in archive/signatures/timeline.py and guard.py.


def on(year: int, month: int = 1) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def test_a_second_signature_after_the_end_does_not_live_on_the_first_ones_proof(
    long_pki: LongPki,
) -> None:
    signed = on(2010, 6)
    first = sign_pdf(
        a_pdf(), long_pki.officer, at=signed, tsa=a_tsa(long_pki.tsa1, signed), field="First"
    )
    archived = long_pki.renewed(first, on(2010, 7), long_pki.tsa1, "Stamp1")
    late = on(2014, 6)
    second = sign_pdf(
        archived, long_pki.officer, at=late, tsa=a_tsa(long_pki.tsa1, late), field="Second"
    )
    both = long_pki.renewed(second, on(2014, 7), long_pki.tsa1, "Stamp2")

    found = {v.field: v for v in verdicts(both, long_pki.trust(on(2015)), on(2015))}

    assert found["First"].indication is Indication.PASSED
    assert found["Second"].indication is not Indication.PASSED
    assert found["Second"].sub_indication in ("OUT_OF_BOUNDS_NO_POE", "EXPIRED")


@pytest.mark.parametrize("checked", [on(2012), on(2015)], ids=["before its end", "after its end"])
def test_a_second_signature_after_revocation_never_passes(checked: datetime) -> None:
    pki = LongPki()
    signed, revoked, late = on(2010, 6), on(2011, 1), on(2011, 4)
    first = sign_pdf(a_pdf(), pki.officer, at=signed, tsa=a_tsa(pki.tsa1, signed), field="First")
    archived = pki.renewed(first, on(2010, 7), pki.tsa1, "Stamp1")
    pki.revoked.append((revoked_serial(pki.officer), revoked))
    second = sign_pdf(archived, pki.officer, at=late, tsa=a_tsa(pki.tsa1, late), field="Second")
    both = pki.renewed(second, on(2011, 5), pki.tsa1, "Stamp2")

    found = {v.field: v for v in verdicts(both, pki.trust(checked), checked)}

    assert found["First"].indication is Indication.PASSED
    assert (found["Second"].indication, found["Second"].sub_indication) == (
        Indication.INDETERMINATE,
        "REVOKED_NO_POE",
    )


def test_a_single_timestamped_signature_after_expiry_does_not_pass(long_pki: LongPki) -> None:
    late = on(2014, 6)
    pdf = sign_pdf(a_pdf(), long_pki.officer, at=late, tsa=a_tsa(long_pki.tsa1, late))

    assert outcome(pdf, long_pki.trust(on(2015)), on(2015)) == (
        "indeterminate",
        "OUT_OF_BOUNDS_NO_POE",
    )


RENEWALS: list[tuple[str, Callable[[LongPki, bytes], bytes]]] = [
    ("none", lambda pki, pdf: pdf),
    ("2017", lambda pki, pdf: pki.renewed(pdf, on(2017, 6), pki.tsa2, "Stamp2")),
    (
        "2017 and 2026",
        lambda pki, pdf: pki.renewed(
            pki.renewed(pdf, on(2017, 6), pki.tsa2, "Stamp2"), on(2026, 6), pki.tsa3, "Stamp3"
        ),
    ),
]
YEARS = (on(2012), on(2017, 12), on(2018, 6), on(2026, 7), on(2033, 12), on(2035), on(2036, 6))


@pytest.mark.parametrize(
    ("renewals", "passes_in"),
    [
        (0, {on(2012), on(2017, 12)}),
        (1, {on(2012), on(2017, 12), on(2018, 6), on(2026, 7)}),
        (2, set(YEARS) - {on(2036, 6)}),
    ],
    ids=["never renewed", "renewed in 2017", "renewed in 2017 and 2026"],
)
def test_renewals_carry_a_signature_past_the_end_of_every_certificate(
    long_pki: LongPki, renewals: int, passes_in: set[datetime]
) -> None:
    signed = on(2010, 6)
    first = sign_pdf(a_pdf(), long_pki.officer, at=signed, tsa=a_tsa(long_pki.tsa1, signed))
    archived = long_pki.renewed(first, on(2010, 7), long_pki.tsa1, "Stamp1")
    pdf = RENEWALS[renewals][1](long_pki, archived)

    passed = {at for at in YEARS if outcome(pdf, long_pki.trust(at), at) == ("passed", None)}

    assert passed == passes_in


def test_format_levels_are_told_apart(pki: TestPki) -> None:
    signer, at = a_signer(pki), NOW - 9 * DAY
    basic = sign_pdf(a_pdf(), signer, at=at)
    timed = sign_pdf(a_pdf(), signer, at=at, tsa=a_tsa(pki.tsa, at))
    crls = [pki.root.crl(at=at + DAY), pki.issuing.crl(at=at + DAY)]
    kept = keep_in_pdf(timed, Kept([pki.issuing.key.certificate], crls))
    archived = timestamp_pdf(kept, a_tsa(pki.tsa, at + 2 * DAY), field="Stamp")

    levels = [verdicts(one, pki.trust())[0].format for one in (basic, timed, kept, archived)]

    assert levels == ["PAdES-B-B", "PAdES-B-T", "PAdES-B-LT", "PAdES-B-LTA"]


def test_a_timestamp_from_the_future_proves_nothing(pki: TestPki) -> None:
    pdf = sign_pdf(
        a_pdf(), a_signer(pki), at=NOW - DAY, tsa=a_tsa(pki.tsa, NOW + timedelta(days=3))
    )

    [verdict] = verdicts(pdf, pki.trust())

    assert verdict.proven_at is None
