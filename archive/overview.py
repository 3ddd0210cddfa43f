"""The overview: the archive in a few figures, of what a viewer may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archive.assembly import Archive
from archive.catalogue import figures, standing
from archive.catalogue.figures import Figures
from archive.catalogue.standing import Standing
from archive.viewers import Viewer


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
) -> dict[str, str]:
    """Return the names of agencies and procedures by their codes."""
    with archive.catalogue.connect() as connection:
        return figures.names_of(connection, agencies, procedures)


def whole(archive: Archive) -> Standing:
    """Return how the whole archive stands; for monitors, not for people."""
    with archive.catalogue.connect() as connection:
        return standing.of(connection)
