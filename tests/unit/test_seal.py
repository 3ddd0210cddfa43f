"""The archive's seal: accepted by stock tools, checked by us, cheap to make."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.errors import UsageError
from archive.model import Indication
from archive.signatures import seal, testpki
from archive.signatures.keys import FileKey
from archive.signatures.seal import Sealer
from archive.signatures.testpki import TestPki
from tests.signed import DAY, NOW, a_clock

CONTENT = b"<mets>\r\n" + bytes(range(256)) * 40 + b"</mets>\n"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def p7s(pki: TestPki) -> bytes:
    return pki.sealer(a_clock(NOW)).seal(CONTENT, at=NOW)


def run(*command: str, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=at, capture_output=True, text=True, check=False)


def test_openssl_accepts_the_seal_over_exactly_these_bytes(
    pki: TestPki, p7s: bytes, tmp_path: Path
) -> None:
    (tmp_path / "METS.xml").write_bytes(CONTENT)
    (tmp_path / "METS.xml.p7s").write_bytes(p7s)
    root = str(pki.folder / "certificates" / "root.pem")
    verify = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "METS.xml.p7s"]
    verify += ["-content", "METS.xml", "-CAfile", root, "-out", "out"]
    good = run(*verify, at=tmp_path)
    (tmp_path / "METS.xml").write_bytes(CONTENT + b" ")

    bad = run(*verify, at=tmp_path)

    assert good.returncode == 0, good.stderr
    assert bad.returncode != 0


def test_openssl_accepts_the_timestamp_of_the_seal(
    pki: TestPki, p7s: bytes, tmp_path: Path
) -> None:
    (tmp_path / "token").write_bytes(seal.timestamp_token(p7s))
    (tmp_path / "value").write_bytes(seal.signature_value(p7s))
    root = str(pki.folder / "certificates" / "root.pem")

    done = run(
        *("openssl", "ts", "-verify", "-token_in", "-in", "token", "-data", "value"),
        *("-CAfile", root),
        at=tmp_path,
    )

    assert done.returncode == 0, done.stderr


def test_a_seal_passes_and_says_when_it_is_proven(pki: TestPki, p7s: bytes) -> None:
    verdict = seal.verify(CONTENT, p7s, pki.trust(), at=NOW + DAY)

    assert verdict.indication is Indication.PASSED
    assert (verdict.sealed_at_claimed, verdict.sealed_at_proven) == (NOW, NOW)
    assert "TEST" in (verdict.sealed_by or "")
    assert verdict.test


@pytest.mark.parametrize("altered", [CONTENT + b"\n", CONTENT[:-1], b""], ids=["+1", "-1", "empty"])
def test_a_seal_over_other_bytes_fails(pki: TestPki, p7s: bytes, altered: bytes) -> None:
    verdict = seal.verify(altered, p7s, pki.trust(), at=NOW)

    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, "HASH_FAILURE")


def test_no_flipped_bit_in_what_is_signed_leaves_the_seal_good(pki: TestPki, p7s: bytes) -> None:
    trust, value = pki.trust(), seal.signature_value(p7s)
    start = p7s.index(value)

    for place in range(start, start + len(value), 7):
        flipped = bytearray(p7s)
        flipped[place] ^= 1
        verdict = seal.verify(CONTENT, bytes(flipped), trust, at=NOW)
        assert verdict.indication is not Indication.PASSED


@pytest.mark.parametrize("cut", [0, 1, 40, 700, -1], ids=str)
def test_a_broken_seal_is_a_format_failure_and_never_a_crash(
    pki: TestPki, p7s: bytes, cut: int
) -> None:
    verdict = seal.verify(CONTENT, p7s[:cut], pki.trust(), at=NOW)

    assert verdict.indication is Indication.FAILED
    assert verdict.sub_indication == "FORMAT_FAILURE"


def test_a_seal_of_another_archive_is_indeterminate(pki: TestPki, tmp_path: Path) -> None:
    other = testpki.create(tmp_path / "other", at=NOW - DAY)
    foreign = other.sealer(a_clock(NOW)).seal(CONTENT, at=NOW)

    verdict = seal.verify(CONTENT, foreign, pki.trust(), at=NOW)

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"


def test_a_seal_outlives_its_certificate_by_its_timestamp(pki: TestPki, tmp_path: Path) -> None:
    short = pki.issuing.issue("Short seal", not_before=NOW - DAY, not_after=NOW + DAY)
    p7s = Sealer(short, pki.local_tsa(a_clock(NOW))).seal(CONTENT, at=NOW)

    verdict = seal.verify(CONTENT, p7s, pki.trust(), at=NOW + 30 * DAY)

    assert verdict.indication is Indication.PASSED


def test_what_was_sealed_before_a_stolen_key_was_revoked_stays_proven(tmp_path: Path) -> None:
    pki = testpki.create(tmp_path, at=NOW - 2 * DAY)
    trust_before = pki.trust()
    early = pki.sealer(a_clock(NOW - DAY)).seal(CONTENT, at=NOW - DAY)
    late = pki.sealer(a_clock(NOW + DAY)).seal(CONTENT, at=NOW - DAY)

    pki.revoke(pki.seal, revoked_at=NOW, crl_at=NOW + DAY)

    at = NOW + 2 * DAY
    assert seal.verify(CONTENT, late, trust_before, at=at).indication is Indication.PASSED
    assert seal.verify(CONTENT, early, pki.trust(), at=at).indication is Indication.PASSED
    assert seal.verify(CONTENT, late, pki.trust(), at=at).sub_indication == "REVOKED_NO_POE"


def test_a_seal_needs_a_time_with_an_offset(pki: TestPki) -> None:
    with pytest.raises(UsageError):
        pki.sealer(a_clock(NOW)).seal(CONTENT, at=datetime(2026, 1, 1))


def test_rsa_3072_seals_as_well(pki: TestPki) -> None:
    key = pki.issuing.issue(
        "RSA seal", not_before=NOW - DAY, not_after=NOW + DAY, algorithm="rsa3072"
    )
    p7s = Sealer(key, pki.local_tsa(a_clock(NOW))).seal(CONTENT, at=NOW)

    assert seal.verify(CONTENT, p7s, pki.trust(), at=NOW).indication is Indication.PASSED


def test_keys_lie_in_files_that_only_their_owner_reads(pki: TestPki) -> None:
    modes = {path.stat().st_mode & 0o777 for path in (pki.folder / "keys").iterdir()}

    assert modes == {0o600}


def test_a_sealer_loads_from_files_and_says_what_is_wrong(pki: TestPki) -> None:
    folder, tsa = pki.folder, pki.local_tsa(a_clock(NOW))
    loaded = Sealer.load(
        key=folder / "keys" / "seal.pem", certificate=folder / "certificates" / "seal.pem", tsa=tsa
    )

    verdict = seal.verify(CONTENT, loaded.seal(CONTENT, at=NOW), pki.trust(), at=NOW)

    assert verdict.indication is Indication.PASSED
    with pytest.raises(UsageError, match="belong together"):
        FileKey.load(folder / "keys" / "tsa.pem", folder / "certificates" / "seal.pem")
    with pytest.raises(UsageError):
        FileKey.load(folder / "keys" / "absent.pem", folder / "certificates" / "seal.pem")


def test_sealing_takes_less_than_15_milliseconds_of_processor_time(pki: TestPki) -> None:
    sealer = pki.sealer(lambda: datetime.now(UTC))
    started = time.process_time()

    for _ in range(50):
        sealer.seal(CONTENT, at=NOW)

    assert (time.process_time() - started) / 50 < 0.015
