"""Bad input of the signature check: huge, looping, foreign and forged; nothing of it passes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from archive.model import Indication, PackagePath, Verdict
from archive.signatures import der, testpki
from archive.signatures.certificates import read_certificate
from archive.signatures.check import Checker
from archive.signatures.keys import FileKey
from archive.signatures.paths import Certificates
from archive.signatures.pdf_signing import Kept, keep_in_pdf, sign_pdf
from archive.signatures.testpki import Ca, TestPki, new_key
from archive.signatures.trust import Anchor, Scope, TrustStore
from tests.ades import cades
from tests.signed import DAY, NOW, a_pdf, a_signer, a_tsa, verdicts

LONG = 4000 * DAY


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def checker(pki: TestPki) -> Iterator[Checker]:
    with Checker(pki.trust(), workers=1) as opened:
        yield opened


def checked(checker: Checker, place: Path) -> tuple[Verdict, ...]:
    return checker.check(place, PackagePath(place.name), at=NOW).verdicts


def test_a_pdf_of_500_mb_is_indeterminate_and_says_why(checker, tmp_path):
    place = tmp_path / "huge.pdf"
    with place.open("wb") as stream:
        stream.write(b"%PDF-1.7\n/ByteRange [0 1 2 3] /Contents <30>")
        stream.truncate(500 << 20)

    [verdict] = checked(checker, place)

    assert (verdict.indication, verdict.sub_indication) == (Indication.INDETERMINATE, "GENERIC")
    assert "524288000 bytes" in verdict.reasons[0]


def many_signatures(count: int) -> bytes:
    """Return a PDF with that many signature fields, each over the whole file, of rubbish."""
    fields = b"".join(b"%d 0 R " % number for number in range(3, 3 + count))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[%s]>>>>" % fields,
        b"<</Type/Pages/Kids[]/Count 0>>",
    ]
    value = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
    value += b"/ByteRange[0 10 12 100]/Contents<%s>>>" % (b"3080" * 20)
    objects += [b"<</FT/Sig/T(f%d)/V %s>>" % (n, value) for n in range(count)]
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return out + head + table + end % (len(objects) + 1, len(out))


@pytest.mark.parametrize(("count", "told"), [(1000, 1000), (1001, 1)])
def test_a_thousand_signatures_are_told_one_by_one_and_more_are_refused(
    checker, tmp_path, count, told
):
    place = tmp_path / "many.pdf"
    place.write_bytes(many_signatures(count))

    found = checked(checker, place)

    assert len(found) == told
    assert {one.indication for one in found} <= {Indication.FAILED, Indication.INDETERMINATE}


ASN1 = {
    "indefinite lengths, 5,000 deep": b"\x30\x80" * 5000,
    "indefinite lengths, closed": b"\x30\x80" * 200 + b"\0\0" * 200,
    "2 GB length": b"\x30\x84\x7f\xff\xff\xff" + bytes(100),
    "length of 2^63": b"\x30\x88" + b"\xff" * 8,
    "pieces of pieces": b"\x24\x80" * 900 + b"\0\0" * 900,
    "definite, 2,000 deep": b"".join(
        b"\x30\x82" + (4 * n).to_bytes(2, "big") for n in range(2000, 0, -1)
    ),
    "a tag without end": b"\x1f" + b"\xff" * 5000,
    "an integer of 1 MB": b"\x30\x83\x10\x00\x04\x02\x83\x10\x00\x00" + b"\x7f" * (1 << 20),
}


@pytest.mark.parametrize("name", ASN1)
def test_hostile_asn1_is_told_in_every_place_where_it_can_stand(checker, tmp_path, name):
    content = ASN1[name]
    info = b"\x30\x83" + (len(content) + 11).to_bytes(3, "big")
    wrapped = info + bytes.fromhex("06092a864886f70d010702") + content
    (tmp_path / "bare.p7s").write_bytes(content)
    (tmp_path / "wrapped.p7s").write_bytes(wrapped)
    (tmp_path / "in.pdf").write_bytes(
        b"%PDF-1.7\n1 0 obj <</Type/Sig/SubFilter/ETSI.CAdES.detached/ByteRange[0 9 9 9]"
        b"/Contents<" + content[:60_000].hex().encode() + b">>> endobj"
    )

    found = [one for place in sorted(tmp_path.iterdir()) for one in checked(checker, place)]

    assert len(found) == 3
    assert Indication.PASSED not in {one.indication for one in found}


def test_chains_that_loop_end(pki):
    begin, end = NOW - DAY, NOW + LONG
    first = testpki.new_root("A TEST", not_before=begin, not_after=end)
    second = testpki.new_root("B TEST", not_before=begin, not_after=end)
    crossed = [issued_to(first, second), issued_to(second, first)]
    leaf = first.issue("Leaf", not_before=begin, not_after=end)
    anchor = Anchor(pki.root.key.certificate, "other", frozenset(Scope))
    known = Certificates([anchor], [read_certificate(one) for one in crossed])

    assert known.chains(read_certificate(leaf.certificate), Scope.SIGNATURES) == []


def issued_to(issuer: Ca, subject: Ca) -> bytes:
    """Return a certificate for a CA's name and key by another CA."""
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer.certificate.subject)
        .subject_name(subject.certificate.subject)
        .public_key(subject.certificate.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + LONG)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
    )
    key = issuer.key.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_certificate_that_ends_before_it_begins_never_passes(pki):
    honest = a_signer(pki)
    begin, end = (b"\x17\x0d%s" % day for day in (b"200101000000Z", b"190101000000Z"))
    parsed = x509.load_der_x509_certificate(honest.certificate)
    start, finish = (b"\x17\x0d%s" % at.strftime("%y%m%d%H%M%SZ").encode() for at in
                     (parsed.not_valid_before_utc, parsed.not_valid_after_utc))  # fmt: skip
    tbs = parsed.tbs_certificate_bytes.replace(start, begin).replace(finish, end)
    issuer = pki.issuing.key.key
    assert isinstance(issuer, ec.EllipticCurvePrivateKey)
    algorithm = der.sequence(der.oid("1.2.840.10045.4.3.2"))
    value = b"\x03" + bytes([1 + len(s := issuer.sign(tbs, ec.ECDSA(hashes.SHA256())))]) + b"\0" + s
    turned = FileKey(honest.key, der.sequence(tbs, algorithm, value), honest.chain)

    [verdict] = verdicts(sign_pdf(a_pdf(), turned, at=NOW), pki.trust())

    assert verdict.intact is True
    assert verdict.indication is Indication.INDETERMINATE


def test_ten_thousand_name_constraints_are_looked_through_in_time(tmp_path):
    begin, end = NOW - DAY, NOW + LONG
    root = testpki.new_root("Root TEST", not_before=begin, not_after=end)
    key = new_key("p256")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    names = [x509.DNSName(f"host-{number}.example.vn") for number in range(10_000)]
    builder = (
        x509.CertificateBuilder()
        .issuer_name(root.certificate.subject)
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Strict TEST")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .add_extension(x509.NameConstraints(names, names[:5000]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    root_key = root.key.key
    assert isinstance(root_key, ec.EllipticCurvePrivateKey)
    strict = builder.sign(root_key, hashes.SHA256()).public_bytes(Encoding.DER)
    signer = Ca(FileKey(key, strict)).issue("Officer", not_before=begin, not_after=end)
    anchor = Anchor(root.key.certificate, "Root TEST", frozenset(Scope), test=True)
    place = tmp_path / "a.pdf"
    alone = FileKey(signer.key, signer.certificate)
    place.write_bytes(sign_pdf(a_pdf(), alone, at=NOW))

    with Checker(TrustStore((anchor,), (strict,)), workers=1) as checker:
        [verdict] = checked(checker, place)

    assert verdict.intact is True
    assert verdict.indication is Indication.INDETERMINATE
    assert "stopped" not in verdict.reasons[0]


def a_large_crl(authority: Ca, entries: int) -> bytes:
    """Return a CRL with that many entries, put together as bytes."""
    day = b"\x17\x0d260101000000Z"
    listed = b"".join(
        b"\x30\x1f\x02\x0e" + b"\x01" + number.to_bytes(13, "big") + day
        for number in range(entries)
    )
    algorithm = der.sequence(der.oid("1.2.840.10045.4.3.2"))
    subject = authority.certificate.subject.public_bytes()
    begin, end = (der.time(at) for at in (NOW - DAY, NOW + DAY))
    tbs = der.sequence(b"\x02\x01\x01", algorithm, subject, begin, end, der.sequence(listed))
    key = authority.key.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    value = key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return der.sequence(tbs, algorithm, b"\x03" + bytes([1 + len(value)]) + b"\0" + value)


def test_a_crl_of_50_mb_is_searched_and_the_next_file_is_checked(pki, tmp_path):
    crl = a_large_crl(pki.issuing, 1_500_000)
    trust = pki.trust()
    anchors = TrustStore(trust.anchors, trust.certificates, (pki.root.crl(at=NOW - DAY), crl))
    place, other = tmp_path / "a.pdf", tmp_path / "b.pdf"
    place.write_bytes(sign_pdf(a_pdf(), a_signer(pki), at=NOW))
    other.write_bytes(b"%PDF-1.7\n/ByteRange [0 1 2 3] /Contents <30>")

    with Checker(anchors, workers=1) as checker:
        [verdict] = checked(checker, place)
        [after] = checked(checker, other)

    assert len(crl) > 45 << 20
    assert (verdict.indication, verdict.reasons) == (Indication.PASSED, ())
    assert after.indication is not Indication.PASSED


def an_answer(authority: Ca, certificate: bytes, at: datetime) -> bytes:
    """Return an OCSP answer that says that a certificate is good."""
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=x509.load_der_x509_certificate(certificate),
        issuer=authority.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=at,
        next_update=at + timedelta(days=7),
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
    key = authority.key.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_an_ocsp_answer_for_another_certificate_says_nothing(pki):
    signer, other = a_signer(pki), a_signer(pki, "Can bo khac")
    trust = pki.trust()
    bare = TrustStore(trust.anchors, trust.certificates, (pki.root.crl(at=NOW - DAY),))
    pdf = sign_pdf(a_pdf(), signer, at=NOW)

    [foreign] = verdicts(
        keep_in_pdf(pdf, Kept((), (), [an_answer(pki.issuing, other.certificate, NOW)])), bare
    )
    [own] = verdicts(
        keep_in_pdf(pdf, Kept((), (), [an_answer(pki.issuing, signer.certificate, NOW)])), bare
    )

    assert (foreign.indication, foreign.sub_indication) == (Indication.INDETERMINATE, "TRY_LATER")
    assert own.indication is Indication.PASSED


class _Wrong:
    """A TSA that stamps something else than it was asked for."""

    def __init__(self, pki: TestPki) -> None:
        self._tsa = a_tsa(pki.tsa, NOW - DAY)

    def timestamp(self, digest: bytes, **more: object) -> bytes:
        return self._tsa.timestamp(hashlib.sha256(digest).digest())


def test_a_timestamp_over_another_digest_proves_nothing(pki, tmp_path, checker):
    old = a_signer(pki, not_before=NOW - LONG, not_after=NOW - timedelta(hours=1))
    pdf = sign_pdf(a_pdf(), old, at=NOW - DAY, tsa=_Wrong(pki))  # type: ignore[arg-type]
    (tmp_path / "a.txt").write_bytes(b"content")
    (tmp_path / "a.txt.p7s").write_bytes(cades(b"content", old, NOW - DAY, tsa=_Wrong(pki)))  # type: ignore[arg-type]

    [in_pdf] = verdicts(pdf, pki.trust())
    [in_cms] = checker.check(
        tmp_path / "a.txt.p7s", PackagePath("a.txt.p7s"), at=NOW, content=tmp_path / "a.txt"
    ).verdicts

    for verdict in (in_pdf, in_cms):
        assert verdict.indication is Indication.INDETERMINATE
        assert verdict.proven_at is None
        assert any("over something else" in reason for reason in verdict.reasons)
