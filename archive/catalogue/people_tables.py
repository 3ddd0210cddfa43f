"""The tables of people: who may come in, as what, from where. Not rebuilt from the store."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from archive.catalogue.columns import Digest, Instant, JsonValue, UuidText
from archive.catalogue.naming import metadata

people = Table(
    "people",
    metadata,
    Column("id", UuidText, primary_key=True),
    Column("account", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    # `person`, or `system` for a machine that comes with tokens only.
    Column("kind", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", Instant),
    Column("seen_at", Instant),
    Column("password", Text),
    Column("password_set_at", Instant),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
    Column("second_factor", Text),
    # The number of the last time step that a code was taken for: a code works once.
    Column("second_factor_step", BigInteger, nullable=False),
    # Who it is at the OpenID provider.
    Column("issuer", Text),
    Column("subject", Text),
    Index("ix_people_issuer_subject", "issuer", "subject", unique=True),
)

old_passwords = Table(
    "old_passwords",
    metadata,
    Column("person_id", UuidText, ForeignKey("people.id"), primary_key=True),
    Column("set_at", Instant, primary_key=True),
    Column("password", Text, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("id", UuidText, primary_key=True),
    Column("person_id", UuidText, ForeignKey("people.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("fonds", JsonValue),
    Column("agencies", JsonValue),
    Column("levels", JsonValue, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("granted_by", Text, nullable=False),
    Index("ix_grants_person_id", "person_id"),
)

sessions = Table(
    "sessions",
    metadata,
    # Of the secret in the cookie, which is stored nowhere.
    Column("digest", Digest, primary_key=True),
    Column("person_id", UuidText, ForeignKey("people.id"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Index("ix_sessions_person_id", "person_id"),
)

links = Table(
    "links",
    metadata,
    Column("digest", Digest, primary_key=True),
    # None: for the first administrator, who is not there yet.
    Column("person_id", UuidText, ForeignKey("people.id")),
    Column("made_at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("used_at", Instant),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", UuidText, primary_key=True),
    Column("digest", Digest, nullable=False, unique=True),
    Column("person_id", UuidText, ForeignKey("people.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", JsonValue, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("used_at", Instant),
    Index("ix_tokens_person_id", "person_id"),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("id", UuidText, primary_key=True),
    Column("person_id", UuidText, ForeignKey("people.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Index("ix_saved_searches_person_id", "person_id"),
)

recent_views = Table(
    "recent_views",
    metadata,
    Column("person_id", UuidText, ForeignKey("people.id"), primary_key=True),
    # No foreign key: the row of the dossier goes when it is destroyed.
    Column("dossier_id", UuidText, primary_key=True),
    Column("seen_at", Instant, nullable=False),
    Index("ix_recent_views_dossier_id", "dossier_id"),
)

stated_purposes = Table(
    "stated_purposes",
    metadata,
    Column("person_id", UuidText, ForeignKey("people.id"), primary_key=True),
    # A dossier's id, or `identity-search`.
    Column("about", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("stated_at", Instant, nullable=False),
    Index("ix_stated_purposes_stated_at", "stated_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", UuidText, primary_key=True),
    Column("person_id", UuidText, ForeignKey("people.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("types", JsonValue, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant),
    Column("last_status", Integer),
    Column("delivered_at", Instant),
    Column("disabled_at", Instant),
    Index("ix_webhooks_person_id", "person_id"),
)

hand_overs = Table(
    "hand_overs",
    metadata,
    Column("person_id", UuidText, ForeignKey("people.id"), primary_key=True),
    # The caller's idempotency key.
    Column("key", Text, primary_key=True),
    Column("digest", Digest, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("taken_in_at", Instant),
    Index("ix_hand_overs_taken_in_at", "taken_in_at", "at"),
)

NAMES: Final = frozenset(
    table.name
    for table in (
        people,
        old_passwords,
        grants,
        sessions,
        links,
        tokens,
        saved_searches,
        recent_views,
        stated_purposes,
        webhooks,
        hand_overs,
    )
)
