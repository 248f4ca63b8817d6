"""Ledger tables in a SQLite file, as a backend would have written them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_tables(
    path: Path, tables: Mapping[str, tuple[Sequence[str], Sequence[Mapping[str, Any]]]]
) -> None:
    """Makes each table with its columns and rows; integers above 62 bits become text."""
    with sqlite3.connect(path) as connection:
        for table, (columns, rows) in tables.items():
            names = ", ".join(f'"{column}"' for column in columns)
            connection.execute(f"CREATE TABLE {table} ({names})")
            marks = ", ".join("?" * len(columns))
            for row in rows:
                values = [str(v) if isinstance(v, int) and v > 2**62 else v for v in row.values()]
                connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)
    connection.close()
