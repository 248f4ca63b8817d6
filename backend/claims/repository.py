"""Queries of claims and payouts: a platform sees those of its policies and of its certificates."""

from __future__ import annotations

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from ..http.context import Caller
from ..http.problems import Problem
from ..ledger.tables import (
    LedgerBordereau,
    LedgerClaim,
    LedgerDecision,
    LedgerPayout,
    LedgerPolicy,
)
from ..platforms.tables import Platform
from ..policies.tables import Bind


def _own_policies(who: Caller) -> Select[int]:
    return (
        select(LedgerPolicy.policy)
        .join(Bind, Bind.quote_digest == LedgerPolicy.quote_digest)
        .where(Bind.platform_id == who.platform_id)
    )


def visible_claims(who: Caller) -> Select[LedgerClaim]:
    query = select(LedgerClaim)
    if who.platform_id is None:
        return query
    return query.where(LedgerClaim.policy.in_(_own_policies(who)))


def visible_payouts(who: Caller) -> Select[LedgerPayout]:
    query = select(LedgerPayout)
    if who.platform_id is None:
        return query
    batches = select(LedgerBordereau.batch).where(
        LedgerBordereau.platform.in_(select(Platform.wallet).where(Platform.id == who.platform_id))
    )
    return query.where(
        or_(
            and_(LedgerPayout.cover == "policy", LedgerPayout.number.in_(_own_policies(who))),
            and_(LedgerPayout.cover == "certificates", LedgerPayout.number.in_(batches)),
        )
    )


def find_claim(session: Session, who: Caller, claim: str) -> LedgerClaim:
    """
    :raises Problem: not-found
    """
    row = session.scalar(visible_claims(who).where(LedgerClaim.claim == claim))
    if row is None:
        raise Problem("not-found", f"no claim {claim}")
    return row


def decisions_on(session: Session, claim: str) -> list[LedgerDecision]:
    """Assessors' decisions in the order of the chain."""
    query = select(LedgerDecision).where(LedgerDecision.claim == claim)
    return list(session.scalars(query.order_by(LedgerDecision.decided_at)))
