"""Endpoints of certificates and bordereaux."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import select

from ..facility.api import wallet_of
from ..facility.service import find_series
from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import Problem, declared, declared_write
from ..http.schemas import HashText, Page
from ..http.writes import Write, writing
from ..ledger.tables import LedgerBordereau
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
Serial = Annotated[int, Path(ge=0, le=0xFFFFFFFF)]


@router.post("/transactions:cover", status_code=201, response_model=CertificateOut, responses=SALE)
def cover(
    body: NewCertificate, write: Annotated[Write, Depends(writing("sell", "certificates.sell"))]
) -> Response:
    """Covers one transaction: signed, stored, with a serial from the reserved series."""
    sold = sale.sell(write, body.series, [body]).certificates[0]
    return write.answer(201, sold, f"{body.series}/{sold.serial}")


@router.post("/transactions:coverBatch", status_code=201, response_model=BatchOut, responses=SALE)
def cover_batch(
    body: NewBatch, write: Annotated[Write, Depends(writing("sell", "certificates.sell_batch"))]
) -> Response:
    """Covers up to 1,000 transactions, all or none."""
    sold = sale.sell(write, body.series, body.transactions)
    return write.answer(201, sold, f"{body.series}/{sold.first_serial}+{len(body.transactions)}")


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
        return posting.proof_of(session, found, serial)


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
    planned = posting.plan(
        write.session, write.at, series, write.platform_id, write.case_id, only_due=False
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
