"""Assembly: the parts of an archive in one place, made from its settings when first used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from archive import settings as configuration
from archive.settings import Settings

if TYPE_CHECKING:
    from archive.catalogue.engine import Catalogue
    from archive.formats.antivirus import Scanner
    from archive.packages.safe import Limits
    from archive.search import SearchIndex
    from archive.signatures.check import Checker
    from archive.signatures.seal import Sealer
    from archive.signatures.trust import TrustStore
    from archive.storage import ObjectStore
    from retention_rules.schedule import Schedule

VERSION = "0.1.0"
VIETNAM = timezone(timedelta(hours=7))
"""Vietnam's zone; it has had no change of clocks since 1975."""


def now() -> datetime:
    """Return the present moment, UTC; the one place that asks the machine's clock."""
    return datetime.now(UTC)


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
    def store(self) -> ObjectStore:
        """The object store, with its copies."""
        from archive.storage.opening import open_store

        return open_store_with_copies(self.settings, open_store)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue, checked to be of this version."""
        from archive.catalogue.engine import Catalogue

        catalogue = Catalogue(
            self.settings.catalogue_url(),
            timeout_seconds=self.settings.number("catalogue.timeout_seconds"),
        )
        catalogue.check()
        return catalogue

    @cached_property
    def index(self) -> SearchIndex:
        """The search index."""
        return open_index(self.settings.text("search.engine"), self.settings.path("search.folder"))

    @cached_property
    def trust(self) -> TrustStore:
        """Trusted roots, TSAs and revocation lists."""
        from archive.signatures.trust import TrustStore

        return TrustStore.load(self.settings.path("trust.folder"))

    @cached_property
    def sealer(self) -> Sealer:
        """The archive's seal."""
        return open_sealer(self)

    @cached_property
    def checker(self) -> Checker:
        """The signature checker and its child processes."""
        from archive.signatures.check import Checker

        return Checker(self.trust, workers=os.cpu_count() or 1)

    @cached_property
    def scanner(self) -> Scanner | None:
        """The antivirus, if one is configured."""
        from archive.formats.antivirus import scanner_at

        address = self.settings.text("antivirus.address")
        return scanner_at(address) if address else None

    @cached_property
    def schedule(self) -> Schedule:
        """The retention schedule in force."""
        from retention_rules.schedule import load

        named = self.settings.text("retention.schedule")
        local = self.settings.home / named
        return load(local if local.is_file() else named)

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

    @property
    def scratch(self) -> Path:
        """A private folder for unfinished work; whatever lies there may be removed."""
        folder = self.settings.home / "scratch"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def close(self) -> None:
        """Let go of the parts that were made."""
        for part in ("checker", "index", "catalogue"):
            made = self.__dict__.get(part)
            if made is not None:
                made.close()


def open_store_with_copies(
    settings: Settings, open_store: Callable[..., ObjectStore]
) -> ObjectStore:
    """Return the store of the settings; with `store.copies` one that writes to all."""
    urls = [settings.store_url(), *map(settings.store_url, settings.list("store.copies"))]
    lock, ca_file = settings.text("store.lock"), settings.text("store.ca_file")
    stores = [open_store(url, lock=lock, ca_file=ca_file or None) for url in urls]
    if len(stores) == 1:
        return stores[0]
    from archive.storage.copies import Copies

    return Copies(stores)


def open_index(engine: str, folder: Path) -> SearchIndex:
    """Return the search index of the named engine.

    Raises:
        UsageError: there is no engine of that name.
    """
    if engine == "tantivy":
        from archive.search.tantivy_engine import TantivyIndex

        return TantivyIndex(folder)
    if engine == "whoosh":
        from archive.search.whoosh_engine import WhooshIndex

        return WhooshIndex(folder)
    from archive.errors import UsageError

    raise UsageError(f"search.engine is {engine!r}", hint="choose tantivy or whoosh")


def open_sealer(archive: Archive) -> Sealer:
    """Return the sealer with the configured key and time source."""
    from archive.signatures.seal import Sealer
    from archive.signatures.timestamps import authority

    settings = archive.settings
    tsa = authority(
        settings.list("tsa.urls"),
        timeout_seconds=settings.number("tsa.timeout_seconds"),
        local=settings.home / "keys",
        clock=archive.clock,
    )
    return Sealer.load(settings.path("seal.key"), settings.path("seal.certificate"), tsa)


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
