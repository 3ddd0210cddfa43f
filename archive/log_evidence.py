"""The log in evidence: checkpoints of the journal among what RFC 4998 records protect.

A checkpoint's timestamp ends with its authority's certificate. Before that the checkpoint
goes into a batch's tree, and is renewed with the batch: its data group is the signed note,
its timestamp, and the log's key with the archive's seal over it, each with the certificates
and revocation answers by which it passed when it was made.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from datetime import datetime

from archive import checkpointing
from archive.assembly import Archive
from archive.catalogue import evidence
from archive.errors import FixityMismatch
from archive.evidence import batches, given, logstore
from archive.evidence.batches import Kind, Member
from archive.evidence.given import DataObject
from archive.evidence.history import History
from archive.model import ObjectName
from archive.signatures.tokens import Token


def history(archive: Archive) -> History:
    """Return the archive's batches and how they renew each other."""
    with archive.catalogue.connect() as connection:
        kinds = {row.id: Kind(row.kind) for row in evidence.batches(connection)}
    return History(archive.store, kinds)


def uncovered(archive: Archive, *, ending: datetime | None = None) -> Iterator[int]:
    """Yield the sizes of checkpoints that are in no batch yet and have their timestamp.

    With `ending` only of those whose timestamp's authority ends by then.
    """
    with archive.catalogue.connect() as connection:
        last = evidence.last_place(connection, logstore.CHECKPOINTS)
    for size in logstore.sizes(archive.store, logstore.size_of(last) if last else 0):
        token = logstore.token(archive.store, size)
        if token is not None and (ending is None or _ends_by(token, ending)):
            yield size


def _ends_by(token: bytes, moment: datetime) -> bool:
    signer = Token.load(token).signer
    return signer is None or signer.not_after <= moment


def member(archive: Archive, size: int, algorithm: str) -> Member:
    """Return a checkpoint as a data group of a tree."""
    found = objects(archive, size, (algorithm,))
    digests = tuple(one.digests[algorithm] for one in found)
    return Member(logstore.checkpoint_name(size), digests, digests)


def objects(archive: Archive, size: int, algorithms: Collection[str]) -> list[DataObject]:
    """Return what lies in the store for a checkpoint, hashed: its data group.

    Raises:
        JournalBroken: the checkpoint is not signed by a key of the log.
    """
    return [
        given.of_stream(name, io.BytesIO(archive.store.read(name)), algorithms)
        for name in _names(archive, size)
    ]


def _names(archive: Archive, size: int) -> tuple[ObjectName, ...]:
    key = logstore.key_name(checkpointing.key_of(archive, size))
    name, token = logstore.checkpoint_name(size), logstore.token_name(size)
    return name, token, key, ObjectName(key + logstore.SEAL)


def to_renew(archive: Archive, algorithm: str, limit: int) -> tuple[ObjectName, ...]:
    """List the checkpoints in evidence that have no chain by a digest algorithm."""
    with archive.catalogue.connect() as connection:
        return evidence.places_without_algorithm(connection, logstore.CHECKPOINTS, algorithm, limit)


def objects_to_renew(
    archive: Archive, known: History, place: ObjectName, of: str, algorithm: str
) -> tuple[DataObject, ...]:
    """Return a checkpoint's data group, compared with the batch that it is in.

    Raises:
        FixityMismatch: the store has something else than the batch is over.
    """
    before = known.batch(of).shape.algorithm
    found = objects(archive, logstore.size_of(place), {before, algorithm})
    recorded = batches.member(archive.store, of, place).digests
    for one, digest in zip(found, recorded, strict=True):
        if one.digests[before] != digest:
            name = ObjectName(one.name)
            raise FixityMismatch(name, recorded=digest.hex(), found=one.digests[before].hex())
    return tuple(found)


def record_of(archive: Archive, size: int) -> bytes | None:
    """Return the evidence record of a checkpoint, DER; None if it is in no batch yet."""
    place = logstore.checkpoint_name(size)
    with archive.catalogue.connect() as connection:
        of = evidence.of_place(connection, place)
    return history(archive).record(place, of).encoded if of else None
