"""A timestamp authority is believed only if it is trusted and its clock is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.errors import Unavailable
from archive.model import Indication
from archive.signatures.cms_judge import judge_token
from archive.signatures.judge import Judgement, Knowledge
from archive.signatures.paths import Certificates
from archive.signatures.prepared import prepare
from archive.signatures.timestamps import TimestampAuthority
from archive.signatures.tokens import Token
from archive.signatures.trust import TrustStore

MOST_APART = timedelta(minutes=5)
"""How far an authority's clock may be from the archive's."""
_UNTRUSTED = ("NO_CERTIFICATE_CHAIN_FOUND", "CHAIN_CONSTRAINTS_FAILURE")


@dataclass(frozen=True, slots=True)
class TrustedTsa:
    """An authority whose tokens are judged before anything is sealed with them."""

    authority: TimestampAuthority
    name: str
    """Its address."""
    trust: Callable[[], TrustStore]
    clock: Callable[[], datetime]

    def timestamp(self, digest: bytes, algorithm: str = "sha256") -> bytes:
        """Return a token of a trusted authority with the right time.

        Raises:
            Unavailable: no answer, or one that is not to be believed; ask another one.
        """
        encoded = self.authority.timestamp(digest, algorithm)
        token, at = Token.load(encoded), self.clock()
        apart = abs(token.gen_time - at)
        if apart > MOST_APART:
            told = f"its clock is {apart} from the archive's: {token.gen_time.isoformat()}"
            raise Unavailable(told, where=self.name)
        judged = self._judged(token, at + MOST_APART)
        if judged.indication is Indication.FAILED or judged.sub_indication in _UNTRUSTED:
            raise Unavailable("; ".join(judged.reasons), where=self.name)
        return encoded

    def _judged(self, token: Token, at: datetime) -> Judgement:
        trust = self.trust()
        prepared = prepare(trust)
        certificates = Certificates(trust.anchors, prepared.certificates)
        certificates.add(token.cms.certificates)
        known = Knowledge(certificates, prepared.revocations, lambda _: at, trust.policy, at)
        return judge_token(token, None, known)
