"""Issued copies: the register of what was handed out and revoked."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "issued_copies",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("dossier_code", sa.Text(), nullable=False),
        sa.Column("documents", columns.JsonValue, nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("requester_identity", sa.Text()),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("issued_at", columns.Instant(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("usable_until", columns.Instant()),
        sa.Column("sha256", columns.Digest()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("place", columns.ByteOrdered),
        sa.Column("revoked_at", columns.Instant()),
        sa.Column("revoked_by", sa.Text()),
        sa.Column("revoke_reason", sa.Text()),
        sa.PrimaryKeyConstraint("year", "number", name=op.f("pk_issued_copies")),
        sa.UniqueConstraint("code", name=op.f("uq_issued_copies_code")),
    )
    op.create_index("ix_issued_copies_sha256", "issued_copies", ["sha256"])
    op.create_index("ix_issued_copies_dossier_id", "issued_copies", ["dossier_id"])
