"""Creation: a new archive in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive import settings as configuration
from archive.assembly import TEST_PKI, Archive, now, open_archive
from archive.catalogue import journal
from archive.catalogue.engine import Catalogue
from archive.errors import SchemaMismatch, UsageError
from archive.events import Event, EventType
from archive.segments import flush
from archive.settings import FILE_NAME, FORMAT, Settings
from archive.signatures import testpki
from archive.storage.encrypted.master import make_file
from archive.storage.opening import create_store

Values = Mapping[str, str | int | bool | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Created:
    """A new archive."""

    config: Path
    test: bool
    """Whether it works with keys and time of a local TEST PKI."""
    migrated: bool = False
    """Whether it was there, and its catalogue was brought to this version of Kho."""


def create(home: Path, values: Values, *, clock: Callable[[], datetime] = now) -> Created:
    """Make an archive: keys, store, catalogue, settings. Running it again finishes it.

    The settings file is written last and is the commit point. Where no seal key is
    configured a local TEST CA, seal key and timestamp authority are made.

    Args:
        home: its folder, made if need be.
        values: settings that differ from the defaults.
        clock: gives the time.

    Raises:
        UsageError: there is an archive of this version in `home`, or settings were given
            for one that is there, or its path is not in UTF-8.
        Unavailable: store or database did not answer.
    """
    if (home / FILE_NAME).exists():
        return _migrated(home, values)
    _expect_utf8(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    test = "seal.key" not in values
    settled = {"archive.format": FORMAT, **_defaults(), **values}
    if test:
        testpki.create(home / TEST_PKI, at=clock())
        settled |= _test_settings(settled)
    draft = home / f"{FILE_NAME}.draft"
    configuration.write(draft, settled)
    settings = configuration.load(draft)
    lock, ca_file = settings.text("store.lock"), settings.text("store.ca_file") or None
    for url in (settings.text("store.url"), *settings.list("store.copies")):
        create_store(settings.store_url(url), lock=lock, ca_file=ca_file)
    _make_keys(settings)
    Catalogue(settings.catalogue_url()).migrate()
    draft.rename(home / FILE_NAME)
    with open_archive(home, clock=clock) as archive:
        _record(archive)
        flush(archive)
    return Created(home / FILE_NAME, test)


def _make_keys(settings: Settings) -> None:
    """Make the master key, if it is to be a file that is not there, and the key stores."""
    for url in settings.list("encryption.master"):
        path = settings.home / url.removeprefix("file:")
        if url.startswith("file:") and not path.exists():
            make_file(path)
    if settings.list("encryption.master"):
        ca_file = settings.text("store.ca_file") or None
        for url in settings.list("encryption.keys"):
            create_store(settings.store_url(url), lock="none", ca_file=ca_file)


def _expect_utf8(home: Path) -> None:
    """The path stands in settings, addresses and records, which are UTF-8."""
    try:
        str(home).encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(home).decode(errors="replace")
        told = f"the path of an archive has to be in UTF-8: {shown}"
        raise UsageError(told, where=shown, hint="make it in another folder") from error


def _migrated(home: Path, values: Values) -> Created:
    """Bring the catalogue of an archive that is there to this version of Kho."""
    settings = configuration.load(home)
    catalogue = Catalogue(settings.catalogue_url())
    try:
        catalogue.check()
    except SchemaMismatch:
        if not values:
            catalogue.migrate()
            return Created(home / FILE_NAME, settings.flag("archive.test"), migrated=True)
    finally:
        catalogue.close()
    raise UsageError(
        f"there is an archive in {home}",
        where=str(home),
        hint=f"look at it: kho -C {home} doctor; settings are changed in {FILE_NAME}",
    )


def _defaults() -> dict[str, str | int | bool | tuple[str, ...]]:
    """Return what a person will want to see and change in a new kho.toml."""
    shown = ("archive.name", "archive.agency", "store.url", "catalogue.url", "search.engine")
    return {s.key: s.default for s in configuration.SETTINGS if s.key in shown}


def _test_settings(values: Values) -> dict[str, str | int | bool | tuple[str, ...]]:
    given: dict[str, str | int | bool | tuple[str, ...]] = {
        "archive.test": True,
        "seal.key": f"{TEST_PKI}/keys/seal.pem",
        "seal.certificate": f"{TEST_PKI}/certificates/seal.pem",
        "trust.folder": f"{TEST_PKI}/trust",
    }
    return {key: value for key, value in given.items() if key not in values}


def _record(archive: Archive) -> None:
    details = {"name": archive.settings.text("archive.name"), "test": archive.test}
    event = Event(EventType.ARCHIVE_CREATED, archive.clock(), "success", archive.agent, "", details)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)
