"""Seal links: which key and timestamp authority each stored version's seal rests on."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seal_links",
        sa.Column("place", columns.ByteOrdered, nullable=False),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("tsa", sa.Text(), nullable=False),
        sa.Column("stamped_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_seal_links")),
    )
    op.create_index("ix_seal_links_rests_on", "seal_links", ["signer", "tsa", "stamped_at", "place"])
