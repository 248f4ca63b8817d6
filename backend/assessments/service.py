"""Reads scores from the ledger and decides on onboarding by them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.errors import ContractReverted

from ..applicants.service import risk_of
from ..applicants.tables import Applicant, Asset
from ..domain.onboarding import APPETITE, Decision, Profile, decide
from ..domain.units import RiskIndex
from ..http.context import Services
from ..ledger.tables import LedgerScore
from ..market import BindingScore, Market
from ..onboarding.service import reasons_for
from .reasons import FRAMES_BACK
from .schemas import AssessmentOut, ReasonOut


def newest_score(session: Session, risk: int) -> LedgerScore | None:
    """The last reported score of a risk."""
    query = select(LedgerScore).where(LedgerScore.risk == risk)
    return session.scalar(query.order_by(LedgerScore.frame.desc()).limit(1))


def last_scores(session: Session, risk: int) -> list[LedgerScore]:
    """The newest reported scores that an explanation is looked for, oldest first."""
    query = select(LedgerScore).where(LedgerScore.risk == risk)
    newest = session.scalars(query.order_by(LedgerScore.frame.desc()).limit(FRAMES_BACK))
    return list(newest)[::-1]


def binding(market: Market, risk: int | None) -> tuple[BindingScore | None, bool]:
    """The score to price on, and whether there is one that is too old."""
    if risk is None:
        return None, False
    try:
        return market.binding_score(RiskIndex(risk)), False
    except ContractReverted as refusal:
        return None, refusal.name == "StaleScore"


def decide_on(
    session: Session, at: Services, asset: Asset
) -> tuple[Decision, int | None, BindingScore | None]:
    """The onboarding decision on an asset, its risk index, and the score that it rests on."""
    applicant = session.get_one(Applicant, asset.applicant_id)
    risk = risk_of(session, asset.asset_hash)
    found, stale = binding(at.market, risk)
    profile = Profile(
        country=applicant.country,
        industry=applicant.industry,
        score=None if found is None else found.score,
        score_is_stale=stale,
        has_sensor=asset.has_sensor,
        other=reasons_for(session, asset, at.settings.required),
    )
    return decide(profile, APPETITE), risk, found


def assess(session: Session, at: Services, asset: Asset) -> AssessmentOut:
    decision, risk, found = decide_on(session, at, asset)
    return AssessmentOut(
        asset=asset.id,
        risk=risk,
        decision=decision.verdict.value,
        reasons=[
            ReasonOut(rule=r.rule, verdict=r.verdict.value, detail=r.detail, remedy=r.remedy)
            for r in decision.reasons
        ],
        score=None if found is None else found.score,
        frame=None if found is None else found.frame,
        model_hash=None if found is None else found.model_hash,
        loading_bps=decision.loading,
    )
