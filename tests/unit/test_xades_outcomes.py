"""XAdES signatures: enveloped, enveloping and detached; wrapping attacks; hostile XML."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from archive.model import Indication, PackagePath, Verdict
from archive.packages.dsig.canonical import EXCLUSIVE, INCLUSIVE
from archive.packages.dsig.names import DSIG
from archive.signatures import testpki
from archive.signatures.check import Checker, Limits
from archive.signatures.keys import FileKey
from archive.signatures.testpki import TestPki
from archive.signatures.trust import TrustStore
from tests import ades
from tests.signed import DAY, NOW, LongPki, a_signer, a_tsa

AT = NOW - DAY
DOCUMENT = (
    b'<?xml version="1.0"?><!-- a form -->\n<don xmlns="urn:don" xmlns:k="urn:k" xml:lang="vi">'
    b'<ten k:so="1">Nguy\xe1\xbb\x85n V\xc4\x83n A &amp; con</ten><!-- inside -->\n</don>\n'
)
# As electronic invoices have it: the data by its identifier, the signature beside.
INVOICE = b'<HDon><DLHDon Id="data"><Tien>100</Tien></DLHDon><DSCKS><NBan/></DSCKS></HDon>'


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def signer(pki: TestPki) -> FileKey:
    return a_signer(pki)


@pytest.fixture(scope="module")
def trust(pki: TestPki) -> TrustStore:
    return pki.trust()


def one(folder: Path, xml: bytes, trust: TrustStore, **files: bytes) -> Verdict:
    beside = {name.replace("_", "."): content for name, content in files.items()}
    [verdict] = ades.judged(folder, "don.xml", xml, trust, beside=beside)
    return verdict


def signed_invoice(signer: FileKey) -> bytes:
    root = etree.fromstring(INVOICE)
    data, place = root[0], root[1][0]
    octets = etree.tostring(data, method="c14n", exclusive=True)
    ades.xades(signer, AT, [("#data", octets, [EXCLUSIVE])], into=place)
    return bytes(etree.tostring(root))


def test_every_level_is_told(
    pki: TestPki, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    tsa = a_tsa(pki.tsa, AT)
    crls = [pki.root.crl(at=AT), pki.issuing.crl(at=AT)]
    kept = ([pki.issuing.key.certificate], crls)
    archive = a_tsa(pki.tsa, NOW - DAY / 2)
    options: list[dict[str, object]] = [
        {},
        {"tsa": tsa},
        {"tsa": tsa, "kept": kept},
        {"tsa": tsa, "kept": kept, "archive": archive},
        {"baseline": False},
    ]

    found = [one(tmp_path, ades.enveloped(DOCUMENT, signer, AT, **o), trust) for o in options]

    assert [v.format for v in found] == [
        "XAdES-B-B",
        "XAdES-B-T",
        "XAdES-B-LT",
        "XAdES-B-LTA",
        "XAdES-E-BES",
    ]
    assert {v.indication for v in found} == {Indication.PASSED}
    assert found[1].proven_at == AT
    assert all(v.covers_whole_file and v.intact for v in found)
    assert (found[0].digest_algorithm, found[0].signature_algorithm) == ("SHA256", "ECDSA")


@pytest.mark.parametrize("c14n", [EXCLUSIVE, INCLUSIVE, "http://www.w3.org/2006/12/xml-c14n11"])
def test_both_canonical_forms_are_read(
    c14n: str, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    xml = ades.enveloped(DOCUMENT, signer, AT, c14n=c14n)

    assert one(tmp_path, xml, trust).indication is Indication.PASSED


def test_enveloping_and_detached_signatures_are_followed_to_what_they_are_over(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    inside = ades.enveloping(etree.fromstring(DOCUMENT), signer, AT)
    beside = ades.detached({"a.txt": b"one", "b.txt": b"two"}, signer, AT)

    assert one(tmp_path, inside, trust).indication is Indication.PASSED
    assert one(tmp_path, beside, trust, a_txt=b"one", b_txt=b"two").indication is Indication.PASSED
    altered = one(tmp_path, beside, trust, a_txt=b"one", b_txt=b"too")
    assert (altered.indication, altered.sub_indication) == (Indication.FAILED, "HASH_FAILURE")
    missing = one(tmp_path, beside, trust, a_txt=b"one")
    assert missing.sub_indication == "SIGNED_DATA_NOT_FOUND"
    assert missing.indication is Indication.INDETERMINATE


def test_a_reference_out_of_the_folder_finds_nothing(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(b"s")
    for uri in ("../secret", str(tmp_path / "secret"), f"file://{tmp_path}/secret"):
        xml = ades.detached({uri: b"s"}, signer, AT)

        [verdict] = ades.judged(tmp_path / "in", "a.xml", xml, trust, beside={"b": b""})

        assert verdict.sub_indication == "SIGNED_DATA_NOT_FOUND"


def test_any_changed_letter_fails(signer: FileKey, trust: TrustStore, tmp_path: Path) -> None:
    xml = ades.enveloped(DOCUMENT, signer, AT)

    for old, new in ((b"con<", b"cop<"), (b'so="1"', b'so="2"'), (b"<ten", b"<ten x=''")):
        assert old in xml
        verdict = one(tmp_path, xml.replace(old, new), trust)
        assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, "HASH_FAILURE")
    assert one(tmp_path, xml.replace(b"2026", b"2025", 1), trust).indication is Indication.FAILED


def test_a_signature_over_the_data_of_an_invoice_covers_what_the_invoice_says(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    verdict = one(tmp_path, signed_invoice(signer), trust)

    assert (verdict.indication, verdict.covers_whole_file) == (Indication.PASSED, True)


def wrap_aside(xml: bytes) -> bytes:
    """Move the signed data into the signature and put other data in its place."""
    root = etree.fromstring(xml)
    signed = root[0]
    forged = etree.SubElement(root, "DLHDon")
    etree.SubElement(forged, "Tien").text = "900"
    root.insert(0, forged)
    signature = next(root.iter(f"{{{DSIG}}}Signature"))
    etree.SubElement(signature, f"{{{DSIG}}}Object").append(signed)
    return bytes(etree.tostring(root))


def wrap_beside(xml: bytes) -> bytes:
    """Add unsigned data beside the signed."""
    return xml.replace(b"<DSCKS>", b"<DLHDon><Tien>900</Tien></DLHDon><DSCKS>")


def wrap_same_name(xml: bytes) -> bytes:
    """Give other data the identifier that is signed."""
    return xml.replace(b"<HDon>", b'<HDon><DLHDon Id="data"><Tien>900</Tien></DLHDon>')


def wrap_in_text(xml: bytes) -> bytes:
    return xml.replace(b"<HDon>", b"<HDon>900")


def wrap_in_attribute(xml: bytes) -> bytes:
    return xml.replace(b"<HDon>", b'<HDon tien="900">')


def wrap_in_object(xml: bytes) -> bytes:
    end = xml.index(b"</ds:Signature>")
    return xml[:end] + b"<ds:Object>900</ds:Object>" + xml[end:]


@pytest.mark.parametrize(
    "attack",
    [wrap_aside, wrap_beside, wrap_same_name, wrap_in_text, wrap_in_attribute, wrap_in_object],
    ids=lambda attack: attack.__name__.replace("_", " "),
)
def test_a_wrapped_signature_does_not_pass(
    attack: object, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    assert callable(attack)

    verdict = one(tmp_path, attack(signed_invoice(signer)), trust)

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication in ("SIG_CONSTRAINTS_FAILURE", "SIGNED_DATA_NOT_FOUND")


def test_properties_that_are_not_signed_say_nothing(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    root = etree.fromstring(ades.enveloped(DOCUMENT, signer, AT))
    properties = next(e for e in root.iter() if str(e.tag).endswith("}SignedProperties"))
    copy = etree.fromstring(etree.tostring(properties))
    copy.set("Id", "other")
    parent = properties.getparent()
    assert parent is not None
    parent.insert(0, copy)

    verdict = one(tmp_path, etree.tostring(root), trust)

    assert verdict.indication is not Indication.PASSED or verdict.signed_at_claimed is None


def test_weak_digests_end_what_they_prove(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    xml = ades.enveloped(DOCUMENT, signer, AT)
    unknown = xml.replace(b"xmlenc#sha256", b"xmlenc#sha999", 1)

    assert one(tmp_path, unknown, trust).indication is not Indication.PASSED


@pytest.mark.parametrize(
    "transform",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "urn:unknown",
    ],
)
def test_a_transform_that_is_not_known_is_not_guessed(
    transform: str, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    root = etree.fromstring(DOCUMENT)
    octets = etree.tostring(root, method="c14n")
    ades.xades(signer, AT, [("", octets, [ades.ENVELOPED, transform])], into=root)

    verdict = one(tmp_path, etree.tostring(root), trust)

    assert verdict.sub_indication == "SIGNED_DATA_NOT_FOUND"


def test_archive_timestamps_carry_a_signature_past_the_end_of_its_certificates(
    tmp_path: Path,
) -> None:
    long = LongPki()
    at, later = NOW.replace(year=2012), NOW.replace(year=2017)
    kept = (long.certificates, long.crls(at))
    archive = a_tsa(long.tsa1, at + timedelta(hours=1))
    tsa = a_tsa(long.tsa1, at)
    xml = ades.enveloped(DOCUMENT, long.officer, at, tsa=tsa, kept=kept, archive=archive)
    bare = ades.enveloped(DOCUMENT, long.officer, at, tsa=tsa)

    [proven] = ades.judged(tmp_path, "a.xml", xml, long.trust(later), later)
    [unproven] = ades.judged(tmp_path, "a.xml", bare, long.trust(later), later)

    assert (proven.indication, proven.format) == (Indication.PASSED, "XAdES-B-LTA")
    assert unproven.indication is Indication.INDETERMINATE


HOSTILE = {
    "entities": b'<!DOCTYPE a [<!ENTITY b "c">]><a><Signature/>&b;</a>',
    "external": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x"><a><Signature/></a>',
    "deep": b"<Signature>" * 100_000,
    "cut": b'<a xmlns="http://www.w3.org/2000/09/xmldsig#"><Signature>',
    "empty": b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>',
    "many": b'<a xmlns="http://www.w3.org/2000/09/xmldsig#">' + b"<Signature/>" * 1001 + b"</a>",
    "no key": b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>'
    b'<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    b'<Reference URI=""/></SignedInfo><SignatureValue>!</SignatureValue></Signature>',
    "UTF-16": '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'.encode("utf-16"),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_xml_is_refused_with_a_reason(content: bytes, tmp_path: Path) -> None:
    from archive.packages.dsig import reader

    (tmp_path / "a.xml").write_bytes(content)
    limits = Limits(cpu_seconds=5, wall_seconds=20)

    with Checker(TrustStore(), workers=1, limits=limits, xml=reader) as checker:
        result = checker.check(tmp_path / "a.xml", PackagePath("a.xml"), at=NOW)

    assert result.verdicts
    assert all(one.indication is not Indication.PASSED for one in result.verdicts)
    assert all(one.reasons and "failed on" not in one.reasons[0] for one in result.verdicts)


def test_without_a_reader_xml_is_left_open(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    (tmp_path / "a.xml").write_bytes(ades.enveloped(DOCUMENT, signer, AT))

    with Checker(trust, workers=1) as checker:
        [verdict] = checker.check(tmp_path / "a.xml", PackagePath("a.xml"), at=NOW).verdicts

    assert verdict.indication is Indication.INDETERMINATE


def test_xml_without_signatures_has_no_verdict(trust: TrustStore, tmp_path: Path) -> None:
    assert ades.judged(tmp_path, "a.xml", DOCUMENT, trust) == []
    assert ades.judged(tmp_path, "a.xml", b"<Signature>hand</Signature>", trust) == []
