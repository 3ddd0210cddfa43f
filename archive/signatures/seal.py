"""Seals: the archive's own detached CAdES-B-T signature over exact bytes, with a timestamp.

`openssl cms -verify -binary` and `openssl ts -verify` accept what is made here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.errors import UsageError
from archive.model import Indication
from archive.signatures import cms_writer, der
from archive.signatures.keys import FileKey, SigningKey
from archive.signatures.timestamps import TimestampAuthority
from archive.signatures.trust import TrustStore


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals bytes with one key and one timestamp authority; safe to share by threads."""

    key: SigningKey
    tsa: TimestampAuthority
    digest: str = "sha256"

    @classmethod
    def load(
        cls,
        *,
        key: Path,
        certificate: Path,
        tsa: TimestampAuthority,
        password: bytes | None = None,
    ) -> Sealer:
        """Load a sealer from PEM files.

        Raises:
            UsageError: key or certificate cannot be read or do not belong together.
        """
        return cls(FileKey.load(key, certificate, password), tsa)

    def seal(self, content: bytes, *, at: datetime) -> bytes:
        """Return a detached CAdES-B-T signature over `content`, DER.

        Args:
            content: the exact bytes.
            at: the claimed signing time; the proven one is the timestamp's.

        Raises:
            Unavailable: key or TSA did not answer; trying again is safe.
        """
        return self.seal_digest(hashlib.new(self.digest, content).digest(), at=at)

    def seal_digest(self, digest: bytes, *, at: datetime) -> bytes:
        """Return the seal over content of which only the digest is at hand."""
        if at.tzinfo is None:
            raise UsageError("the time of sealing needs an offset")
        claimed = cms_writer.attribute(cms_writer.SIGNING_TIME, der.time(at))
        signed = cms_writer.sign(self.key, digest, digest=self.digest, attributes=(claimed,))
        token = self.tsa.timestamp(hashlib.sha256(signed.signature).digest())
        return signed.encode([cms_writer.attribute(cms_writer.TIMESTAMP_TOKEN, token)])


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """What a seal is worth."""

    indication: Indication
    sub_indication: str | None
    reasons: tuple[str, ...]
    sealed_by: str | None
    """Common name of the seal's certificate."""
    sealed_at_claimed: datetime | None
    sealed_at_proven: datetime | None
    """The timestamp's time, if the timestamp passed."""
    test: bool
    """Whether seal or timestamp end in a test root."""
    to_do: str | None = None


def timestamp_token(p7s: bytes) -> bytes:
    """Return the signature timestamp of a seal, DER.

    Raises:
        ValueError: not a seal, or it has no timestamp.
    """
    from archive.signatures.cms_reader import SignedCms

    tokens = SignedCms(p7s).timestamp_tokens()
    if not tokens:
        raise ValueError("the seal has no timestamp")
    return tokens[0]


def signature_value(p7s: bytes) -> bytes:
    """Return the signature value of a seal: what its timestamp is over.

    Raises:
        ValueError: not a seal.
    """
    from archive.signatures.cms_reader import SignedCms

    return SignedCms(p7s).signature


def verify(content: bytes, p7s: bytes, trust: TrustStore, *, at: datetime) -> SealVerdict:
    """Check a seal against the exact bytes that it is over.

    Args:
        content: the bytes that the seal is said to be over.
        p7s: the seal, DER.
        trust: roots (scope `seals` and `timestamps`), CAs and CRLs.
        at: the time of validation.
    """
    from archive.signatures.detached import verify_detached

    return verify_detached(content, p7s, trust, at=at)
