"""Evidence records in or beside a signature, as the check of the signature sees them.

Source: RFC 4998, appendix A; ETSI EN 319 102-1, 5.6.2.3 (proofs of existence);
ETSI EN 319 162-1 (records in containers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


@dataclass(frozen=True, slots=True)
class FileProof:
    """What an evidence record beside the files that it is about says."""

    outcome: Judgement
    proven_at: datetime | None
    """Since when it proves them; None: it does not."""
    judged: tuple[Judgement, ...]
    """What was judged of each of its timestamps."""
    intact: bool | None
    """Whether trees, chains, imprints and files agree; None if that cannot be said."""


class FileRecord(Protocol):
    """An evidence record over files of the container that it stands in."""

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Its timestamps, oldest first."""

    def weighed(self, existed: datetime | None) -> FileProof:
        """Return what it proves.

        Args:
            existed: since when the record itself is known to exist, from one over it.
        """


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

    def contained(
        self,
        record: bytes,
        files: Mapping[str, Callable[[str], bytes]],
        prepared: Prepared,
        *,
        at: datetime,
    ) -> FileRecord:
        """Return a record in a container, over files beside it.

        Args:
            record: its bytes.
            files: what it is said to be about: by name what gives the digest, by algorithm.
            prepared: the trust that timestamps rest on.
            at: the time of validation.

        Raises:
            ValueError: it is no evidence record.
        """
