"""The guard: conditions that hold for every passed signature, asked again at the end.

Independent of how the verdict was reached. Library validators were seen to pass
signatures made after the certificate's end or after its revocation as soon as an older
proof of existence of the certificate was known; no such verdict leaves this package.
Source: EN 319 102-1, 5.5.4 and 5.6.2.4.
"""

from __future__ import annotations

from datetime import datetime

from archive.signatures.paths import Chain
from archive.signatures.revocation import Revocations


def objection(chain: Chain, revocations: Revocations, proven: datetime) -> tuple[str, str] | None:
    """Return sub-indication and reason why a signature must not pass, or None.

    Args:
        chain: the signer's path.
        revocations: every answer at hand, whatever its age.
        proven: the earliest proven time of the signature.
    """
    for certificate, issuer in chain.links:
        leaf = certificate is chain.leaf
        for answer in revocations.answers(certificate, issuer):
            revoked_at = answer.revoked_at
            if revoked_at is not None and not answer.on_hold and revoked_at <= proven:
                return (
                    "REVOKED_NO_POE" if leaf else "REVOKED_CA_NO_POE",
                    f"revoked on {revoked_at.isoformat()}, before the signature is proven",
                )
        if proven > certificate.not_after:
            return (
                "OUT_OF_BOUNDS_NO_POE",
                f"expired on {certificate.not_after.isoformat()}, before the signature is proven",
            )
        if proven < certificate.not_before:
            return (
                "NOT_YET_VALID",
                f"valid from {certificate.not_before.isoformat()}, after the signature is proven",
            )
    return None
