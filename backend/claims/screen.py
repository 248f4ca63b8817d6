"""Gathers the facts of the fraud screen, and the hash that a hold's reason has on chain."""

from __future__ import annotations

from collections.abc import Sequence

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.signatures import keccak256

from ..applicants.service import asset_of_risk
from ..applicants.tables import Asset
from ..domain.fraud import Facts, Suspicion
from ..domain.liability import Run, payout_down
from ..domain.products import Product
from ..domain.units import TokenUnits
from ..ledger.tables import LedgerClaim, LedgerPolicy

DAY = 24 * 3600
RUN_BITS = 64


def claim_id(policy: int, run_start: int) -> str:
    """The name of a policy's claim on a run, as `ClaimIds.ofPolicy` makes it."""
    return f"0x{policy << RUN_BITS | run_start:064x}"


def reason_hash(claim: str, found: Sequence[Suspicion]) -> str:
    """keccak-256 of the canonical JSON of the claim and its suspicions."""
    reasons = [{"rule": s.rule, "detail": s.detail} for s in found]
    return "0x" + keccak256(rfc8785.dumps({"claim": claim, "reasons": reasons})).hex()


def facts_of(
    session: Session, row: LedgerPolicy, product: Product, run: Run, slot_length: int
) -> Facts:
    """What ledger and database know about a policy's claim on a run."""
    began = run.first * slot_length
    seconds = run.seconds(slot_length, row.end)
    owed = payout_down(seconds, product.waiting_period, row.loss_per_hour)
    return Facts(
        start=row.start,
        began=began,
        payout=TokenUnits(min(owed, row.sum_insured)),
        premium=TokenUnits(row.premium_paid),
        claims=_claims(session, row, run, began, slot_length),
        applicants_of_holder=_applicants_of_holder(session, row),
        applicants_of_host=_applicants_of_host(session, row.risk),
        siblings=_siblings(session, row),
    )


def _claims(session: Session, row: LedgerPolicy, run: Run, began: int, slot_length: int) -> int:
    own = select(LedgerPolicy.policy).where(LedgerPolicy.applicant == row.applicant)
    since = (began - 30 * DAY) // slot_length
    query = select(LedgerClaim.claim).where(
        LedgerClaim.policy.in_(own),
        LedgerClaim.run_start >= since,
        LedgerClaim.run_start < run.first,
    )
    return len(session.scalars(query).all())


def _applicants_of_holder(session: Session, row: LedgerPolicy) -> int:
    query = select(LedgerPolicy.applicant).where(
        LedgerPolicy.holder == row.holder, LedgerPolicy.applicant != row.applicant
    )
    return len(set(session.scalars(query)))


def _applicants_of_host(session: Session, risk: int) -> int:
    asset = asset_of_risk(session, risk)
    if asset is None:
        return 0
    host = asset.definition["service"]["host"]
    others = session.scalars(select(Asset).where(Asset.applicant_id != asset.applicant_id))
    return len({o.applicant_id for o in others if o.definition["service"]["host"] == host})


def _siblings(session: Session, row: LedgerPolicy) -> int:
    query = select(LedgerPolicy.policy).where(
        LedgerPolicy.holder == row.holder,
        LedgerPolicy.risk == row.risk,
        LedgerPolicy.policy != row.policy,
        LedgerPolicy.start > row.start - DAY,
        LedgerPolicy.start < row.start + DAY,
    )
    return len(session.scalars(query).all())
