"""Sealing: the acts on the seal's keys; each is an event in the journal, with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive import keyring, seals, segments
from archive.assembly import Archive, open_tsa
from archive.catalogue import dossiers, journal
from archive.errors import ArchiveError, NotPermitted, UsageError
from archive.events import Event, EventType
from archive.evidence import logstore
from archive.fixity import chunks
from archive.heads import head_of_version
from archive.keyring import Action, SealKey, State
from archive.model import Indication, ObjectName, Version
from archive.passwords import password
from archive.preservation.verification import verify_chain
from archive.signatures import seal
from archive.signatures.certificates import read_certificate
from archive.signatures.key_sources import open_key
from archive.signatures.keys import SigningKey
from archive.signatures.seal import Sealer

REVOKED = "REVOKED"
STATE = "state/"
PROBE = b"kho seal: probe"
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Resealed:
    """What was sealed anew."""

    journal: int
    """Segments of the journal, and keys of its log."""
    versions: int
    refused: tuple[tuple[str, str], ...]
    """What is not known to be the archive's own, with the reason; it stays failed."""


def state(archive: Archive) -> State:
    """Return the keys and their uses; the configured key alone if nothing was changed yet."""
    with archive.catalogue.connect() as connection:
        found = keyring.read(connection)
    return found if found.uses else _begun(archive)


def add(
    archive: Archive, name: str, source: str, certificate: Path | None, *, agent: str
) -> SealKey:
    """Add a key, after a seal that was made with it on trial has passed.

    It seals nothing before `rotate`. The same key again, from another place, replaces where
    it is looked for.

    Args:
        archive: whose keyring.
        name: what the key is called from now on.
        source: where it is, see `open_key`; a password comes from the environment.
        certificate: its certificate and chain, PEM, if they are not with the key.
        agent: who does it.

    Raises:
        UsageError: it cannot be opened, or the name is taken by another key.
        NotPermitted: it is too weak, not valid, or not trusted for seals.
        Unavailable: token, service or TSA did not answer.
    """
    _refuse_name(name)
    secret = password(keyring.PASSWORD, name)
    key = open_key(source, certificate, home=archive.settings.home, password=secret)
    at, before = archive.clock(), state(archive)
    keyring.refuse_unfit(key.certificate, at, archive.trust.policy)
    beside = str(certificate) if certificate else None
    added = SealKey(name, source, beside, key.certificate, key.chain, at)
    known = before.keys.get(name)
    if known is not None and known.sha256 != added.sha256:
        raise UsageError(f"another key is called {name}", hint="choose another name")
    if any(one.sha256 == added.sha256 and one.name != name for one in before.keys.values()):
        raise UsageError("this key has another name already", hint="kho seal list")
    _try_out(archive, key, at)
    _record(archive, [added.details()], agent=agent)
    return added


def rotate(
    archive: Archive,
    name: str,
    *,
    beside: str | None = None,
    begins: datetime | None = None,
    agent: str,
    reason: str,
) -> State:
    """Put a key to use from a time on; the one before it is retired then.

    Args:
        archive: whose seal.
        name: of the key, as it was added.
        beside: of a post-quantum key that seals along with it.
        begins: not in the past; None: at once.
        agent: who does it.
        reason: why.

    Raises:
        NotHeld: there is no such key.
        NotPermitted: it was revoked, or may not seal then.
        UsageError: the time is past, or the second key is none of another kind.
    """
    at, before = archive.clock(), state(archive)
    start = begins or at
    if start < at:
        raise UsageError("a key cannot be put to use in the past", where=start.isoformat())
    key, other = before.named(name), before.named(beside) if beside else None
    for one in (key, other):
        if one is not None and one.stolen_at:
            raise NotPermitted("the key was revoked", where=one.name)
        if one is not None:
            keyring.refuse_unfit(one.certificate, start, archive.trust.policy)
    if other is not None and not _is_post_quantum(other):
        raise UsageError("beside a classical key goes a post-quantum one", where=other.name)
    if _is_post_quantum(key):
        raise UsageError("a post-quantum key seals beside a classical one only", hint="--beside")
    used = {
        "action": Action.USED.value,
        "name": key.name,
        "beside": other.name if other else None,
        "begins": start.isoformat(),
        "reason": reason,
    }
    _record(archive, [used], agent=agent)
    return state(archive)


def revoke(archive: Archive, name: str, *, stolen_at: datetime, agent: str, reason: str) -> State:
    """Declare a key stolen: what is proven to be sealed before stays proven, the rest fails.

    Nothing is sealed with it any more. What the archive sealed itself since then is sealed
    anew by `reseal`, once another key is in use.

    Raises:
        NotHeld: there is no such key.
        UsageError: the time lies in the future.
    """
    at, before = archive.clock(), state(archive)
    if stolen_at > at:
        raise UsageError("a key cannot have been stolen in the future", where=str(stolen_at))
    told = {
        "action": Action.REVOKED.value,
        "name": before.named(name).name,
        "stolen_at": stolen_at.isoformat(),
        "reason": reason,
    }
    _record(archive, [told], agent=agent)
    return state(archive)


def reseal(archive: Archive, *, agent: str) -> Resealed:
    """Seal anew what a revoked key sealed too late, if it is known to be the archive's own.

    Running it again goes on where it stopped. Journal segments are the archive's own if they
    agree with the catalogue's chain; packages if their digest is the recorded one.

    Raises:
        NotPermitted: no key is in use.
        JournalBroken: the journal does not agree with the store; nothing was sealed.
        Unavailable: store, key or TSA did not answer; do it again.
    """
    archive.sealer.seal(PROBE, at=archive.clock())
    verify_chain(archive, with_seals=False)
    refused: list[tuple[str, str]] = []
    done = _reseal_segments(archive) + _reseal_log_keys(archive, refused)
    counts = [done, _reseal_versions(archive, refused)]
    _look_at_others(archive, refused)
    if any(counts):
        details = {"journal": counts[0], "versions": counts[1], "refused": len(refused)}
        event = Event(
            EventType.SEALED_ANEW, archive.clock(), "success", agent, keyring.SUBJECT, details
        )
        with archive.catalogue.begin() as connection:
            journal.append(connection, event)
    segments.flush(archive)
    return Resealed(counts[0], counts[1], tuple(refused))


def _reseal_segments(archive: Archive) -> int:
    done = 0
    for name in segments.names(archive):
        done += _sealed_anew(archive, archive.store.read(name), segments.seal_of(archive, name))
    return done


def _reseal_log_keys(archive: Archive, refused: list[tuple[str, str]]) -> int:
    """Seal the log's own key anew; a key that this archive does not have is nobody's."""
    done, own = 0, f"{archive.log_signer.key.vkey}\n".encode()
    for name in list(archive.store.names(logstore.KEYS)):
        if not name.endswith(logstore.VKEY):
            continue
        content, p7s = (archive.store.read(ObjectName(name + end)) for end in ("", logstore.SEAL))
        if content == own:
            done += _sealed_anew(archive, content, p7s)
        elif seals.verdict_on(archive, content, p7s).sub_indication == REVOKED:
            refused.append((name, "it is not the key of this archive's log"))
    return done


def _look_at_others(archive: Archive, refused: list[tuple[str, str]]) -> None:
    """Name sealed papers and audits that fail: no digest of theirs is on record elsewhere."""
    for name in list(archive.store.names(STATE)):
        if not name.endswith(segments.SEAL):
            continue
        paper = ObjectName(name.removesuffix(segments.SEAL))
        if not archive.store_has(paper):  # a person's signature, over a list
            continue
        content = archive.store.read(paper)
        verdict = seals.verdict_on(archive, content, archive.store.read(name))
        if verdict.sub_indication == REVOKED:
            refused.append((name, "a person has to compare it with the paper"))


def _reseal_versions(archive: Archive, refused: list[tuple[str, str]]) -> int:
    done = 0
    for version in _suspected(archive):
        try:
            head = head_of_version(archive, version)
            if seals.verdict_on(archive, head.mets, head.seal).sub_indication != REVOKED:
                continue
            if _digest(archive, version.place) != version.sha256:
                refused.append((version.place, "its bytes are not the recorded ones"))
                continue
        except ArchiveError as error:
            refused.append((version.place, error.message))
            continue
        done += _sealed_anew(archive, head.mets, head.seal)
    return done


def _suspected(archive: Archive) -> Iterator[Version]:
    """Yield the versions that were sealed since the first theft."""
    since = min((at for _, at in archive.trust.stolen), default=None)
    if since is None:
        return
    with archive.catalogue.connect() as connection:
        held = tuple(dossiers.all(connection))
    for holding in held:
        yield from (version for version in holding.versions if version.sealed_at >= since)


def _sealed_anew(archive: Archive, content: bytes, p7s: bytes) -> bool:
    """Seal the same bytes with the key in use, if the old seal fails for its key alone."""
    verdict = seals.verdict_on(archive, content, p7s)
    if verdict.sub_indication != REVOKED:
        return False
    again = archive.sealer.seal(content, at=archive.clock())
    segments.put(archive, seals.place_of(p7s), again)
    return True


def _digest(archive: Archive, place: ObjectName) -> str:
    digest = hashlib.sha256()
    with archive.store.open(place) as stream:
        for piece in chunks(stream):
            digest.update(piece)
    return digest.hexdigest()


def _begun(archive: Archive) -> State:
    """Return the state before any event: the configured key, in use since ever."""
    key = keyring.configured(archive.settings)
    begun = read_certificate(key.certificate).not_before
    settings = archive.settings
    named = settings.text("seal.certificate")
    beside = named if (settings.home / named).is_file() else None
    first = SealKey(
        keyring.CONFIGURED, settings.text("seal.key"), beside, key.certificate, key.chain, begun
    )
    return State({first.name: first}, (keyring.Use(first.name, None, begun),))


def _record(archive: Archive, events: list[Mapping[str, object]], *, agent: str) -> None:
    """Put events on record; the first ones say what was in use before them."""
    with archive.catalogue.connect() as connection:
        new = not keyring.read(connection).keys
    if new:
        begun = _begun(archive)
        (first,), (use,) = begun.keys.values(), begun.uses
        used = {"name": use.name, "beside": None, "begins": use.begins.isoformat()}
        events = [first.details(), {"action": Action.USED.value, **used}, *events]
    kind, at = EventType.SEAL_KEY_CHANGED, archive.clock()
    made = [Event(kind, at, "success", agent, keyring.SUBJECT, told) for told in events]
    with archive.catalogue.begin() as connection:
        journal.append_all(connection, made)
    for part in ("sealer", "kept_trust"):
        archive.__dict__.pop(part, None)
    segments.try_to_flush(archive)


def _try_out(archive: Archive, key: SigningKey, at: datetime) -> None:
    """Seal something with a key and check it as anybody would."""
    p7s = Sealer(key, open_tsa(archive)).seal(PROBE, at=at)
    verdict = seal.verify(PROBE, p7s, archive.trust, at=archive.clock())
    if verdict.indication is not Indication.PASSED:
        reasons = "; ".join(verdict.reasons)
        raise NotPermitted(
            f"a seal with this key does not pass: {verdict.sub_indication}: {reasons}",
            hint=verdict.to_do or "",
        )


def _is_post_quantum(key: SealKey) -> bool:
    known = read_certificate(key.certificate).key
    return type(known).__name__.startswith("MLDSA")


def _refuse_name(name: str) -> None:
    if (
        not name
        or len(name) > _LONGEST_NAME
        or not name.replace("-", "").replace("_", "").isalnum()
    ):
        raise UsageError("a key's name has letters, digits, - and _", where=name)
