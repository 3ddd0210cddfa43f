"""The overview: the archive in a few figures, of what a viewer may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from archive.assembly import Archive
from archive.catalogue import figures, standing
from archive.catalogue.engine import Catalogue
from archive.catalogue.figures import Figures
from archive.catalogue.standing import Standing
from archive.viewers import Right, Viewer

_NAMES: Final[WeakKeyDictionary[Catalogue, dict[str, str]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class State:
    """How the archive stands."""

    seen: Figures
    """Of the dossiers that the viewer may see."""
    test: bool
    """Whether keys and time are TEST ones."""


def state(archive: Archive, viewer: Viewer) -> State:
    """Return the figures of one viewer."""
    with archive.catalogue.connect() as connection:
        return State(figures.of(connection, viewer, archive.today()), archive.test)


def names_of(
    archive: Archive, agencies: Iterable[str], procedures: Iterable[str]
) -> Mapping[str, str]:
    """Return the names of agencies and procedures by their codes.

    A name that was found once is kept for as long as the archive is open: a search page asks
    for a hundred, and they are no more personal or secret than the codes.
    """
    codes, kept = (tuple(agencies), tuple(procedures)), _NAMES.setdefault(archive.catalogue, {})
    wanted = tuple([code for code in each if code not in kept] for each in codes)
    if any(wanted):
        with archive.catalogue.connect() as connection:
            kept.update(figures.names_of(connection, *wanted))
    # No more than was asked for: others may not be the viewer's to know.
    return {code: kept[code] for each in codes for code in each if code in kept}


def codes_of(archive: Archive, viewer: Viewer, right: Right, ids: Iterable[str]) -> dict[str, str]:
    """Return the codes of those dossiers that a viewer may do `right` with, by their ids."""
    with archive.catalogue.connect() as connection:
        return figures.codes_of(connection, viewer, right, ids)


def whole(archive: Archive) -> Standing:
    """Return how the whole archive stands; for monitors, not for people."""
    with archive.catalogue.connect() as connection:
        return standing.of(connection)
