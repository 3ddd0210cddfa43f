"""Checkup: what an archive has configured, what answers, what is weak."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from archive import keyring, rehearsal
from archive.assembly import Archive, open_tsa
from archive.catalogue import disposals, dossiers, holds, journal, outbox, verdict_list
from archive.catalogue.disposals import ListStatus
from archive.catalogue.engine import Connection
from archive.disposal import permission
from archive.errors import ArchiveError, Unavailable
from archive.findings import Finding, Severity
from archive.preservation import fixity
from archive.preservation.fixity import FIXITY_YEARS
from archive.signatures.certificates import read_certificate
from archive.signatures.timestamps import FirstOf
from archive.trusting import algorithm_ends

CRL_AGE = timedelta(days=7)
SUNSET = timedelta(days=365)
JOURNAL_WAIT = timedelta(days=1)
"""Sweeps run every night; what waits longer shows that they do not."""


def checkup(archive: Archive) -> Iterator[Finding]:
    """Yield what was found, the good as info; nothing is changed.

    A part that does not answer is an error and does not keep the others from being asked.
    """
    for name, part in PARTS:
        try:
            yield from part(archive)
        except ArchiveError as error:
            said = "; ".join(part for part in (error.message, error.hint) if part)
            yield Finding(error.code, Severity.ERROR, name, said)
        except OSError as error:
            said = f"{error.filename}: {error.strerror}"
            yield Finding(Unavailable.code, Severity.ERROR, name, said)


def _info(rule: str, path: str, message: str) -> Finding:
    return Finding(rule, Severity.INFO, path, message)


def _weak(rule: str, path: str, message: str) -> Finding:
    return Finding(rule, Severity.WARNING, path, message)


def _keys(archive: Archive) -> Iterator[Finding]:
    settings = archive.settings
    if archive.test:
        yield _weak(
            "KHO-DOCTOR-TEST",
            "archive.test",
            "keys, certificates or time come from the local TEST PKI: no legal value; "
            "configure seal.key, seal.certificate, tsa.urls and trust.folder",
        )
    key = settings.path("seal.key")
    if (
        ":" not in settings.text("seal.key")
        and key.exists()
        and stat.S_IMODE(key.stat().st_mode) & 0o077
    ):
        yield _weak("KHO-DOCTOR-KEY-MODE", str(key), "others may read the seal's key: chmod 600")


def _disk(archive: Archive) -> Iterator[Finding]:
    home = archive.settings.home
    if not os.access(home, os.W_OK):
        yield Finding(
            "KHO-DOCTOR-READ-ONLY",
            Severity.ERROR,
            str(home),
            "nothing can be written here, and what cannot be journaled is not shown: mount the disk "
            "writable, see to the folder's owner, or copy the archive to where it can be written",
        )


def _store(archive: Archive) -> Iterator[Finding]:
    for store in archive.copies:
        found = store.probe()
        yield from found
        if not any(f.severity is Severity.ERROR for f in found):
            yield _info("KHO-DOCTOR-STORE", store.url, "answers")
    if len(archive.copies) < 2:
        yield _weak(
            "KHO-DOCTOR-COPIES",
            "store.copies",
            "there is one copy; the circular asks for two backup sets on independent media",
        )


def _encryption(archive: Archive) -> Iterator[Finding]:
    keyring = archive.keyring
    if keyring is None:
        return
    ids = ", ".join(master.id for master in keyring.masters)
    yield _info("KHO-DOCTOR-ENCRYPTION", "encryption.master", f"packages are encrypted under {ids}")
    if len(keyring.masters) > 1:
        yield _weak(
            "KHO-DOCTOR-MASTER",
            "encryption.master",
            "a former master key still counts: kho encryption rewrap, then destroy it",
        )
    stores = {copy.url for copy in archive.copies}
    for store in keyring.stores:
        if any(store.url.startswith(url) or url.startswith(store.url) for url in stores):
            yield _weak(
                "KHO-DOCTOR-KEYS",
                store.url,
                "keys lie in the store of the packages: a backup of one is a backup of both",
            )


def _catalogue(archive: Archive) -> Iterator[Finding]:
    with archive.catalogue.connect() as connection:
        counts = dossiers.counts(connection)
        waiting = outbox.backlog(connection)
        unwritten = _long_unwritten(connection, archive.clock())
        unlocked = len(dossiers.unlocked(connection))
    yield _info("KHO-DOCTOR-CATALOGUE", archive.catalogue.url, f"{counts.dossiers} dossiers held")
    late = {"indexed": waiting, "written to the store": unwritten, "locked": unlocked}
    if archive.settings.text("store.lock") == "none":
        late.pop("locked")
    for what, count in late.items():
        if count:
            yield _weak("KHO-DOCTOR-BACKLOG", what, f"{count} wait to be {what}: kho sweep")


def _long_unwritten(connection: Connection, now: datetime) -> int:
    """Return how many journal entries wait, if the first of them waits longer than a day.

    A reading is journaled in the catalogue; the next act or sweep writes it to the store.
    """
    head, flushed = journal.head(connection).seq, journal.flushed(connection).seq
    first = next(journal.entries(connection, flushed, limit=1), None)
    return (
        head - flushed
        if first is not None and datetime.fromisoformat(first.at) < now - JOURNAL_WAIT
        else 0
    )


def _holds(archive: Archive) -> Iterator[Finding]:
    with archive.catalogue.connect() as connection:
        for hold in holds.to_ask(connection, archive.today()):
            yield _weak(
                "KHO-DOCTOR-HOLD",
                hold.id,
                f"{hold.owner} was to be asked on {hold.ask_on}: kho hold review, or kho hold lift",
            )


def _decisions(archive: Archive) -> Iterator[Finding]:
    with archive.catalogue.connect() as connection:
        for found in disposals.every(connection, disposals.Kind.DESTROY):
            left = permission.days_left(found, archive.today())
            waiting = found.status in (ListStatus.APPROVED, ListStatus.EXECUTING)
            if waiting and left is not None and left < 5:
                told = f"{left} days left" if left >= 0 else f"{-left} days late"
                message = f"to be executed within {permission.DAYS} days: {told}"
                yield _weak("KHO-DOCTOR-DISPOSAL", found.id, message)


def _index(archive: Archive) -> Iterator[Finding]:
    yield from archive.index.check()
    count = sum(archive.index.counts().values())
    yield _info("KHO-DOCTOR-INDEX", archive.settings.text("search.engine"), f"{count} dossiers")


def _seal(archive: Archive) -> Iterator[Finding]:
    from archive.model import Indication
    from archive.signatures import seal

    token = archive.sealer.seal(b"checkup", at=archive.clock())
    verdict = seal.verify(b"checkup", token, archive.trust, at=archive.clock())
    if verdict.indication is Indication.PASSED:
        yield _info("KHO-DOCTOR-SEAL", verdict.sealed_by or "", "seals, and its timestamp verifies")
    else:
        reasons = "; ".join(verdict.reasons)
        yield Finding(
            "KHO-DOCTOR-SEAL",
            Severity.ERROR,
            verdict.sealed_by or "seal.certificate",
            f"its own seal is {verdict.indication.value}: {reasons}; add its root to trust.folder",
        )


def _seal_keys(archive: Archive) -> Iterator[Finding]:
    used, at = archive.sealer.keyring, archive.clock()
    keys = used.keys(at) if used is not None else None
    for key in (keys.key, keys.companion) if keys is not None else ():
        if key is None:
            continue
        name = keyring.algorithm(key.certificate)
        weak = keyring.good_until(key.certificate, archive.trust.policy)
        ends = read_certificate(key.certificate).not_after
        if weak is not None:
            message = f"good for seals until {weak[0].date()} only: kho seal add, kho seal rotate"
            yield _weak("KHO-DOCTOR-KEY-WEAK", name, message)
        if ends < at + SUNSET:
            message = f"the seal's certificate ends on {ends.date()}: kho seal rotate"
            yield _weak("KHO-DOCTOR-KEY-ENDS", name, message)


def _timestamps(archive: Archive) -> Iterator[Finding]:
    authority = open_tsa(archive)
    for one in authority.authorities if isinstance(authority, FirstOf) else ():
        name = getattr(one, "name", "")
        try:
            one.timestamp(hashlib.sha256(b"checkup").digest())
        except Unavailable as error:
            yield _weak("KHO-DOCTOR-TSA", name, f"is passed over: {error.message}")
        else:
            yield _info("KHO-DOCTOR-TSA", name, "answers, is trusted, and its clock is right")


def _trust(archive: Archive) -> Iterator[Finding]:
    at = archive.clock()
    yield _info("KHO-DOCTOR-TRUST", "trust.folder", f"{len(archive.trust.anchors)} roots")
    for age in archive.trust.crl_ages(at):
        if age.stale:
            yield _weak("KHO-DOCTOR-CRL", age.issuer, "its revocation list is out of date")
    for one in algorithm_ends.unrecorded(archive):
        days = [day.isoformat() if day else "–" for day in (one.end, one.decided)]
        yield _weak(
            "KHO-DOCTOR-ALGORITHMS",
            one.name,
            "its day was changed in algorithms.json outside of kho trust expire: "
            f"{days[0]} instead of {days[1]}; have two people decide on it",
        )


def _sunset(archive: Archive) -> Iterator[Finding]:
    soon = archive.clock() + SUNSET
    with archive.catalogue.connect() as connection:
        first = verdict_list.earliest_end(connection)
        count = verdict_list.ending_before(connection, soon)
    if count:
        message = (
            f"{count} signatures can be proven for less than a year by themselves: "
            f"kho sig list --expires-before {soon.date()}"
        )
        yield _weak("KHO-DOCTOR-SUNSET", "signatures", message)
    elif first is not None:
        message = f"every signature that passed can be proven until {first.date()} at least"
        yield _info("KHO-DOCTOR-SUNSET", "signatures", message)


def _antivirus(archive: Archive) -> Iterator[Finding]:
    if archive.scanner is None:
        yield _weak("KHO-DOCTOR-ANTIVIRUS", "antivirus.address", "none is configured")
        return
    address, version = archive.scanner.address, archive.scanner.version()
    if version is None:
        yield Finding("KHO-DOCTOR-ANTIVIRUS", Severity.ERROR, address, "does not answer")
    else:
        yield _info("KHO-DOCTOR-ANTIVIRUS", address, version)


def _fixity(archive: Archive) -> Iterator[Finding]:
    limit = archive.clock() - timedelta(days=365 * FIXITY_YEARS)
    for url, state in fixity.status(archive).items():
        if any(count for outcome, count in state.outcomes.items() if outcome.value != "intact"):
            yield Finding(
                "KHO-DOCTOR-FIXITY",
                Severity.ERROR,
                url,
                "packages are not intact: kho fixity status",
            )
        if state.oldest_check is not None and state.oldest_check < limit:
            message = f"checked less than once in {FIXITY_YEARS} years: kho fixity run"
            yield _weak("KHO-DOCTOR-FIXITY-AGE", url, message)
        elif state.never_checked:
            message = f"{state.never_checked} packages were never checked: kho fixity run"
            yield _info("KHO-DOCTOR-FIXITY", url, message)


def _rehearsal(archive: Archive) -> Iterator[Finding]:
    last = rehearsal.last(archive)
    if last is not None and not last.same:
        message = f"the last one, {last.at.date()}, did not bring everything back"
        yield Finding("KHO-DOCTOR-REHEARSAL", Severity.ERROR, "recovery", message)
    elif rehearsal.is_overdue(archive, last):
        when = f"was last rehearsed on {last.at.date()}" if last else "was never rehearsed"
        message = f"recovery from the store {when}: kho rebuild --rehearse"
        yield _weak("KHO-DOCTOR-REHEARSAL", "recovery", message)
    elif last is not None:
        yield _info("KHO-DOCTOR-REHEARSAL", "recovery", f"rehearsed on {last.at.date()}")


def _machine(archive: Archive) -> Iterator[Finding]:
    home = archive.settings.home
    status = os.statvfs(home)
    free = status.f_bavail * status.f_frsize
    if free < 1 << 30:
        yield _weak("KHO-DOCTOR-ROOM", str(home), f"{free >> 20} MiB are free")


PARTS: tuple[tuple[str, Callable[[Archive], Iterator[Finding]]], ...] = (
    ("disk", _disk),
    ("keys", _keys),
    ("store", _store),
    ("encryption", _encryption),
    ("catalogue", _catalogue),
    ("holds", _holds),
    ("disposal", _decisions),
    ("search", _index),
    ("seal", _seal),
    ("seal", _seal_keys),
    ("timestamps", _timestamps),
    ("trust", _trust),
    ("signatures", _sunset),
    ("antivirus", _antivirus),
    ("fixity", _fixity),
    ("recovery", _rehearsal),
    ("machine", _machine),
)
