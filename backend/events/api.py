"""Endpoint of ledger events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from ..chain.tables import LedgerEvent
from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, encode, page
from ..http.problems import declared
from .schemas import EventOut, EventPage, plain

router = APIRouter(tags=["events"])


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
