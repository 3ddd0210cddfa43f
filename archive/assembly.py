"""Assembly: the parts of an archive in one place, made from its settings when first used."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from archive import settings as configuration
from archive.errors import NotInitialised, Rejected, SchemaMismatch
from archive.findings import Finding, Report, Severity
from archive.settings import Settings

if TYPE_CHECKING:
    from archive.catalogue.engine import Catalogue
    from archive.evidence.notes import NoteSigner
    from archive.formats.antivirus import Scanner
    from archive.keyring import State as KeyState
    from archive.model import ObjectName
    from archive.packages.safe import Limits
    from archive.sandbox import Limits as SandboxLimits
    from archive.search import SearchIndex
    from archive.signatures.check import Checker
    from archive.signatures.kept_trust import KeptTrust
    from archive.signatures.seal import Sealer
    from archive.signatures.timestamps import TimestampAuthority
    from archive.signatures.trust import TrustStore
    from archive.storage import ObjectStore
    from archive.storage.encrypted.keyring import Keyring
    from retention_rules.problems import Problem
    from retention_rules.schedule import Schedule

VERSION = "0.1.0"
TEST_PKI = "test-pki"
"""Folder of the local TEST CA, seal key and TSA, made where none is configured."""
VIETNAM = timezone(timedelta(hours=7))
"""Vietnam's zone; it has had no change of clocks since 1975."""


def now() -> datetime:
    """Return the present moment, UTC; the one place that asks the machine's clock.

    In whole milliseconds, as Circular 05/2025/TT-BNV has times in packages.
    """
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class Archive:
    """One archive: its settings, its clock and, made when first used, its parts."""

    settings: Settings
    clock: Callable[[], datetime] = now
    agent: str = f"kho {VERSION}"
    """Who acts, as PREMIS events and the journal name it."""

    def today(self) -> date:
        """Return the day in Vietnam, by which the law counts."""
        return self.clock().astimezone(VIETNAM).date()

    @property
    def test(self) -> bool:
        """Whether keys or time come from the local TEST PKI."""
        return self.settings.flag("archive.test")

    @property
    def workers(self) -> int:
        """How many dossiers are taken in at once."""
        return self.settings.number("ingest.workers") or (os.cpu_count() or 1) + 1

    @cached_property
    def copies(self) -> tuple[ObjectStore, ...]:
        """The object stores, each with a copy of everything; at least one."""
        from archive.storage.opening import open_store

        settings = self.settings
        urls = (settings.store_url(), *map(settings.store_url, settings.list("store.copies")))
        lock, ca_file = settings.text("store.lock"), settings.text("store.ca_file") or None
        stores = (open_store(url, lock=lock, ca_file=ca_file) for url in urls)
        if self.keyring is None:
            return tuple(stores)
        return tuple(encrypted(store, self.keyring) for store in stores)

    @cached_property
    def keyring(self) -> Keyring | None:
        """The keys of dossiers whose packages are encrypted; None if the archive has none."""
        return open_keyring(self)

    @cached_property
    def store(self) -> ObjectStore:
        """The object store that writes to every copy."""
        if len(self.copies) == 1:
            return self.copies[0]
        from archive.storage.copies import Copies

        return Copies(self.copies)

    def store_has(self, name: str) -> bool:
        """Whether there is an object of this very name."""
        return next(iter(self.store.names(name)), None) == name

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue, checked to be of this version."""
        from archive.catalogue.engine import Catalogue

        catalogue = Catalogue(
            self.settings.catalogue_url(),
            lock_timeout_seconds=self.settings.number("catalogue.timeout_seconds"),
        )
        try:
            catalogue.check()
        except NotInitialised as error:
            raise NotInitialised(
                f"the catalogue is not there: {catalogue.url}",
                where=str(self.settings.home),
                hint="the store has everything: kho rebuild --from-store",
            ) from error
        return catalogue

    @cached_property
    def index(self) -> SearchIndex:
        """The search index."""
        from archive.search.opening import open_index

        return open_index(self.settings.text("search.engine"), self.settings.path("search.folder"))

    @property
    def trust(self) -> TrustStore:
        """Trusted roots, TSAs and revocation lists, as they are now, whoever changed them.

        An act that asks twice may see a change between; one that must not keeps what it got.
        """
        return self.kept_trust.store()

    @cached_property
    def kept_trust(self) -> KeptTrust:
        """The trust folder, read again when something in it has changed."""
        from archive.signatures.kept_trust import KeptTrust

        return KeptTrust(self.settings.path("trust.folder"), lambda: self._key_state().stolen)

    def _key_state(self) -> KeyState:
        """Return what the journal says of the seal's keys; nothing where there is none yet."""
        from archive import keyring

        try:
            catalogue = self.catalogue
        except (NotInitialised, SchemaMismatch):
            return keyring.state_of(())
        with catalogue.connect() as connection:
            return keyring.read(connection)

    @cached_property
    def sealer(self) -> Sealer:
        """The archive's seal, with the keys in use at the time of each sealing."""
        from archive.keyring import Ring
        from archive.signatures.seal import Sealer

        ring = Ring(self.settings, self._key_state, lambda: self.trust.policy)
        used = ring.keys(self.clock())
        return Sealer(used.key, open_tsa(self), companion=used.companion, keyring=ring)

    @property
    def log_origin(self) -> str:
        """The name of the journal's Merkle log, by which witnesses know it."""
        agency = re.sub(r"[^A-Za-z0-9._-]", "-", self.settings.text("archive.agency"))
        return self.settings.text("log.origin") or f"kho/{agency}/journal"

    @cached_property
    def log_signer(self) -> NoteSigner:
        """The key that signs the log's checkpoints; made when first needed."""
        from archive.evidence.notes import KeyKind, NoteSigner

        return NoteSigner.load(self.settings.path("log.key"), self.log_origin, KeyKind.LOG)

    @cached_property
    def witness_signer(self) -> NoteSigner:
        """The key that cosigns other logs' checkpoints; made when first needed."""
        from archive.evidence.notes import KeyKind, NoteSigner

        name = f"{self.log_origin}/witness"
        return NoteSigner.load(self.settings.path("witness.key"), name, KeyKind.WITNESS)

    @property
    def checker(self) -> Checker:
        """The signature checker under the trust of now.

        Its child processes are those of all archives in this process; they know several trusts.
        """
        from archive.evidence import attached
        from archive.packages.dsig import reader
        from archive.sandbox import closed_at_exit
        from archive.signatures.check import Checker

        trust, known = self.trust, self.__dict__.get("latest_checker")
        if known is None or known.trust is not trust:
            children = closed_at_exit("signatures")
            known = Checker(trust, xml=reader, records=attached, children=children)
            self.__dict__["latest_checker"] = known
        found: Checker = known
        return found

    @cached_property
    def scanner(self) -> Scanner | None:
        """The antivirus, if one is configured."""
        from archive.formats.antivirus import scanner_at

        address = self.settings.text("antivirus.address")
        return scanner_at(address) if address else None

    @cached_property
    def schedule(self) -> Schedule:
        """The retention schedule in force."""
        return load_schedule(self.settings.text("retention.schedule"), self.settings.home)

    @cached_property
    def limits(self) -> Limits:
        """What a submission may cost."""
        from archive.packages.safe import Limits

        number = self.settings.number
        return replace(
            Limits(),
            max_files=number("limits.max_files"),
            max_file_bytes=number("limits.max_file_bytes"),
            max_total_bytes=number("limits.max_total_bytes"),
        )

    @cached_property
    def pdf_limits(self) -> SandboxLimits:
        """What looking into one PDF may cost."""
        from archive.sandbox import Limits as SandboxLimits

        seconds = self.settings.number("limits.pdf_seconds")
        return SandboxLimits(
            cpu_seconds=seconds,
            wall_seconds=2.0 * seconds,
            memory_bytes=self.settings.number("limits.pdf_memory_mib") << 20,
        )

    @property
    def scratch(self) -> Path:
        """A private folder for unfinished work; whatever lies there may be removed."""
        folder = self.settings.home / "scratch"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def close(self) -> None:
        """Let go of the parts that were made."""
        for part in ("index", "catalogue"):
            made = self.__dict__.get(part)
            if made is not None:
                made.close()


def load_schedule(named: str, folder: Path) -> Schedule:
    """Return a retention schedule: a TOML file in `folder`, or a built-in one by its name.

    Raises:
        Rejected: it is none, or breaks rules; the message names every problem.
    """
    from retention_rules.problems import ScheduleRejected
    from retention_rules.schedule import load

    local = folder / named
    try:
        return load(local if local.is_file() else named)
    except (ScheduleRejected, OSError) as error:
        if isinstance(error, ScheduleRejected):
            raise refused_schedule(named, error.problems) from error
        raise Rejected(
            f"the schedule cannot be read: {error.strerror}",
            where=named,
            hint="`retention.schedule` names a built-in schedule or a TOML file",
        ) from error


def refused_schedule(name: str, problems: Iterable[Problem]) -> Rejected:
    """Return the error that a schedule cannot be used, with every problem as a finding."""
    found = (
        Finding(
            problem.rule,
            Severity(problem.gravity.value),
            ": ".join(part for part in (problem.where, problem.row) if part),
            problem.message,
        )
        for problem in problems
    )
    hint = "correct the file; see: kho rule lint"
    return Rejected("the schedule cannot be used", Report.of(found), where=name, hint=hint)


def open_keyring(archive: Archive) -> Keyring | None:
    """Return the keyring that the settings name; None if packages are not encrypted.

    Raises:
        NotHeld, NotPermitted, Rejected, Unavailable: a master key or key store is not at hand.
    """
    settings = archive.settings
    masters = settings.list("encryption.master")
    if not masters:
        return None
    from archive.storage.encrypted.keyring import Keyring
    from archive.storage.encrypted.opening import open_master
    from archive.storage.opening import open_store

    ca_file = settings.text("store.ca_file") or None
    urls = map(settings.store_url, settings.list("encryption.keys"))
    stores = [open_store(url, lock="none", ca_file=ca_file) for url in urls]
    return Keyring([open_master(url, settings.home) for url in masters], stores)


def encrypted(store: ObjectStore, keyring: Keyring) -> ObjectStore:
    """Return a store in which packages of dossiers, and copies made of them, are encrypted."""
    from archive.packages.aip.layout import read_place
    from archive.storage.encrypted import EncryptedStore

    def dossier_of(name: ObjectName) -> str | None:
        if name.startswith("copies/"):
            return name.split("/")[1]
        place = read_place(name)
        return place[0] if place is not None else None

    return EncryptedStore(store, keyring, dossier_of)


def open_tsa(archive: Archive) -> TimestampAuthority:
    """Return the configured time sources in their order; the local TEST TSA if there is none.

    Raises:
        NotInitialised: none is configured and there is no test PKI.
    """
    from archive.signatures import testpki
    from archive.signatures.timestamps import FirstOf, HttpTsa
    from archive.signatures.tsa_trust import TrustedTsa

    urls = archive.settings.list("tsa.urls")
    if not urls:
        return testpki.load(archive.settings.home / TEST_PKI).local_tsa(archive.clock)
    timeout = float(archive.settings.number("tsa.timeout_seconds"))

    def trusted(url: str) -> TimestampAuthority:
        return TrustedTsa(HttpTsa(url, timeout), url, lambda: archive.trust, archive.clock)

    return FirstOf([trusted(url) for url in urls])


@contextmanager
def open_archive(path: Path, *, clock: Callable[[], datetime] = now) -> Iterator[Archive]:
    """Open the archive at `path` (its folder or its `kho.toml`) and close it afterwards.

    Raises:
        NotInitialised: there is no archive.
    """
    archive = Archive(configuration.load(path), clock)
    try:
        yield archive
    finally:
        archive.close()
