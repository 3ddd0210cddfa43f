"""Evidence records as values: read from DER with limits, made, and written again unchanged.

What was read keeps its exact bytes, because renewals are digests over them.
Source: RFC 4998, appendix A (ASN.1 module with 1988 syntax, IMPLICIT tags).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asn1crypto import algos

from archive.evidence.elements import Element, Malformed, octet_strings, only
from archive.signatures import der
from archive.signatures.algorithms import UnknownAlgorithm, digest_name

__all__ = ["ArchiveTimestamp", "Chain", "EvidenceRecord", "Malformed", "read"]

MAX_RECORD_BYTES = 16 << 20
MAX_CHAINS = 500
MAX_TIMESTAMPS = 2000
"""In one record: one a year for as long as it takes."""
MAX_LISTS = 1000
"""Partial hash trees of one archive timestamp, which are the levels of its tree."""
_SEQUENCE = 0x30
_INTEGER, _NULL, _IDENTIFIER = 0x02, 0x05, 0x06
_DIGEST_ALGORITHM, _ATTRIBUTES, _HASHTREE = 0xA0, 0xA1, 0xA2
_CRYPTO_INFOS, _ENCRYPTION_INFO = 0xA0, 0xA1

HashTree = tuple[tuple[bytes, ...], ...]
"""A reduced hash tree: its lists of digests, the one with the objects first."""


@dataclass(frozen=True, slots=True)
class ArchiveTimestamp:
    """One ArchiveTimeStamp (RFC 4998, 4.1)."""

    encoded: bytes
    digest_algorithm: str | None
    """As hashlib names it, or its object identifier; None: that of the timestamp."""
    hashtree: HashTree | None
    """The reduced hash tree; None if the timestamp is over one digest."""
    timestamp: bytes
    """The ContentInfo exactly as it stands in the record."""

    @classmethod
    def make(
        cls, algorithm: str, hashtree: Sequence[Sequence[bytes]] | None, timestamp: bytes
    ) -> ArchiveTimestamp:
        """Return an archive timestamp over the root of a reduced hash tree, or over one digest."""
        lists = None if hashtree is None else tuple(tuple(one) for one in hashtree)
        tree = [der.sequence(*map(der.octets, one)) for one in lists or ()]
        encoded = der.sequence(
            der.tlv(_DIGEST_ALGORITHM, only(_identifier(algorithm)).content),
            der.tlv(_HASHTREE, *tree) if tree else b"",
            timestamp,
        )
        return cls(encoded, algorithm, lists, timestamp)


@dataclass(frozen=True, slots=True)
class Chain:
    """One ArchiveTimeStampChain: a timestamp and its renewals, all by one digest."""

    encoded: bytes
    timestamps: tuple[ArchiveTimestamp, ...]

    @classmethod
    def make(cls, timestamps: Sequence[ArchiveTimestamp]) -> Chain:
        """Return a chain of archive timestamps, oldest first."""
        return cls(der.sequence(*(one.encoded for one in timestamps)), tuple(timestamps))


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """One EvidenceRecord (RFC 4998, 3.1)."""

    encoded: bytes
    digest_algorithms: tuple[str, ...]
    chains: tuple[Chain, ...]
    """Oldest first; each later one hashed data and earlier chains anew."""
    encrypted: bool = False
    """Whether the digests are over an encrypted form (RFC 4998, 6)."""

    @classmethod
    def make(cls, chains: Sequence[Chain]) -> EvidenceRecord:
        """Return a record over chains whose archive timestamps all say their digest."""
        stated = (stamp.digest_algorithm for chain in chains for stamp in chain.timestamps)
        return cls.assemble([one for one in dict.fromkeys(stated) if one is not None], chains)

    @classmethod
    def assemble(cls, algorithms: Sequence[str], chains: Sequence[Chain]) -> EvidenceRecord:
        """Return a record without cryptoInfos and encryptionInfo.

        Args:
            algorithms: every digest by which the data was hashed.
            chains: oldest first.
        """
        encoded = der.sequence(
            der.integer(1),
            der.sequence(*map(_identifier, algorithms)),
            sequence_of(chains),
        )
        return cls(encoded, tuple(algorithms), tuple(chains))

    @property
    def timestamps(self) -> tuple[ArchiveTimestamp, ...]:
        """Every archive timestamp of every chain, oldest first."""
        return tuple(stamp for chain in self.chains for stamp in chain.timestamps)


def sequence_of(chains: Sequence[Chain]) -> bytes:
    """Return the ArchiveTimeStampSequence of chains, over which renewals are hashed."""
    return der.sequence(*(chain.encoded for chain in chains))


def read(encoded: bytes) -> EvidenceRecord:
    """Read an evidence record.

    Raises:
        Malformed: it is none, or over a limit.
    """
    if len(encoded) > MAX_RECORD_BYTES:
        raise Malformed(f"a record of more than {MAX_RECORD_BYTES >> 20} MiB is not read")
    parts = _Parts(_expected(only(encoded), _SEQUENCE))
    version = parts.take(_INTEGER).content
    if version != b"\x01":
        raise Malformed("the record has another version than 1")
    names = tuple(_algorithm(one) for one in _limited(parts.take(_SEQUENCE), MAX_CHAINS))
    parts.skip(_CRYPTO_INFOS)
    encrypted = parts.skip(_ENCRYPTION_INFO)
    sequence = parts.take(_SEQUENCE)
    parts.done()
    chains = tuple(_chain(one) for one in _limited(sequence, MAX_CHAINS))
    count = sum(len(chain.timestamps) for chain in chains)
    if not chains or not all(chain.timestamps for chain in chains):
        raise Malformed("the record has an empty chain, or none")
    if count > MAX_TIMESTAMPS:
        raise Malformed(f"more than {MAX_TIMESTAMPS} archive timestamps")
    return EvidenceRecord(encoded, names, chains, encrypted)


def _identifier(algorithm: str) -> bytes:
    """Return the AlgorithmIdentifier of a digest, without parameters (RFC 5754, 2)."""
    dotted = algorithm if "." in algorithm else algos.DigestAlgorithmId(algorithm).dotted
    return der.sequence(der.oid(dotted))


def _chain(element: Element) -> Chain:
    stamps = _limited(_expected(element, _SEQUENCE), MAX_TIMESTAMPS)
    return Chain(element.encoded, tuple(_timestamp(one) for one in stamps))


def _timestamp(element: Element) -> ArchiveTimestamp:
    parts = _Parts(_expected(element, _SEQUENCE))
    algorithm = parts.take_if(_DIGEST_ALGORITHM)
    attributes = parts.take_if(_ATTRIBUTES)
    for one in attributes.children() if attributes else ():
        _expected(one, _SEQUENCE)
    tree = parts.take_if(_HASHTREE)
    stamp = parts.take(_SEQUENCE)
    parts.done()
    return ArchiveTimestamp(
        element.encoded,
        _algorithm(algorithm, _DIGEST_ALGORITHM) if algorithm else None,
        _hashtree(tree) if tree else None,
        stamp.encoded,
    )


def _hashtree(element: Element) -> HashTree:
    lists = tuple(octet_strings(_expected(one, _SEQUENCE)) for one in _limited(element, MAX_LISTS))
    if not lists or not all(lists):
        raise Malformed("a reduced hash tree is empty, or has an empty list")
    return lists


def _algorithm(element: Element, tag: int = _SEQUENCE) -> str:
    """Return a digest algorithm's name; its dotted identifier if it is not known here.

    Digests have no parameters, or NULL (RFC 5754, 2).
    """
    parts = _Parts(_expected(element, tag))
    parts.take(_IDENTIFIER)
    parts.skip(_NULL)
    parts.done()
    found = algos.DigestAlgorithm.load(der.sequence(element.content))
    try:
        return digest_name(found)
    except UnknownAlgorithm:
        dotted: str = found["algorithm"].dotted
        return dotted
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed(f"a digest algorithm cannot be read: {error}") from error


class _Parts:
    """The fields of a SEQUENCE, taken one after the other."""

    def __init__(self, of: Element) -> None:
        self._children = of.children()
        self._next = next(self._children, None)

    def take(self, tag: int) -> Element:
        """Return the next field; raises Malformed if it is another one."""
        found = self.take_if(tag)
        if found is None:
            raise Malformed("a field is missing or stands where it should not")
        return found

    def take_if(self, tag: int) -> Element | None:
        """Return the next field if it has this tag."""
        found = self._next
        if found is None or found.tag != tag:
            return None
        self._next = next(self._children, None)
        return found

    def skip(self, tag: int) -> bool:
        """Pass over an optional field; return whether it was there."""
        return self.take_if(tag) is not None

    def done(self) -> None:
        """Raise Malformed if anything is left."""
        if self._next is not None:
            raise Malformed("a field is there twice, or stands where it should not")


def _expected(element: Element, tag: int) -> Element:
    if element.tag != tag:
        raise Malformed("an element has another type than it should")
    return element


def _limited(element: Element, most: int) -> Iterator[Element]:
    for number, child in enumerate(element.children()):
        if number >= most:
            raise Malformed(f"a list of more than {most} entries")
        yield child
