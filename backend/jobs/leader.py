"""One leader at a time for each job, whichever process it runs in."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from ..storage.database import Database


class Leadership:
    """Locks by name: PostgreSQL advisory locks, or lock files beside a SQLite database."""

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self._database = database
        self._folder = folder or Path(database.url.database or "flowcover.db").parent

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        """Whether the caller leads `name` inside the block; nobody waits."""
        holder = self._file_lock(name) if self._database.is_sqlite else self._advisory_lock(name)
        with holder as leads:
            yield leads

    @contextmanager
    def _file_lock(self, name: str) -> Iterator[bool]:
        stem = Path(self._database.url.database or "flowcover.db").name
        with (self._folder / f"{stem}.{name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    @contextmanager
    def _advisory_lock(self, name: str) -> Iterator[bool]:
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with self._database.engine.connect() as connection:
            query = text("SELECT pg_try_advisory_lock(:number)")
            leads = bool(connection.scalar(query, {"number": number}))
            try:
                yield leads
            finally:
                if leads:
                    release = text("SELECT pg_advisory_unlock(:number)")
                    connection.execute(release, {"number": number})
                connection.commit()
