"""Runs the migrations on the connection that `Catalogue.migrate` hands over."""

from alembic import context

from archive.catalogue import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
