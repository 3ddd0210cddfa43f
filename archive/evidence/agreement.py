"""Agreement: whether trees, chains, imprints and data of a record fit each other.

Nothing here judges trust, time or the age of algorithms. Source: RFC 4998, 4.3 and 5.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archive.evidence import hashtree
from archive.evidence.given import DataObject
from archive.evidence.records import ArchiveTimestamp, Chain, EvidenceRecord, sequence_of
from archive.signatures.algorithms import UnknownAlgorithm, new_hash
from archive.signatures.ber import first_element
from archive.signatures.tokens import Token

_KNOWN = frozenset(
    f"sha{kind}" for kind in ("1", "224", "256", "384", "512", "3_224", "3_256", "3_384", "3_512")
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """An archive timestamp with its token read."""

    archive_timestamp: ArchiveTimestamp
    token: Token

    @property
    def algorithm(self) -> str:
        """The digest of its tree, and of what its first list is over (RFC 4998, 4.1)."""
        stated = self.archive_timestamp.digest_algorithm
        if stated is None or self.archive_timestamp.hashtree is None:
            return self.token.digest_algorithm
        return stated

    @property
    def first_list(self) -> Sequence[bytes]:
        """The digests that the timestamp speaks for."""
        tree = self.archive_timestamp.hashtree
        return (self.token.imprint,) if tree is None else tree[0]

    def disagreement(self) -> str | None:
        """Return how the tree's root and the timestamp's imprint differ, or None.

        Raises:
            UnknownAlgorithm: the tree cannot be computed.
        """
        tree = self.archive_timestamp.hashtree
        if tree is None:
            return None
        root = hashtree.root_of(known(self.algorithm), tree)
        if self.token.digest_algorithm != self.algorithm:
            root = new_hash(known(self.token.digest_algorithm), root).digest()
        if root == self.token.imprint:
            return None
        return "the root of the hash tree is not what the timestamp is over"


@dataclass(frozen=True, slots=True)
class StampedChain:
    """A chain with its tokens read."""

    chain: Chain
    stamps: tuple[Stamp, ...]

    @property
    def algorithm(self) -> str:
        """The digest of every tree in the chain."""
        return self.stamps[0].algorithm


@dataclass(frozen=True, slots=True)
class Place:
    """What one chain says of one data object."""

    found: bool | None
    """None: the object's digest by the chain's algorithm is not known."""


def known(algorithm: str) -> str:
    """Return the algorithm; raises UnknownAlgorithm if it cannot be computed here."""
    if algorithm not in _KNOWN:
        raise UnknownAlgorithm(f"digest algorithm {algorithm} is not known")
    return algorithm


def read_tokens(record: EvidenceRecord) -> list[StampedChain]:
    """Return the record's chains with their tokens read.

    Raises:
        ValueError: a timestamp is no readable RFC 3161 token.
    """
    try:
        return [
            StampedChain(
                chain, tuple(Stamp(one, Token.load(one.timestamp)) for one in chain.timestamps)
            )
            for chain in record.chains
        ]
    except (TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"a timestamp cannot be read: {type(error).__name__}") from error


def algorithms_of(record: EvidenceRecord) -> list[str]:
    """Return the digests by which the data has to be known, oldest first.

    Raises:
        ValueError: a timestamp is no readable RFC 3161 token.
    """
    chains = read_tokens(record)
    return [one for one in dict.fromkeys(c.algorithm for c in chains) if one in _KNOWN]


def chain_faults(chains: Sequence[StampedChain]) -> list[str]:
    """Return everything that is broken inside the chains, whatever the data is.

    Raises:
        UnknownAlgorithm: a tree cannot be computed.
    """
    faults = []
    for number, chain in enumerate(chains, 1):
        for place, stamp in enumerate(chain.stamps, 1):
            where = f"chain {number}, timestamp {place}: "
            faults += [where + one for one in _stamp_faults(chain, place - 1, stamp)]
    return faults


def _stamp_faults(chain: StampedChain, index: int, stamp: Stamp) -> Iterable[str]:
    fault = stamp.disagreement()
    if fault:
        yield fault
    if stamp.token.intact is False:
        yield "the timestamp's own signature does not verify"
    if index == 0:
        return
    if stamp.algorithm != chain.algorithm:  # RFC 4998, 5.3, verification step 2
        yield "it uses another digest algorithm than its chain"
    before = chain.stamps[index - 1].archive_timestamp.timestamp
    if not any(
        new_hash(known(chain.algorithm), form).digest() in stamp.first_list
        for form in _forms(before)
    ):
        yield "it does not cover the timestamp before it"


def places_of(data: DataObject, chains: Sequence[StampedChain]) -> list[Place]:
    """Return what each chain says of a data object (RFC 4998, 5.3, steps 1 and 3).

    Raises:
        UnknownAlgorithm: a chain's digest cannot be computed.
    """
    found = []
    for number, chain in enumerate(chains):
        digest = data.digests.get(known(chain.algorithm))
        if digest is None:
            found.append(Place(None))
            continue
        first = chain.stamps[0].first_list
        earlier = [one.chain for one in chains[:number]]
        wanted = renewed_digests(chain.algorithm, digest, earlier) if earlier else (digest,)
        found.append(Place(any(one in first for one in wanted)))
    return found


def renewed_digests(algorithm: str, digest: bytes, earlier: Sequence[Chain]) -> tuple[bytes, ...]:
    """Return the digests by which hash-tree renewal may name an object.

    The first one is that of RFC 4998, 5.2 (step 4): the object's digest, then the one of all
    earlier chains. Some tools sort the two; both forms bind the object to the chains.
    """
    found = []
    for form in _forms(sequence_of(earlier)):
        before = new_hash(algorithm, form).digest()
        for pair in ((digest, before), sorted((digest, before))):
            found.append(new_hash(algorithm, b"".join(pair)).digest())
    return tuple(dict.fromkeys(found))


def _forms(encoded: bytes) -> Iterator[bytes]:
    """Yield an element as it stands and, if it has indefinite lengths, with definite ones.

    Chains are hashed as DER (RFC 4998, 5.2), but timestamps inside may be BER, and tools
    differ in whether they encode those again.
    """
    yield encoded
    try:
        definite = first_element(encoded)
    except ValueError:
        return
    if definite != encoded:
        yield definite
