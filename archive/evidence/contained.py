"""Evidence records that stand in a container beside the files that they are about.

Source: ETSI EN 319 162-1, 4.3.3.2 and 4.4.4.2 (ASiC with time assertions); RFC 4998.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from archive.evidence import agreement, records
from archive.evidence.given import DataObject
from archive.evidence.verify import weigh
from archive.signatures.carried import FileProof
from archive.signatures.judge import Judgement
from archive.signatures.prepared import Prepared
from archive.signatures.tokens import Token


@dataclass(frozen=True, slots=True)
class Contained:
    """One record with the files of its container that it is said to be about, hashed."""

    record: bytes
    objects: tuple[DataObject, ...]
    tokens: tuple[Token, ...]
    """Its timestamps, oldest first."""
    prepared: Prepared
    at: datetime

    def weighed(self, existed: datetime | None) -> FileProof:
        """Return what the record proves; see `archive.signatures.carried.FileRecord`."""
        found = weigh(self.record, self.objects, self.prepared, at=self.at, existed=existed)
        verdict, newest = found.verdict, found.judged[-1]
        outcome = Judgement(
            verdict.indication,
            verdict.sub_indication,
            verdict.reasons,
            chain=newest.chain,
            answers=newest.answers,
        )
        return FileProof(outcome, verdict.proven_at, found.judged, verdict.intact)


def contained(
    record: bytes, files: Mapping[str, Callable[[str], bytes]], prepared: Prepared, *, at: datetime
) -> Contained:
    """Return a record over files (`archive.signatures.carried.RecordReader`).

    Raises:
        ValueError: it is no evidence record.
    """
    read = records.read(record)
    names = agreement.algorithms_of(read)
    objects = tuple(
        DataObject(file, {name: digest(name) for name in names}) for file, digest in files.items()
    )
    tokens = tuple(stamp.token for chain in agreement.read_tokens(read) for stamp in chain.stamps)
    return Contained(record, objects, tokens, prepared, at)
