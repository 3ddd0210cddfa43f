"""Timestamp tokens, read: what they cover, when, and whether they are intact.

Source: RFC 3161, RFC 5816.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import tsp

from archive.signatures.algorithms import UnknownAlgorithm, digest_name, new_hash
from archive.signatures.certificates import Cert
from archive.signatures.cms_known import digest_name_of
from archive.signatures.cms_plain import plain_stamp
from archive.signatures.cms_reader import NotCms, SignedCms

TST_INFO = "1.2.840.113549.1.9.16.1.4"


@dataclass(frozen=True, slots=True)
class Token:
    """One TimeStampToken."""

    cms: SignedCms
    digest_algorithm: str
    """Of the imprint, as hashlib names it."""
    imprint: bytes
    gen_time: datetime
    nonce: int | None
    serial: int
    signer: Cert | None
    intact: bool | None
    """Whether the token's own digest and signature hold; not what it covers."""

    @classmethod
    def load(cls, encoded: bytes, further: list[Cert] | None = None) -> Token:
        """Read a token; `further` are certificates to look for its signer in.

        Raises:
            NotCms: not a token.
        """
        return cls.of(SignedCms(encoded), further)

    @classmethod
    def of(cls, signed: SignedCms, further: list[Cert] | None = None) -> Token:
        """Read the token that a parsed SignedData is; see `load`."""
        if signed.content_type != TST_INFO or signed.content is None:
            raise NotCms("the CMS is not a timestamp token")
        content = signed.content
        try:
            algorithm, imprint, gen_time, nonce, serial = _told(content)
            signer = signed.signer_certificate(further)
            integrity = signed.integrity(lambda name: new_hash(name, content).digest(), signer)
            # RFC 3161, 2.4.2 and RFC 5816: the token names its TSA's certificate.
            named = signer is None or signed.names_certificate(signer) is not False
            return cls(
                cms=signed,
                digest_algorithm=algorithm,
                imprint=imprint,
                gen_time=gen_time,
                nonce=nonce,
                serial=serial,
                signer=signer,
                intact=integrity.intact if named else False,
            )
        except (ValueError, TypeError, KeyError, AttributeError, UnknownAlgorithm) as error:
            raise NotCms(f"the timestamp token cannot be read: {error}") from error

    def covers(self, content: bytes) -> bool:
        """Return whether the imprint is the digest of `content`."""
        return new_hash(self.digest_algorithm, content).digest() == self.imprint

    def covers_digest(self, digest: bytes, algorithm: str) -> bool:
        """Return whether the imprint is this digest."""
        return self.digest_algorithm == algorithm and self.imprint == digest


def _told(content: bytes) -> tuple[str, bytes, datetime, int | None, int]:
    """Return digest algorithm, imprint, time, nonce and serial number of a TSTInfo."""
    plain = plain_stamp(content)
    if plain is not None:
        name = digest_name_of(plain.digest_algorithm)
        return name, plain.imprint, plain.gen_time, plain.nonce, plain.serial
    info = tsp.TSTInfo.load(content)
    stated = info["message_imprint"]
    name = digest_name(stated["hash_algorithm"])
    at, imprint = info["gen_time"].native, stated["hashed_message"].native
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return name, imprint, at, info["nonce"].native, info["serial_number"].native
