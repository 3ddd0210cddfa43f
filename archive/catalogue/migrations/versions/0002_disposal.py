"""Disposal: adopted schedules' second person, notes on retention, lists, and what waits for the store."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dossiers", sa.Column("retention_fixed", columns.JsonValue))
    op.create_index("ix_dossiers_applicant_identity", "dossiers", ["applicant_identity"])
    op.create_table(
        "schedule_proposals",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("proposed_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("version", "agency", name=op.f("pk_schedule_proposals")),
    )
    op.create_table(
        "retention_notes",
        sa.Column("id", columns.UuidText, nullable=False),
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("noted_at", columns.Instant(), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("ended_at", columns.Instant()),
        sa.Column("ended_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_notes")),
    )
    op.create_index("ix_retention_notes_dossier_id", "retention_notes", ["dossier_id"])
    op.create_index("ix_retention_notes_value", "retention_notes", ["value"])
    op.create_table(
        "disposals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_at", columns.Instant(), nullable=False),
        sa.Column("heading", columns.JsonValue, nullable=False),
        sa.Column("acts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposals")),
    )
    op.create_index("ix_disposals_status", "disposals", ["status", "id"])
    op.create_table(
        "disposal_items",
        sa.Column("disposal_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("entry", columns.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(
            ["disposal_id"], ["disposals.id"], name=op.f("fk_disposal_items_disposal_id")
        ),
        sa.PrimaryKeyConstraint("disposal_id", "ordinal", name=op.f("pk_disposal_items")),
    )
    op.create_index("ix_disposal_items_dossier_id", "disposal_items", ["dossier_id", "state"])
    op.create_index("ix_disposal_items_state", "disposal_items", ["state", "disposal_id"])
    op.create_table(
        "disposal_acts",
        sa.Column("disposal_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("details", columns.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(
            ["disposal_id"], ["disposals.id"], name=op.f("fk_disposal_acts_disposal_id")
        ),
        sa.PrimaryKeyConstraint("disposal_id", "number", name=op.f("pk_disposal_acts")),
    )
    op.create_table(
        "disposed_places",
        sa.Column("place", columns.ByteOrdered, nullable=False),
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("disposal_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_disposed_places")),
    )
    op.create_table(
        "state_documents",
        sa.Column("name", columns.ByteOrdered, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_state_documents")),
    )
