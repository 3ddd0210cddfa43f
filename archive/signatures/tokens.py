"""Timestamp tokens, read: what they cover, when, and whether they are intact.

Source: RFC 3161, RFC 5816.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import tsp

from archive.signatures.algorithms import UnknownAlgorithm, digest_name, new_hash
from archive.signatures.certificates import Cert
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
        signed = SignedCms(encoded)
        if signed.content_type != TST_INFO or signed.content is None:
            raise NotCms("the CMS is not a timestamp token")
        content = signed.content
        try:
            info = tsp.TSTInfo.load(content)
            imprint = info["message_imprint"]
            algorithm = digest_name(imprint["hash_algorithm"])
            gen_time = info["gen_time"].native
            signer = signed.signer_certificate(further)
            integrity = signed.integrity(lambda name: new_hash(name, content).digest(), signer)
            # RFC 3161, 2.4.2 and RFC 5816: the token names its TSA's certificate.
            named = signer is None or signed.names_certificate(signer) is not False
            return cls(
                cms=signed,
                digest_algorithm=algorithm,
                imprint=imprint["hashed_message"].native,
                gen_time=gen_time if gen_time.tzinfo else gen_time.replace(tzinfo=UTC),
                nonce=info["nonce"].native,
                serial=info["serial_number"].native,
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
