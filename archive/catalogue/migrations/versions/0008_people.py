"""People: accounts, roles, sessions, links, tokens, saved searches; access level of dossiers."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue import columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ACCESS = {
    "sqlite": "json_extract(description, '$.access')",
    "postgresql": "description ->> 'access'",
}


def _person(table: str, *, nullable: bool = False) -> "tuple[sa.Column[str], sa.ForeignKeyConstraint]":
    name = op.f(f"fk_{table}_person_id_people")
    return (
        sa.Column("person_id", columns.UuidText, nullable=nullable),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=name),
    )


def upgrade() -> None:
    column = sa.Column("access", sa.Text(), nullable=False, server_default="02")
    op.add_column("dossiers", column)
    op.execute(f"UPDATE dossiers SET access = {_ACCESS[op.get_bind().dialect.name]}")
    op.create_table(
        "people",
        sa.Column("id", columns.UuidText, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", columns.Instant()),
        sa.Column("seen_at", columns.Instant()),
        sa.Column("password", sa.Text()),
        sa.Column("password_set_at", columns.Instant()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", columns.Instant()),
        sa.Column("second_factor", sa.Text()),
        sa.Column("second_factor_step", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("account", name=op.f("uq_people_account")),
    )
    op.create_index("ix_people_issuer_subject", "people", ["issuer", "subject"], unique=True)
    op.create_table(
        "old_passwords",
        *_person("old_passwords"),
        sa.Column("set_at", columns.Instant(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "set_at", name=op.f("pk_old_passwords")),
    )
    op.create_table(
        "grants",
        sa.Column("id", columns.UuidText, nullable=False),
        *_person("grants"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("fonds", columns.JsonValue),
        sa.Column("agencies", columns.JsonValue),
        sa.Column("levels", columns.JsonValue, nullable=False),
        sa.Column("granted_at", columns.Instant(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index("ix_grants_person_id", "grants", ["person_id"])
    op.create_table(
        "sessions",
        sa.Column("digest", columns.Digest(), nullable=False),
        *_person("sessions"),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("began_at", columns.Instant(), nullable=False),
        sa.Column("seen_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_table(
        "links",
        sa.Column("digest", columns.Digest(), nullable=False),
        *_person("links", nullable=True),
        sa.Column("made_at", columns.Instant(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("ends_at", columns.Instant(), nullable=False),
        sa.Column("used_at", columns.Instant()),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_links")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", columns.UuidText, nullable=False),
        sa.Column("digest", columns.Digest(), nullable=False),
        *_person("tokens"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", columns.JsonValue, nullable=False),
        sa.Column("made_at", columns.Instant(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("ends_at", columns.Instant(), nullable=False),
        sa.Column("revoked_at", columns.Instant()),
        sa.Column("used_at", columns.Instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_index("ix_tokens_person_id", "tokens", ["person_id"])
    op.create_table(
        "saved_searches",
        sa.Column("id", columns.UuidText, nullable=False),
        *_person("saved_searches"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("saved_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index("ix_saved_searches_person_id", "saved_searches", ["person_id"])
    op.create_table(
        "recent_views",
        *_person("recent_views"),
        sa.Column("dossier_id", columns.UuidText, nullable=False),
        sa.Column("seen_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "dossier_id", name=op.f("pk_recent_views")),
    )
    op.create_index("ix_recent_views_dossier_id", "recent_views", ["dossier_id"])
