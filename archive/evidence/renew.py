"""Renewal: of timestamps before they lose their worth, of hash trees before their digest does.

Source: RFC 4998, 5.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

from archive.evidence import agreement, make
from archive.evidence.enclosing import with_its_proofs
from archive.evidence.records import ArchiveTimestamp, Chain, EvidenceRecord
from archive.signatures.algorithms import new_hash
from archive.signatures.timestamps import TimestampAuthority
from archive.signatures.tokens import Token
from archive.signatures.trust import TrustStore


def timestamp_group(algorithm: str, token: bytes) -> tuple[bytes]:
    """Return what timestamp renewal puts into its tree for one old timestamp."""
    return (new_hash(algorithm, token).digest(),)


def renewed_group(
    algorithm: str, digests: Sequence[bytes], earlier: Sequence[Chain]
) -> tuple[bytes, ...]:
    """Return what hash-tree renewal puts into its tree for one data group.

    Args:
        algorithm: the new digest.
        digests: of the group's objects, by the new digest.
        earlier: every chain until now, its last timestamp with its proofs enclosed.
    """
    return tuple(agreement.renewed_digests(algorithm, one, earlier)[0] for one in digests)


def enclosed(record: EvidenceRecord, trust: TrustStore, *, at: datetime) -> EvidenceRecord:
    """Return the record with the proofs of its last timestamp enclosed.

    Raises:
        ValueError: the timestamp cannot be read.
    """
    *chains, last = record.chains
    *stamps, newest = last.timestamps
    token = with_its_proofs(newest.timestamp, trust, at=at)
    if token == newest.timestamp:
        return record
    algorithm = newest.digest_algorithm or Token.load(token).digest_algorithm
    stamps.append(ArchiveTimestamp.make(algorithm, newest.hashtree, token))
    return _with_chains(record, [*chains, Chain.make(stamps)])


def renew_timestamps(
    records: Sequence[EvidenceRecord], tsa: TimestampAuthority
) -> list[EvidenceRecord]:
    """Renew the last timestamps of records with one new timestamp for all.

    Raises:
        ValueError: the records' last chains use different digests, or cannot be read.
        Unavailable: no authority answered.
    """
    chains = [agreement.read_tokens(record)[-1] for record in records]
    algorithms = {chain.algorithm for chain in chains}
    if len(algorithms) != 1:
        raise ValueError("a timestamp renewal keeps the digest of the chain")
    (algorithm,) = algorithms
    groups = [timestamp_group(algorithm, r.timestamps[-1].timestamp) for r in records]
    found = []
    for record, stamp in zip(records, _stamps(groups, tsa, algorithm), strict=True):
        *earlier, last = record.chains
        longer = Chain.make([*last.timestamps, stamp])
        found.append(_with_chains(record, [*earlier, longer]))
    return found


def renew_hash_trees(
    records: Sequence[tuple[EvidenceRecord, Sequence[bytes]]],
    tsa: TimestampAuthority,
    algorithm: str,
) -> list[EvidenceRecord]:
    """Renew the hash trees of records with one new tree by another digest.

    Args:
        records: each with the digests of its data group by `algorithm`.
        tsa: the authority.
        algorithm: the new digest.

    Raises:
        Unavailable: no authority answered.
    """
    groups = [renewed_group(algorithm, digests, record.chains) for record, digests in records]
    stamps = _stamps(groups, tsa, algorithm)
    return [
        _with_chains(record, [*record.chains, Chain.make([stamp])])
        for (record, _), stamp in zip(records, stamps, strict=True)
    ]


def _with_chains(record: EvidenceRecord, chains: Sequence[Chain]) -> EvidenceRecord:
    """Return a record with other chains; what came before stays byte by byte."""
    stated = (stamp.digest_algorithm for chain in chains for stamp in chain.timestamps)
    algorithms = dict.fromkeys([*record.digest_algorithms, *stated])
    return EvidenceRecord.assemble([one for one in algorithms if one is not None], chains)


def _stamps(
    groups: Sequence[Sequence[bytes]], tsa: TimestampAuthority, algorithm: str
) -> list[ArchiveTimestamp]:
    tree = BytesIO()
    made = make.timestamped(groups, tsa, tree, algorithm=algorithm)
    read = make.reader(tree)
    return [stamp for group in groups if (stamp := made.stamp(group, read)) is not None]
