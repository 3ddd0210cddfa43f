"""Purposes: where the settings ask what a dossier is opened, taken away or looked up for.

A system says it with each call. A person says it once for a dossier, and for an hour it is in
the journal with everything that is done with it; see `purpose.…` in the settings.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from archive.assembly import Archive
from archive.catalogue import stated_purposes
from archive.errors import PurposeNeeded, UsageError
from archive.masking import masked
from archive.model import Dossier

LASTS: Final = timedelta(hours=1)
"""For so long what a person said counts."""
LONGEST: Final = 500
IDENTITIES: Final = "identity-search"
"""What a purpose is about that is not about a dossier."""


class Act(StrEnum):
    """What a purpose may be asked for; the values of `purpose.acts`."""

    VIEW = "view"
    DOWNLOAD = "download"
    IDENTITY_SEARCH = IDENTITIES


def is_asked(archive: Archive, act: Act, dossier: Dossier | None = None) -> bool:
    """Whether the settings ask for a purpose.

    Args:
        archive: whose settings.
        act: what is done.
        dossier: with which; None for a search, which is about all of them.
    """
    if act not in archive.settings.list("purpose.acts"):
        return False
    return dossier is None or (
        dossier.access in archive.settings.list("purpose.levels")
        or dossier.fonds in archive.settings.list("purpose.fonds")
    )


def settled(
    archive: Archive, act: Act, dossier: Dossier | None, purpose: str, person_id: str = ""
) -> str:
    """Return the purpose that goes to the journal; "" if there is none and none is asked.

    Args:
        archive: whose settings.
        act: what is done.
        dossier: with which; None for a search.
        purpose: as it was given; "" for what the person said before.
        person_id: who, if it is a person.

    Raises:
        PurposeNeeded: none is given where one is asked.
        UsageError: it is too long, or cannot be printed.
    """
    about = dossier.id if dossier else IDENTITIES
    if told := said(purpose) if purpose.strip() else stated(archive, person_id, about):
        return told
    if is_asked(archive, act, dossier):
        raise PurposeNeeded(act, where=about)
    return ""


def said(text: str) -> str:
    """Return a purpose as the journal has it: one line, identity numbers masked.

    Raises:
        UsageError: it is empty, too long, or cannot be printed.
    """
    told = " ".join(text.split())
    if not told or len(told) > LONGEST or not told.isprintable():
        raise UsageError(f"a purpose has 1 to {LONGEST} printable characters", where="purpose")
    return masked(told)


def state(archive: Archive, person_id: str, about: str, purpose: str) -> None:
    """Note what a person wants a dossier (its id) or identity numbers for, for the next hour.

    Raises:
        UsageError: it is empty, too long, or cannot be printed.
    """
    told, at = said(purpose), archive.clock()
    with archive.catalogue.begin() as connection:
        stated_purposes.forget(connection, at - LASTS)
        stated_purposes.state(connection, person_id, about, told, at)


def stated(archive: Archive, person_id: str, about: str) -> str:
    """Return what a person said within the last hour; "" if nothing."""
    if not person_id:
        return ""
    with archive.catalogue.connect() as connection:
        return stated_purposes.stated(connection, person_id, about, archive.clock() - LASTS)
