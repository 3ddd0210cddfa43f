"""Rebuild: catalogue, holds, journal and index anew, from the store alone."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from archive import indexing, jobs, seals, segments
from archive.assembly import Archive
from archive.catalogue import (
    disposals,
    dossiers,
    holds,
    issued_copies,
    journal,
    notes,
    schedules,
)
from archive.catalogue.dossiers import Holding
from archive.catalogue.engine import Catalogue, Connection
from archive.checkpointing import checkpoint
from archive.errors import IntegrityError, JournalBroken, NotHeld, Unavailable, UsageError
from archive.events import Event, EventType
from archive.fixity import chunks, sha256_of
from archive.heads import head_of_place
from archive.model import DossierId, Indication, ObjectName, Receipt, Version
from archive.packages.aip.layout import read_place
from archive.preservation import fixity
from archive.recomputing import recompute
from archive.records import Record, details_of, recorded
from archive.retention import Circumstances, decide_now, due_of, fixed_of

BATCH = 500


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was found in the store."""

    dossiers: int
    versions: int
    journal_entries: int
    holds: int
    adopted: tuple[ObjectName, ...]
    """Packages that the journal in the store did not know yet: taken in, on record."""
    unreadable: tuple[tuple[ObjectName, str], ...]
    """Packages that could not be read, with the reason; nothing was done to them."""


def rebuild(
    archive: Archive, *, on_dossier: Callable[[int, int], None] = lambda done, total: None
) -> Rebuilt:
    """Build the catalogue and the index of an archive anew.

    SQLite is built in a new file that takes the old one's place at the end, which is the
    commit point; running it again after a crash starts over.

    Args:
        archive: its settings and its store; its catalogue is not asked.
        on_dossier: is told how many of how many dossiers are done.

    Raises:
        JournalBroken: a segment of the journal is damaged or missing.
        UsageError: the catalogue is a PostgreSQL database that is not empty.
    """
    target = _empty_catalogue(archive)
    result = restore(target, on_dossier=on_dossier)
    segments.flush(target)
    _finish_log(target)
    target.close()
    _take_over(archive, target)
    indexing.rebuild(archive)
    return result


def restore(
    target: Archive,
    *,
    on_dossier: Callable[[int, int], None] = lambda done, total: None,
    upto: int | None = None,
) -> Rebuilt:
    """Fill an empty catalogue from the store, where nothing is written.

    Args:
        target: the archive with the empty catalogue.
        on_dossier: is told how many of how many dossiers are done.
        upto: the last entry of the journal that counts; packages of later ones are left out.

    Raises:
        JournalBroken: a segment of the journal is damaged or missing.
    """
    entries = _restore_journal(target, upto)
    restored = _restore_holds(target)
    _restore_state(target)
    records = _records(target)
    places = _places(target, records, only_recorded=upto is not None)
    found: list[_Found] = []
    unreadable: list[tuple[ObjectName, str]] = []
    total = len(places)
    for number, done in enumerate(
        jobs.run(
            places.items(), lambda item: _found(target, item[1], records), workers=target.workers
        ),
        1,
    ):
        if done.result is not None:
            found.append(done.result)
        else:
            unreadable.append((done.item[1][-1], str(done.error)))
        on_dossier(number, total)
        if len(found) >= BATCH:
            _enter(target, found)
            found = []
    _enter(target, found)
    adopted = _adopt(target, places, records)
    _replay_fixity(target)
    recompute(target, everything=True)
    return _sum_up(target, entries, restored, adopted, tuple(unreadable))


def _empty_catalogue(archive: Archive) -> Archive:
    """Return the archive with a new, empty catalogue beside the old one."""
    settings = archive.settings
    if settings.catalogue_url().startswith("sqlite:"):
        path = _sqlite_path(archive).with_suffix(".rebuilding")
        for leftover in path.parent.glob(path.name + "*"):
            leftover.unlink()
        values = {**settings.values, "catalogue.url": f"sqlite:///{path}"}
        archive = replace(archive, settings=replace(settings, values=values))
    catalogue = Catalogue(archive.settings.catalogue_url())
    catalogue.migrate()
    with catalogue.connect() as connection:
        if dossiers.counts(connection).dossiers or journal.head(connection).seq:
            raise UsageError(
                "the catalogue is not empty",
                where=catalogue.url,
                hint="name an empty database in catalogue.url, or drop this one's tables",
            )
    catalogue.close()
    return archive


def _sqlite_path(archive: Archive) -> Path:
    return Path(archive.settings.catalogue_url().removeprefix("sqlite:///"))


def _take_over(archive: Archive, target: Archive) -> None:
    """Put the new SQLite file in the place of the old one."""
    if target.settings is archive.settings:
        return
    archive.close()
    path = _sqlite_path(archive)
    for leftover in (path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        leftover.unlink(missing_ok=True)
    _sqlite_path(target).replace(path)
    for part in ("catalogue", "kept_trust", "sealer"):  # what the new journal says of keys counts
        archive.__dict__.pop(part, None)


def _restore_journal(archive: Archive, upto: int | None) -> int:
    names = segments.names(archive)
    if upto is not None:
        names = [name for name in names if segments.span_of(name)[1] <= upto]
    for name in names:
        content = archive.store.read(name)
        _check_seal(archive, name, content)
        with archive.catalogue.begin() as connection:
            journal.restore(connection, content)
            journal.set_flushed(connection, journal.head(connection).seq)
    with archive.catalogue.connect() as connection:
        return journal.verify(connection).seq


def _check_seal(archive: Archive, name: ObjectName, content: bytes) -> None:
    token = segments.seal_of(archive, name)
    verdict = seals.verdict_on(archive, content, token)
    if verdict.indication is Indication.FAILED:
        raise JournalBroken(f"the seal of {name} does not verify", where=name)


def _finish_log(archive: Archive) -> None:
    """Make what is missing of the journal's Merkle log, after a crash or in an older store."""
    with archive.catalogue.connect() as connection:
        upto = journal.flushed(connection).seq
    if upto:
        checkpoint(archive, upto)


def _restore_holds(archive: Archive) -> int:
    found = 0
    # In byte order lifted.json comes before placed.json, and reviews after both.
    for name in archive.store.names(segments.HOLDS):
        content = archive.store.read(name)
        if "/reviewed-" in name:
            with archive.catalogue.begin() as connection:
                holds.restore_review(connection, json.loads(content))
            continue
        hold = segments.hold_of(content)
        with archive.catalogue.begin() as connection:
            known = {each.id for each in holds.every(connection)}
            if name.endswith("/lifted.json") or hold.id not in known:
                holds.restore(connection, hold)
                found += 1
    return found


def _restore_state(archive: Archive) -> None:
    """Enter schedules, notes, disposal lists and issued copies as their documents have them."""
    restore: dict[str, Callable[[Connection, bytes], None]] = {
        segments.SCHEDULES: lambda c, b: schedules.restore(c, schedules.from_json(json.loads(b))),
        segments.NOTES: lambda c, b: notes.restore(c, notes.from_json(json.loads(b))),
        segments.DISPOSALS: disposals.restore,
        segments.COPIES: lambda c, b: issued_copies.restore(
            c, issued_copies.from_json(json.loads(b))
        ),
    }
    for folder, enter in restore.items():
        # `noted` sorts after `ended`, and acts are numbered: a note's end has to come last.
        names = [name for name in archive.store.names(folder) if name.endswith(".json")]
        for name in sorted(names, key=lambda name: (name.endswith("/ended.json"), name)):
            with archive.catalogue.begin() as connection:
                enter(connection, archive.store.read(name))


def _records(archive: Archive) -> dict[ObjectName, Record]:
    kinds = {
        EventType.INGESTION.value,
        EventType.METADATA_MODIFICATION.value,
        EventType.RECOVERY.value,
    }
    found: dict[ObjectName, Record] = {}
    with archive.catalogue.connect() as connection:
        for entry in journal.entries(connection):
            details = json.loads(entry.details)
            if entry.type in kinds and "place" in details:
                found[ObjectName(details["place"])] = recorded(details)
    return found


def _places(
    archive: Archive, records: dict[ObjectName, Record], *, only_recorded: bool
) -> dict[DossierId, list[ObjectName]]:
    """Return each dossier's packages in the order of their versions.

    Where several attempts at a version lie in the store, the one on record counts; if none
    is on record (the journal's end was lost with the catalogue), the first in byte order.
    """
    found: dict[DossierId, dict[int, ObjectName]] = defaultdict(dict)
    with archive.catalogue.connect() as connection:
        gone = disposals.gone(connection)
    for name in archive.store.names("aip/"):
        parsed = read_place(name)
        if parsed is None:
            continue
        dossier_id, number, _ = parsed
        if only_recorded and name not in records:
            continue
        if dossier_id in gone:
            continue  # what its destruction has not reached yet; it is no longer held
        if name in records or number not in found[dossier_id]:
            found[dossier_id][number] = name
    return {each: [p[n] for n in sorted(p)] for each, p in found.items()}


class _Found(NamedTuple):
    holding: Holding
    locks: Mapping[ObjectName, datetime]
    """When the object locks end that stand on every copy."""


def _found(archive: Archive, places: list[ObjectName], records: dict[ObjectName, Record]) -> _Found:
    locks = {place: until for place in places if (until := _locked_until(archive, place))}
    return _Found(_holding(archive, places, records), locks)


def _locked_until(archive: Archive, place: ObjectName) -> datetime | None:
    """Return when the first of the copies' locks ends; None if one has none or did not answer."""
    try:
        ends = [copy.stat(place).retained_until for copy in archive.copies]
    except (NotHeld, Unavailable):
        return None
    return min((end for end in ends if end is not None), default=None) if all(ends) else None


def _holding(
    archive: Archive, places: list[ObjectName], records: dict[ObjectName, Record]
) -> Holding:
    head = head_of_place(archive, places[-1])
    known = [records.get(place) or _unrecorded(archive, place) for place in places]
    receipts = tuple(_receipt(head.dossier.id, head.dossier.code, record) for record in known)
    fixed = fixed_of(head.retention)
    decision = decide_now(archive, head.dossier, known=Circumstances(fixed=fixed))
    return Holding(
        head.dossier,
        tuple(record.version for record in known),
        head.verdicts,
        head.submission_digest,
        known[-1].held_since,
        receipts[:-1],
        due_of(head.dossier, decision),
        fixed,
    )


def _receipt(dossier_id: DossierId, code: str, record: Record) -> Receipt:
    version = record.version
    return Receipt(
        dossier_id,
        code,
        version.number,
        version.place,
        version.seal_digest,
        record.submission_digest,
        record.held_since,
    )


def _unrecorded(archive: Archive, place: ObjectName) -> Record:
    """Return what a package says of itself where the journal is silent; reads all of it."""
    head = head_of_place(archive, place)
    digest, size = hashlib.sha256(), 0
    with archive.store.open(place) as stream:
        for piece in chunks(stream):
            digest.update(piece)
            size += len(piece)
    verdict = seals.verdict_on(archive, head.mets, head.seal)
    if verdict.indication is Indication.FAILED:
        raise IntegrityError(f"{place}: the seal does not verify", where=place)
    version = Version(
        head.version, place, digest.hexdigest(), size, sha256_of(head.seal), head.created_at
    )
    return Record(version, head.submission_digest, head.created_at)


def _enter(archive: Archive, found: Iterable[_Found]) -> None:
    found = tuple(found)
    locks = {place: until for each in found for place, until in each.locks.items()}
    with archive.catalogue.begin() as connection:
        dossiers.register_all(connection, (each.holding for each in found))
        dossiers.set_locked_all(connection, locks, at=archive.clock())


def _adopt(
    archive: Archive,
    places: dict[DossierId, list[ObjectName]],
    records: dict[ObjectName, Record],
) -> tuple[ObjectName, ...]:
    """Put on record what was found in the store and not in the journal."""
    adopted: list[ObjectName] = []
    unknown = [each for each, held in places.items() if not records.keys() >= set(held)]
    with archive.catalogue.begin() as connection:
        events = []
        for holding in dossiers.many(connection, unknown):
            for version, receipt in zip(holding.versions, holding.receipts, strict=True):
                if version.place not in records:
                    record = Record(version, receipt.submission_digest, receipt.held_since)
                    event = Event(EventType.RECOVERY, archive.clock(), "success", archive.agent)
                    details = details_of(record)
                    events.append(replace(event, subject=holding.dossier.id, details=details))
                    adopted.append(version.place)
        journal.append_all(connection, events)
    return tuple(adopted)


def _replay_fixity(archive: Archive) -> None:
    for entry in _fixity_entries(archive):
        details = json.loads(entry.details)
        if "upto" in details:
            fixity.replay(archive, entry, details)


def _fixity_entries(archive: Archive) -> Iterator[journal.Entry]:
    with archive.catalogue.connect() as connection:
        yield from tuple(journal.entries(connection, type=EventType.FIXITY_CHECK))


def _sum_up(
    archive: Archive,
    entries: int,
    restored: int,
    adopted: tuple[ObjectName, ...],
    unreadable: tuple[tuple[ObjectName, str], ...],
) -> Rebuilt:
    with archive.catalogue.connect() as connection:
        counts = dossiers.counts(connection)
    return Rebuilt(counts.dossiers, counts.versions, entries, restored, adopted, unreadable)
