"""Events: what happened to what, by whom, with which outcome (PREMIS 3, entity *event*)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventType(StrEnum):
    """Event types, in the words of the PREMIS event type vocabulary where it has one."""

    INGESTION = "ingestion"
    TRANSFER = "transfer"
    VIRUS_CHECK = "virus check"
    VALIDATION = "validation"
    SIGNATURE_VALIDATION = "digital signature validation"
    FORMAT_IDENTIFICATION = "format identification"
    PACKAGE_CREATION = "information package creation"
    MESSAGE_DIGEST_CALCULATION = "message digest calculation"
    FIXITY_CHECK = "fixity check"
    METADATA_MODIFICATION = "metadata modification"
    REPLICATION = "replication"
    DISSEMINATION = "dissemination"
    COPY_ISSUED = "copy issued"
    COPY_REVOKED = "copy revoked"
    SUBMISSION_CORRECTED = "submission corrected"
    SUBMISSION_RETURNED = "submission returned"
    RECEPTION_CLOSED = "reception closed"
    HOLD_PLACED = "hold placed"
    HOLD_LIFTED = "hold lifted"
    HOLD_REVIEWED = "hold reviewed"
    SCHEDULE_ADOPTED = "retention schedule adopted"
    RETENTION_ASSIGNED = "retention assignment"
    DESTRUCTION = "destruction"
    RECOVERY = "recovery"
    RECOVERY_REHEARSED = "recovery rehearsal"
    ARCHIVE_CREATED = "archive created"
    TRUST_PROPOSED = "trust change proposed"
    TRUST_CHANGED = "trust change"
    TRUST_WITHDRAWN = "trust change withdrawn"
    REVOCATION_ADDED = "revocation data added"
    SEAL_KEY_CHANGED = "seal key changed"
    SEALED_ANEW = "sealed anew"
    SIGNATURE_AUDIT = "signature audit"
    KEYS_REWRAPPED = "key rewrapping"
    EVIDENCE_MADE = "evidence record creation"
    EVIDENCE_RENEWED = "evidence record renewal"
    WITNESS_CHANGED = "witness change"
    CHECKPOINT_REFUSED = "checkpoint refused"
    VIEW = "view"
    IDENTITY_SEARCH = "search by identity number"
    JOURNAL_VIEWED = "journal view"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    ACCOUNT_LOCKED = "account lock"
    PERSON_CHANGED = "person change"
    TOKEN_CHANGED = "token change"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `details` holds codes and counts, never names or identity numbers."""

    type: EventType
    at: datetime
    """Aware; written with milliseconds and offset."""
    outcome: str
    """`success`, `failure` or `warning`."""
    agent: str
    """Who or what acted: `kho 0.1.0`, an account, a service."""
    subject: str = ""
    """The dossier's id, or what else the event is about."""
    details: Mapping[str, object] = field(default_factory=dict)
    """JSON values only."""
