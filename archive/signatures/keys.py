"""Signing keys: the port behind seals, timestamps and test signatures, and keys in files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from archive.errors import UsageError
from archive.signatures import der

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  only for test signatures that must be judged weak
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_ECDSA = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
_RSA = {
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
_ED25519 = "1.3.101.112"


class SigningKey(Protocol):
    """A private key with its certificates: in a file, a token or a remote service."""

    @property
    def certificate(self) -> bytes:
        """The certificate of the key, DER."""

    @property
    def chain(self) -> tuple[bytes, ...]:
        """Further certificates up to, and without, the root; DER."""

    def algorithm(self, digest: str) -> bytes:
        """Return the AlgorithmIdentifier of signatures over `digest` (`sha256` ...), DER."""

    def sign(self, content: bytes, digest: str) -> bytes:
        """Return the signature over `content`, hashed with `digest`.

        Raises:
            Unavailable: the token or service did not answer; try again.
        """


@dataclass(frozen=True, slots=True)
class FileKey:
    """A private key that lies in a file, held in memory after loading once."""

    key: PrivateKey = field(repr=False)
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...] = ()
    """DER, from the issuer upwards, without the root."""

    @classmethod
    def load(cls, key: Path, certificate: Path, password: bytes | None = None) -> FileKey:
        """Load a PEM key and a PEM file with its certificate first, then its chain.

        Raises:
            UsageError: a file is missing or cannot be read, or the two do not belong together.
        """
        try:
            private = serialization.load_pem_private_key(key.read_bytes(), password)
            first, *rest = x509.load_pem_x509_certificates(certificate.read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"the key cannot be loaded: {error}", where=str(key)) from error
        if not isinstance(private, PrivateKey):
            raise UsageError("the kind of key is not supported", where=str(key))
        if private.public_key() != first.public_key():
            raise UsageError("key and certificate do not belong together", where=str(certificate))
        der_form = serialization.Encoding.DER
        chain = tuple(c.public_bytes(der_form) for c in rest if c.subject != c.issuer)
        return cls(private, first.public_bytes(der_form), chain)

    def algorithm(self, digest: str) -> bytes:
        """Return the AlgorithmIdentifier of this key's signatures, DER."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return der.sequence(der.oid(_RSA[digest]), der.NULL)
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return der.sequence(der.oid(_ECDSA[digest]))
        return der.sequence(der.oid(_ED25519))

    def sign(self, content: bytes, digest: str) -> bytes:
        """Return the signature over `content`."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(content, padding.PKCS1v15(), _HASHES[digest])
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(content, ec.ECDSA(_HASHES[digest]))
        return self.key.sign(content)
