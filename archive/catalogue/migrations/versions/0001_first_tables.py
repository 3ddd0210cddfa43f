"""The first tables of the catalogue, and triggers that keep the journal append-only."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
    """,
    """
    CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
    """,
    # INSERT OR REPLACE would delete rows without firing the trigger above.
    """
    CREATE TRIGGER journal_in_order BEFORE INSERT ON journal
    WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal)
      OR EXISTS (SELECT 1 FROM journal WHERE at = NEW.at)
    BEGIN SELECT RAISE(ABORT, 'the journal grows at its end only'); END
    """,
)

_POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$
    """,
    """
    CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()
    """,
    """
    CREATE FUNCTION journal_next() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal) THEN
        RAISE EXCEPTION 'the journal grows at its end only';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER journal_in_order BEFORE INSERT ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_next()
    """,
)


def upgrade() -> None:
    op.create_table(
        "dossiers",
        sa.Column("id", columns.UuidText, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("code_old", sa.Text()),
        sa.Column("file_code", sa.Text()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("agency_name", sa.Text()),
        sa.Column("fonds", sa.Text(), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("procedure_name", sa.Text()),
        sa.Column("applicant_name", sa.Text(), nullable=False),
        sa.Column("applicant_identity", sa.Text()),
        sa.Column("applicant_kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("closed_on", sa.Date()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result_number", sa.Text()),
        sa.Column("important", sa.Boolean(), nullable=False),
        sa.Column("description", columns.JsonValue, nullable=False),
        sa.Column("signature_outcome", sa.Text(), nullable=False),
        sa.Column("retention_action", sa.Text()),
        sa.Column("retention_due_on", sa.Date()),
        sa.Column("retention_rule", sa.Text()),
        sa.Column("retention_schedule", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("agency", "code", name=op.f("uq_dossiers_agency_code")),
    )
    op.create_index("ix_dossiers_code", "dossiers", ["code"])
    op.create_index("ix_dossiers_code_old", "dossiers", ["code_old"])
    op.create_index("ix_dossiers_file_code", "dossiers", ["file_code"])
    op.create_index(
        "ix_dossiers_retention", "dossiers", ["retention_action", "retention_due_on", "id"]
    )
    op.create_index("ix_dossiers_year_id", "dossiers", ["year", "id"])
    op.create_table(
        "versions",
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", columns.ByteOrdered, nullable=False),
        sa.Column("sha256", columns.Digest(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("seal_digest", columns.Digest(), nullable=False),
        sa.Column("sealed_at", columns.Instant(), nullable=False),
        sa.Column("submission_digest", columns.Digest(), nullable=False),
        sa.Column("held_since", columns.Instant(), nullable=False),
        sa.Column("locked_at", columns.Instant()),
        sa.Column("locked_until", columns.Instant()),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossiers.id"], name=op.f("fk_versions_dossier_id")
        ),
        sa.PrimaryKeyConstraint("dossier_id", "number", name=op.f("pk_versions")),
        sa.UniqueConstraint("place", name=op.f("uq_versions_place")),
    )
    op.create_index("ix_versions_locked_until", "versions", ["locked_until", "place"])
    op.create_index(
        "ix_versions_unlocked",
        "versions",
        ["place"],
        sqlite_where=sa.text("locked_at IS NULL"),
        postgresql_where=sa.text("locked_at IS NULL"),
    )
    op.create_index("ix_versions_submission_digest", "versions", ["submission_digest"])
    op.create_table(
        "files",
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", columns.Digest(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("puid", sa.Text()),
        sa.Column("format_name", sa.Text()),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("type_code", sa.Text()),
        sa.Column("description", columns.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_files_dossier_id")),
        sa.PrimaryKeyConstraint("dossier_id", "ordinal", name=op.f("pk_files")),
    )
    op.create_index("ix_files_sha256", "files", ["sha256"])
    op.create_table(
        "verdicts",
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("indication", sa.Text(), nullable=False),
        sa.Column("sub_indication", sa.Text()),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("proven_at", columns.Instant()),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("description", columns.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossiers.id"], name=op.f("fk_verdicts_dossier_id")
        ),
        sa.PrimaryKeyConstraint("dossier_id", "ordinal", name=op.f("pk_verdicts")),
    )
    op.create_index("ix_verdicts_indication", "verdicts", ["indication", "sub_indication"])
    op.create_table(
        "journal",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", columns.ByteOrdered, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("commitment", columns.Digest(), nullable=False),
        sa.Column("prev", columns.Digest(), nullable=False),
        sa.Column("digest", columns.Digest(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sa.UniqueConstraint("at", name=op.f("uq_journal_at")),
    )
    op.create_index("ix_journal_subject_seq", "journal", ["subject", "seq"])
    op.create_table(
        "positions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", columns.Digest(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_positions")),
    )
    op.create_table(
        "holds",
        sa.Column("id", columns.UuidText, nullable=False),
        sa.Column("dossier_id", columns.UuidText),
        sa.Column("procedure", sa.Text()),
        sa.Column("agency", sa.Text()),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("legal_reference", sa.Text(), nullable=False),
        sa.Column("review_on", sa.Date()),
        sa.Column("placed_at", columns.Instant(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("lifted_at", columns.Instant()),
        sa.Column("lifted_by", sa.Text()),
        sa.Column("lift_reason", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_dossier_id", "holds", ["dossier_id"])
    op.create_index("ix_holds_lifted_at", "holds", ["lifted_at"])
    op.create_table(
        "schedules",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("adopted_at", columns.Instant(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", columns.Digest(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("adopted_by", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "adopted_at", name=op.f("pk_schedules")),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "jobs",
        sa.Column("id", columns.UuidText, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("parameters", columns.JsonValue, nullable=False),
        sa.Column("started_at", columns.Instant(), nullable=False),
        sa.Column("finished_at", columns.Instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_kind_key", "jobs", ["kind", "key"])
    op.create_table(
        "job_items",
        sa.Column("job_id", columns.UuidText, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", columns.JsonValue),
        sa.Column("settled_at", columns.Instant()),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_items_job_id")),
        sa.PrimaryKeyConstraint("job_id", "ordinal", name=op.f("pk_job_items")),
    )
    op.create_index("ix_job_items_state", "job_items", ["job_id", "state", "ordinal"])
    op.create_table(
        "fixity_checks",
        sa.Column("place", columns.ByteOrdered, nullable=False),
        sa.Column("copy", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("checked_at", columns.Instant(), nullable=False),
        sa.Column("found", columns.Digest()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place", "copy", name=op.f("pk_fixity_checks")),
    )
    op.create_index("ix_fixity_checks_outcome", "fixity_checks", ["outcome", "place"])

    postgresql = op.get_bind().dialect.name == "postgresql"
    for trigger in _POSTGRESQL_TRIGGERS if postgresql else _SQLITE_TRIGGERS:
        op.execute(sa.text(trigger))
