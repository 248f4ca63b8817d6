"""Endpoint of ledger events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import select

from ..chain.tables import LedgerEvent
from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, encode, page
from ..http.problems import declared
from ..http.schemas import Body

router = APIRouter(tags=["events"])


class EventOut(Body):
    """One event; integers in `args` are text. `cursor` continues after this event."""

    cursor: str
    contract: str
    name: str
    subject: str
    args: dict[str, Any]
    block_number: int
    block_hash: str
    log_index: int
    transaction_hash: str
    time: int


class EventPage(Body):
    """`next_cursor` is null at the end; later go on after the last event's `cursor`."""

    items: list[EventOut]
    next_cursor: str | None


def plain(value: Any) -> Any:
    """Event values with integers as text, so that no client rounds them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def _out(row: LedgerEvent) -> EventOut:
    return EventOut(
        cursor=encode([row.block_number, row.log_index]),
        contract=row.contract,
        name=row.name,
        subject=row.subject,
        args=plain(row.args),
        block_number=row.block_number,
        block_hash=row.block_hash,
        log_index=row.log_index,
        transaction_hash=row.transaction_hash,
        time=row.timestamp,
    )


@router.get("/events", responses=declared("invalid-cursor"))
def list_events(
    at: ServicesDep,
    who: Reader,
    limit: Limit = 100,
    cursor: Cursor = None,
    after: Cursor = None,
    subject: Annotated[str | None, Query(max_length=140, examples=["policy:1"])] = None,
    name: Annotated[str | None, Query(max_length=40, examples=["ClaimPaid"])] = None,
) -> EventPage:
    """Ledger events after a cursor (`after` is the same), oldest first.

    A reorg may take the newest back.
    """
    query = select(LedgerEvent)
    if subject is not None:
        query = query.where(LedgerEvent.subject == subject)
    if name is not None:
        query = query.where(LedgerEvent.name == name)
    order = [LedgerEvent.block_number, LedgerEvent.log_index]
    with at.database.read() as session:
        rows, following = page(session, query, order, cursor or after, limit)
    return EventPage(items=[_out(row) for row in rows], next_cursor=following)
