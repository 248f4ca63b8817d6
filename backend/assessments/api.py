"""Endpoints of assessments, scores and rates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from ..applicants.service import find_asset, require_risk
from ..domain.units import ProductId, TokenUnits
from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import Problem, declared
from ..http.schemas import Amount, Page, RiskNumber
from ..ledger.tables import LedgerRateReset, LedgerScore
from . import service
from .schemas import AssessmentOut, EffectOut, ExplanationOut, RateOut, RemedyOut, ScoreOut

router = APIRouter(tags=["assessments"])


def _score(row: LedgerScore, stale: bool) -> ScoreOut:
    return ScoreOut(
        risk=row.risk,
        score=row.score,
        uncapped=row.uncapped,
        frame=row.frame,
        model_hash=row.model_hash,
        stale=stale,
        reported_at=row.reported_at,
        transaction_hash=row.transaction_hash,
    )


@router.get("/assets/{asset_id}/assessment", responses=declared("not-found", "node-unavailable"))
def get_assessment(asset_id: str, at: ServicesDep, who: Reader) -> AssessmentOut:
    """Whether the asset can be covered now, why, and what would change it."""
    with at.database.read() as session:
        return service.assess(session, at, find_asset(session, who, asset_id))


@router.get("/risks/{risk}/score", responses=declared("not-found", "node-unavailable"))
def get_score(risk: RiskNumber, at: ServicesDep, who: Reader) -> ScoreOut:
    """The last reported score of a risk; `stale` when new cover cannot be priced on it."""
    with at.database.read() as session:
        require_risk(session, who, risk)
        row = service.newest_score(session, risk)
    if row is None:
        raise Problem("not-found", f"risk {risk} has no score yet")
    found, _ = service.binding(at.market, risk)
    return _score(row, found is None)


@router.get("/risks/{risk}/scores", responses=declared("not-found", "invalid-cursor"))
def list_scores(
    risk: RiskNumber, at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ScoreOut]:
    """Reported scores of a risk, newest first."""
    with at.database.read() as session:
        require_risk(session, who, risk)
        query = select(LedgerScore).where(LedgerScore.risk == risk)
        rows, following = page(session, query, [LedgerScore.frame], cursor, limit, True)
    return Page(items=[_score(row, False) for row in rows], next_cursor=following)


@router.get("/risks/{risk}/explanation", responses=declared("not-found", "node-unavailable"))
def get_explanation(
    risk: RiskNumber,
    product: Annotated[int, Query(ge=1, le=0xFFFF)],
    sum_insured: Annotated[Amount, Query()],
    at: ServicesDep,
    who: Reader,
) -> ExplanationOut:
    """Reasons of the newest score that evidence explains, and what each remedy would save.

    Rates and savings are those of the product for the sum insured.
    """
    table = at.market.product(ProductId(product)).table
    with at.database.read() as session:
        require_risk(session, who, risk)
        rows = service.last_scores(session, risk)
    found = at.advice.on(rows, table, TokenUnits(int(sum_insured)))
    if found is None:
        raise Problem("not-found", f"no evidence at hand explains a score of risk {risk}")
    return ExplanationOut(
        risk=risk,
        frame=found.row.frame,
        score=found.row.uncapped,
        model_hash=found.row.model_hash,
        evidence=found.evidence,
        rate=found.rate,
        because=[
            EffectOut(words=b.words, feature=b.feature, effect=b.effect) for b in found.because
        ],
        remedies=[
            RemedyOut(
                control=s.control,
                framework=s.framework,
                mitigation=s.mitigation,
                score=s.score,
                rate=s.rate,
                saves=s.saves,
            )
            for s in found.savings
        ],
    )


@router.get("/risks/{risk}/rates", responses=declared("not-found", "invalid-cursor"))
def list_rates(
    risk: RiskNumber, at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[RateOut]:
    """Resets of the risk's premium rates, newest first."""
    order = [LedgerRateReset.block_number, LedgerRateReset.log_index]
    query = select(LedgerRateReset).where(LedgerRateReset.risk == risk)
    with at.database.read() as session:
        require_risk(session, who, risk)
        rows, following = page(session, query, order, cursor, limit, True)
    items = [
        RateOut(
            product=row.product,
            rate_before=row.rate_before,
            rate_after=row.rate_after,
            time=row.reset_at,
            block_number=row.block_number,
            transaction_hash=row.transaction_hash,
        )
        for row in rows
    ]
    return Page(items=items, next_cursor=following)
