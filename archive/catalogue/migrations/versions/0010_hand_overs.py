"""Webhooks, and what systems handed over."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", columns.UuidText, nullable=False),
        sa.Column("person_id", columns.UuidText, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("types", columns.JsonValue, nullable=False),
        sa.Column("made_at", columns.Instant(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", columns.Instant()),
        sa.Column("last_status", sa.Integer()),
        sa.Column("delivered_at", columns.Instant()),
        sa.Column("disabled_at", columns.Instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_webhooks_person_id_people")
        ),
    )
    op.create_index("ix_webhooks_person_id", "webhooks", ["person_id"])
    op.create_table(
        "hand_overs",
        sa.Column("person_id", columns.UuidText, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", columns.Digest(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("at", columns.Instant(), nullable=False),
        sa.Column("taken_in_at", columns.Instant()),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_hand_overs")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_hand_overs_person_id_people")
        ),
    )
    op.create_index("ix_hand_overs_taken_in_at", "hand_overs", ["taken_in_at", "at"])
