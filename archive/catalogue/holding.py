"""What the catalogue says of one dossier: its description, where it lies, when it is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from archive.model import Dossier, DossierId, Indication, PackagePath, Receipt, Verdict, Version

NO_SIGNATURES = "none"


def signature_outcome(verdicts: Iterable[Verdict]) -> str:
    """Return the worst indication among verdicts, or `none` if there are none.

    `failed` is worse than `indeterminate`, which is worse than `passed`.
    """
    found = {verdict.indication for verdict in verdicts}
    for indication in (Indication.FAILED, Indication.INDETERMINATE, Indication.PASSED):
        if indication in found:
            return indication.value
    return NO_SIGNATURES


@dataclass(frozen=True, slots=True)
class Due:
    """When and how a dossier's retention ends, as last computed. Not a permission."""

    dossier_id: DossierId
    action: str | None
    """What the rules ask for at the end, for example `destroy`; None if nothing is decided."""
    due_on: date | None
    """The first day on which the action is lawful; None if it has no such day."""
    rule_code: str | None
    """The row of the retention schedule that decided."""
    schedule_version: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """The period that an approved schedule fixed for a dossier when it came in."""

    rule_code: str
    schedule_version: str
    protected_until: date | None
    """None if it was fixed as permanent."""


class HeldVersion(NamedTuple):
    """One stored version and the dossier that it is of."""

    dossier_id: DossierId
    version: Version
    locked_until: datetime | None = None
    """When its object lock ends, as far as that was asked for."""


class HeldContent(NamedTuple):
    """Where the archive holds certain bytes."""

    sha256: str
    dossier_id: DossierId
    path: PackagePath


@dataclass(frozen=True, slots=True)
class Holding:
    """A dossier that is held, with every stored version of its package."""

    dossier: Dossier
    versions: tuple[Version, ...]
    """In ascending order, at least one."""
    verdicts: tuple[Verdict, ...]
    """On the signatures in the latest version's files."""
    submission_digest: str
    """Of the submission that led to the latest version."""
    held_since: datetime
    """The commit time of the latest version."""
    earlier: tuple[Receipt, ...] = ()
    """The receipts of the earlier versions, one each, in ascending order."""
    due: Due | None = None
    """None until computed."""
    fixed: Fixed | None = None
    """None if no approved schedule had a period for it."""

    def __post_init__(self) -> None:
        if len(self.earlier) != len(self.versions) - 1:
            raise ValueError("every earlier version needs its receipt")

    @property
    def receipt(self) -> Receipt:
        """The receipt of the latest version."""
        latest = self.versions[-1]
        return Receipt(
            dossier_id=self.dossier.id,
            code=self.dossier.code,
            version=latest.number,
            place=latest.place,
            seal_digest=latest.seal_digest,
            submission_digest=self.submission_digest,
            held_since=self.held_since,
        )

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """The receipts of all versions, in ascending order."""
        return (*self.earlier, self.receipt)

    @property
    def signature_outcome(self) -> str:
        """The worst indication among the verdicts, or `none`."""
        return signature_outcome(self.verdicts)
