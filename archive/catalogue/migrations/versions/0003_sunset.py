"""Sunset: until when each signature can be proven, by date; items of jobs by their key."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verdicts", sa.Column("provable_until", columns.Instant()))
    op.create_index("ix_verdicts_provable_until", "verdicts", ["provable_until", "dossier_id"])
    op.create_index("ix_job_items_key", "job_items", ["key"])
