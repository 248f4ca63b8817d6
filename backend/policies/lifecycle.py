"""The life of one insured, from the product's registration to recovery, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..applicants.service import asset_of_risk
from ..applicants.tables import Applicant
from ..chain.tables import LedgerEvent
from ..domain.lifecycle import Step, stage_of
from ..domain.units import ChainTime
from ..ledger.tables import (
    LedgerClaim,
    LedgerMasks,
    LedgerPolicy,
    LedgerRateReset,
    LedgerScore,
)
from . import repository
from .repository import Found
from .schemas import LifecycleOut, StepOut

KINDS = {
    "ProductRegistered": "product_registered",
    "RiskRegistered": "risk_registered",
    "PolicyBound": "policy_bound",
    "PolicyToppedUp": "policy_topped_up",
    "SlotsAttested": "slots_attested",
    "ClaimScheduled": "claim_scheduled",
    "AssessorDecided": "assessor_decided",
    "ClaimApproved": "claim_approved",
    "ClaimRefused": "claim_refused",
    "ClaimPaid": "claim_paid",
    "PolicyCancelled": "policy_cancelled",
    "PolicyLapsed": "policy_lapsed",
    "PolicyEndorsed": "policy_endorsed",
    "PolicyFinished": "policy_finished",
    "PolicyExpired": "policy_expired",
}
"""Event → kind of step; other events of these objects are no steps."""


def lifecycle_of(session: Session, found: Found) -> LifecycleOut:
    """All steps of a policy's insured that the ledger and the database know."""
    product, risk = _product_and_risk(found)
    steps = [
        *map(_step, _known(session, [f"product:{product}"])),
        *_applicant(session, risk),
        *map(_step, _known(session, [f"risk:{risk}"])),
        *_first_score(session, risk),
        *_accepted(found),
        *_covered(session, found.row),
    ]
    return LifecycleOut(
        id=found.id,
        number=None if found.row is None else found.row.policy,
        stage=stage_of(steps),  # type: ignore[arg-type]
        steps=[
            StepOut(
                stage=step.stage.value,
                step=step.kind,
                time=step.time,
                transaction_hash=step.transaction_hash,
                block_number=step.block_number,
                detail=step.detail,
            )
            for step in steps
        ],
    )


def _product_and_risk(found: Found) -> tuple[int, int]:
    if found.row is not None:
        return found.row.product, found.row.risk
    assert found.bind is not None
    return found.bind.quote["product"], found.bind.quote["risk_index"]


def _known(session: Session, subjects: list[str]) -> list[LedgerEvent]:
    """Events of the subjects that are steps."""
    return [e for e in repository.events_of(session, subjects) if e.name in KINDS]


def _step(event: LedgerEvent) -> Step:
    shown = {k: v for k, v in event.args.items() if isinstance(v, int)}
    return Step(
        KINDS[event.name],
        ChainTime(event.timestamp),
        event.transaction_hash,
        event.block_number,
        ", ".join(f"{name} {value}" for name, value in shown.items()),
    )


def _applicant(session: Session, risk: int) -> Iterator[Step]:
    asset = asset_of_risk(session, risk)
    if asset is not None:
        applicant = session.get_one(Applicant, asset.applicant_id)
        time = ChainTime(applicant.created_at)
        yield Step("applicant_onboarded", time, None, None, f"asset {asset.name}")


def _first_score(session: Session, risk: int) -> Iterator[Step]:
    query = select(LedgerScore).where(LedgerScore.risk == risk).order_by(LedgerScore.frame)
    row = session.scalar(query.limit(1))
    if row is not None:
        time = ChainTime(row.reported_at)
        yield Step("score_moved", time, row.transaction_hash, None, f"score {row.score}")


def _accepted(found: Found) -> Iterator[Step]:
    if found.bind is not None:
        time = ChainTime(found.bind.created_at)
        yield Step("quote_accepted", time, None, None, f"premium {found.bind.premium}")


def _covered(session: Session, row: LedgerPolicy | None) -> Iterator[Step]:
    """What happened from the bind on, in the order of the chain."""
    if row is None:
        return
    claims = session.scalars(select(LedgerClaim.claim).where(LedgerClaim.policy == row.policy))
    masks = select(LedgerMasks.epoch).where(
        LedgerMasks.subject == row.risk, LedgerMasks.attested_at >= row.start
    )
    subjects = [
        f"policy:{row.policy}",
        *(f"claim:{claim}" for claim in claims),
        *(f"masks:{row.risk}.{epoch}" for epoch in session.scalars(masks)),
    ]
    events = [(e.block_number, e.log_index, _step(e)) for e in _known(session, subjects)]
    resets = select(LedgerRateReset).where(
        LedgerRateReset.product == row.product, LedgerRateReset.risk == row.risk
    )
    events += [(r.block_number, r.log_index, _reset(r)) for r in session.scalars(resets)]
    for _, _, step in sorted(events, key=lambda found: found[:2]):
        if step.time >= row.start:
            yield step


def _reset(row: LedgerRateReset) -> Step:
    return Step(
        "rate_reset",
        ChainTime(row.reset_at),
        row.transaction_hash,
        row.block_number,
        f"rate {row.rate_before} to {row.rate_after}",
    )
