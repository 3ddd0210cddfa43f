"""Viewers: who looks at the archive, in which roles, and which dossiers these may see.

The one place that decides it. Finding, listing, counting and showing take a `Viewer` and
answer as if what it may not see were not there. Imports nothing of ours but the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from archive.model import Dossier

LEVELS = ("01", "02", "03")
"""Access levels, `mode` of Circular 05/2025/TT-BNV: public, conditional, secret."""


class Right(StrEnum):
    """What a person may do."""

    SEE = "see"
    """Find dossiers and look at them."""
    DOWNLOAD = "download"
    """Take originals, packages and lists away."""
    COPY = "copy"
    """Hand out certified copies and reading copies."""
    INGEST = "ingest"
    AUDIT = "audit"
    """Signatures of the whole archive: figures, lists, reports."""
    INTEGRITY = "integrity"
    """Copies, fixity, evidence."""
    JOURNAL = "journal"
    RETENTION = "retention"
    """What is due, schedules, proposals of disposal and transfer."""
    HOLD = "hold"
    APPROVE = "approve"
    """Review and approve what somebody else proposed."""
    JOBS = "jobs"
    ADMINISTER = "administer"
    """People, roles, tokens, settings. Does not include seeing any dossier."""


class PersonRole(StrEnum):
    """What a person is to the archive."""

    ARCHIVIST = "archivist"
    OFFICIAL = "official"
    AUDITOR = "auditor"
    RETENTION_OFFICER = "retention_officer"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"


RIGHTS: Mapping[PersonRole, frozenset[Right]] = MappingProxyType(
    {
        PersonRole.ARCHIVIST: frozenset(
            {Right.SEE, Right.DOWNLOAD, Right.COPY, Right.INGEST, Right.INTEGRITY, Right.JOBS}
        ),
        PersonRole.OFFICIAL: frozenset({Right.SEE, Right.DOWNLOAD, Right.COPY}),
        PersonRole.AUDITOR: frozenset(
            {Right.SEE, Right.DOWNLOAD, Right.AUDIT, Right.INTEGRITY, Right.JOURNAL}
        ),
        PersonRole.RETENTION_OFFICER: frozenset({Right.SEE, Right.RETENTION, Right.HOLD}),
        PersonRole.APPROVER: frozenset({Right.SEE, Right.APPROVE}),
        PersonRole.ADMINISTRATOR: frozenset({Right.ADMINISTER, Right.INTEGRITY, Right.JOBS}),
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which dossiers a role is about; every part that is given must hold."""

    fonds: tuple[str, ...] | None = None
    """Codes of fonds; None: every fonds."""
    agencies: tuple[str, ...] | None = None
    """Electronic identifiers, each with the units below it; None: every agency."""
    levels: tuple[str, ...] = ("01", "02")
    """Access levels; none: no dossier at all."""

    def covers(self, dossier: Dossier) -> bool:
        """Whether a dossier lies within."""
        return self.has(dossier.fonds, dossier.agency, dossier.access)

    def has(self, fonds: str, agency: str, access: str) -> bool:
        """Whether a dossier of this fonds, agency and access level lies within."""
        return (
            access in self.levels
            and (self.fonds is None or fonds in self.fonds)
            and (
                self.agencies is None
                or any(f"{agency}.".startswith(f"{each}.") for each in self.agencies)
            )
        )


EVERYTHING = Scope(levels=LEVELS)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that somebody has within a scope."""

    role: PersonRole
    scope: Scope


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks."""

    account: str
    """As the journal names it."""
    name: str = ""
    """For the screen; never logged."""
    grants: tuple[Grant, ...] = ()
    limited_to: frozenset[Right] | None = None
    """The only rights that count, of those that the roles give; None: all. For tokens."""

    def may(self, right: Right, dossier: Dossier | None = None) -> bool:
        """Whether some role allows it: for this dossier, or for any at all."""
        scopes = self.scopes(right)
        return bool(scopes) if dossier is None else any(scope.covers(dossier) for scope in scopes)

    def scopes(self, right: Right) -> tuple[Scope, ...]:
        """Return within what a right holds; nothing if it does not."""
        if self.limited_to is not None and right not in self.limited_to:
            return ()
        return tuple(grant.scope for grant in self.grants if right in RIGHTS[grant.role])

    @property
    def everywhere(self) -> bool:
        """Whether every dossier may be seen."""
        return EVERYTHING in self.scopes(Right.SEE)


OPERATOR = Viewer("operator", grants=tuple(Grant(role, EVERYTHING) for role in PersonRole))
"""Who works on the archive's own machine with its files at hand: the command line."""
