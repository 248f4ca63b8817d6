"""The chain as the indexer has it: every event, and every transaction with what it did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import select
from starlette.responses import Response

from contracts.client.errors import ChainError

from ..chain.tables import LedgerEvent
from ..http.paging import page as rows_of
from ..http.problems import Problem
from .sessions import AnyViewer, ServicesDep
from .show import page

router = APIRouter()
Name = Annotated[str | None, Query(max_length=40, pattern=r"^[A-Za-z]*$")]
PAGE_ROWS = 50


@router.get("/ledger")
def get_ledger(
    request: Request,
    at: ServicesDep,
    who: AnyViewer,
    contract: Name = None,
    name: Name = None,
    subject: Annotated[str | None, Query(max_length=140)] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """Events, newest first, of a contract, a name or an object of the ledger."""
    query = select(LedgerEvent)
    for column, wanted in (
        (LedgerEvent.contract, contract), (LedgerEvent.name, name), (LedgerEvent.subject, subject),
    ):  # fmt: skip
        if wanted:
            query = query.where(column == wanted)
    with at.database.read() as session:
        order = [LedgerEvent.block_number, LedgerEvent.log_index]
        rows, following = rows_of(session, query, order, cursor, PAGE_ROWS, newest_first=True)
        names = session.scalars(select(LedgerEvent.name).distinct().order_by(LedgerEvent.name))
        return page(
            request, who, "ledger.html", events=rows, following=following, names=list(names),
            contract=contract or "", name=name or "", subject=subject or "",
            contracts=sorted(at.contracts.deployment.contracts),
        )  # fmt: skip


@router.get("/transactions/{transaction}")
def get_transaction(
    transaction: Annotated[str, Path(pattern="^0x[0-9a-f]{64}$")],
    request: Request,
    at: ServicesDep,
    who: AnyViewer,
) -> Response:
    """A transaction: its receipt from the node, its events from the ledger."""
    query = select(LedgerEvent).where(LedgerEvent.transaction_hash == transaction)
    with at.database.read() as session:
        events = list(session.scalars(query.order_by(LedgerEvent.log_index)))
    try:
        receipt = at.contracts.node.receipt(transaction)
    except ChainError:
        receipt = None
    if receipt is None and not events:
        raise Problem("not-found", f"no transaction {transaction} of these contracts")
    return page(request, who, "transaction.html", hash=transaction, events=events, receipt=receipt)
