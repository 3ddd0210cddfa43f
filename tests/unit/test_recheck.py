"""Signatures checked again from what packages keep; newer data decides what was undecided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from archive.assembly import TEST_PKI, Archive, open_archive
from archive.auditing import listing, recheck
from archive.auditing.listing import Wanted
from archive.catalogue import dossiers
from archive.errors import IntegrityError
from archive.heads import head_of_version
from archive.ingest.batch import finish, ingest_all
from archive.preservation.rebuild import rebuild
from archive.signatures import testpki, trust
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.trust import Anchor, Scope
from archive.trusting import revocation
from tests.auditing import LONG, Clock, a_timestamped, an_archive
from tests.builders import a_submission
from tests.signed import DAY, NOW, a_pdf, a_signer, revoked_serial
from tests.soundness import assert_sound
from tests.unit.test_trusting import a_service


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(tmp_path: Path, clock: Clock) -> Iterator[Archive]:
    with an_archive(tmp_path / "archive", clock) as opened:
        yield opened


def hold(archive: Archive, tmp_path: Path, **files: bytes) -> dossiers.Holding:
    named = {f"{name}.pdf": content for name, content in files.items()}
    a_submission(tmp_path / "submission", files=named)
    outcomes = list(ingest_all(archive, [tmp_path / "submission"]))
    assert [outcome.error for outcome in outcomes] == [None]
    return the_only(archive)


def the_only(archive: Archive) -> dossiers.Holding:
    with archive.catalogue.connect() as connection:
        return next(iter(dossiers.all(connection)))


def stamped(archive: Archive) -> bytes:
    return a_timestamped(archive, a_signer(testpki.load(archive.settings.home / TEST_PKI)))


def test_years_later_the_kept_material_alone_decides_as_at_ingest(archive, tmp_path, clock):
    holding = hold(archive, tmp_path, a=stamped(archive))
    folder = archive.settings.path("trust.folder")
    for path in [*(folder / "revocation").iterdir(), *(folder / "certificates").iterdir()]:
        path.unlink()
    clock.at = NOW + LONG

    with open_archive(archive.settings.home, clock=clock) as later:
        found = recheck.recheck(later, holding)

    assert [v.indication.value for v in found.verdicts] == ["passed"]
    assert not found.changed


def test_a_signature_without_timestamp_outlives_its_certificate_by_the_archives_seal(
    archive, tmp_path, clock
):
    pki = testpki.load(archive.settings.home / TEST_PKI)
    holding = hold(archive, tmp_path, a=sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY))
    clock.at = NOW + LONG

    found = recheck.recheck(archive, holding)

    assert holding.verdicts[0].provable_until == NOW + 300 * DAY
    assert [v.indication.value for v in found.verdicts] == ["passed"]
    assert found.verdicts[0].proven_at is not None


def test_an_altered_original_is_an_integrity_finding_and_no_verdict(archive, tmp_path):
    holding = hold(archive, tmp_path, a=stamped(archive))
    place = next((archive.settings.home / "store").rglob("*.zip"))
    place.chmod(0o600)
    content = bytearray(place.read_bytes())
    at = content.index(b"/ByteRange")
    content[at - 200] ^= 1
    place.write_bytes(bytes(content))

    with pytest.raises(IntegrityError):
        recheck.recheck(archive, holding)


def test_what_lacked_revocation_data_is_decided_with_newer_data_and_kept(archive, tmp_path, clock):
    root = testpki.new_root("Late TEST", not_before=NOW - 900 * DAY, not_after=NOW + 9000 * DAY)
    folder = archive.settings.path("trust.folder")
    trust.add_anchor(folder, Anchor(root.key.certificate, "Late", frozenset(Scope), test=True))
    archive.__dict__.pop("kept_trust", None)
    signer = root.issue("Officer", not_before=NOW - 9 * DAY, not_after=NOW + 90 * DAY)
    before = hold(archive, tmp_path, a=sign_pdf(a_pdf(), signer, at=NOW - DAY))
    first = recheck.recheck(archive, before)
    revocation.add(archive, root.crl(at=NOW + DAY), agent="a")
    clock.at = NOW + 2 * DAY

    again = recheck.keep(archive, recheck.recheck(archive, before, fetch=True), agent="a")

    assert before.verdicts[0].sub_indication == "TRY_LATER"
    assert not first.changed
    assert [v.indication.value for v in again.verdicts] == ["passed"]
    now = the_only(archive)
    assert [v.number for v in now.versions] == [1, 2]
    assert now.verdicts[0].indication.value == "passed"
    head = head_of_version(archive, now.versions[-1])
    assert any("/validation/crls/" in file.path for file in head.files)
    assert not recheck.recheck(archive, now).changed


def test_signatures_are_listed_by_sunset_issuer_and_weakness(archive, tmp_path):
    pki = testpki.load(archive.settings.home / TEST_PKI)
    rsa = a_signer(pki, not_after=NOW + LONG, algorithm="rsa2048")
    hold(
        archive,
        tmp_path,
        soon=sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY),
        weak=sign_pdf(a_pdf(), rsa, at=NOW - DAY),
        long=stamped(archive),
    )

    def paths(**asked: object) -> list[str]:
        return [one.verdict.path for one in listing.wanted(archive, Wanted(**asked))]  # type: ignore[arg-type]

    assert paths(ends_before=date(2028, 1, 1)) == ["soon.pdf"]
    assert paths(ends_before=date(2030, 1, 1)) == ["soon.pdf", "weak.pdf"]
    assert paths(weak=True) == ["weak.pdf"]
    assert paths(unknown=True) == []
    assert len(paths(issuer="issuing ca")) == 3
    assert paths(year=1999) == []


def test_a_rebuild_from_the_store_brings_every_sunset_back(archive, tmp_path):
    before = hold(archive, tmp_path, a=stamped(archive)).verdicts

    rebuild(archive)

    with open_archive(archive.settings.home, clock=archive.clock) as later:
        assert the_only(later).verdicts == before
    assert before[0].provable_until is not None


def test_undecided_signatures_are_asked_about_again_once_the_grace_period_is_over(
    archive, tmp_path, clock, monkeypatch
):
    root = testpki.new_root("Late TEST", not_before=NOW - 900 * DAY, not_after=NOW + 9000 * DAY)
    folder = archive.settings.path("trust.folder")
    trust.add_anchor(folder, Anchor(root.key.certificate, "Late", frozenset(Scope), test=True))
    archive.__dict__.pop("kept_trust", None)
    signer = root.issue("Officer", not_before=NOW - 9 * DAY, not_after=NOW + 90 * DAY)
    hold(archive, tmp_path, a=sign_pdf(a_pdf(), signer, at=NOW - DAY / 24))
    early = [*listing.chosen(archive, (), undecided=True)]
    clock.at = NOW + 2 * DAY
    crl = root.crl(at=NOW + DAY)

    with a_service({"/late.crl": crl}) as (address, asked):
        monkeypatch.setenv("KHO_TRUST_CRL_URLS", f"{address}/late.crl")
        with open_archive(archive.settings.home, clock=clock) as later:
            (ripe,) = listing.chosen(later, (), undecided=True)
            assert [one.error for one in revocation.update(later, agent="a")] == [None]
            done = recheck.keep(later, recheck.recheck(later, ripe, fetch=True), agent="a")
            left = [*listing.chosen(later, (), undecided=True)]
            finish(later)
            assert_sound(later)

    assert early == []
    assert asked == ["/late.crl"]
    assert [v.indication.value for v in done.verdicts] == ["passed"]
    assert left == []
    assert crl in done.material.values()


def test_a_key_that_turns_out_revoked_is_decided_against_the_signature(archive, tmp_path, clock):
    root = testpki.new_root("Late TEST", not_before=NOW - 900 * DAY, not_after=NOW + 9000 * DAY)
    folder = archive.settings.path("trust.folder")
    trust.add_anchor(folder, Anchor(root.key.certificate, "Late", frozenset(Scope), test=True))
    archive.__dict__.pop("kept_trust", None)
    signer = root.issue("Officer", not_before=NOW - 9 * DAY, not_after=NOW + 90 * DAY)
    holding = hold(archive, tmp_path, a=sign_pdf(a_pdf(), signer, at=NOW - DAY))
    crl = root.crl([(revoked_serial(signer), NOW - 2 * DAY)], at=NOW + DAY)
    revocation.add(archive, crl, agent="a")
    clock.at = NOW + 2 * DAY

    done = recheck.recheck(archive, holding, fetch=True)

    assert [v.sub_indication for v in done.verdicts] == ["REVOKED_NO_POE"]
