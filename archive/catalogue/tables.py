"""The tables of the catalogue. Their history is in `migrations/versions`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from archive.catalogue import people_tables
from archive.catalogue.columns import ByteOrdered, Digest, Instant, JsonValue, UuidText
from archive.catalogue.naming import RowNumber, metadata

__all__ = ["RowNumber", "metadata", "people_tables"]

REVISION: Final = "0011"
"""The migration that makes these tables; a test compares it with `migrations`."""

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", UuidText, primary_key=True),
    Column("code", Text, nullable=False),
    Column("code_old", Text),
    Column("file_code", Text),
    Column("title", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("agency_name", Text),
    Column("fonds", Text, nullable=False),
    Column("access", Text, nullable=False, server_default="02"),
    Column("procedure", Text, nullable=False),
    Column("procedure_name", Text),
    # Personal data: in the register, never in the journal.
    Column("applicant_name", Text, nullable=False),
    Column("applicant_identity", Text),
    Column("applicant_kind", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("due_on", Date),
    Column("closed_on", Date),
    Column("status", Text, nullable=False),
    Column("result_number", Text),
    Column("important", Boolean, nullable=False),
    Column("description", JsonValue, nullable=False),
    Column("signature_outcome", Text, nullable=False),
    # Derived from the facts by the schedule in force, for listing; decided anew at execution.
    Column("retention_action", Text),
    Column("retention_due_on", Date),
    Column("retention_rule", Text),
    Column("retention_schedule", Text),
    # The period that an approved schedule fixed when the dossier came in; never overwritten.
    Column("retention_fixed", JsonValue),
    UniqueConstraint("agency", "code"),
    Index("ix_dossiers_code", "code"),
    Index("ix_dossiers_code_old", "code_old"),
    Index("ix_dossiers_file_code", "file_code"),
    Index("ix_dossiers_applicant_identity", "applicant_identity"),
    Index("ix_dossiers_year_id", "year", "id"),
    Index("ix_dossiers_retention", "retention_action", "retention_due_on", "id"),
)

versions = Table(
    "versions",
    metadata,
    Column("dossier_id", UuidText, ForeignKey("dossiers.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("place", ByteOrdered, nullable=False, unique=True),
    Column("sha256", Digest, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("seal_digest", Digest, nullable=False),
    Column("sealed_at", Instant, nullable=False),
    Column("submission_digest", Digest, nullable=False),
    Column("held_since", Instant, nullable=False),
    Column("locked_at", Instant),
    Column("locked_until", Instant),
    Index("ix_versions_submission_digest", "submission_digest"),
    Index("ix_versions_locked_until", "locked_until", "place"),
    Index(
        "ix_versions_unlocked",
        "place",
        sqlite_where=text("locked_at IS NULL"),
        postgresql_where=text("locked_at IS NULL"),
    ),
)

files = Table(
    "files",
    metadata,
    Column("dossier_id", UuidText, ForeignKey("dossiers.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("sha256", Digest, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("puid", Text),
    Column("format_name", Text),
    Column("role", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("type_code", Text),
    Column("description", JsonValue, nullable=False),
    Index("ix_files_sha256", "sha256"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("dossier_id", UuidText, ForeignKey("dossiers.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("indication", Text, nullable=False),
    Column("sub_indication", Text),
    Column("format", Text, nullable=False),
    Column("proven_at", Instant),
    Column("test", Boolean, nullable=False),
    Column("description", JsonValue, nullable=False),
    # Derived: until when it can be proven without anything new, for listing.
    Column("provable_until", Instant),
    Index("ix_verdicts_indication", "indication", "sub_indication"),
    Index("ix_verdicts_provable_until", "provable_until", "dossier_id"),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=False),
    Column("at", ByteOrdered, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("salt", LargeBinary(16), nullable=False),
    Column("commitment", Digest, nullable=False),
    Column("prev", Digest, nullable=False),
    Column("digest", Digest, nullable=False),
    Index("ix_journal_subject_seq", "subject", "seq"),
)

positions = Table(
    "positions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("digest", Digest, nullable=False),
)

holds = Table(
    "holds",
    metadata,
    Column("id", UuidText, primary_key=True),
    # No foreign key: a hold outlives its dossier's row, and a rebuild may read it first.
    Column("dossier_id", UuidText),
    Column("procedure", Text),
    Column("agency", Text),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("legal_reference", Text, nullable=False),
    Column("review_on", Date),
    Column("placed_at", Instant, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_by", Text),
    Column("lift_reason", Text),
    Column("query", Text),
    Column("next_review_on", Date),
    Index("ix_holds_dossier_id", "dossier_id"),
    Index("ix_holds_lifted_at", "lifted_at"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("adopted_at", Instant, primary_key=True),
    Column("in_force_from", Date, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("content", Text, nullable=False),
    Column("adopted_by", Text, nullable=False),
    Column("decision", Text, nullable=False),
)

schedule_proposals = Table(
    "schedule_proposals",
    metadata,
    Column("version", Text, primary_key=True),
    Column("agency", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("in_force_from", Date, nullable=False),
    Column("decision", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("proposed_at", Instant, nullable=False),
)

retention_notes = Table(
    "retention_notes",
    metadata,
    Column("id", UuidText, primary_key=True),
    # No foreign key: a note outlives its dossier's row, and a rebuild may read it first.
    Column("dossier_id", UuidText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("noted_at", Instant, nullable=False),
    Column("noted_by", Text, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text),
    Index("ix_retention_notes_dossier_id", "dossier_id"),
    Index("ix_retention_notes_value", "value"),
)

disposals = Table(
    "disposals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    # Agency, schedule, note, who proposed: the list's heading.
    Column("heading", JsonValue, nullable=False),
    Column("acts", Integer, nullable=False),
    Index("ix_disposals_status", "status", "id"),
)

disposal_items = Table(
    "disposal_items",
    metadata,
    Column("disposal_id", Text, ForeignKey("disposals.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    # No foreign key: the row of the dossier goes, this one stays.
    Column("dossier_id", UuidText, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("entry", JsonValue, nullable=False),
    Index("ix_disposal_items_dossier_id", "dossier_id", "state"),
    Index("ix_disposal_items_state", "state", "disposal_id"),
)

disposal_acts = Table(
    "disposal_acts",
    metadata,
    Column("disposal_id", Text, ForeignKey("disposals.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("act", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("agent", Text, nullable=False),
    Column("details", JsonValue, nullable=False),
)

disposed_places = Table(
    "disposed_places",
    metadata,
    Column("place", ByteOrdered, primary_key=True),
    Column("dossier_id", UuidText, nullable=False),
    Column("disposal_id", Text, nullable=False),
)

state_documents = Table(
    "state_documents",
    metadata,
    Column("name", ByteOrdered, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

evidence_batches = Table(
    "evidence_batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("ix_evidence_batches_made_at", "made_at"),
)

evidence_members = Table(
    "evidence_members",
    metadata,
    # No foreign key: the row of a version goes when it is destroyed, this one stays.
    Column("place", ByteOrdered, primary_key=True),
    Column("batch_id", Text, ForeignKey("evidence_batches.id"), primary_key=True),
)

seal_links = Table(
    "seal_links",
    metadata,
    # Filled when seals are first asked about; a place has its seal's digest in its name.
    Column("place", ByteOrdered, primary_key=True),
    Column("signer", Text, nullable=False),
    Column("tsa", Text, nullable=False),
    Column("stamped_at", Instant, nullable=False),
    Index("ix_seal_links_rests_on", "signer", "tsa", "stamped_at", "place"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("dossier_id", UuidText, nullable=False),
    Column("year", Integer, nullable=False),
    Column("change", Text, nullable=False),
    # A row number is never given out twice, or `done` could remove a later change.
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", UuidText, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("parameters", JsonValue, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Index("ix_jobs_kind_key", "kind", "key"),
)

job_items = Table(
    "job_items",
    metadata,
    Column("job_id", UuidText, ForeignKey("jobs.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", JsonValue),
    Column("settled_at", Instant),
    Index("ix_job_items_state", "job_id", "state", "ordinal"),
    Index("ix_job_items_key", "key"),
)

fixity_checks = Table(
    "fixity_checks",
    metadata,
    Column("place", ByteOrdered, primary_key=True),
    Column("copy", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("checked_at", Instant, nullable=False),
    Column("found", Digest),
    Column("detail", Text, nullable=False),
    Index("ix_fixity_checks_outcome", "outcome", "place"),
)

issued_copies = Table(
    "issued_copies",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # No foreign key: the row of the dossier goes when it is destroyed, this one stays.
    Column("dossier_id", UuidText, nullable=False),
    Column("dossier_code", Text, nullable=False),
    Column("documents", JsonValue, nullable=False),
    # Personal data: in the register, never in the journal.
    Column("requester", Text, nullable=False),
    Column("requester_identity", Text),
    Column("purpose", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("usable_until", Instant),
    Column("sha256", Digest),
    Column("size", BigInteger),
    Column("place", ByteOrdered),
    Column("revoked_at", Instant),
    Column("revoked_by", Text),
    Column("revoke_reason", Text),
    UniqueConstraint("code"),
    Index("ix_issued_copies_sha256", "sha256"),
    Index("ix_issued_copies_dossier_id", "dossier_id"),
)

reception_batches = Table(
    "reception_batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("producer", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("closed_at", Instant),
    Column("minutes", Text),
    Index("ix_reception_batches_opened_at", "opened_at", "id"),
)

reception_items = Table(
    "reception_items",
    metadata,
    Column("batch_id", Text, ForeignKey("reception_batches.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("code", Text),
    Column("title", Text),
    Column("findings", JsonValue, nullable=False),
    Column("receipt", JsonValue),
    # Personal data: in the queue until the batch is done, never in the journal.
    Column("corrections", JsonValue, nullable=False),
    Column("reason", Text),
    Column("note", Text),
    Index("ix_reception_items_state", "batch_id", "state", "ordinal"),
)
