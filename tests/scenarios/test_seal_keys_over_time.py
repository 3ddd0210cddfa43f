"""The seal's keys over time: rotation, theft, sealing anew, and a rebuild that knows it all."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive import sealing
from archive.assembly import TEST_PKI, Archive
from archive.catalogue.dossiers import Holding
from archive.checkup import checkup
from archive.errors import NotPermitted, UsageError
from archive.heads import head_of_version
from archive.model import Indication
from archive.preservation.rebuild import rebuild
from archive.preservation.verification import verify, verify_journal
from archive.signatures import seal, testpki
from archive.signatures.keys import FileKey
from archive.signatures.trust import ALGORITHMS_FILE
from tests.archives import AGENT, SteppingClock, an_archive, held, ingested, lose, submission
from tests.tokens import PIN, a_token, pkcs12_file

WHY: dict[str, Any] = {"agent": AGENT, "reason": "thử"}


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def archive(tmp_path: Path, clock: SteppingClock) -> Archive:
    return an_archive(tmp_path, clock=clock)


def a_key(archive: Archive, name: str, algorithm: str = "p256") -> FileKey:
    """Issue a key under the archive's test CA and put it into a PKCS#12 file, or PEM files."""
    home, now = archive.settings.home, datetime.now(UTC)
    pki = testpki.load(home / TEST_PKI)
    begin, end = now - timedelta(days=1), now + timedelta(days=3650)
    key = pki.issuing.issue(name, algorithm=algorithm, not_before=begin, not_after=end)
    if algorithm == "mldsa65":
        testpki.save(home, name, key)
    else:
        pkcs12_file(home / "keys" / f"{name}.p12", key)
    return key


def added(archive: Archive, name: str, algorithm: str = "p256") -> None:
    a_key(archive, name, algorithm)
    source, beside = f"keys/{name}.p12", None
    if algorithm == "mldsa65":
        source, beside = f"keys/{name}.pem", Path(f"certificates/{name}.pem")
    sealing.add(archive, name, source, beside, agent=AGENT)


def took_in(archive: Archive, folder: Path, number: int) -> Holding:
    ingested(archive, submission(folder / "sip", number))
    return held(archive, number)


def outcome(archive: Archive, number: int) -> Indication:
    return verify(archive, held(archive, number)).indication


def sealed_by(archive: Archive, holding: Holding) -> str | None:
    head = head_of_version(archive, holding.versions[-1])
    return seal.verify(head.mets, head.seal, archive.trust, at=archive.clock()).sealed_by


def test_another_key_seals_from_the_day_it_was_put_to_use(
    archive: Archive, clock: SteppingClock, tmp_path: Path
) -> None:
    before = took_in(archive, tmp_path, 1)
    added(archive, "seal-2")
    soon = clock() + timedelta(hours=2)

    sealing.rotate(archive, "seal-2", begins=soon, **WHY)
    between = took_in(archive, tmp_path, 2)
    clock.advance(hours=3)
    after = took_in(archive, tmp_path, 3)

    old = "Kho archive seal (TEST - THỬ NGHIỆM)"
    names = [sealed_by(archive, one) for one in (before, between, after)]
    assert names == [old, old, "seal-2 (TEST)"]
    assert [outcome(archive, n) for n in (1, 2, 3)] == [Indication.PASSED] * 3


def test_after_a_theft_the_older_stays_proven_the_rest_fails_and_is_sealed_anew(
    archive: Archive, clock: SteppingClock, tmp_path: Path
) -> None:
    took_in(archive, tmp_path, 1)
    clock.advance(hours=1)
    theft = clock()
    clock.advance(hours=1)
    took_in(archive, tmp_path, 2)
    added(archive, "seal-2")

    sealing.revoke(archive, "configured", stolen_at=theft, **WHY)

    assert [outcome(archive, n) for n in (1, 2)] == [Indication.PASSED, Indication.FAILED]
    with pytest.raises(NotPermitted, match="no seal key is in use"):
        sealing.reseal(archive, agent=AGENT)

    sealing.rotate(archive, "seal-2", **WHY)
    done = sealing.reseal(archive, agent=AGENT)

    assert (done.versions, done.refused) == (1, ())
    assert done.journal > 0
    assert [outcome(archive, n) for n in (1, 2)] == [Indication.PASSED, Indication.PASSED]
    assert sealing.reseal(archive, agent=AGENT).versions == 0
    verify_journal(archive)

    state = sealing.state(archive)
    again = lose(archive)
    rebuild(again)
    assert sealing.state(again) == state
    assert [outcome(again, n) for n in (1, 2)] == [Indication.PASSED, Indication.PASSED]
    verify_journal(again)


def test_a_key_that_is_stolen_before_its_day_never_begins(
    archive: Archive, clock: SteppingClock, tmp_path: Path
) -> None:
    added(archive, "seal-2")
    sealing.rotate(archive, "seal-2", begins=clock() + timedelta(hours=2), **WHY)

    sealing.revoke(archive, "seal-2", stolen_at=clock(), **WHY)
    clock.advance(hours=3)

    assert (
        sealed_by(archive, took_in(archive, tmp_path, 1)) == "Kho archive seal (TEST - THỬ NGHIỆM)"
    )


def test_what_a_thief_seals_with_an_earlier_claimed_time_fails(
    archive: Archive, clock: SteppingClock
) -> None:
    stolen, theft = archive.sealer, clock()
    clock.advance(hours=1)
    forged = stolen.seal(b"forged", at=theft - timedelta(days=1))

    sealing.revoke(archive, "configured", stolen_at=theft, **WHY)

    verdict = seal.verify(b"forged", forged, archive.trust, at=clock())
    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, "REVOKED")


def test_a_post_quantum_key_seals_along_and_openssl_accepts_the_package(
    archive: Archive, tmp_path: Path
) -> None:
    added(archive, "seal-2", "p384")
    added(archive, "ml-dsa", "mldsa65")

    sealing.rotate(archive, "seal-2", beside="ml-dsa", **WHY)
    holding = took_in(archive, tmp_path, 1)

    head = head_of_version(archive, holding.versions[-1])
    verdict = seal.verify(head.mets, head.seal, archive.trust, at=archive.clock())
    assert (verdict.indication, verdict.algorithms) == (Indication.PASSED, ("ECDSA", "ML-DSA-65"))
    for name, content in (("METS.xml", head.mets), ("p7s", head.seal)):
        (tmp_path / name).write_bytes(content)
    root = archive.settings.home / TEST_PKI / "certificates" / "root.pem"
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "p7s"]
    command += ["-content", "METS.xml", "-CAfile", str(root), "-purpose", "any", "-out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_key_in_a_token_seals_what_comes_in(
    archive: Archive,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = a_token(tmp_path_factory.getbasetemp() / "softhsm")
    source = token.put(f"seal-{tmp_path.name}", a_key(archive, "seal-hsm"))
    monkeypatch.setenv("KHO_SEAL_PASSWORD_HSM", PIN)

    sealing.add(archive, "hsm", source, None, agent=AGENT)
    sealing.rotate(archive, "hsm", **WHY)
    holding = took_in(archive, tmp_path, 1)

    assert sealed_by(archive, holding) == "seal-hsm (TEST)"
    assert outcome(archive, 1) is Indication.PASSED


def test_rsa_2048_is_warned_of_and_refused_when_its_time_is_over(
    archive: Archive, clock: SteppingClock
) -> None:
    added(archive, "old", "rsa2048")
    sealing.rotate(archive, "old", **WHY)

    weak = [f.rule for f in checkup(archive) if f.path == "RSA-2048"]
    clock.advance(days=(datetime(2029, 1, 2, tzinfo=UTC) - clock()).days + 1)

    assert weak == ["KHO-DOCTOR-KEY-WEAK"]
    with pytest.raises(NotPermitted, match="RSA-2048 is not good enough"):
        archive.sealer.seal(b"x", at=clock())


def test_a_digest_that_the_archive_ends_earlier_ends_the_seal_with_it(
    archive: Archive, clock: SteppingClock
) -> None:
    ends = clock() + timedelta(days=30)
    stated = {"form": 1, "digests": {"sha256": f"{ends:%Y-%m-%d}"}}
    (archive.settings.path("trust.folder") / ALGORITHMS_FILE).write_text(json.dumps(stated))
    archive.sealer.seal(b"x", at=clock())

    weak = [f.message for f in checkup(archive) if f.rule == "KHO-DOCTOR-KEY-WEAK"]
    clock.advance(days=31)

    assert [f"{ends:%Y-%m-%d}" in message for message in weak] == [True]
    with pytest.raises(NotPermitted, match="not good enough for seals"):
        archive.sealer.seal(b"x", at=clock())


def test_a_key_that_would_not_pass_is_not_added(archive: Archive, tmp_path: Path) -> None:
    other = testpki.create(tmp_path / "other", at=datetime.now(UTC) - timedelta(days=1))
    pkcs12_file(tmp_path / "archive" / "keys" / "foreign.p12", other.seal)
    a_key(archive, "weak", "rsa1024")
    a_key(archive, "seal-2")

    with pytest.raises(NotPermitted, match="leads to no root"):
        sealing.add(archive, "foreign", "keys/foreign.p12", None, agent=AGENT)
    with pytest.raises(NotPermitted, match="RSA-1024 is not good enough"):
        sealing.add(archive, "weak", "keys/weak.p12", None, agent=AGENT)
    with pytest.raises(UsageError, match="letters, digits"):
        sealing.add(archive, "../x", "keys/seal-2.p12", None, agent=AGENT)
    assert [*sealing.state(archive).keys] == ["configured"]
