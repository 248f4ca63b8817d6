"""New databases for tests, on the engine that FLOWCOVER_ENGINE names: sqlite or postgresql.

Each is a copy of one that was migrated once in this process. PostgreSQL is a private server on a
Unix socket, started at the first use and removed at the end; it does not sync to the disk, because
these tests end the backend's processes and never the server.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
import warnings
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine, text

from backend.storage.migrate import upgrade

_numbers = itertools.count(1)


def engine_name() -> str:
    return os.environ.get("FLOWCOVER_ENGINE", "sqlite")


def empty_database(folder: Path) -> str:
    """URL of a database without tables."""
    if engine_name() == "sqlite":
        return f"sqlite:///{folder / f'database-{next(_numbers)}.db'}"
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _execute(f"CREATE DATABASE {name}")
    return _url(name)


def new_database(folder: Path) -> str:
    """URL of a database with all tables and no row."""
    if engine_name() == "sqlite":
        path = folder / f"database-{next(_numbers)}.db"
        shutil.copy(_sqlite_template(), path)
        return f"sqlite:///{path}"
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _execute(f"CREATE DATABASE {name} TEMPLATE {_postgres_template()}")
    return _url(name)


@cache
def _sqlite_template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="flowcover-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    upgrade(f"sqlite:///{folder / 'template.db'}")
    return folder / "template.db"


@cache
def _server() -> str:
    """The private server's socket folder."""
    folder = Path(tempfile.mkdtemp(prefix="flowcover-postgres-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pgserver

        server = pgserver.get_server(folder, cleanup_mode="delete")
    atexit.register(server.cleanup)
    for setting in ("fsync", "full_page_writes", "autovacuum"):
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    return str(folder)


def _url(name: str) -> str:
    return f"postgresql+psycopg://postgres@/{name}?host={_server()}"


@cache
def _postgres_template() -> str:
    name = f"template_{os.getpid()}"
    _execute(f"CREATE DATABASE {name}")
    upgrade(_url(name))
    return name


def _execute(statement: str) -> None:
    engine = create_engine(_url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
