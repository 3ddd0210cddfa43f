"""What is held: the catalogue, in SQLite or PostgreSQL. The home of SQLAlchemy and Alembic."""
