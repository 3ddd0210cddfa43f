"""CMS SignedData, written: what seals, timestamps and test signatures consist of.

Source: RFC 5652 (CMS), RFC 5035 (signing certificate), ETSI EN 319 122-1 (CAdES).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509

from archive.signatures import der
from archive.signatures.keys import DIGEST_OIDS, SigningKey

DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
TIMESTAMP_TOKEN = "1.2.840.113549.1.9.16.2.14"  # noqa: S105  an object identifier
SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that can still get unsigned attributes."""

    key: SigningKey
    digest: str
    content_type: str
    content: bytes | None
    signed_attributes: bytes
    """The SET OF, tagged as it was signed."""
    signature: bytes

    def encode(self, unsigned: Sequence[bytes] = (), *, certificates: bool = True) -> bytes:
        """Return the ContentInfo, DER.

        Args:
            unsigned: encoded attributes, see `attribute`.
            certificates: whether the signer's certificate and its chain go in.
        """
        key = self.key
        content = () if self.content is None else (der.context(0, der.octets(self.content)),)
        known = (key.certificate, *key.chain) if certificates else ()
        return der.sequence(
            der.oid(_SIGNED_DATA),
            der.context(
                0,
                der.sequence(
                    der.integer(1 if self.content_type == DATA else 3),
                    der.set_of(digest_algorithm(self.digest)),
                    der.sequence(der.oid(self.content_type), *content),
                    *((der.set_of(*known, tag=0xA0),) if known else ()),
                    der.set_of(self._signer_info(unsigned)),
                ),
            ),
        )

    def _signer_info(self, unsigned: Sequence[bytes]) -> bytes:
        """Return the SignerInfo (RFC 5652, 5.3)."""
        issuer, serial = _issuer_and_serial(self.key.certificate)
        return der.sequence(
            der.integer(1),
            der.sequence(issuer, serial),
            digest_algorithm(self.digest),
            b"\xa0" + self.signed_attributes[1:],
            self.key.algorithm(self.digest),
            der.octets(self.signature),
            *((der.set_of(*unsigned, tag=0xA1),) if unsigned else ()),
        )


def sign(
    key: SigningKey,
    message_digest: bytes,
    *,
    digest: str = "sha256",
    content_type: str = DATA,
    content: bytes | None = None,
    attributes: Sequence[bytes] = (),
) -> Signed:
    """Sign a message digest, with the signing-certificate-v2 attribute of CAdES.

    Args:
        key: who signs.
        message_digest: of the content, in algorithm `digest`.
        digest: `sha256`, `sha384`, `sha512` (`sha1` for tests only).
        content_type: object identifier of the content.
        content: the content, if it is to be inside.
        attributes: further signed attributes, encoded.
    """
    signed_attributes = der.set_of(
        attribute(_CONTENT_TYPE, der.oid(content_type)),
        attribute(_MESSAGE_DIGEST, der.octets(message_digest)),
        attribute(_SIGNING_CERTIFICATE_V2, _signing_certificate(key.certificate)),
        *attributes,
    )
    signature = key.sign(signed_attributes, digest)
    return Signed(key, digest, content_type, content, signed_attributes, signature)


def attribute(kind: str, value: bytes) -> bytes:
    """Return an Attribute with one value."""
    return der.sequence(der.oid(kind), der.tlv(der.SET, value))


@lru_cache(maxsize=8)
def digest_algorithm(name: str) -> bytes:
    """Return the AlgorithmIdentifier of a digest; parameters absent (RFC 5754, 2)."""
    return der.sequence(der.oid(DIGEST_OIDS[name]))


@lru_cache(maxsize=256)
def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Return issuer name and serial number of a certificate, encoded."""
    parsed = x509.load_der_x509_certificate(certificate)
    return parsed.issuer.public_bytes(), der.integer(parsed.serial_number)


@lru_cache(maxsize=256)
def _signing_certificate(certificate: bytes) -> bytes:
    """Return SigningCertificateV2 with SHA-256, its default algorithm (RFC 5035, 4)."""
    issuer, serial = _issuer_and_serial(certificate)
    names = der.sequence(der.context(4, issuer))
    digest = der.octets(hashlib.sha256(certificate).digest())
    return der.sequence(der.sequence(der.sequence(digest, der.sequence(names, serial))))
