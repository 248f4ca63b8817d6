"""Endpoints of certificates and bordereaux."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import ValidationError
from sqlalchemy import select

from ..domain.units import ProductId
from ..facility.api import wallet_of
from ..facility.service import find_series
from ..http.context import Reader, Services, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import Problem, declared, declared_write
from ..http.schemas import HashText, Page
from ..http.shortcuts import Asked, Shortcut
from ..http.writes import (
    JSON,
    Intake,
    Write,
    fingerprint_of,
    in_flight,
    is_key,
    taking_in,
    writing,
)
from ..ledger.tables import LedgerBordereau
from ..market import chain_time
from ..observability.logs import case_id as current_case
from ..transactions.schemas import TransactionOut
from . import posting, sale
from .schemas import (
    BatchOut,
    BordereauAccepted,
    BordereauOut,
    CertificateOut,
    NewBatch,
    NewBordereau,
    NewCertificate,
    ProofOut,
)
from .tables import SoldCertificate

router = APIRouter(tags=["certificates"])
SALE = declared_write(
    "not-found", "not-offered", "transaction-covered", "score-unavailable", "node-unavailable"
)
SELL = "certificates.sell"
Serial = Annotated[int, Path(ge=0, le=0xFFFFFFFF)]


@router.post("/transactions:cover", status_code=201, response_model=CertificateOut, responses=SALE)
async def cover(
    body: NewCertificate,
    at: ServicesDep,
    intake: Annotated[Intake, Depends(taking_in("sell", SELL))],
) -> Response:
    """Covers one transaction: signed, stored, with a serial from the reserved series."""
    return Response(await _sell_one(at, intake, body), 201, media_type=JSON)


async def _sell_one(at: Services, intake: Intake, wish: NewCertificate) -> bytes:
    """Sells together with what else is sold at this moment."""
    with in_flight(at, intake):
        order = sale.Order(intake, wish.series, (wish,), is_batch=False)
        return await at.sales.add(order, partial(sale.sell, at))


async def cover_at_once(asked: Asked) -> bytes | None:
    """The same for a request of the usual form."""
    key = asked.headers.get(b"idempotency-key", b"").decode("latin-1")
    if not is_key(key):
        return None
    try:
        wish = NewCertificate.model_validate_json(asked.body)
    except ValidationError:
        return None
    hashed = fingerprint_of(asked.method, asked.path, asked.body)
    now = int(asked.at.clock())
    intake = Intake(asked.who, SELL, current_case.get(), now, key, hashed)
    return await _sell_one(asked.at, intake, wish)


SHORTCUT = Shortcut("/v1/transactions:cover", "sell", 201, cover_at_once)


@router.post("/transactions:coverBatch", status_code=201, response_model=BatchOut, responses=SALE)
def cover_batch(
    body: NewBatch,
    at: ServicesDep,
    intake: Annotated[Intake, Depends(taking_in("sell", "certificates.sell_batch"))],
) -> Response:
    """Covers up to 1,000 transactions, all or none."""
    order = sale.Order(intake, body.series, body.transactions, is_batch=True)
    with in_flight(at, intake):
        [outcome] = sale.sell(at, [order])
    if isinstance(outcome, Exception):
        raise outcome
    return Response(outcome, 201, media_type=JSON)


@router.get("/certificates", responses=declared("not-found", "invalid-cursor"))
def list_certificates(
    at: ServicesDep,
    who: Reader,
    series: Annotated[HashText, Query()],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CertificateOut]:
    """A series' certificates in serial order."""
    query = select(SoldCertificate).where(SoldCertificate.series == series)
    with at.database.read() as session:
        find_series(session, series, wallet_of(session, who))
        rows, following = page(session, query, [SoldCertificate.serial], cursor, limit)
        items = [sale.certificate_out(session, at, row) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/certificates/{series}/{serial}", responses=declared("not-found"))
def get_certificate(
    series: HashText, serial: Serial, at: ServicesDep, who: Reader
) -> CertificateOut:
    """One certificate."""
    with at.database.read() as session:
        find_series(session, series, wallet_of(session, who))
        row = session.get(SoldCertificate, (series, serial))
        if row is None:
            raise Problem("not-found", f"no certificate {serial} in the series")
        return sale.certificate_out(session, at, row)


@router.get("/certificates/{series}/{serial}/proof", responses=declared("not-found", "conflict"))
def get_proof(series: HashText, serial: Serial, at: ServicesDep, who: Reader) -> ProofOut:
    """The certificate's leaf and Merkle path in its posted bordereau."""
    with at.database.read() as session:
        found = find_series(session, series, wallet_of(session, who))
        product = at.market.product(ProductId(found.product))
        delay = at.contracts.deployment.parameters.max_report_delay
        return posting.proof_of(session, found, serial, product, delay)


@router.post(
    "/bordereaux",
    status_code=202,
    response_model=BordereauAccepted,
    responses=declared_write("not-found"),
)
def create_bordereau(
    body: NewBordereau,
    write: Annotated[Write, Depends(writing("sell", "bordereaux.post"))],
) -> Response:
    """Posts what was sold now, without waiting for a full or old batch."""
    series = find_series(write.session, body.series, wallet_of(write.session, write.caller))
    market = write.at.market
    planned = posting.plan(
        write.session,
        write.at,
        series,
        market.product(ProductId(series.product)),
        chain_time(market),
        write.platform_id,
        write.case_id,
        only_due=False,
    )
    answer = BordereauAccepted(
        series=series.series,
        first_serial=planned.first_serial,
        size=planned.size,
        transaction=None if planned.transaction is None else TransactionOut.of(planned.transaction),
    )
    return write.answer(202, answer, f"{series.series}/{planned.first_serial}")


@router.get("/bordereaux", responses=declared("invalid-cursor"))
def list_bordereaux(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[BordereauOut]:
    """Posted bordereaux of the caller; the insurer sees all."""
    query = select(LedgerBordereau)
    with at.database.read() as session:
        wallet = wallet_of(session, who)
        if wallet is not None:
            query = query.where(LedgerBordereau.platform == wallet)
        rows, following = page(session, query, [LedgerBordereau.batch], cursor, limit)
    return Page(items=[_bordereau(row) for row in rows], next_cursor=following)


@router.get("/bordereaux/{batch}", responses=declared("not-found"))
def get_bordereau(
    batch: Annotated[int, Path(ge=1, le=2**63 - 1)], at: ServicesDep, who: Reader
) -> BordereauOut:
    """One posted bordereau."""
    with at.database.read() as session:
        wallet = wallet_of(session, who)
        row = session.get(LedgerBordereau, batch)
    if row is None or wallet not in (None, row.platform):
        raise Problem("not-found", f"no bordereau {batch}")
    return _bordereau(row)


def _bordereau(row: LedgerBordereau) -> BordereauOut:
    return BordereauOut(**{name: getattr(row, name) for name in BordereauOut.model_fields})
