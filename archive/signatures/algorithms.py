"""Signature algorithms: which, until when they are good, and the raw verification.

Dates: ETSI TS 119 312 v1.5.1 as the default policy of EU DSS has them; "good" means
suitable for a signature known to have existed on that day. An algorithm that is not
in a table is never good.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from asn1crypto import algos
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric import utils as asymmetric

OPEN_END = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)

_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303  verified and then judged by its dates
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}
# BSI TR-03111, 5.2.1.1: the signature is r and s side by side, not a SEQUENCE.
_PLAIN_ECDSA = "0.4.0.127.0.7.1.1.4.1."
_PLAIN_ECDSA_DIGESTS = {
    "1": "sha1",
    "2": "sha224",
    "3": "sha256",
    "4": "sha384",
    "5": "sha512",
    "8": "sha3_224",
    "9": "sha3_256",
    "10": "sha3_384",
    "11": "sha3_512",
}
# NIST CSOR: signatures with SHA-3, which asn1crypto does not know by name.
_SHA3_ARC = "2.16.840.1.101.3.4.3."
_SHA3_SIGNATURES = {
    str(number): (scheme, digest)
    for first, scheme in ((9, "ECDSA"), (13, "RSA"))
    for number, digest in enumerate(("sha3_224", "sha3_256", "sha3_384", "sha3_512"), first)
}
_ML_DSA = {"17": "ML-DSA-44", "18": "ML-DSA-65", "19": "ML-DSA-87"}
_SCHEMES = {
    "rsassa_pkcs1v15": "RSA",
    "rsassa_pss": "RSASSA-PSS",
    "ecdsa": "ECDSA",
    "dsa": "DSA",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
}
PublicKey = (
    rsa.RSAPublicKey
    | ec.EllipticCurvePublicKey
    | dsa.DSAPublicKey
    | ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
    | mldsa.MLDSA87PublicKey
)


class UnknownAlgorithm(Exception):
    """An algorithm or key that this verifier does not know: nothing can be said."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A signature scheme with its digest."""

    name: str
    """`RSA`, `RSASSA-PSS`, `ECDSA`, `PLAIN-ECDSA`, `DSA`, `Ed25519`, `ML-DSA-65` ..."""
    digest: str | None
    """`sha256` ...; None where the scheme hashes by itself."""
    salt_bytes: int = 0
    """RSASSA-PSS only."""


def digest_name(algorithm: algos.DigestAlgorithm) -> str:
    """Return the name of a digest as hashlib has it.

    Raises:
        UnknownAlgorithm: it is none that could be computed here.
    """
    name: str = algorithm["algorithm"].native
    if name not in _HASHES:
        raise UnknownAlgorithm(f"digest algorithm {name} is not known")
    return name


def new_hash(name: str, content: bytes = b"") -> hashlib._Hash:
    """Return a hash object, old algorithms included: their age is judged elsewhere."""
    return hashlib.new(name, content, usedforsecurity=False)


def scheme_of(algorithm: algos.SignedDigestAlgorithm, digest: str | None) -> Scheme:
    """Return the scheme behind an AlgorithmIdentifier.

    Args:
        algorithm: as in a certificate or SignerInfo.
        digest: what to take where the identifier names none (`rsaEncryption`).

    Raises:
        UnknownAlgorithm: it is none that could be verified here.
    """
    dotted: str = algorithm["algorithm"].dotted
    last = dotted.rpartition(".")[2]
    if dotted.startswith(_PLAIN_ECDSA) and last in _PLAIN_ECDSA_DIGESTS:
        return Scheme("PLAIN-ECDSA", _PLAIN_ECDSA_DIGESTS[last])
    if dotted.startswith(_SHA3_ARC) and last in _SHA3_SIGNATURES:
        return Scheme(*_SHA3_SIGNATURES[last])
    if dotted.startswith(_SHA3_ARC) and last in _ML_DSA:
        return Scheme(_ML_DSA[last], None)
    if dotted == "1.2.840.10045.2.1":  # some signers name the key, not the signature
        return Scheme("ECDSA", digest)
    try:
        name = _SCHEMES[algorithm.signature_algo]
    except (ValueError, KeyError) as error:
        raise UnknownAlgorithm(f"signature algorithm {dotted} is not known") from error
    if name in ("Ed25519", "Ed448"):
        return Scheme(name, None)
    if name == "RSASSA-PSS":
        parameters = algorithm["parameters"]
        inner = digest_name(parameters["hash_algorithm"])
        return Scheme(name, inner, int(parameters["salt_length"].native))
    try:
        return Scheme(name, algorithm.hash_algo)
    except ValueError:
        return Scheme(name, digest)


def verifies(
    key: PublicKey, scheme: Scheme, signature: bytes, content: bytes, *, hashed: bool = False
) -> bool:
    """Return whether a signature value verifies.

    Args:
        key: the signer's public key.
        scheme: as `scheme_of` gives it.
        signature: the signature value.
        content: what was signed, or its digest if `hashed`.
        hashed: whether `content` is the digest.

    Raises:
        UnknownAlgorithm: key and scheme do not fit each other, or are not supported.
    """
    try:
        _verify(key, scheme, signature, content, hashed)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise UnknownAlgorithm(f"{scheme.name} could not be verified: {error}") from error
    return True


def _verify(key: PublicKey, scheme: Scheme, signature: bytes, content: bytes, hashed: bool) -> None:
    """Verify or raise InvalidSignature."""
    if scheme.digest is None:
        if hashed:
            raise UnknownAlgorithm(f"{scheme.name} needs the content, not its digest")
        if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | dsa.DSAPublicKey):
            raise UnknownAlgorithm(f"{scheme.name} does not fit the signer's key")
        key.verify(signature, content)
        return
    if scheme.digest not in _HASHES:
        raise UnknownAlgorithm(f"digest algorithm {scheme.digest} is not known")
    plain = _HASHES[scheme.digest]
    chosen = asymmetric.Prehashed(plain) if hashed else plain
    if isinstance(key, rsa.RSAPublicKey) and scheme.name == "RSASSA-PSS":
        pss = padding.PSS(padding.MGF1(plain), scheme.salt_bytes)
        key.verify(signature, content, pss, chosen)
    elif isinstance(key, rsa.RSAPublicKey) and scheme.name == "RSA":
        key.verify(signature, content, padding.PKCS1v15(), chosen)
    elif isinstance(key, ec.EllipticCurvePublicKey) and scheme.name.endswith("ECDSA"):
        key.verify(_dss(signature, scheme), content, ec.ECDSA(chosen))
    elif isinstance(key, dsa.DSAPublicKey) and scheme.name == "DSA":
        key.verify(signature, content, chosen)
    else:
        raise UnknownAlgorithm(f"{scheme.name} does not fit the signer's key")


def _dss(signature: bytes, scheme: Scheme) -> bytes:
    """Return an ECDSA signature as the SEQUENCE of r and s."""
    if scheme.name != "PLAIN-ECDSA":
        return signature
    half = len(signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    return asymmetric.encode_dss_signature(r, s)


def _day(text: str) -> datetime:
    """Return the beginning of a day in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_DIGEST_ENDS = {
    "md5": _day("2004-08-01"),
    "sha1": _day("2012-08-01"),
    "sha224": _day("2029-01-01"),
    **dict.fromkeys(("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"), OPEN_END),
}
_RSA_ENDS = ((3000, OPEN_END), (1900, _day("2029-01-01")), (1024, _day("2019-10-01")))
_DSA_ENDS = ((2048, _day("2029-01-01")), (1024, _day("2015-12-01")))
_EC_ENDS = ((256, OPEN_END), (224, _day("2021-10-01")))
_KEY_SIZE = re.compile(r"(rsa|dsa|ecdsa)-([1-9][0-9]{2,4})")


def key_size(name: str) -> tuple[str, int] | None:
    """Return kind and bits of a key size's name, `rsa-2048`; None if it is none."""
    found = _KEY_SIZE.fullmatch(name)
    return (found[1], int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class AlgorithmPolicy:
    """Until when algorithms are good for a signature to count (EN 319 102-1, 5.2.6)."""

    digests: Mapping[str, datetime] = field(default_factory=lambda: _DIGEST_ENDS)
    rsa_bits: tuple[tuple[int, datetime], ...] = _RSA_ENDS
    """Least key size and end, largest size first."""
    ec_bits: tuple[tuple[int, datetime], ...] = _EC_ENDS
    dsa_bits: tuple[tuple[int, datetime], ...] = _DSA_ENDS
    key_sizes: Mapping[str, datetime] = field(default_factory=dict)
    """Earlier ends of keys up to a size: `rsa-2048` are RSA keys of at most 2048 bits."""
    remembered: dict[Any, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What `timeline` found out by this very policy."""

    def ending(self, earlier: Mapping[str, datetime]) -> AlgorithmPolicy:
        """Return the policy with earlier ends for some digests and key sizes.

        A later end changes nothing.
        """
        ends = {name: min(end, earlier.get(name, OPEN_END)) for name, end in self.digests.items()}
        sizes = {name: end for name, end in earlier.items() if key_size(name)}
        return replace(self, digests=ends, key_sizes=sizes)

    def to_json(self) -> dict[str, object]:
        """Return the policy as JSON values: the first day on which each is too weak, or null."""

        def day(end: datetime) -> str | None:
            return None if end == OPEN_END else end.date().isoformat()

        sizes = {"RSA": self.rsa_bits, "ECDSA": self.ec_bits, "DSA": self.dsa_bits}
        own = {name: day(end) for name, end in sorted(self.key_sizes.items())}
        return {
            "digests": {name: day(end) for name, end in self.digests.items()},
            "key_bits_from": {
                name: {str(least): day(end) for least, end in table}
                for name, table in sizes.items()
            },
            **({"key_bits_up_to": own} if own else {}),
        }

    def good_until(self, key: PublicKey, digest: str | None) -> tuple[datetime, str]:
        """Return the first moment at which key or digest is too weak, and which it is."""
        ends = [self._key(key)]
        if digest is not None:
            ends.append((self.digests.get(digest, NEVER), digest.upper().replace("_", "-")))
        return min(ends)

    def digest_good_until(self, digest: str) -> datetime:
        """Return the first moment at which a digest alone is too weak."""
        return self.digests.get(digest, NEVER)

    def size_good_until(self, kind: str, bits: int) -> datetime:
        """Return the first moment at which keys of a kind (`rsa`, …) and size are too weak."""
        table = {"rsa": self.rsa_bits, "ecdsa": self.ec_bits, "dsa": self.dsa_bits}[kind]
        own = [(key_size(name), end) for name, end in self.key_sizes.items()]
        earlier = [end for size, end in own if size and size[0] == kind and bits <= size[1]]
        return min([_end(table, bits), *earlier])

    def _key(self, key: PublicKey) -> tuple[datetime, str]:
        """Return when a key's kind and size end."""
        if isinstance(key, rsa.RSAPublicKey):
            return self.size_good_until("rsa", key.key_size), f"RSA-{key.key_size}"
        if isinstance(key, ec.EllipticCurvePublicKey):
            return self.size_good_until("ecdsa", key.key_size), f"ECDSA {key.curve.name}"
        if isinstance(key, dsa.DSAPublicKey):
            return self.size_good_until("dsa", key.key_size), f"DSA-{key.key_size}"
        return OPEN_END, type(key).__name__


def _end(table: tuple[tuple[int, datetime], ...], bits: int) -> datetime:
    """Return the end of the largest size that `bits` reaches."""
    return next((end for least, end in table if bits >= least), NEVER)


@lru_cache(maxsize=64)
def policy_with(ends: tuple[tuple[str, datetime], ...]) -> AlgorithmPolicy:
    """Return the policy with these earlier ends: the same one each time, as it remembers."""
    return AlgorithmPolicy().ending(dict(ends)) if ends else AlgorithmPolicy()
