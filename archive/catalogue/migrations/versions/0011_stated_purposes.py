"""What people open dossiers for."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stated_purposes",
        sa.Column("person_id", columns.UuidText, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("stated_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "about", name=op.f("pk_stated_purposes")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_stated_purposes_person_id_people")
        ),
    )
    op.create_index("ix_stated_purposes_stated_at", "stated_purposes", ["stated_at"])
