"""Endpoints of chain transactions."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from ..chain.tables import ChainTransaction
from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import Problem, declared
from ..http.schemas import Page
from .schemas import TransactionOut

router = APIRouter(prefix="/chain-transactions", tags=["chain transactions"])


@router.get("", responses=declared("invalid-cursor"))
def list_transactions(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[TransactionOut]:
    """The caller's chain transactions, newest first; the insurer sees all."""
    query = select(ChainTransaction)
    if who.platform_id is not None:
        query = query.where(ChainTransaction.platform_id == who.platform_id)
    with at.database.read() as session:
        rows, following = page(session, query, [ChainTransaction.seq], cursor, limit, True)
        return Page(items=[TransactionOut.of(row) for row in rows], next_cursor=following)


@router.get("/{transaction_id}", responses=declared("not-found"))
def get_transaction(transaction_id: str, at: ServicesDep, who: Reader) -> TransactionOut:
    """One chain transaction."""
    with at.database.read() as session:
        row = session.scalar(select(ChainTransaction).where(ChainTransaction.id == transaction_id))
    if row is None or (who.platform_id is not None and row.platform_id != who.platform_id):
        raise Problem("not-found", f"no chain transaction {transaction_id}")
    return TransactionOut.of(row)
