"""Endpoints of float, bond and series."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..http.context import INSURER, Caller, Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import Problem, declared, declared_write
from ..http.schemas import HashText, Page
from ..http.writes import Write, writing
from ..ledger.tables import LedgerSeries
from ..platforms.service import find_platform
from ..transactions.schemas import Accepted, TransactionOut
from . import service
from .schemas import (
    AgreedTerms,
    Deposit,
    DepositAccepted,
    FacilityOut,
    NewSeries,
    SeriesAccepted,
    SeriesOut,
)

router = APIRouter(tags=["facility"])


def wallet_of(session: Session, who: Caller) -> str | None:
    """The caller's wallet, None for the insurer."""
    return None if who.platform_id is None else find_platform(session, who.platform_id).wallet


@router.post(
    "/facility/deposits",
    status_code=202,
    response_model=DepositAccepted,
    responses=declared_write("wallet-not-custodied", "not-found"),
)
def deposit_float(
    body: Deposit, write: Annotated[Write, Depends(writing("fund", "float.deposit"))]
) -> Response:
    """Moves premium float from the platform's custodied wallet to the facility."""
    approval, deposit = service.deposit_float(write, int(body.amount))
    answer = DepositAccepted(
        approval=TransactionOut.of(approval), transaction=TransactionOut.of(deposit)
    )
    return write.answer(202, answer, deposit.id)


@router.get("/facility", responses=declared("not-found", "node-unavailable"))
def get_facility(at: ServicesDep, who: Reader) -> FacilityOut:
    """The caller's float."""
    with at.database.read() as session:
        wallet = wallet_of(session, who)
        if wallet is None:
            raise Problem("forbidden", "this needs a platform's API key")
    return service.facility_of(at, wallet)


@router.post(
    "/facility/terms",
    status_code=202,
    response_model=Accepted,
    responses=declared_write("wallet-not-custodied", "not-found"),
)
def agree_terms(
    body: AgreedTerms, write: Annotated[Write, Depends(writing("fund", "facility.agree"))]
) -> Response:
    """Lets the underwriter charge up to a price; without it nothing can be reserved."""
    queued = service.agree_terms(write, body.product, int(body.premium_ceiling))
    return write.answer(202, Accepted(transaction=TransactionOut.of(queued)), queued.id)


@router.post(
    "/bond-deposits",
    status_code=202,
    response_model=DepositAccepted,
    responses=declared_write(),
)
def deposit_bond(
    body: Deposit, write: Annotated[Write, Depends(writing(INSURER, "bond.deposit"))]
) -> Response:
    """Raises the underwriter's bond, which covers what is sold and not posted."""
    approval, deposit = service.deposit_bond(write, int(body.amount))
    answer = DepositAccepted(
        approval=TransactionOut.of(approval), transaction=TransactionOut.of(deposit)
    )
    return write.answer(202, answer, deposit.id)


@router.post(
    "/series",
    status_code=202,
    response_model=SeriesAccepted,
    responses=declared_write(
        "not-found", "not-offered", "score-unavailable", "contract-refused", "node-unavailable"
    ),
)
def create_series(
    body: NewSeries, write: Annotated[Write, Depends(writing(INSURER, "series.reserve"))]
) -> Response:
    """Reserves exposure and serials on chain; certificates can be sold once it is on the ledger."""
    series, price, transaction = service.reserve(write, body)
    answer = SeriesAccepted(
        id=series, premium_per_unit=price, transaction=TransactionOut.of(transaction)
    )
    return write.answer(202, answer, series)


@router.get("/series", responses=declared("invalid-cursor"))
def list_series(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[SeriesOut]:
    """The caller's series; the insurer sees all."""
    query = select(LedgerSeries)
    with at.database.read() as session:
        wallet = wallet_of(session, who)
        if wallet is not None:
            query = query.where(LedgerSeries.platform == wallet)
        rows, following = page(session, query, [LedgerSeries.series], cursor, limit)
        items = [service.series_out(session, row) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/series/{series_id}", responses=declared("not-found"))
def get_series(series_id: HashText, at: ServicesDep, who: Reader) -> SeriesOut:
    """One series; 404 until its reservation is on the ledger."""
    with at.database.read() as session:
        row = service.find_series(session, series_id, wallet_of(session, who))
        return service.series_out(session, row)
