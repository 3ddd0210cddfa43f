"""What a PDF signature says of its own encoding, /SubFilter, and what follows from it.

Source: ISO 32000-2, 12.8.1 (table 255) and 12.8.3, EN 319 142-1, 5.3. In an encoding that
is not known nothing can be told; an entry that is no name is no signature dictionary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, SignatureObject

from archive.model import Indication, PackagePath, Verdict
from archive.signatures import cms_writer, pdf_signing, testpki
from archive.signatures.check import Checker
from archive.signatures.keys import FileKey
from archive.signatures.testpki import TestPki
from tests.signed import DAY, NOW, a_pdf, a_signer, a_tsa

SUB_FILTER = generic.pdf_name("/SubFilter")
AT = NOW - DAY
Maker = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=AT)


@pytest.fixture(scope="module")
def signer(pki: TestPki) -> FileKey:
    return a_signer(pki)


@pytest.fixture(scope="module")
def check(pki: TestPki, tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("files") / "a.pdf"
    with Checker(pki.trust(), workers=1) as checker:

        def checked(content: bytes) -> Verdict:
            place.write_bytes(content)
            (verdict,) = checker.check(place, PackagePath("a.pdf"), at=NOW).verdicts
            return verdict

        yield checked


def in_encoding(value: generic.PdfObject | None, make: Maker, digest: str = "sha256") -> bytes:
    """Return a PDF whose signature has this /SubFilter, None for no entry, under the signature."""
    place = SignatureObject(AT, subfilter=SigSeedSubFilter.PADES, bytes_reserved=20_000)
    if value is None:
        del place[SUB_FILTER]
    else:
        place[SUB_FILTER] = value
    return pdf_signing._embed(a_pdf(), "Signature1", place, digest, make)


def detached(signer: FileKey) -> Maker:
    return lambda digest: cms_writer.sign(signer, digest).encode()


def over_sha1(signer: FileKey) -> Maker:
    def make(digest: bytes) -> bytes:
        own = hashlib.sha256(digest).digest()
        return cms_writer.sign(signer, own, content=digest).encode()

    return make


@pytest.mark.parametrize("name", ["ETSI.CAdES.detached", "adbe.pkcs7.detached"])
def test_a_detached_cms_passes_in_both_encodings_that_have_it(name, signer, check):
    verdict = check(in_encoding(generic.pdf_name(f"/{name}"), detached(signer)))

    assert verdict.indication is Indication.PASSED, verdict
    assert verdict.intact is True


def test_a_cms_over_the_sha1_of_the_file_is_as_weak_as_sha1(signer, check):
    signed = in_encoding(generic.pdf_name("/adbe.pkcs7.sha1"), over_sha1(signer), "sha1")

    verdict, altered = check(signed), check(signed.replace(b"/Rotate 0", b"/Rotate 9"))

    assert verdict.intact is True
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    assert "SHA1" in verdict.reasons[0]
    assert (verdict.format, verdict.digest_algorithm) == ("PDF-NOT-ETSI", "SHA1")
    assert altered.indication is Indication.FAILED


@pytest.mark.parametrize(
    "value",
    [
        generic.pdf_name("/adbe.x509.rsa_sha1"),
        generic.pdf_name("/None"),
        generic.pdf_name("/etsi.cades.detached"),
        generic.pdf_name("/ETSI.CAdES.detached.v2"),
        generic.pdf_name("/"),
        generic.NullObject(),
        None,
    ],
    ids=["of the old kind", "unknown", "in small letters", "longer", "empty", "null", "absent"],
)
def test_of_an_encoding_that_is_not_known_nothing_can_be_told(value, signer, check):
    verdict = check(in_encoding(value, detached(signer)))

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication == "GENERIC"
    assert verdict.intact is None
    assert verdict.format == "PDF-NOT-ETSI"
    assert "encoding" in verdict.reasons[0] or "rsa_sha1" in verdict.reasons[0]
    assert verdict.to_do


@pytest.mark.parametrize(
    "value",
    [
        generic.pdf_string("ETSI.CAdES.detached"),
        generic.NumberObject(7),
        generic.ArrayObject([generic.pdf_name("/ETSI.CAdES.detached")]),
        generic.DictionaryObject(),
    ],
    ids=["a string", "a number", "an array", "a dictionary"],
)
def test_an_encoding_that_is_not_a_name_is_no_signature(value, signer, check):
    verdict = check(in_encoding(value, detached(signer)))

    assert verdict.indication is Indication.FAILED
    assert verdict.sub_indication == "FORMAT_FAILURE"
    assert "not a name" in verdict.reasons[0]


def test_a_signature_that_calls_itself_a_timestamp_is_neither(signer, check):
    verdict = check(in_encoding(generic.pdf_name("/ETSI.RFC3161"), detached(signer)))

    assert verdict.indication is Indication.FAILED
    assert verdict.sub_indication == "FORMAT_FAILURE"


@pytest.mark.parametrize("name", ["ETSI.CAdES.detached", "adbe.pkcs7.detached"])
def test_a_timestamp_that_calls_itself_a_signature_is_neither(name, pki, check):
    tsa = a_tsa(pki.tsa, AT)

    verdict = check(in_encoding(generic.pdf_name(f"/{name}"), tsa.timestamp))

    assert verdict.indication is Indication.FAILED
    assert verdict.sub_indication == "FORMAT_FAILURE"


@pytest.mark.parametrize(
    ("kind", "indication"),
    [
        ("/DocTimeStamp", Indication.PASSED),
        (None, Indication.PASSED),
        ("/Sig", Indication.PASSED),
        ("/Anything", Indication.FAILED),
    ],
)
def test_a_document_timestamp_is_one_only_where_its_type_does_not_say_otherwise(
    kind, indication, pki, check
):
    """ISO 32000-2, 12.8.5 and table 255; there are writers who leave it out or state /Sig."""
    place, stamp = DocumentTimestamp(bytes_reserved=20_000), a_tsa(pki.tsa, AT).timestamp
    if kind is None:
        del place[generic.pdf_name("/Type")]
    else:
        place[generic.pdf_name("/Type")] = generic.pdf_name(kind)

    verdict = check(pdf_signing._embed(a_pdf(), "Timestamp1", place, "sha256", stamp))

    assert verdict.indication is indication, verdict
    passed = indication is Indication.PASSED
    assert (verdict.kind == "document-timestamp") == passed
    assert verdict.proven_at == (AT if passed else None)
    if not passed:
        assert verdict.sub_indication == "FORMAT_FAILURE"
        assert "of another type than /DocTimeStamp" in verdict.reasons[0]


@pytest.mark.parametrize("value", [None, generic.pdf_name("/None")], ids=["absent", "unknown"])
def test_a_document_timestamp_in_no_known_encoding_proves_nothing(value, pki, check):
    place = DocumentTimestamp(bytes_reserved=20_000)
    if value is None:
        del place[SUB_FILTER]
    else:
        place[SUB_FILTER] = value
    tsa = a_tsa(pki.tsa, AT)

    verdict = check(pdf_signing._embed(a_pdf(), "Signature1", place, "sha256", tsa.timestamp))

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.proven_at is None


@pytest.mark.parametrize("cut", [b"/None               ", b"(a)                 "])
def test_a_file_whose_structure_is_broken_hides_no_encoding(cut, signer, check):
    signed = pdf_signing.sign_pdf(a_pdf(), signer, at=AT)
    broken = signed.replace(b"/ETSI.CAdES.detached", cut).replace(b"startxref", b"startxxxx")

    verdict = check(broken)

    assert verdict.indication is not Indication.PASSED
    assert verdict.reasons
