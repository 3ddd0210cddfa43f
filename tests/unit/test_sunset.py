"""Sunset: the day that is told is the last on which the signature is passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.model import PackagePath, Verdict
from archive.signatures import testpki
from archive.signatures.check import Checker
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.sunset import NO_END, Probe, sunset
from archive.signatures.trust import TrustStore
from tests.signed import DAY, NOW, LongPki, a_pdf, a_signer, a_tsa, verdicts

SECOND = timedelta(seconds=1)


def told(pdf: bytes, trust: TrustStore, tmp_path: Path, at: datetime = NOW) -> Verdict:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf)
    with Checker(trust, workers=1) as checker:
        return checker.check(path, PackagePath("a.pdf"), at=at, sunset=True).verdicts[0]


@pytest.fixture
def pki(tmp_path: Path) -> testpki.TestPki:
    return testpki.create(tmp_path / "pki", at=NOW)


def test_a_signature_without_timestamp_ends_with_the_signers_certificate(pki, tmp_path):
    signer = a_signer(pki)
    pdf = sign_pdf(a_pdf(), signer, at=NOW - DAY)

    verdict = told(pdf, pki.trust(), tmp_path)

    assert verdict.provable_until == NOW + 300 * DAY
    assert "the signer's certificate expires" in (verdict.limited_by or "")


def test_a_timestamp_carries_a_signature_to_the_end_of_the_tsas_certificate(pki, tmp_path):
    tsa = pki.issuing.issue("TSA2", not_before=NOW - DAY, not_after=NOW + 900 * DAY, tsa=True)
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW, tsa=a_tsa(tsa, NOW))

    verdict = told(pdf, pki.trust(), tmp_path, NOW + DAY)

    assert verdict.provable_until == NOW + 900 * DAY
    assert "timestamp" in (verdict.limited_by or "")


def test_rsa_2048_ends_when_the_policy_says_so(pki, tmp_path):
    signer = a_signer(pki, not_after=NOW + 4000 * DAY, algorithm="rsa2048")
    pdf = sign_pdf(a_pdf(), signer, at=NOW - DAY)

    verdict = told(pdf, pki.trust(), tmp_path)

    assert verdict.provable_until == datetime(2029, 1, 1, tzinfo=UTC)
    assert "RSA-2048" in (verdict.limited_by or "")


def test_what_did_not_pass_has_no_sunset(pki, tmp_path):
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    verdict = told(pdf, TrustStore(), tmp_path)

    assert (verdict.provable_until, verdict.fresh_until, verdict.limited_by) == (None,) * 3


def test_a_list_of_thirty_days_keeps_a_signature_for_as_long_and_a_newer_one_longer(tmp_path):
    pki, at = LongPki(), datetime(2012, 3, 1, tzinfo=UTC)
    pdf = sign_pdf(a_pdf(), pki.officer, at=at, tsa=a_tsa(pki.tsa1, at))

    verdict = told(pdf, pki.trust(at + DAY), tmp_path, at + DAY)

    assert verdict.fresh_until == at + 30 * DAY
    assert verdict.provable_until == datetime(2018, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("renewals", [0, 1, 2])
def test_the_checker_agrees_on_both_sides_of_the_sunset(renewals, tmp_path):
    pki = LongPki()
    moments = [datetime(2012, 3, 1, tzinfo=UTC), datetime(2017, 3, 1, tzinfo=UTC)]
    stamps = [pki.tsa1, pki.tsa2]
    pdf = sign_pdf(a_pdf(), pki.officer, at=moments[0], tsa=a_tsa(pki.tsa1, moments[0]))
    at = moments[0] + DAY
    for number, (moment, tsa) in enumerate(zip(moments, stamps, strict=True)):
        if number < renewals:
            at = moment + 3 * DAY
            pdf = pki.renewed(pdf, moment + 2 * DAY, tsa, f"Stamp{number}")
    trust = pki.trust(at)

    verdict = told(pdf, trust, tmp_path, at)

    assert verdict.fresh_until is not None
    assert verdict.provable_until is not None
    assert verdict.fresh_until <= verdict.provable_until
    before, after = (
        verdicts(pdf, trust, verdict.fresh_until + step)[0].indication.value
        for step in (-SECOND, SECOND)
    )
    assert (before, after) == ("passed", "indeterminate")
    end = datetime(2018 if renewals < 2 else 2027, 1, 1, tzinfo=UTC)
    assert verdict.provable_until == end


def test_what_never_fails_has_no_end_and_says_so():
    def good(_: datetime) -> Probe:
        return Probe(True, ())

    found = sunset([NOW, NOW + DAY], good, good)

    assert (found.provable_until, found.fresh_until, found.link) == (None, None, NO_END)
