"""Engines and sessions; a session is one database transaction, committed by whoever opened it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker


class Database:
    """One engine; SQLite in WAL mode with durable commits and immediate write transactions."""

    def __init__(self, url: str, pool_size: int = 16) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 32}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": 30, "check_same_thread": False}
        else:
            options["pool_pre_ping"] = True
        self.engine: Engine = create_engine(self.url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure)
            event.listen(self.engine, "begin", _begin)
        immediate = self.engine.execution_options(flowcover_immediate=True)
        self._writers = sessionmaker(immediate, expire_on_commit=False)
        self._readers = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that may write: committed at the end, rolled back on any error."""
        with self._writers.begin() as session:
            yield session

    @contextmanager
    def open_write(self) -> Iterator[Session]:
        """The same, but committed by the user inside; rolled back when it was not."""
        with self._writers() as session:
            session.connection()
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads; always rolled back."""
        with self._readers() as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    immediate = connection.get_execution_options().get("flowcover_immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
