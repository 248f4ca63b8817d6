"""The first page: what this deployment is, and where each kind of visitor goes on."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from ..chain.indexer import indexed_head
from ..chain.tables import IndexedBlock
from ..ledger.tables import LedgerBordereau, LedgerPayout, LedgerPolicy
from .sessions import AnyViewer, ServicesDep
from .show import page

router = APIRouter()


@router.get("/")
def get_home(request: Request, at: ServicesDep, who: AnyViewer) -> Response:
    with at.database.read() as session:
        figures = {
            "policies": session.scalar(select(func.count()).select_from(LedgerPolicy)),
            "certificates": session.scalar(select(func.sum(LedgerBordereau.size))) or 0,
            "paid": sum(session.scalars(select(LedgerPayout.amount))),
            "block": indexed_head(session),
        }
    contracts = at.contracts.deployment.contracts
    return page(
        request, who, "home.html", figures=figures, contracts=contracts,
        chain_id=at.contracts.deployment.chain_id,
    )  # fmt: skip


@router.get("/clock")
def get_clock(at: ServicesDep) -> Response:
    """Chain time and the newest indexed block, for the clocks of the pages."""
    with at.database.read() as session:
        time, block = _indexed(session)
    return JSONResponse({"time": time, "block": block})


def _indexed(session: Session) -> tuple[int, int]:
    row = session.scalar(select(IndexedBlock).order_by(IndexedBlock.number.desc()).limit(1))
    return (0, 0) if row is None else (row.timestamp, row.number)
