"""Proving: evidence for what is held; step 10 of ingest, and its renewals over the years.

A batch becomes evidence when its heading is in the store (`archive.evidence.batches`); the
catalogue only remembers which stored versions it covers, and takes in again what it forgot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive import log_evidence
from archive.assembly import Archive
from archive.catalogue import evidence, journal
from archive.catalogue.dossiers import Holding
from archive.catalogue.engine import Connection
from archive.catalogue.evidence import BatchRow, Coverage
from archive.catalogue.holding import HeldVersion
from archive.errors import FixityMismatch, IntegrityError, NotHeld
from archive.events import Event, EventType
from archive.evidence import batches, given, logstore
from archive.evidence.batches import Batch, Draft, Kind, Member
from archive.evidence.enclosing import with_its_proofs
from archive.evidence.history import History
from archive.evidence.records import EvidenceRecord
from archive.evidence.renew import renewed_group
from archive.evidence.verify import RecordVerdict, verify
from archive.heads import head_of_version, version_of
from archive.log_evidence import history
from archive.model import ObjectName, Version
from archive.signatures.tokens import Token

BATCH = 100_000
"""Stored versions under one timestamp at most."""
ALGORITHM = "sha256"
_AFTER_IT = "sha512"
"""What new batches use from the day on which the other does not count any more."""
SEAL = "METS.xml.p7s"
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class EvidenceStatus:
    """How the archive's evidence stands."""

    coverage: Coverage
    batches: int
    renewals: int
    algorithms: tuple[str, ...]
    """Digests of the newest chains."""
    oldest: datetime | None
    """Time of the oldest of the last timestamps."""
    renew_before: datetime | None
    """First end of a certificate behind one of them, or behind a checkpoint's of the log."""


def prove_pending(archive: Archive) -> int:
    """Bring every stored version into a batch of evidence; return how many were new to one.

    A crash at any point is made good by the next run, which finds the same batch half made
    or made, and asks for no second timestamp if the first one was stored.

    Raises:
        FixityMismatch: a package that had to be read is not what was recorded.
        Unavailable: store or timestamp authority did not answer; prove again.
    """
    proven = 0
    while _uncovered(archive):
        # (1) Take in batches that a crash, or a rebuild, left unknown to the catalogue.
        adopt(archive)
        pending = _uncovered(archive)
        if not pending:
            break
        # (2) One tree over all of them, one timestamp. The commit point is the heading's
        #     arrival in the store.
        #     The log's checkpoints that are there by then go along.
        algorithm = _algorithm(archive)
        members = [_member(archive, held, algorithm) for held in pending]
        members += _checkpoints(archive, algorithm)
        members.sort(key=lambda one: one.place)
        batch = _keep(archive, Draft(Kind.PACKAGES, algorithm, members))
        # (3) Remember what is covered.
        _register(archive, batch, [one.place for one in members])
        proven += len(pending)
    return proven


def _algorithm(archive: Archive) -> str:
    """Return the digest of new trees: a weak one would prove nothing (RFC 4998, 5.3)."""
    good = archive.trust.policy.digest_good_until(ALGORITHM) > archive.clock()
    return ALGORITHM if good else _AFTER_IT


def _checkpoints(
    archive: Archive, algorithm: str, *, ending: datetime | None = None
) -> list[Member]:
    sizes = log_evidence.uncovered(archive, ending=ending)
    return [log_evidence.member(archive, size, algorithm) for size in sizes]


def adopt(archive: Archive) -> int:
    """Take batches of the store into the catalogue that it does not know; return how many."""
    with archive.catalogue.connect() as connection:
        known = {row.id for row in evidence.batches(connection)}
    found = [one for one in batches.ids(archive.store) if one not in known]
    for one in found:
        batch = batches.read(archive.store, one)
        members: Iterable[Member] = ()
        if batch.kind is not Kind.TIMESTAMPS:
            members = batches.members(archive.store, one)
        _register(archive, batch, (member.place for member in members))
    return len(found)


def record_for(archive: Archive, holding: Holding, version: int | None = None) -> bytes:
    """Return the RFC 4998 evidence record of a stored version, DER.

    Args:
        archive: where it is held.
        holding: the dossier.
        version: its number; None for the latest.

    Raises:
        NotHeld: no such version, or it is in no batch yet.
    """
    place = version_of(holding, version).place
    return _record(archive, history(archive), place).encoded


def verify_held(archive: Archive, holding: Holding, version: int | None = None) -> RecordVerdict:
    """Verify the evidence of a stored version against its bytes in the store.

    A package so damaged that its seal cannot be read is compared as a whole only. Errors
    as `record_for`.
    """
    stored = version_of(holding, version)
    record = _record(archive, history(archive), stored.place)
    objects = [_package(archive, stored, record.digest_algorithms)]
    try:
        objects.append(_seal(archive, stored, record.digest_algorithms))
    except IntegrityError:
        objects.append(given.DataObject(SEAL))
    return verify(record.encoded, objects, archive.trust, at=archive.clock())


def renew_timestamps(archive: Archive, *, ending: datetime | None = None) -> list[Batch]:
    """Renew the last timestamp of every chain; one new timestamp for each digest in use.

    With `ending` only of chains whose last timestamp cannot be relied on after that moment,
    because its authority's certificate ends: records grow only when they have to.

    What the old timestamps need for their verification is enclosed in them before.
    Packages are neither read nor counted: the work is that of the batches. Running it
    again renews again, which does no harm.

    Raises:
        Unavailable: store or timestamp authority did not answer.
    """
    adopt(archive)
    # A checkpoint's own timestamp is renewed by bringing it into a batch.
    algorithm = _algorithm(archive)
    if members := _checkpoints(archive, algorithm, ending=ending):
        batch = _keep(archive, Draft(Kind.PACKAGES, algorithm, members))
        _register(archive, batch, [one.place for one in members])
    known, renewed = history(archive), []
    by_algorithm: dict[str, list[str]] = {}
    for one in known.tips:
        if ending is not None and not _ends_by(archive, one, ending):
            continue
        by_algorithm.setdefault(known.batch(one).shape.algorithm, []).append(one)
    for algorithm, tips in by_algorithm.items():
        draft = Draft(Kind.TIMESTAMPS, algorithm, enclosed=_enclosed(archive, tips))
        renewed.append(_keep(archive, draft))
        _register(archive, renewed[-1], ())
    return renewed


def _ends_by(archive: Archive, batch_id: str, moment: datetime) -> bool:
    """Whether a batch's timestamp ends by then; one without a known signer may."""
    signer = Token.load(batches.token(archive.store, batch_id)).signer
    return signer is None or signer.not_after <= moment


def renew_hash_trees(archive: Archive, algorithm: str) -> int:
    """Hash every package and its chains anew by another digest; return how many packages.

    Packages are read whole, and compared with their recorded digests on the way. A crash
    loses nothing: the next run goes on with what has no chain by the new digest.

    Raises:
        FixityMismatch: a stored package is not what was recorded; nothing is renewed over it.
        Unavailable: store or timestamp authority did not answer.
    """
    prove_pending(archive)
    adopt(archive)
    done = 0
    while True:
        pending = {held.version.place: held.version for held in _without(archive, algorithm)}
        checkpoints = log_evidence.to_renew(archive, algorithm, BATCH)
        if not pending and not checkpoints:
            return done
        known = history(archive)
        with archive.catalogue.connect() as connection:
            of = evidence.of_places(connection, [*pending, *checkpoints])
        tips = _enclosed(archive, dict.fromkeys(known.tip(ids[-1]) for ids in of.values()))
        members = []
        for place in sorted(of):
            if place in pending:
                objects = _renewed_objects(archive, pending[place], algorithm)
            else:
                objects = log_evidence.objects_to_renew(
                    archive, known, place, of[place][-1], algorithm
                )
            digests = tuple(one.digests[algorithm] for one in objects)
            chains = known.record(place, of[place], tips).chains
            members.append(Member(place, digests, renewed_group(algorithm, digests, chains)))
        batch = _keep(archive, Draft(Kind.HASH_TREES, algorithm, members, tips))
        _register(archive, batch, [member.place for member in members])
        done += len(pending)


def status(archive: Archive) -> EvidenceStatus:
    """Say how much is covered, and until when the last timestamps can be relied on."""
    adopt(archive)
    known = history(archive)
    tokens = [Token.load(batches.token(archive.store, one)) for one in known.tips]
    waiting = (logstore.token(archive.store, size) for size in log_evidence.uncovered(archive))
    last = [*tokens, *(Token.load(one) for one in waiting if one is not None)]
    ends = [token.signer.not_after for token in last if token.signer is not None]
    with archive.catalogue.connect() as connection:
        coverage = evidence.coverage(connection)
    packages = sum(kind is Kind.PACKAGES for kind in known.kinds.values())
    return EvidenceStatus(
        coverage,
        packages,
        len(known.kinds) - packages,
        tuple(dict.fromkeys(known.batch(one).shape.algorithm for one in known.tips)),
        min((token.gen_time for token in tokens), default=None),
        min(ends, default=None),
    )


def _record(archive: Archive, known: History, place: ObjectName) -> EvidenceRecord:
    with archive.catalogue.connect() as connection:
        of = evidence.of_place(connection, place)
    if not of and adopt(archive):
        return _record(archive, history(archive), place)
    if not of:
        raise NotHeld(
            "there is no evidence for this version yet", where=place, hint="kho evidence build"
        )
    return known.record(place, of)


def _uncovered(archive: Archive) -> tuple[HeldVersion, ...]:
    with archive.catalogue.connect() as connection:
        return evidence.uncovered(connection, BATCH)


def _without(archive: Archive, algorithm: str) -> tuple[HeldVersion, ...]:
    with archive.catalogue.connect() as connection:
        return evidence.without_algorithm(connection, algorithm, BATCH)


def _member(archive: Archive, held: HeldVersion, algorithm: str) -> Member:
    """Return a stored version as a data group: the whole object, and its seal.

    By the recorded digests, so that no package is read; by another algorithm it has to be.
    """
    version = held.version
    if algorithm == ALGORITHM:
        digests = (bytes.fromhex(version.sha256), bytes.fromhex(version.seal_digest))
        return Member(version.place, digests, digests)
    objects = _renewed_objects(archive, version, algorithm)
    found = tuple(one.digests[algorithm] for one in objects)
    return Member(version.place, found, found)


def _renewed_objects(
    archive: Archive, version: Version, algorithm: str
) -> tuple[given.DataObject, ...]:
    wanted = {ALGORITHM, algorithm}
    objects = (_package(archive, version, wanted), _seal(archive, version, wanted))
    recorded = (version.sha256, version.seal_digest)
    for found, sha256 in zip(objects, recorded, strict=True):
        if found.digests[ALGORITHM].hex() != sha256:
            raise FixityMismatch(
                version.place, recorded=sha256, found=found.digests[ALGORITHM].hex()
            )
    return objects


def _package(archive: Archive, version: Version, algorithms: Iterable[str]) -> given.DataObject:
    with archive.store.open(version.place) as stream:
        return given.of_stream(version.place, stream, set(algorithms))


def _seal(archive: Archive, version: Version, algorithms: Iterable[str]) -> given.DataObject:
    seal = head_of_version(archive, version).seal
    return given.DataObject(SEAL, {name: hashlib.new(name, seal).digest() for name in algorithms})


def _enclosed(archive: Archive, tips: Iterable[str]) -> dict[str, bytes]:
    """Return the last timestamps with their proofs, as a renewal hashes them."""
    at = archive.clock()
    return {
        one: with_its_proofs(batches.token(archive.store, one), archive.trust, at=at)
        for one in tips
    }


def _keep(archive: Archive, draft: Draft) -> Batch:
    with archive.catalogue.connect() as connection:
        newest = max((row.made_at for row in evidence.batches(connection)), default=None)
    at = archive.clock()
    if newest is not None:  # the order of batches is the order of a record's chains
        at = max(at, newest + _TICK)
    tsa = archive.sealer.tsa
    return batches.keep(archive.store, tsa, draft, scratch=archive.scratch, at=at)


def _register(archive: Archive, batch: Batch, places: Iterable[ObjectName]) -> None:
    row = BatchRow(batch.id, batch.kind.value, batch.shape.algorithm, batch.made_at)
    with archive.catalogue.begin() as connection:
        if any(known.id == batch.id for known in evidence.batches(connection)):
            return
        evidence.register(connection, row, places)
        if not _on_record(connection, batch.id):
            journal.append(connection, _event(archive, batch))


def _event(archive: Archive, batch: Batch) -> Event:
    made = batch.kind is Kind.PACKAGES
    return Event(
        EventType.EVIDENCE_MADE if made else EventType.EVIDENCE_RENEWED,
        archive.clock(),
        "success",
        archive.agent,
        subject=batch.id,
        details={
            "kind": batch.kind.value,
            "algorithm": batch.shape.algorithm,
            "leaves": batch.shape.leaves,
            "root": batch.root.hex(),
        },
    )


def _on_record(connection: Connection, batch_id: str) -> bool:
    """Whether the journal has the batch already, as after a rebuild."""
    return any(journal.entries(connection, subject=batch_id, limit=1))
