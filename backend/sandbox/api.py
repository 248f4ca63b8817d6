"""Endpoints of the sandbox; they store nothing, so they need no Idempotency-Key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import select

from ..applicants.service import require_risk
from ..http.context import Caller, Services, ServicesDep, allowed
from ..http.problems import Problem, declared
from ..ledger.tables import LedgerScore
from .committee import LANES, Sandbox
from .schemas import Clock, MoveClock, StagedIncident, StagedScore, StageIncident, StageScore

router = APIRouter(prefix="/sandbox", tags=["sandbox"])
SandboxUser = Annotated[Caller, Depends(allowed("sandbox"))]
REFUSALS = declared("sandbox-off", "not-found", "contract-refused", "node-unavailable")


def sandbox_of(at: Services) -> Sandbox:
    """
    :raises Problem: sandbox-off
    """
    if at.sandbox is None:
        raise Problem("sandbox-off", "FLOWCOVER_SANDBOX names no file")
    return at.sandbox


@router.post("/clock", responses=REFUSALS)
def move_clock(body: MoveClock, at: ServicesDep, _: SandboxUser) -> Clock:
    """Moves the development chain's clock on, for everybody who uses it."""
    return Clock(time=sandbox_of(at).advance(body.seconds))


@router.post("/scores", responses=REFUSALS)
def stage_score(body: StageScore, at: ServicesDep, who: SandboxUser) -> StagedScore:
    """The committee reports a score for the next frame; other risks keep theirs."""
    sandbox = sandbox_of(at)
    with at.database.read() as session:
        require_risk(session, who, body.risk)
        first = body.risk // LANES * LANES
        query = select(LedgerScore).where(LedgerScore.risk.between(first, first + LANES - 1))
        known = {
            row.risk: row.uncapped for row in session.scalars(query.order_by(LedgerScore.frame))
        }
    frame, sent = sandbox.report(known | {body.risk: body.score}, body.risk)
    return StagedScore(risk=body.risk, score=body.score, frame=frame, transaction_hash=sent)


@router.post("/incidents", responses=REFUSALS)
def stage_incident(body: StageIncident, at: ServicesDep, who: SandboxUser) -> StagedIncident:
    """Every member marks the risk's slots from now on as lost."""
    sandbox = sandbox_of(at)
    with at.database.read() as session:
        require_risk(session, who, body.risk)
    outage = sandbox.outage(body.risk, body.seconds, body.attacked)
    parameters = at.contracts.deployment.parameters
    return StagedIncident(
        risk=body.risk,
        run_start=outage.first,
        run_end=outage.last,
        closes_at=(outage.last + 1) * parameters.slot_length + parameters.max_report_delay,
        transaction_hashes=list(outage.transactions),
    )
