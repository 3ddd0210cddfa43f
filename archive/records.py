"""Records: what the journal says of one stored version, and how it is read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.model import ObjectName, Version


@dataclass(frozen=True, slots=True)
class Record:
    """One stored version as the journal has it."""

    version: Version
    submission_digest: str
    held_since: datetime
    """The commit time."""


def details_of(record: Record) -> dict[str, object]:
    """Return the details of the journal's event: digests and places, no personal data."""
    version = record.version
    return {
        "version": version.number,
        "place": version.place,
        "sha256": version.sha256,
        "size": version.size,
        "seal": version.seal_digest,
        "sealed_at": version.sealed_at.isoformat(),
        "submission": record.submission_digest,
        "held_since": record.held_since.isoformat(),
    }


def recorded(details: Mapping[str, Any]) -> Record:
    """Return the record that `details_of` wrote."""
    version = Version(
        details["version"],
        ObjectName(details["place"]),
        details["sha256"],
        details["size"],
        details["seal"],
        datetime.fromisoformat(details["sealed_at"]),
    )
    return Record(version, details["submission"], datetime.fromisoformat(details["held_since"]))
