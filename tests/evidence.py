"""Builders of evidence: documents, their records, and the renewals of three decades."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime

from archive.evidence import make, renew
from archive.evidence.given import DataObject
from archive.evidence.records import EvidenceRecord
from archive.evidence.verify import RecordVerdict, verify
from archive.signatures.keys import FileKey
from tests.signed import LongPki, a_tsa

ALGORITHMS = ("sha256", "sha384", "sha512")


def a_document(content: bytes) -> DataObject:
    """Return a data object with its digests."""
    return DataObject("document", {a: hashlib.new(a, content).digest() for a in ALGORITHMS})


def records_of(
    groups: list[list[DataObject]],
    tsa: FileKey,
    at: datetime,
    *,
    algorithm: str = "sha256",
    arity: int = 2,
) -> list[EvidenceRecord]:
    """Return the records of one batch of data groups under one timestamp."""
    tree = io.BytesIO()
    digests = [[one.digests[algorithm] for one in group] for group in groups]
    made = make.timestamped(digests, a_tsa(tsa, at), tree, algorithm=algorithm, arity=arity)
    found = [made.record(group, make.reader(tree)) for group in digests]
    return [one for one in found if one is not None]


def timestamps_renewed(
    records: list[EvidenceRecord], pki: LongPki, tsa: FileKey, at: datetime
) -> list[EvidenceRecord]:
    """Return records with their last timestamps' proofs enclosed and a new one over all."""
    closed = [renew.enclosed(one, pki.trust(at), at=at) for one in records]
    return renew.renew_timestamps(closed, a_tsa(tsa, at))


def hash_trees_renewed(
    records: list[EvidenceRecord],
    groups: list[list[DataObject]],
    pki: LongPki,
    tsa: FileKey,
    at: datetime,
    algorithm: str = "sha512",
) -> list[EvidenceRecord]:
    """Return records with a new chain by another digest."""
    closed = [renew.enclosed(one, pki.trust(at), at=at) for one in records]
    digests = [[one.digests[algorithm] for one in group] for group in groups]
    return renew.renew_hash_trees(
        list(zip(closed, digests, strict=True)), a_tsa(tsa, at), algorithm
    )


def verdict(
    record: EvidenceRecord | bytes, objects: list[DataObject], pki: LongPki, at: datetime
) -> RecordVerdict:
    """Return the verdict on a record at a time, with the CRLs of the day before."""
    encoded = record if isinstance(record, bytes) else record.encoded
    return verify(encoded, objects, pki.trust(at), at=at)
