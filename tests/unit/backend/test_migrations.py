"""Migrations: they make the tables of the code, and take them away, with data in place."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from backend.platforms.tables import Platform
from backend.storage.all_tables import METADATA
from backend.storage.database import Database
from backend.storage.migrate import downgrade, upgrade
from tests.support.engines import empty_database


def test_upgrade__new_database__has_the_tables_of_the_code(tmp_path: Path) -> None:
    url = empty_database(tmp_path)
    upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_downgrade__with_data__removes_everything_and_can_start_again(tmp_path: Path) -> None:
    url = empty_database(tmp_path)
    upgrade(url)
    database = Database(url)
    with database.write() as session:
        session.add(Platform(id="a", name="a", wallet="0x" + "11" * 20, created_at=1))
    database.close()
    downgrade(url, "base")
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    upgrade(url)
    database = Database(url)
    with database.read() as session:
        assert session.query(Platform).all() == []
    database.close()


def test_exact__integers_of_256_bits__keep_every_digit(tmp_path: Path) -> None:
    from backend.ledger.tables import LedgerFloat

    url = empty_database(tmp_path)
    upgrade(url)
    database = Database(url)
    with database.write() as session:
        session.add(LedgerFloat(platform="0x" + "11" * 20, balance=2**256 - 1))
    with database.read() as session:
        assert session.query(LedgerFloat).one().balance == 2**256 - 1
    database.close()
