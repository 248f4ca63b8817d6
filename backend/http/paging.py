"""Cursor pages: a cursor is the last row's sort key, opaque to clients."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session

from .problems import Problem

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=400)]
T = TypeVar("T")


def encode(key: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """
    :raises Problem: invalid-cursor
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Problem("invalid-cursor", "the cursor does not decode") from error
    plain = isinstance(key, list) and all(type(part) in (int, str) for part in key)
    if not plain or len(key) != length or any(type(p) is int and p.bit_length() > 63 for p in key):
        raise Problem("invalid-cursor", "the cursor is of another list")
    return list(key)


def page(
    session: Session,
    query: Select[T],
    order: Sequence[Any],
    cursor: str | None,
    limit: int,
    newest_first: bool = False,
) -> tuple[list[T], str | None]:
    """Rows after the cursor in the order of the key columns, and the next page's cursor."""
    types = [column.type.python_type for column in order]
    if cursor is not None:
        key = decode(cursor, len(order))
        if [type(part) for part in key] != types:
            raise Problem("invalid-cursor", "the cursor is of another list")
        if len(order) == 1:
            query = query.where(order[0] < key[0] if newest_first else order[0] > key[0])
        else:
            here, there = tuple_(*order), tuple_(*key)
            query = query.where(here < there if newest_first else here > there)
    query = query.order_by(*(c.desc() if newest_first else c for c in order)).limit(limit + 1)
    rows = list(session.scalars(query))
    more = len(rows) > limit
    rows = rows[:limit]
    keys: Callable[[Any], list[Any]] = lambda row: [getattr(row, c.key) for c in order]  # noqa: E731
    return rows, encode(keys(rows[-1])) if more else None
