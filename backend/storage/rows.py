"""Many rows in one statement: COPY on PostgreSQL, one prepared statement on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .types import Base

Row = tuple[Any, ...]


def insert_rows(
    session: Session, kind: type[Base], names: tuple[str, ...], rows: list[Row]
) -> None:
    """Inserts rows whose values stand in the order of the column names; the others stay NULL.

    :raises IntegrityError: a key is there already, or a value is missing
    """
    if not rows:
        return
    session.flush()
    connection = session.connection()
    table = kind.__table__
    assert isinstance(table, Table)
    converters = _converters(table, names, connection.dialect)
    if converters:
        rows = [_converted(row, converters) for row in rows]
    columns = ", ".join(f'"{name}"' for name in names)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", rows)
        return
    statement = f"COPY {table.name} ({columns}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.IntegrityError as error:
        raise IntegrityError(statement, None, error) from error


Converter = tuple[int, Callable[[Any], Any]]


@cache
def _converters(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[Converter, ...]:
    """(place, conversion) of the columns whose values the driver does not take as they are."""
    made = (
        table.columns[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names
    )
    return tuple((place, convert) for place, convert in enumerate(made) if convert is not None)


def _converted(row: Row, converters: Sequence[Converter]) -> Row:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place])
    return tuple(values)
