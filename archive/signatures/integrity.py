"""Whether what was signed, and the signature over it, are what they were."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Integrity:
    """Whether what was signed is unchanged, and the signature value is the signer's."""

    digest: bool | None
    """None if it could not be computed."""
    signature: bool | None
    """None if it could not be verified: no certificate, unknown algorithm."""
    reason: str = ""

    @property
    def intact(self) -> bool | None:
        """Whether both hold; None if one could not be told and none is broken."""
        if self.digest is False or self.signature is False:
            return False
        return True if self.digest and self.signature else None
