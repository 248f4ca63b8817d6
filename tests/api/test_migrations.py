"""Migrations with something of everything in the database, on the engine of the run."""

from __future__ import annotations

from sqlalchemy import create_engine, inspect, text

from backend.storage.migrate import downgrade, upgrade
from tests.support.world import World


def test_migrations__rows_in_most_tables__go_down_to_nothing_and_up_again(world: World) -> None:
    url = world.bench.settings.database_url
    engine = create_engine(url)
    tables = [name for name in inspect(engine).get_table_names() if name != "alembic_version"]
    with engine.connect() as connection:
        filled = [
            name for name in tables if connection.scalar(text(f'SELECT count(*) FROM "{name}"'))
        ]
    assert len(filled) >= 20
    engine.dispose()
    world.bench.database.close()
    downgrade(url, "base")
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    upgrade(url)
    engine = create_engine(url)
    assert sorted(inspect(engine).get_table_names()) == sorted([*tables, "alembic_version"])
    engine.dispose()
