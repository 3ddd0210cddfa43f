"""The floor: the least that any archive must do with a dossier, and nothing else.

Every byte is hashed once; each PDF signature is verified with `cryptography` alone (digest
over the byte range, signature over the signed attributes, certificate against its issuer's
key, and the same for its timestamp); one P-256 signature is made; the bytes are written to
one file, which is flushed to the disk. No paths, no revocation, no times, no formats, no
text, no descriptions, no catalogue, no index: what is above the floor is what those cost.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_TIMESTAMP = bytes.fromhex("060b2a864886f70d010910020e")
_HASH = hashes.SHA256()


class Floor:
    """The work on one dossier; one for each process."""

    def __init__(self, into: Path, pki: Path) -> None:
        """Write into a folder; `pki` has the certificates of the issuers."""
        self._into = into
        self._seal = ec.generate_private_key(ec.SECP256R1())
        self._issuers = {}
        for place in (pki / "certificates").glob("*.pem"):
            for each in x509.load_pem_x509_certificates(place.read_bytes()):
                self._issuers[each.subject] = each

    def take_in(self, submission: Path, *, text: bool = False) -> int:
        """Do the work for one dossier; return how many signatures were verified.

        Args:
            submission: a folder.
            text: whether the text of the PDFs is read too, by pdfium.
        """
        if text:
            assert sum(pages_read(place) for place in submission.glob("*.pdf"))
        contents = [place.read_bytes() for place in sorted(submission.iterdir())]
        digests = b"".join(hashlib.sha256(content).digest() for content in contents)
        verified = sum(self.verify(content) for content in contents if content[:4] == b"%PDF")
        seal = self._seal.sign(digests, ec.ECDSA(_HASH))
        with (self._into / submission.name).open("wb") as stream:
            for content in (*contents, seal):
                stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        return verified

    def add_issuer(self, certificate: x509.Certificate) -> None:
        """Let a certificate verify others."""
        self._issuers[certificate.subject] = certificate

    def verify(self, content: bytes) -> int:
        """Verify the signatures of a PDF; return how many there are."""
        found = 0
        for match in _BYTE_RANGE.finditer(content):
            first, size, second, rest = map(int, match.groups())
            digest = hashlib.sha256(content[first : first + size])
            digest.update(memoryview(content)[second : second + rest])
            cms = bytes.fromhex(content[first + size + 1 : second - 1].decode("ascii"))
            self._verify_cms(cms, digest.digest())
            found += 1
        return found

    def _verify_cms(self, cms: bytes, digest: bytes | None) -> None:
        """Verify a SignedData (RFC 5652, 5.1) over a digest; None: only over what it contains."""
        _, content = children(cms)
        _, _, encapsulated, certificates, signers = children(children(content)[0])[:5]
        signer = children(children(signers)[0])
        attributes, signature = signer[3], value(signer[5])
        certificate = self._certificate(certificates, children(signer[1])[1])
        inside = children(encapsulated)
        if len(inside) > 1:  # a timestamp has the digest of what it is over inside
            content = value(children(inside[1])[0])
            if digest is not None and digest not in content:
                raise ValueError("the timestamp is over something else")
            digest = hashlib.sha256(content).digest()
        if digest not in (value(children(children(a)[1])[0]) for a in children(attributes)
                          if a.startswith(_MESSAGE_DIGEST, head(a)[0])):  # fmt: skip
            raise ValueError("the digest is not the signed one")
        verify(certificate.public_key(), signature, b"\x31" + attributes[1:])
        for attribute in children(signer[6]) if len(signer) > 6 else ():
            if attribute.startswith(_TIMESTAMP, head(attribute)[0]):
                self._verify_cms(children(children(attribute)[1])[0], None)

    def _certificate(self, certificates: bytes, serial: bytes) -> x509.Certificate:
        """Return the certificate with that serial number, verified against its issuer."""
        encoded = next(each for each in children(certificates) if serial in each[:64])
        found = x509.load_der_x509_certificate(encoded)
        issuer = self._issuers[found.issuer]
        verify(issuer.public_key(), found.signature, found.tbs_certificate_bytes)
        return found


def pages_read(place: Path) -> int:
    """Read the text of a PDF with pdfium itself and return how many characters it has."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    content, characters = place.read_bytes(), 0
    document = pdfium.FPDF_LoadMemDocument64(content, len(content), None)
    for number in range(pdfium.FPDF_GetPageCount(document)):
        page = pdfium.FPDF_LoadPage(document, number)
        text = pdfium.FPDFText_LoadPage(page)
        count = pdfium.FPDFText_CountChars(text)
        pdfium.FPDFText_GetText(text, 0, count, (ctypes.c_ushort * (count + 1))())
        characters += count
        pdfium.FPDFText_ClosePage(text)
        pdfium.FPDF_ClosePage(page)
    pdfium.FPDF_CloseDocument(document)
    return characters


def verify(key: object, signature: bytes, content: bytes) -> None:
    """Verify a signature with SHA-256; raises InvalidSignature."""
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, content, padding.PKCS1v15(), _HASH)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, content, ec.ECDSA(_HASH))
    else:
        raise ValueError("the kind of key is not supported")


def head(der: bytes, at: int = 0) -> tuple[int, int]:
    """Return where the content of the DER value at `at` begins and ends."""
    length = der[at + 1]
    if length < 0x80:
        return at + 2, at + 2 + length
    octets = length & 0x7F
    begins = at + 2 + octets
    return begins, begins + int.from_bytes(der[at + 2 : begins], "big")


def value(der: bytes) -> bytes:
    """Return the content of a DER value."""
    begins, ends = head(der)
    return der[begins:ends]


def children(der: bytes) -> list[bytes]:
    """Return the values in a constructed DER value."""
    return list(_children(der))


def _children(der: bytes) -> Iterator[bytes]:
    at, end = head(der)
    while at < end:
        _, after = head(der, at)
        yield der[at:after]
        at = after
