"""A signature value from elsewhere is verified before anything is built on it."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from archive.errors import Unavailable, UsageError
from archive.signatures.keys import HASHES


def genuine(certificate: bytes, signature: bytes, content: bytes, digest: str, where: str) -> bytes:
    """Return a signature that a token or service gave, if it is the certificate's.

    Raises:
        Unavailable: it does not verify; what gave it is out of order, or is another key.
    """
    key = x509.load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, PKCS1v15(), HASHES[digest])
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(HASHES[digest]))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, content)
        else:
            raise UsageError("the kind of key is not supported", where=where)
    except InvalidSignature as error:
        raise Unavailable(
            "the signature that was given does not verify with the key's certificate", where=where
        ) from error
    return signature
