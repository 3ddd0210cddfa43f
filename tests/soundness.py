"""What must be true of an archive at any time, and what must be true once an act is finished.

`assert_sound` is the end of every scenario. It believes nothing that the archive says of
itself: every stored byte is read, every seal verified, every list compared with its source.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from archive import access, covering
from archive.assembly import Archive
from archive.catalogue import dossiers, holds, journal, outbox
from archive.catalogue.dossiers import Holding
from archive.events import EventType
from archive.heads import head_of_place, head_of_version
from archive.locking import locked_until
from archive.model import Indication, ObjectName, Version
from archive.preservation.verification import verify_journal
from archive.retention import explained
from archive.signatures import seal

_REPORTS_A_VERSION = frozenset(
    {
        EventType.INGESTION.value,
        EventType.METADATA_MODIFICATION.value,
        EventType.RECOVERY.value,
    }
)


def assert_sound(archive: Archive, *, finished: bool = True) -> None:
    """Fail unless the archive is sound.

    Args:
        archive: which.
        finished: whether the last act came to its end. Otherwise locks, index and journal
            segments may be late, and whole packages may lie in the store that nobody
            refers to; nothing else may be amiss.
    """
    holdings = _holdings(archive)
    for holding in holdings:
        for version in holding.versions:
            _assert_stored(archive, holding, version)
        _assert_described(archive, holding)
        _assert_originals(archive, holding)
    _assert_on_record(archive, holdings)
    _assert_holds_stand(archive, holdings)
    _assert_no_partial_objects(archive, holdings)
    _assert_database_whole(archive)
    verify_journal(archive)
    if finished:
        _assert_finished(archive, holdings)


def _holdings(archive: Archive) -> tuple[Holding, ...]:
    with archive.catalogue.connect() as connection:
        return tuple(dossiers.all(connection))


def _assert_stored(archive: Archive, holding: Holding, version: Version) -> None:
    """Each version is on every copy with its fixity, and its seal verifies."""
    for copy in archive.copies:
        content = copy.read(version.place)
        assert len(content) == version.size == copy.stat(version.place).size
        assert hashlib.sha256(content).hexdigest() == version.sha256
    head = head_of_version(archive, version)
    assert (head.version, head.seal_digest) == (version.number, version.seal_digest)
    assert head.dossier.id == holding.dossier.id
    assert head.place == version.place
    verdict = seal.verify(head.mets, head.seal, archive.trust, at=archive.clock())
    assert verdict.indication is Indication.PASSED, verdict.reasons


def _assert_described(archive: Archive, holding: Holding) -> None:
    """The latest package says of the dossier what the catalogue says."""
    numbers = [version.number for version in holding.versions]
    assert numbers == list(range(1, len(numbers) + 1))
    head = head_of_version(archive, holding.versions[-1])
    assert head.dossier == holding.dossier
    assert head.verdicts == holding.verdicts
    assert head.submission_digest == holding.submission_digest


def _assert_originals(archive: Archive, holding: Holding) -> None:
    for document in holding.dossier.documents:
        target = io.BytesIO()
        access.hand_out(archive, holding, document, target)
        assert len(target.getvalue()) == document.file.size


def _assert_on_record(archive: Archive, holdings: Iterable[Holding]) -> None:
    """The journal reports every version that is held, once, and none that is not."""
    with archive.catalogue.connect() as connection:
        journal.verify(connection)
        reported = sorted(
            details["place"]
            for entry in journal.entries(connection)
            if entry.type in _REPORTS_A_VERSION
            and "place" in (details := json.loads(entry.details))
        )
    held = sorted(version.place for holding in holdings for version in holding.versions)
    assert reported == held


def _assert_holds_stand(archive: Archive, holdings: Iterable[Holding]) -> None:
    """Nothing that a hold names is gone."""
    held = {holding.dossier.id for holding in holdings}
    with archive.catalogue.connect() as connection:
        named = {hold.dossier_id for hold in holds.active(connection) if hold.dossier_id}
    assert named <= held


def _assert_no_partial_objects(archive: Archive, holdings: Iterable[Holding]) -> None:
    """What lies in the store that nobody refers to is at least a whole package."""
    known = {version.place for holding in holdings for version in holding.versions}
    for name in archive.store.names("aip/"):
        if name not in known:
            assert head_of_place(archive, name).place == name


def _assert_database_whole(archive: Archive) -> None:
    url = archive.settings.catalogue_url()
    if url.startswith("sqlite:///"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        finally:
            connection.close()


def _assert_finished(archive: Archive, holdings: tuple[Holding, ...]) -> None:
    _assert_indexed(archive, holdings)
    for holding in holdings:
        for version in holding.versions:
            _assert_locked(archive, holding, version.place)
    with archive.catalogue.connect() as connection:
        assert journal.flushed(connection) == journal.head(connection)
    assert list(archive.scratch.iterdir()) == []
    for copy in archive.copies:
        root = getattr(copy, "root", None)
        if isinstance(root, Path):
            assert list((root / ".kho" / "incoming").iterdir()) == []


def _assert_indexed(archive: Archive, holdings: tuple[Holding, ...]) -> None:
    indexed = sorted(key for year in archive.index.counts() for key in archive.index.keys(year))
    assert indexed == sorted(holding.dossier.id for holding in holdings)
    with archive.catalogue.connect() as connection:
        assert outbox.backlog(connection) == 0


def _assert_locked(archive: Archive, holding: Holding, place: ObjectName) -> None:
    """Every copy has the object lock that retention asks for, and the legal hold of a hold."""
    if archive.settings.text("store.lock") == "none":
        return
    with archive.catalogue.connect() as connection:
        assert dossiers.unlocked(connection) == ()
        under_hold = bool(covering.standing_on(connection, holding))
    wanted = locked_until(archive, explained(archive, holding))
    for copy in archive.copies:
        stored = copy.stat(place)
        assert (stored.retained_until is not None) or wanted is None
        assert stored.legal_hold is under_hold
