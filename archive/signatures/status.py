"""What an issuer said of one certificate, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.signatures.algorithms import Scheme
from archive.signatures.certificates import Cert


@dataclass(frozen=True, slots=True)
class Answer:
    """What one CRL or OCSP answer says of one certificate."""

    kind: str
    """`CRL` or `OCSP`."""
    sha256: str
    """Of the whole CRL or answer."""
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    """None: not revoked as of `this_update`."""
    on_hold: bool
    """Revoked for now only (certificateHold)."""
    covers_expired_since: datetime | None
    """Certificates that expired after this are still listed (X.509, 9.5.2.12)."""
    scheme: Scheme
    signer: Cert
    """The CA, or the OCSP responder that it authorized."""
    also: tuple[str, ...] = ()
    """SHA-256 of further CRLs that say it together with the first."""

    @property
    def objects(self) -> tuple[str, ...]:
        """SHA-256 of everything that has to be kept for the answer."""
        return (self.sha256, *self.also)

    @property
    def period(self) -> timedelta:
        """How long the answer counts as fresh (EN 319 102-1, 5.2.5.4)."""
        if self.next_update is None:
            return timedelta(0)
        return max(self.next_update - self.this_update, timedelta(0))
