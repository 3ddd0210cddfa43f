"""What the archive is about: dossiers, documents, digital files, verdicts, holdings.

Imports nothing of ours. Names follow ISAD(G), OAIS, PREMIS 3 and ETSI EN 319 102-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

DossierId = NewType("DossierId", str)
"""UUID in canonical lower-case form; derived from agency and dossier code (uuid5)."""
PackagePath = NewType("PackagePath", str)
"""A relative path inside a package: NFC, `/` between parts, no `.` or `..` part."""
ObjectName = NewType("ObjectName", str)
"""The name of an object in a store: ASCII, `/` between parts."""


class Status(StrEnum):
    """Where an administrative procedure stands; the last four end the work."""

    RECEIVED = "received"
    PROCESSING = "processing"
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"


CLOSING_STATUSES = frozenset({Status.RETURNED, Status.REFUSED, Status.WITHDRAWN, Status.STOPPED})


class Role(StrEnum):
    """What a document is to its dossier (Circular 01/2023/TT-VPCP's component kinds)."""

    APPLICATION = "application"
    COMPONENT = "component"
    VERIFICATION = "verification"
    RESULT = "result"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Applicant:
    """The person or organization that filed the dossier. Personal data: never logged."""

    name: str
    identity_number: str | None = None
    """12 digits (Law on Identification 2023, art. 12) for persons; the registration
    number for organizations; None if not given."""
    kind: str = "citizen"
    """`citizen` or `organization`."""


@dataclass(frozen=True, slots=True)
class Result:
    """The decision that ended the procedure."""

    number: str
    """Number and sign as printed, for example `123/GP-UBND`."""
    code: str | None = None
    """The portal's code of the result paper, for example `KQ.G15.000469`."""
    issued_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class DigitalFile:
    """One stored file."""

    path: PackagePath
    """Below `representations/rep1/data/` in the package; the name the depositor gave."""
    size: int
    """Bytes."""
    sha256: str
    """64 lower-case hex digits over every byte."""
    media_type: str = "application/octet-stream"
    puid: str | None = None
    """PRONOM identifier, for example `fmt/477`; None if not identified."""
    format_name: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A record of a dossier: one digital file and its description."""

    ordinal: int
    """1-based place in the dossier."""
    title: str
    role: Role
    file: DigitalFile
    type_code: str | None = None
    """`typeName` of Circular 05/2025/TT-BNV: `01` resolution ... `32` other."""
    number: str | None = None
    notation: str | None = None
    issued_on: date | None = None
    organ: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """Further fields by their code in the field profile."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """The records of one administrative procedure, kept and disposed of together."""

    id: DossierId
    code: str
    """The dossier code of the one-stop system, new form: `H26.18-220524-0001`."""
    title: str
    agency: str
    """Electronic identifier of the agency that closed it: `H26.18` (QD 20/2020)."""
    procedure: str
    """Procedure code: `1.001193` or localized `1.000318.000.00.00.H40`."""
    applicant: Applicant
    received_on: date
    status: Status
    documents: tuple[Document, ...]
    fonds: str
    """Code of the fonds; the agency's code unless the depositor says otherwise."""
    code_old: str | None = None
    """The form before QD 20/2020: `000.00.18.H26-220524-0001`."""
    file_code: str | None = None
    """Archive file code: agency, year and number of the file, `H49.64.33.2001.160`."""
    agency_name: str | None = None
    procedure_name: str | None = None
    due_on: date | None = None
    closed_on: date | None = None
    """The day the matter ended; None while it is open."""
    result: Result | None = None
    important: bool = False
    """Whether the agency marked the case as important (retention group 13)."""
    retention_code: str | None = None
    """The schedule row that the depositor proposes; the archive decides."""
    events: Mapping[str, date] = field(default_factory=dict)
    """Days of events that start a retention period, by trigger name: `{"sale": ...}`."""
    access: str = "02"
    """`mode` of Circular 05/2025: 01 public, 02 conditional, 03 secret."""
    language: str = "01"
    profile: str = "tt05-2025-1"
    """The field profile (schemas/profiles) that `fields` obeys."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Further dossier fields by their code in the field profile."""

    @property
    def year(self) -> int:
        """The year of receipt, by which the search index is divided."""
        return self.received_on.year


class Indication(StrEnum):
    """The three outcomes of ETSI EN 319 102-1, clause 5.1.3."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one signature in one file."""

    path: PackagePath
    field: str
    """The signature field's name, or its ordinal for formats without names."""
    kind: str
    """`signature` or `document-timestamp`."""
    format: str
    """`PAdES-B-B`, `PAdES-B-T`, ..., or `PDF-NOT-ETSI`."""
    indication: Indication
    sub_indication: str | None
    """EN 319 102-1 code, for example `REVOKED_NO_POE`; None when passed."""
    intact: bool | None
    """Whether digest and signature value verify; None if that could not be told."""
    covers_whole_file: bool | None
    modified_after_signing: str
    """`none`, `allowed` or `suspicious`."""
    signed_by: str | None
    """Subject common name of the signer's certificate. Personal data."""
    signed_at_claimed: datetime | None
    proven_at: datetime | None
    """The earliest trusted time at which the signature existed."""
    timestamps: int = 0
    digest_algorithm: str | None = None
    signature_algorithm: str | None = None
    issuer: str | None = None
    test: bool = False
    """Whether trust ends in a root that is marked as test."""
    reasons: tuple[str, ...] = ()
    to_do: str | None = None
    provable_until: datetime | None = None
    """Until when it stays passed if its issuers go on publishing their revocation lists;
    then only a new timestamp or evidence record helps. None: not passed, or no end known."""
    fresh_until: datetime | None = None
    """Until when it stays passed with what is kept today and nothing new."""
    limited_by: str | None = None
    """Which link ends it: a certificate, an algorithm, a revocation list."""


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version of a dossier's package."""

    number: int
    """1-based."""
    place: ObjectName
    sha256: str
    """Of the whole object."""
    size: int
    seal_digest: str
    """SHA-256 of `METS.xml.p7s`, 64 hex digits."""
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a depositor gets for a dossier that is held. Equal for equal submissions."""

    dossier_id: DossierId
    code: str
    version: int
    place: ObjectName
    seal_digest: str
    submission_digest: str
    held_since: datetime
    """The commit time of the version."""
