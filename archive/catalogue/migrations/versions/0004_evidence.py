"""Evidence: which batches there are, and which stored versions they cover."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence_batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("made_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_batches")),
    )
    op.create_index("ix_evidence_batches_made_at", "evidence_batches", ["made_at"])
    op.create_table(
        "evidence_members",
        sa.Column("place", columns.ByteOrdered, nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["evidence_batches.id"],
            name=op.f("fk_evidence_members_batch_id_evidence_batches"),
        ),
        sa.PrimaryKeyConstraint("place", "batch_id", name=op.f("pk_evidence_members")),
    )
