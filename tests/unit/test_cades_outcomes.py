"""CAdES signatures in files of their own: levels, times, and what breaks them."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from archive.model import Indication, PackagePath, Verdict
from archive.packages.dsig import reader
from archive.signatures import cms_writer, der, testpki
from archive.signatures.check import Checker
from archive.signatures.cms_reader import SignedCms
from archive.signatures.keys import FileKey
from archive.signatures.pairing import signed_by
from archive.signatures.testpki import TestPki
from archive.signatures.trust import TrustStore
from tests import ades
from tests.signed import DAY, NOW, LongPki, a_signer, a_tsa

CONTENT = b"Giay phep (TEST)\n" * 40
AT = NOW - DAY


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def signer(pki: TestPki) -> FileKey:
    return a_signer(pki)


@pytest.fixture(scope="module")
def trust(pki: TestPki) -> TrustStore:
    return pki.trust()


def status(pki: TestPki) -> tuple[list[bytes], list[bytes]]:
    crls = [pki.root.crl(at=AT), pki.issuing.crl(at=AT)]
    return [pki.issuing.key.certificate, pki.root.key.certificate], crls


def one(
    folder: Path, signature: bytes, trust: TrustStore, content: bytes | None = CONTENT
) -> Verdict:
    beside = {} if content is None else {"don.txt": content}
    [verdict] = ades.judged(folder, "don.txt.p7s", signature, trust, beside=beside)
    return verdict


def test_every_level_is_told(
    pki: TestPki, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    tsa = a_tsa(pki.tsa, AT)
    plain = ades.cades(CONTENT, signer, AT)
    stamped = ades.cades(CONTENT, signer, AT, tsa=tsa)
    kept = ades.with_status(stamped, *status(pki))
    archived = ades.archived_cades(kept, CONTENT, a_tsa(pki.tsa, NOW - DAY / 2))
    without_time = ades.cades(CONTENT, signer, AT, time=False)

    found = [one(tmp_path, each, trust) for each in (plain, stamped, kept, archived, without_time)]

    assert [v.format for v in found] == [
        "CAdES-B-B",
        "CAdES-B-T",
        "CAdES-B-LT",
        "CAdES-B-LTA",
        "CAdES-E-BES",
    ]
    assert {v.indication for v in found} == {Indication.PASSED}
    assert [v.timestamps for v in found] == [0, 1, 1, 2, 0]
    assert found[1].proven_at == AT
    assert all(v.intact and v.covers_whole_file for v in found)
    assert found[0].signed_at_claimed == AT


def test_content_inside_is_what_is_signed(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    enveloping = ades.cades(CONTENT, signer, AT, inside=True)

    [alone] = ades.judged(tmp_path, "don.p7m", enveloping, trust)
    same = one(tmp_path, enveloping, trust)
    other = one(tmp_path, enveloping, trust, CONTENT + b"!")

    assert (alone.indication, same.indication) == (Indication.PASSED, Indication.PASSED)
    assert (other.indication, other.sub_indication) == (Indication.FAILED, "HASH_FAILURE")


def test_an_altered_file_fails_and_a_missing_one_is_not_found(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    signature = ades.cades(CONTENT, signer, AT)

    altered = one(tmp_path, signature, trust, CONTENT[:-1] + b"?")
    (tmp_path / "don.txt").unlink()
    missing = one(tmp_path, signature, trust, None)

    assert (altered.indication, altered.sub_indication) == (Indication.FAILED, "HASH_FAILURE")
    assert altered.intact is False
    assert (missing.indication, missing.sub_indication) == (
        Indication.INDETERMINATE,
        "SIGNED_DATA_NOT_FOUND",
    )
    assert missing.to_do is not None


def test_a_broken_signature_fails_even_without_its_content(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    signature = bytearray(ades.cades(CONTENT, signer, AT))
    signature[-2] ^= 1

    verdict = one(tmp_path, bytes(signature), trust, None)

    assert (verdict.indication, verdict.sub_indication) == (
        Indication.FAILED,
        "SIG_CRYPTO_FAILURE",
    )


def test_every_signer_of_one_file_is_told_in_order(
    pki: TestPki, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    other = a_signer(pki, "Lanh dao")
    encoded = merged(ades.cades(CONTENT, signer, AT), ades.cades(CONTENT, other, AT))

    found = ades.judged(tmp_path, "don.txt.p7s", encoded, trust, beside={"don.txt": CONTENT})

    assert [(v.field, v.indication) for v in found] == [
        ("1", Indication.PASSED),
        ("2", Indication.PASSED),
    ]
    assert {v.signed_by for v in found} == {"Can bo A (TEST)", "Lanh dao (TEST)"}


def merged(first: bytes, second: bytes) -> bytes:
    """Return one SignedData with the signers of two."""
    from asn1crypto import cms

    a, b = (cms.ContentInfo.load(each)["content"] for each in (first, second))
    parts = [
        a["version"].dump(),
        a["digest_algorithms"].dump(),
        a["encap_content_info"].dump(),
        der.set_of(*(c.dump() for each in (a, b) for c in each["certificates"]), tag=0xA0),
        der.tlv(der.SET, *(s.dump() for each in (a, b) for s in each["signer_infos"])),
    ]
    inner = der.context(0, der.sequence(*parts))
    return der.sequence(der.oid("1.2.840.113549.1.7.2"), inner)


def test_an_unknown_issuer_is_not_called_invalid(tmp_path: Path, trust: TrustStore) -> None:
    stranger = testpki.new_root("Stranger TEST", not_before=NOW - DAY, not_after=NOW + DAY)
    key = stranger.issue("Somebody", not_before=NOW - DAY, not_after=NOW + DAY)

    verdict = one(tmp_path, ades.cades(CONTENT, key, NOW), trust)

    assert (verdict.indication, verdict.sub_indication) == (
        Indication.INDETERMINATE,
        "NO_CERTIFICATE_CHAIN_FOUND",
    )


def test_a_signature_made_after_the_end_of_its_certificate_does_not_pass(tmp_path: Path) -> None:
    long = LongPki()
    at = NOW.replace(year=2014)
    late = ades.cades(CONTENT, long.officer, at, tsa=a_tsa(long.tsa1, at))

    [verdict] = ades.judged(
        tmp_path, "a.txt.p7s", late, long.trust(at), at + DAY, beside={"a.txt": CONTENT}
    )

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication == "OUT_OF_BOUNDS_NO_POE"


def test_archive_timestamps_carry_a_signature_past_the_end_of_everything_under_it(
    tmp_path: Path,
) -> None:
    long = LongPki()
    signed = NOW.replace(year=2012)
    first, second = NOW.replace(year=2012, month=12), NOW.replace(year=2017)
    signature = ades.cades(CONTENT, long.officer, signed, tsa=a_tsa(long.tsa1, signed))
    kept = ades.with_status(signature, long.certificates, long.crls(first))
    archived = ades.archived_cades(kept, CONTENT, a_tsa(long.tsa1, first + timedelta(hours=1)))
    again = ades.with_status(archived, [], [*long.crls(first), *long.crls(second)])
    renewed = ades.archived_cades(again, CONTENT, a_tsa(long.tsa2, second + timedelta(hours=1)))
    at = NOW.replace(year=2024)

    def outcome(encoded: bytes) -> tuple[Indication, str | None]:
        beside = {"a.txt": CONTENT}
        [v] = ades.judged(tmp_path, "a.txt.p7s", encoded, long.trust(at), at, beside=beside)
        return v.indication, v.format

    assert outcome(renewed) == (Indication.PASSED, "CAdES-B-LTA")
    assert outcome(signature)[0] is Indication.INDETERMINATE
    assert outcome(archived)[0] is Indication.INDETERMINATE


def test_an_archive_timestamp_over_something_that_was_taken_out_proves_nothing(
    pki: TestPki, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    kept = ades.with_status(ades.cades(CONTENT, signer, AT), *status(pki))
    archived = ades.archived_cades(kept, CONTENT, a_tsa(pki.tsa, AT))
    stripped = ades.with_status(archived, [], [])

    verdict = one(tmp_path, stripped, trust)

    assert verdict.indication is Indication.PASSED
    assert verdict.proven_at is None


def test_a_timestamp_over_another_signature_proves_nothing(
    pki: TestPki, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    token = a_tsa(pki.tsa, AT).timestamp(bytes(32))
    encoded = ades.with_unsigned(ades.cades(CONTENT, signer, AT), cms_writer.TIMESTAMP_TOKEN, token)

    verdict = one(tmp_path, encoded, trust)

    assert (verdict.timestamps, verdict.proven_at) == (1, None)


def test_pem_and_other_wrappings_are_read_and_anything_after_is_refused(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    signature = ades.cades(CONTENT, signer, AT)
    pem = b"-----BEGIN PKCS7-----\n" + base64.encodebytes(signature) + b"-----END PKCS7-----\n"

    assert one(tmp_path, pem, trust).indication is Indication.PASSED
    assert one(tmp_path, signature + b"\0\0\n", trust).indication is Indication.PASSED
    followed = one(tmp_path, signature + b"%PDF-1.7", trust)
    assert (followed.indication, followed.sub_indication) == (Indication.FAILED, "FORMAT_FAILURE")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x30\x80" * 5000,
        b"\x30\x84\x7f\xff\xff\xff" + bytes(100),
        b"\x30\x88" + b"\xff" * 8,
        b"\x24\x80" * 100 + b"\0\0" * 100,
        b"-----BEGIN PKCS7-----\n!!!!\n-----END PKCS7-----\n",
        b"-----BEGIN PKCS7-----\n",
        b"GIF89a",
        bytes.fromhex("30 0b 06 09 2a864886f70d010702"),
        bytes.fromhex("30 0b 06 09 2a864886f70d010703"),
    ],
    ids=[
        "empty",
        "deep",
        "2 GB",
        "huge",
        "pieces",
        "bad PEM",
        "cut PEM",
        "GIF",
        "no data",
        "other",
    ],
)
def test_what_is_no_signature_fails_as_a_format(
    content: bytes, trust: TrustStore, tmp_path: Path
) -> None:
    verdict = one(tmp_path, content, trust)

    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, "FORMAT_FAILURE")


def test_no_flipped_byte_of_a_signature_lets_anything_else_pass(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    signature = ades.cades(CONTENT, signer, AT)
    known = SignedCms(signature)

    for place in range(0, len(signature), 23):
        altered = bytearray(signature)
        altered[place] ^= 0x40
        verdict = one(tmp_path, bytes(altered), trust)
        if verdict.indication is Indication.PASSED:  # only what nothing rests on may change
            again = SignedCms(bytes(altered))
            assert again.signed_fields() == known.signed_fields()


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("a.pdf.p7s", {"a.pdf", "a.txt"}, "a.pdf"),
        ("sub/a.p7s", {"sub/a.docx", "a.docx"}, "sub/a.docx"),
        ("a.p7s", {"a.docx", "a.pdf"}, None),
        ("a.p7s", {"a.p7m"}, None),
        ("a.pdf", {"a.pdf.p7s"}, None),
    ],
)
def test_a_detached_signature_is_paired_by_its_name(
    name: str, names: set[str], expected: str | None
) -> None:
    assert signed_by(name, names) == expected


def test_the_checker_pairs_in_its_child(
    pki: TestPki, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(CONTENT)
    (tmp_path / "y").write_bytes(ades.cades(CONTENT, signer, AT))
    names = {PackagePath("don.txt"): tmp_path / "x", PackagePath("don.txt.p7s"): tmp_path / "y"}

    with Checker(trust, workers=1, xml=reader) as checker:
        result = checker.check(
            tmp_path / "y", PackagePath("don.txt.p7s"), at=NOW, others=names, sunset=True
        )
        given = checker.check(tmp_path / "y", PackagePath("z.p7s"), at=NOW, content=tmp_path / "x")

    assert [v.indication for v in (*result.verdicts, *given.verdicts)] == [Indication.PASSED] * 2
    assert sorted(n.partition("/")[0] for n in result.material).count("certificates") == 3
