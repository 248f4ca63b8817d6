"""Endpoints of claims, referrals and payouts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select

from ..http.context import Insurer, Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import declared, declared_write
from ..http.schemas import HashText, Page
from ..http.writes import Write, writing
from ..ledger.tables import LedgerClaim, LedgerPayout
from ..transactions.schemas import TransactionOut
from . import repository, service
from .schemas import (
    ClaimOut,
    DecisionAccepted,
    HoldRequestOut,
    NewDecision,
    PayoutOut,
    ReferralOut,
)
from .tables import HoldRequest

router = APIRouter(tags=["claims"])


@router.get("/claims", responses=declared("invalid-cursor"))
def list_claims(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ClaimOut]:
    """Claims of the caller's policies; the insurer sees all."""
    with at.database.read() as session:
        query = repository.visible_claims(who)
        rows, following = page(session, query, [LedgerClaim.claim], cursor, limit)
        items = [service.claim_out(session, at, row) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/claims/{claim}", responses=declared("not-found"))
def get_claim(claim: HashText, at: ServicesDep, who: Reader) -> ClaimOut:
    """One claim."""
    with at.database.read() as session:
        return service.claim_out(session, at, repository.find_claim(session, who, claim))


@router.get("/referrals", responses=declared("invalid-cursor"))
def list_referrals(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ReferralOut]:
    """Claims that wait for assessors, with what there is to sign; the insurer sees all."""
    query = repository.visible_claims(who).where(LedgerClaim.status == "scheduled")
    with at.database.read() as session:
        rows, following = page(session, query, [LedgerClaim.claim], cursor, limit)
        items = [service.referral_out(session, at, who, row) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/hold-requests", responses=declared("invalid-cursor"))
def list_hold_requests(
    at: ServicesDep, who: Insurer, limit: Limit = 50, cursor: Cursor = None
) -> Page[HoldRequestOut]:
    """Holds that the fraud screen asks for, each with its reasons."""
    with at.database.read() as session:
        rows, following = page(session, select(HoldRequest), [HoldRequest.claim], cursor, limit)
    return Page(items=[service.hold_out(row) for row in rows], next_cursor=following)


@router.post(
    "/referrals/{claim}/decisions",
    status_code=202,
    response_model=DecisionAccepted,
    responses=declared_write("not-found", "signature-invalid"),
)
def create_decision(
    claim: HashText,
    body: NewDecision,
    write: Annotated[Write, Depends(writing("read", "referrals.decide"))],
) -> Response:
    """Takes an assessor's signed decision to the chain; two different ones that agree decide."""
    row = repository.find_claim(write.session, write.caller, claim)
    assessor, queued = service.decide(write, row, body)
    answer = DecisionAccepted(claim=claim, assessor=assessor, transaction=TransactionOut.of(queued))
    return write.answer(202, answer, claim)


@router.get("/payouts", responses=declared("invalid-cursor"))
def list_payouts(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[PayoutOut]:
    """Payments of the caller's claims and certificates, oldest first."""
    order = [LedgerPayout.block_number, LedgerPayout.log_index]
    with at.database.read() as session:
        rows, following = page(session, repository.visible_payouts(who), order, cursor, limit)
    items = [
        PayoutOut(**{name: getattr(row, name) for name in PayoutOut.model_fields}) for row in rows
    ]
    return Page(items=items, next_cursor=following)
