"""Hold queries: holds on what a query finds, and the next day on which a hold is looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("holds") as holds:
        holds.add_column(sa.Column("query", sa.Text()))
        holds.add_column(sa.Column("next_review_on", sa.Date()))
