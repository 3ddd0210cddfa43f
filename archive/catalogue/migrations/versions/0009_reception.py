"""Reception: batches that producers hand over, and how far each submission got."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reception_batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("opened_at", columns.Instant(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("closed_at", columns.Instant()),
        sa.Column("minutes", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reception_batches")),
    )
    op.create_index("ix_reception_batches_opened_at", "reception_batches", ["opened_at", "id"])
    op.create_table(
        "reception_items",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", columns.Instant(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("title", sa.Text()),
        sa.Column("findings", columns.JsonValue, nullable=False),
        sa.Column("receipt", columns.JsonValue),
        sa.Column("corrections", columns.JsonValue, nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["reception_batches.id"],
            name=op.f("fk_reception_items_batch_id_reception_batches"),
        ),
        sa.PrimaryKeyConstraint("batch_id", "ordinal", name=op.f("pk_reception_items")),
    )
    op.create_index("ix_reception_items_state", "reception_items", ["batch_id", "state", "ordinal"])
