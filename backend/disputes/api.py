"""Endpoints of score disputes."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..applicants.service import require_risk
from ..http.context import INSURER, Caller, Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import Problem, declared, declared_write
from ..http.schemas import Page, RiskNumber
from ..http.writes import Write, writing
from ..ledger.tables import LedgerScore
from .schemas import DisputeAnswer, DisputeOut, NewDispute
from .tables import ScoreDispute

router = APIRouter(tags=["assessments"])


def _out(row: ScoreDispute) -> DisputeOut:
    return DisputeOut(
        id=row.id,
        risk=row.risk,
        frame=row.frame,
        score=row.score,
        reason=row.reason,
        status="open" if row.upheld is None else "upheld" if row.upheld else "rejected",
        opened_at=row.opened_at,
        answer=row.answer,
        answered_at=row.answered_at,
    )


def _find(session: Session, who: Caller, dispute_id: str) -> ScoreDispute:
    row = session.get(ScoreDispute, dispute_id)
    if row is None or who.platform_id not in (None, row.platform_id):
        raise Problem("not-found", f"no dispute {dispute_id}")
    return row


@router.post(
    "/risks/{risk}/disputes",
    status_code=201,
    response_model=DisputeOut,
    responses=declared_write("not-found"),
)
def create_dispute(
    risk: RiskNumber,
    body: NewDispute,
    write: Annotated[Write, Depends(writing("onboard", "disputes.create"))],
) -> Response:
    """Disputes a reported score, once for each frame; the insurer sees it and answers once."""
    platform = write.platform_id
    require_risk(write.session, write.caller, risk)
    score = write.session.get(LedgerScore, (risk, body.frame))
    if score is None:
        raise Problem("not-found", f"risk {risk} has no score in frame {body.frame}")
    same = (
        ScoreDispute.platform_id == platform,
        ScoreDispute.risk == risk,
        ScoreDispute.frame == body.frame,
    )
    if write.session.scalar(select(ScoreDispute).where(*same)) is not None:
        raise Problem("conflict", "this score is disputed already")
    row = ScoreDispute(
        id=f"dsp_{secrets.token_hex(10)}",
        platform_id=platform,
        risk=risk,
        frame=body.frame,
        score=score.score,
        reason=body.reason,
        opened_at=write.now,
    )
    write.session.add(row)
    return write.answer(201, _out(row), row.id)


@router.get("/score-disputes", responses=declared("invalid-cursor"))
def list_disputes(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None, open: bool = False
) -> Page[DisputeOut]:
    """The caller's disputes, or with `open` those without answer; the insurer sees all."""
    query = select(ScoreDispute)
    if who.platform_id is not None:
        query = query.where(ScoreDispute.platform_id == who.platform_id)
    if open:
        query = query.where(ScoreDispute.upheld.is_(None))
    with at.database.read() as session:
        rows, following = page(session, query, [ScoreDispute.id], cursor, limit)
    return Page(items=[_out(row) for row in rows], next_cursor=following)


@router.get("/score-disputes/{dispute_id}", responses=declared("not-found"))
def get_dispute(dispute_id: str, at: ServicesDep, who: Reader) -> DisputeOut:
    """One dispute."""
    with at.database.read() as session:
        return _out(_find(session, who, dispute_id))


@router.post(
    "/score-disputes/{dispute_id}:answer",
    response_model=DisputeOut,
    responses=declared_write("not-found"),
)
def answer_dispute(
    dispute_id: str,
    body: DisputeAnswer,
    write: Annotated[Write, Depends(writing(INSURER, "disputes.answer"))],
) -> Response:
    """Answers a dispute; an answer is given once and stays."""
    row = _find(write.session, write.caller, dispute_id)
    if row.upheld is not None:
        raise Problem("conflict", f"the dispute was answered at {row.answered_at}")
    row.upheld, row.answer, row.answered_at = body.upheld, body.answer, write.now
    row.answered_by = write.caller.actor
    return write.answer(200, _out(row), row.id)
