"""Signing keys: the port behind seals, timestamps and approvals, and keys that lie in files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from archive.errors import UsageError
from archive.signatures import der

PrivateKey = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA65PrivateKey
)

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  only for test signatures that must be judged weak
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
DIGEST_OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
ECDSA_OIDS = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
RSA_OIDS = {
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
_ED25519 = "1.3.101.112"
_ML_DSA_65 = "2.16.840.1.101.3.4.3.18"
_DER = serialization.Encoding.DER


class SigningKey(Protocol):
    """A private key with its certificates: in a file, a token or a remote service.

    Every implementation passes `tests/unit/test_seal_keys.py`.
    """

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


def usual_digest(certificate: bytes) -> str:
    """Return the digest that goes with a certificate's key, as hashlib names it.

    Source: RFC 8419, 3.1 (Ed25519: SHA-512); RFC 9882, 3.3 (ML-DSA-65: SHA-512 is suitable).
    """
    key = public_key(certificate)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size > 256:
        return "sha384"
    return "sha256" if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) else "sha512"


def signature_algorithm(certificate: bytes, digest: str) -> bytes:
    """Return the AlgorithmIdentifier of a certificate's signatures over `digest`, DER.

    Raises:
        UsageError: the kind of key is not supported.
    """
    key = public_key(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        return der.sequence(der.oid(RSA_OIDS[digest]), der.NULL)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return der.sequence(der.oid(ECDSA_OIDS[digest]))
    if isinstance(key, ed25519.Ed25519PublicKey):
        return der.sequence(der.oid(_ED25519))
    if isinstance(key, mldsa.MLDSA65PublicKey):
        return der.sequence(der.oid(_ML_DSA_65))  # RFC 9882, 3: parameters are absent
    raise UsageError("the kind of key is not supported")


@lru_cache(maxsize=256)
def public_key(certificate: bytes) -> object:
    """Return a certificate's key, of whatever kind.

    Raises:
        UsageError: it is none that can be read.
    """
    try:
        return x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"the certificate's key cannot be read: {error}") from error


def read_certificates(path: Path) -> tuple[bytes, ...]:
    """Return the certificates of a PEM or DER file, the key's own first; without roots.

    Raises:
        UsageError: the file is missing, or has none.
    """
    try:
        content = path.read_bytes()
        if b"-----BEGIN " in content:
            found = x509.load_pem_x509_certificates(content)
        else:
            found = [x509.load_der_x509_certificate(content)]
    except (OSError, ValueError) as error:
        raise UsageError(f"the certificate cannot be loaded: {error}", where=str(path)) from error
    first, *rest = found
    return first.public_bytes(_DER), *_without_roots(rest)


def _without_roots(found: list[x509.Certificate]) -> tuple[bytes, ...]:
    return tuple(c.public_bytes(_DER) for c in found if c.subject != c.issuer)


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
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise UsageError(f"the key cannot be loaded: {error}", where=str(key)) from error
        first, *rest = read_certificates(certificate)
        return cls._of(private, first, tuple(rest), key)

    @classmethod
    def load_pkcs12(cls, path: Path, password: bytes | None = None) -> FileKey:
        """Load a PKCS#12 file (RFC 7292) with one key, its certificate and its chain.

        Raises:
            UsageError: the file is missing, cannot be read with this password, or has no key.
        """
        try:
            found = pkcs12.load_pkcs12(path.read_bytes(), password)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise UsageError(f"the key cannot be loaded: {error}", where=str(path)) from error
        if found.key is None or found.cert is None:
            raise UsageError("the PKCS#12 file has no key with a certificate", where=str(path))
        chain = _without_roots([one.certificate for one in found.additional_certs])
        return cls._of(found.key, found.cert.certificate.public_bytes(_DER), chain, path)

    @classmethod
    def _of(
        cls, private: object, certificate: bytes, chain: tuple[bytes, ...], path: Path
    ) -> FileKey:
        if not isinstance(private, PrivateKey):
            raise UsageError("the kind of key is not supported", where=str(path))
        if private.public_key() != public_key(certificate):
            raise UsageError("key and certificate do not belong together", where=str(path))
        return cls(private, certificate, chain)

    def algorithm(self, digest: str) -> bytes:
        """Return the AlgorithmIdentifier of this key's signatures, DER."""
        return signature_algorithm(self.certificate, digest)

    def sign(self, content: bytes, digest: str) -> bytes:
        """Return the signature over `content`."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(content, padding.PKCS1v15(), HASHES[digest])
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(content, ec.ECDSA(HASHES[digest]))
        return self.key.sign(content)
