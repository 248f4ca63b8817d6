"""Column types: integers of any size that neither engine rounds."""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import BigInteger, Dialect, Numeric, String, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

DIGITS = 78
"""Decimal digits of 2^256 - 1."""


class Exact(TypeDecorator[int]):
    """An integer up to 256 bits: NUMERIC(78, 0) on PostgreSQL, decimal text on SQLite.

    It is only stored and read; sums and comparisons are made in Python.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(DIGITS, 0))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


Money = Annotated[int, mapped_column(Exact)]
BigInt = Annotated[int, mapped_column(BigInteger)]
Address = Annotated[str, mapped_column(String(42))]
Hash = Annotated[str, mapped_column(String(66))]
Identifier = Annotated[str, mapped_column(String(64))]
