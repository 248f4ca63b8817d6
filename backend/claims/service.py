"""Shows claims, and takes assessors' signed decisions to the chain."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from contracts.client.messages import AssessorDecision, Domain, digest, members
from contracts.client.signatures import BadSignature, keccak256, recover

from ..chain.tables import ChainTransaction
from ..http.context import Caller, Services
from ..http.problems import Problem
from ..http.writes import Write
from ..ledger.tables import LedgerClaim, LedgerPolicy
from ..transactions.service import queue_call
from . import repository
from .clock import pay_by_of
from .schemas import (
    ClaimOut,
    DecisionOut,
    HoldRequestOut,
    NewDecision,
    ReferralOut,
    SuspicionOut,
)
from .tables import HoldRequest

DOMAIN_MEMBERS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]


def _fields(session: Session, at: Services, row: LedgerClaim) -> dict[str, Any]:
    same = (
        "policy", "run_start", "status", "instant", "waiting", "scheduled", "reviewed", "refused",
        "decide_from", "decide_until", "held_until", "opened_at",
    )  # fmt: skip
    decisions = [
        DecisionOut(
            assessor=d.assessor,
            approve=d.approve,
            reason_hash=d.reason_hash,
            decided_at=d.decided_at,
        )
        for d in repository.decisions_on(session, row.claim)
    ]
    product = session.get_one(LedgerPolicy, row.policy).product
    return {
        "id": row.claim,
        "pay_by": pay_by_of(at, product, row.run_start),
        "decisions": decisions,
        **{n: getattr(row, n) for n in same},
    }


def claim_out(session: Session, at: Services, row: LedgerClaim) -> ClaimOut:
    return ClaimOut(**_fields(session, at, row))


def referral_out(session: Session, at: Services, who: Caller, row: LedgerClaim) -> ReferralOut:
    domain = at.contracts.deployment.domain(AssessorDecision)
    asked = session.get(HoldRequest, row.claim) if who.platform_id is None else None
    return ReferralOut(
        **_fields(session, at, row),
        typed_data=typed_data(row.claim, domain),
        hold=None if asked is None else hold_out(asked),
    )


def hold_out(row: HoldRequest) -> HoldRequestOut:
    return HoldRequestOut(
        claim=row.claim,
        policy=row.policy,
        run_start=row.run_start,
        reasons=[SuspicionOut(**reason) for reason in row.reasons],
        reason_hash=row.reason_hash,
        requested_at=row.requested_at,
    )


def typed_data(claim: str, domain: Domain) -> dict[str, Any]:
    """The EIP-712 document of a decision, for `eth_signTypedData_v4`; three values are open."""
    camel = {"reason_hash": "reasonHash"}
    names = [
        {"name": camel.get(name, name), "type": kind} for name, kind in members(AssessorDecision)
    ]
    return {
        "types": {"EIP712Domain": DOMAIN_MEMBERS, "AssessorDecision": names},
        "primaryType": "AssessorDecision",
        "domain": {
            "name": domain.name,
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": domain.verifying_contract,
        },
        "message": {"claim": claim, "approve": None, "reasonHash": None, "deadline": None},
    }


def decide(write: Write, row: LedgerClaim, wish: NewDecision) -> tuple[str, ChainTransaction]:
    """Queues a decision, once for each assessor and claim; the contract checks who may decide.

    :raises Problem: conflict, invalid-request, signature-invalid
    """
    if row.status != "scheduled":
        raise Problem("conflict", f"the claim is {row.status}: nothing waits for a decision")
    reason_hash = _reason_hash(wish)
    message = AssessorDecision(
        bytes.fromhex(row.claim[2:]), wish.approve, reason_hash, wish.deadline
    )
    signature = bytes.fromhex(wish.signature[2:])
    try:
        signer = recover(digest(message, write.at.contracts.deployment.domain(message)), signature)
    except BadSignature as error:
        raise Problem("signature-invalid", str(error)) from error
    operator = write.at.keyring.operator.address
    arguments = (message.claim, wish.approve, reason_hash, wish.deadline, signature)
    key = f"decide:{row.claim}:{signer}"
    return signer, queue_call(write, operator, key, "ClaimsDesk", "decide", *arguments)


def _reason_hash(wish: NewDecision) -> bytes:
    hashed = None if wish.reason is None else keccak256(wish.reason.encode())
    given = None if wish.reason_hash is None else bytes.fromhex(wish.reason_hash[2:])
    if hashed is None and given is None:
        raise Problem("invalid-request", "give reason or reason_hash", errors=[])
    if hashed is not None and given is not None and hashed != given:
        raise Problem("invalid-request", "reason_hash is not that of reason", errors=[])
    found = hashed if given is None else given
    assert found is not None
    return found
