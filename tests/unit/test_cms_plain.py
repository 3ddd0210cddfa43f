"""The fast reader of plain CMS says what asn1crypto says, of what is damaged as of what is not."""

from __future__ import annotations

import hashlib

import pytest

from archive.signatures import cms_reader, testpki, tokens
from archive.signatures.cms_plain import plain_cms, plain_stamp
from archive.signatures.cms_reader import CONTENT_TYPE, NotCms, SignedCms
from archive.signatures.pdf_file import SignedPdf
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.testpki import TestPki
from archive.signatures.tokens import Token
from tests.signed import NOW, a_pdf, a_signer, a_tsa


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW)


@pytest.fixture(scope="module")
def signature(pki: TestPki) -> bytes:
    """Return the CMS of a signed and timestamped PDF."""
    made = sign_pdf(a_pdf(), a_signer(pki), at=NOW, tsa=a_tsa(pki.tsa, NOW))
    return SignedCms(SignedPdf(made).signatures()[0].contents).encoded


@pytest.fixture(scope="module")
def token(signature: bytes) -> bytes:
    return SignedCms(signature).timestamp_tokens()[0]


def told(encoded: bytes) -> object:
    """Return everything that is said of a CMS, and of it as a timestamp."""
    try:
        cms = SignedCms(encoded)
    except NotCms as error:
        return str(error)
    signer = cms.signer_certificate()
    try:
        token: object = Token.of(cms)
    except NotCms as error:
        token = str(error)
    else:
        assert isinstance(token, Token)
        token = (token.imprint, token.gen_time, token.nonce, token.serial, token.intact)
    return (
        (cms.signers, cms.content_type, cms.content, cms.signature, cms.certificates, signer),
        (cms.algorithm_names(), cms.signing_time, cms.revocation_objects()),
        (list(cms.signed_kinds), cms.signed_values(CONTENT_TYPE), cms.timestamp_tokens()),
        cms.integrity(lambda name: hashlib.new(name, cms.content or b"").digest(), signer),
        [cms.names_certificate(one) for one in cms.certificates],
        token,
    )


def slowly_told(encoded: bytes, patch: pytest.MonkeyPatch) -> object:
    """Return the same when asn1crypto reads it."""
    with patch.context() as each:
        each.setattr(cms_reader, "plain_cms", lambda _: None)
        each.setattr(tokens, "plain_stamp", lambda _: None)
        return told(encoded)


def test_signatures_and_timestamps_are_of_the_plain_form(signature: bytes, token: bytes) -> None:
    stamp = SignedCms(token).content

    assert plain_cms(signature) is not None
    assert plain_cms(token) is not None
    assert stamp is not None
    assert plain_stamp(stamp) is not None


@pytest.mark.parametrize("kind", ["signature", "token"])
def test_both_readers_say_the_same_whatever_byte_is_changed(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: bytes = request.getfixturevalue(kind)
    changed = (0x80, 0x31, whole[40] ^ 0xFF, 0x02)

    assert told(whole) == slowly_told(whole, monkeypatch)
    for place in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[place] = changed[place // 5 % 4]
        assert told(bytes(damaged)) == slowly_told(bytes(damaged), monkeypatch), place


@pytest.mark.parametrize("kind", ["signature", "token"])
def test_both_readers_say_the_same_of_what_is_cut_off_or_has_more(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: bytes = request.getfixturevalue(kind)

    for place in range(1, len(whole), 11):
        for damaged in (whole[:place], whole[:place] + whole[place + 1 :], whole + whole[:place]):
            assert told(damaged) == slowly_told(damaged, monkeypatch), place


def test_a_remembered_attribute_names_its_own_certificate_only(pki: TestPki) -> None:
    signer, other = a_signer(pki, "Can bo A"), a_signer(pki, "Can bo B")
    made = [sign_pdf(a_pdf(), one, at=NOW) for one in (signer, other)]
    first, second = (SignedCms(SignedPdf(one).signatures()[0].contents) for one in made)
    own = first.signer_certificate(), second.signer_certificate()
    assert own[0] is not None
    assert own[1] is not None

    for _ in range(2):
        again = SignedCms(first.encoded)
        assert again.names_certificate(own[0]) is True
        assert again.names_certificate(own[1]) is False
        assert SignedCms(second.encoded).names_certificate(own[1]) is True


def test_the_clock_of_a_timestamp_is_read_to_the_second(pki: TestPki) -> None:
    encoded = a_tsa(pki.tsa, NOW).timestamp(hashlib.sha256(b"x").digest())

    assert Token.load(encoded).gen_time == NOW
