"""The database: engines, column types and migrations, for SQLite and PostgreSQL."""
