"""The check that anybody may ask for: was this issued, by whom, when, is it unchanged, revoked?

It tells what is printed on the copy and no more: not who asked for it, what for, which
documents it has or why it was revoked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, BinaryIO

from archive.assembly import Archive
from archive.catalogue import issued_copies
from archive.catalogue.issued_copies import CopyKind, IssuedCopy
from archive.dissemination import codes
from archive.fixity import chunks


class Outcome(StrEnum):
    """What a check says."""

    VALID = "valid"
    EXPIRED = "expired"
    """It was issued, and its days of use are over."""
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """Nothing was issued under this code; or the file is not, byte for byte, one that was."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What may be told to anybody about a code or a file."""

    outcome: Outcome
    unchanged: bool | None
    """Whether the file is the one that was issued; None if only a code was given."""
    issued_by: str = ""
    issued_at: datetime | None = None
    dossier_code: str = ""
    label: str = ""
    kind: CopyKind | None = None
    usable_until: datetime | None = None
    revoked_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        return {
            "outcome": self.outcome.value,
            "unchanged": self.unchanged,
            "issued_by": self.issued_by,
            "issued_at": self.issued_at,
            "dossier": self.dossier_code,
            "copy": self.label,
            "kind": self.kind.value if self.kind else None,
            "usable_until": self.usable_until,
            "revoked_at": self.revoked_at,
        }


def check_code(archive: Archive, text: str) -> Standing:
    """Say how the copy with a check code stands.

    Raises:
        UsageError: a symbol of the code is wrong, or it is no code.
    """
    code = codes.read(text)
    with archive.catalogue.connect() as connection:
        return _standing(archive, issued_copies.by_code(connection, code), unchanged=None)


def check_file(archive: Archive, stream: BinaryIO) -> Standing:
    """Say whether a file is a copy as it was issued, and how it stands."""
    digest = hashlib.sha256()
    for piece in chunks(stream):
        digest.update(piece)
    with archive.catalogue.connect() as connection:
        found = issued_copies.by_digest(connection, digest.hexdigest())
    return _standing(archive, found, unchanged=found is not None)


def _standing(archive: Archive, copy: IssuedCopy | None, *, unchanged: bool | None) -> Standing:
    if copy is None:
        return Standing(Outcome.UNKNOWN, unchanged)
    return Standing(
        _outcome(archive, copy),
        unchanged,
        archive.settings.text("archive.name"),
        copy.issued_at,
        copy.dossier_code,
        copy.label,
        copy.kind,
        copy.usable_until,
        copy.revoked_at,
    )


def _outcome(archive: Archive, copy: IssuedCopy) -> Outcome:
    if copy.revoked_at is not None:
        return Outcome.REVOKED
    if copy.usable_until is not None and archive.clock() >= copy.usable_until:
        return Outcome.EXPIRED
    return Outcome.VALID
