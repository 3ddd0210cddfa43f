"""From global options to an open archive, a day, a dossier."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from archive import settings as configuration
from archive.errors import NotInitialised, UsageError
from cli import output, words
from cli.command import Globals

if TYPE_CHECKING:
    from archive.assembly import Archive
    from archive.signatures.trust import TrustStore


def config_path(options: Globals) -> Path:
    """Return the kho.toml that applies; raises NotInitialised if there is none."""
    return options.config or configuration.find(Path.cwd())


@contextmanager
def opened(options: Globals) -> Iterator[Archive]:
    """Open the archive that the options name; says so once if it works with test keys."""
    from archive.assembly import open_archive

    with open_archive(config_path(options)) as archive:
        if archive.test and not options.json:
            output.note(options, "global.test_mark")
        yield archive


def parse_day(text: str) -> date:
    """Return a day written 2026-12-31 or 31/12/2026; raises UsageError."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise UsageError(words.say("usage.bad_date", value=text), where=text)


def as_of(options: Globals, archive: Archive) -> date:
    """Return the day of --as-of, or today in Vietnam."""
    return parse_day(options.as_of) if options.as_of else archive.today()


def agent(archive: Archive) -> str:
    """Return who acts on this machine: the account's name and the program."""
    import getpass

    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "unknown"
    return f"{account} ({archive.agent})"


def reason(options: Globals) -> str:
    """Return --reason; raises UsageError if it was left out."""
    if not options.reason or not options.reason.strip():
        raise UsageError(words.say("usage.reason_needed"), hint='--reason "…"')
    return options.reason.strip()


def trust(options: Globals) -> TrustStore:
    """Return the archive's trusted roots; none where no archive was named or found."""
    from archive.signatures.trust import TrustStore

    try:
        settings = configuration.load(config_path(options))
    except NotInitialised:
        if options.config is not None:
            raise
        return TrustStore()
    return TrustStore.load(settings.path("trust.folder"))


def moment(text: str | None) -> datetime:
    """Return a time written in ISO 8601, or noon of a day; now for None. Raises UsageError."""
    from archive.assembly import VIETNAM, now

    if text is None:
        return now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.combine(parse_day(text), time(12), tzinfo=VIETNAM)
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)
