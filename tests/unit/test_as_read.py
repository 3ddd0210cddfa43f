"""What asn1crypto has read is taken exactly as it was written, whatever its lengths are."""

from __future__ import annotations

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from archive.signatures import der
from archive.signatures.ber import as_read
from archive.signatures.certificates import read_certificate
from tests.signed import DAY, NOW

FALSE_WRITTEN_OUT = b"\x01\x01\x00"
"""A default value that DER leaves out and many CAs write."""
KEY = ec.generate_private_key(ec.SECP256R1())


def a_certificate(names: int) -> tuple[bytes, bytes]:
    """Return a self-signed certificate with a `critical FALSE` in it, and its signed part."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x" * (1 + names % 60))])
    hosts = [x509.DNSName("x" * 60)] * (1 + names // 60)
    made = (
        x509.CertificateBuilder(name, name, KEY.public_key(), 7, NOW - DAY, NOW + DAY)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .sign(KEY, hashes.SHA256())
    )
    whole = asn1.Certificate.load(made.public_bytes(serialization.Encoding.DER))
    part = whole["tbs_certificate"]
    extension = part["extensions"][0]
    kept = [part[field].dump() for field in part if field != "extensions"]
    value = extension["extn_value"].dump()
    written = der.sequence(extension["extn_id"].dump(), FALSE_WRITTEN_OUT, value)
    signed = der.sequence(*kept, der.context(3, der.sequence(written)))
    signature = der.tlv(3, b"\0", KEY.sign(signed, ec.ECDSA(hashes.SHA256())))
    return der.sequence(signed, whole["signature_algorithm"].dump(), signature), signed


def test_a_certificate_is_checked_over_the_bytes_that_were_signed() -> None:
    seen = set()
    for names in range(300):
        certificate, signed = a_certificate(names)
        seen.add(signed[3])
        assert read_certificate(certificate).signed_part == signed
    assert 0x80 in seen  # asn1crypto takes it for an indefinite length


def test_tagged_choices_and_values_of_any_kind_come_back_as_they_were() -> None:
    content = der.octets(bytes(0x80 - 3))
    info = der.sequence(der.oid("1.2.840.113549.1.7.1"), der.context(0, content))
    read = cms.ContentInfo.load(info)
    assert as_read(read) == info
    assert as_read(read["content"]) == der.context(0, content)
    name = der.context(4, der.sequence())
    assert as_read(asn1.GeneralName.load(name)) == name
    value = der.octets(bytes(0x80))
    parameters = algos.AlgorithmIdentifier.load(der.sequence(der.oid("1.2.3.4"), value))
    assert as_read(parameters["parameters"]) == value
    parameters["parameters"].parse()
    assert as_read(parameters["parameters"]) == value
    assert as_read(core.Void()) == b""


def test_an_indefinite_length_is_made_definite() -> None:
    read = core.SequenceOf.load(b"\x30\x80\x02\x01\x05\0\0", spec=core.Integer)
    assert as_read(read) == b"\x30\x03\x02\x01\x05"
