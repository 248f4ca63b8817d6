"""Alembic migrations, run from code; two processes that start together migrate once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(url: str, revision: str = "head") -> None:
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    command.downgrade(_config(url), revision)


def new_revision(url: str, message: str, identity: str) -> None:
    """Writes the revision that brings the database at `url` to the tables of the code."""
    command.revision(_config(url), message, autogenerate=True, rev_id=identity)
