"""Evidence records that a signature carries, as the check of the signature sees them.

Source: RFC 4998, appendix A; ETSI EN 319 102-1, 5.6.2.3 (proofs of existence).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from archive.signatures.judge import Judgement
    from archive.signatures.prepared import Prepared
    from archive.signatures.tokens import Token


@dataclass(frozen=True, slots=True)
class Carried:
    """What the evidence records inside a signature say."""

    proven_at: datetime | None
    """Since when they prove the signature; None: they do not."""
    tokens: tuple[Token, ...]
    """Their timestamps."""
    judged: tuple[Judgement, ...]
    """What was judged of each of them."""
    reasons: tuple[str, ...]
    """Why they prove nothing."""


class RecordReader(Protocol):
    """Reads evidence records for the check: `archive.evidence.attached` is one."""

    def carried(
        self,
        encoded: bytes,
        content: Callable[[str], bytes] | None,
        prepared: Prepared,
        *,
        at: datetime,
    ) -> Carried | None:
        """Return what the records in a CMS signature prove; None if it carries none.

        Args:
            encoded: the file.
            content: gives the digest of the file that it is over, by algorithm.
            prepared: the trust that timestamps rest on.
            at: the time of validation.
        """
