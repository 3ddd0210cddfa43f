"""Witnessing: who cosigns our checkpoints, and whose checkpoints we cosign.

Both are events of the journal, about the subject `witnesses`, so that they outlive the
catalogue and nobody can drop a witness unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from archive.assembly import Archive
from archive.catalogue import journal
from archive.errors import NotHeld, UsageError
from archive.events import Event, EventType
from archive.evidence.notes import KeyKind, NoteKey
from archive.segments import try_to_flush

SUBJECT = "witnesses"


@dataclass(frozen=True, slots=True)
class Party:
    """A witness that we ask, or a log that we cosign: its key's kind tells which."""

    key: NoteKey
    url: str
    """Where a witness is asked (its submission prefix); "" for a log."""


def parties(archive: Archive) -> tuple[Party, ...]:
    """Return everybody who was added and not removed, in the order of adding."""
    found: dict[str, Party] = {}
    with archive.catalogue.connect() as connection:
        for entry in journal.entries(connection, subject=SUBJECT):
            details = entry.event.details
            vkey = str(details["key"])
            if details["change"] == "added":
                found[vkey] = Party(NoteKey.of_vkey(vkey), str(details["url"]))
            else:
                found.pop(vkey, None)
    return tuple(found.values())


def witnesses(archive: Archive) -> list[Party]:
    """Return the witnesses that we ask."""
    return [one for one in parties(archive) if one.key.kind is KeyKind.WITNESS]


def ever_witnesses(archive: Archive) -> list[NoteKey]:
    """Return the keys of the witnesses that we ask or have asked once."""
    with archive.catalogue.connect() as connection:
        entries = journal.entries(connection, subject=SUBJECT)
        keys = dict.fromkeys(str(entry.event.details["key"]) for entry in entries)
    return [key for key in map(NoteKey.of_vkey, keys) if key.kind is KeyKind.WITNESS]


def followed(archive: Archive) -> list[NoteKey]:
    """Return the keys of the logs that we cosign."""
    return [one.key for one in parties(archive) if one.key.kind is KeyKind.LOG]


def add(archive: Archive, key: NoteKey, url: str, *, agent: str) -> Party:
    """Add a witness with its address, or a log; the same again changes nothing.

    Raises:
        UsageError: a witness without an address, a log with one, or our own key.
    """
    if key.public in (archive.log_signer.key.public, archive.witness_signer.key.public):
        raise UsageError("an archive is no witness of itself", where=key.name)
    if key.kind is KeyKind.WITNESS and urlsplit(url).scheme not in ("http", "https"):
        raise UsageError("a witness's address begins with http:// or https://", where=url)
    if key.kind is KeyKind.LOG and url:
        raise UsageError("a log that is followed has no address: its archive asks us", where=url)
    party = Party(key, url.rstrip("/"))
    if party not in parties(archive):
        _record(archive, "added", party, agent)
    return party


def remove(archive: Archive, name: str, *, agent: str) -> Party:
    """Remove a witness or a log by its name or its key; what was cosigned stays.

    Raises:
        NotHeld: there is none.
        UsageError: several have the name.
    """
    named = [one for one in parties(archive) if name in (one.key.name, one.key.vkey)]
    if not named:
        raise NotHeld("no witness and no log of this name", where=name)
    if len(named) > 1:
        raise UsageError("several have this name", where=name, hint="give the whole key")
    _record(archive, "removed", named[0], agent)
    return named[0]


def _record(archive: Archive, change: str, party: Party, agent: str) -> None:
    details = {"change": change, "key": party.key.vkey, "url": party.url}
    at = archive.clock()
    event = Event(EventType.WITNESS_CHANGED, at, "success", agent, SUBJECT, details)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)
    try_to_flush(archive)
