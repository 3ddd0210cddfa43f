"""What the elements of a CMS mean that are the same in all that one signer signs, remembered.

Only what the bytes say: each answer is asked for by the whole encoding that it depends on.
"""

from __future__ import annotations

from functools import lru_cache

from asn1crypto import algos, tsp

from archive.signatures.algorithms import Scheme, UnknownAlgorithm, digest_name, scheme_of

SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_MAX_BYTES = 4096


def stated_digest(kind: str, encoded: bytes) -> tuple[str, bytes] | None:
    """Return algorithm and digest of the certificate that an attribute names first; None if unread.

    The attributes of a signer are the same in all that it signs.
    """
    return (_known_digest if len(encoded) <= _MAX_BYTES else _read_digest)(kind, encoded)


def _read_digest(kind: str, encoded: bytes) -> tuple[str, bytes] | None:
    second = kind == SIGNING_CERTIFICATE_V2
    try:
        schema = tsp.SigningCertificateV2 if second else tsp.SigningCertificate
        first = schema.load(encoded)["certs"][0]
        name = digest_name(first["hash_algorithm"]) if second else "sha1"
        return name, first["cert_hash"].native
    except (ValueError, TypeError, KeyError, IndexError, UnknownAlgorithm):
        return None


_known_digest = lru_cache(maxsize=256)(_read_digest)


@lru_cache(maxsize=256)
def check_algorithms(digest: bytes, signature: bytes) -> None:
    """Raise what reading the two AlgorithmIdentifiers of a signer raises."""
    _ = algos.DigestAlgorithm.load(digest)["algorithm"].dotted
    _ = algos.SignedDigestAlgorithm.load(signature)["algorithm"].dotted


@lru_cache(maxsize=256)
def digest_name_of(encoded: bytes) -> str:
    """Return the name of a digest's AlgorithmIdentifier as hashlib has it; errors as `digest_name`."""
    return digest_name(algos.DigestAlgorithm.load(encoded))


@lru_cache(maxsize=256)
def native_name_of(encoded: bytes) -> str:
    """Return the name under which reports have a digest's AlgorithmIdentifier."""
    native: str = algos.DigestAlgorithm.load(encoded)["algorithm"].native
    return native


@lru_cache(maxsize=256)
def scheme_named(encoded: bytes, digest: str | None) -> Scheme:
    """Return the scheme of a signature's AlgorithmIdentifier; errors as `scheme_of`."""
    return scheme_of(algos.SignedDigestAlgorithm.load(encoded), digest)
