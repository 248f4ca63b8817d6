"""Bodies of claims, referrals and payouts."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..http.schemas import Body, Digits, HashText, SignatureText
from ..transactions.schemas import TransactionOut


class DecisionOut(Body):
    assessor: str
    approve: bool
    reason_hash: str
    decided_at: int


class ClaimOut(Body):
    """A policy's claim on one incident; what needs no review is to be paid by `pay_by`.

    Amounts in token units: paid at once, waiting for another day or the end of a pause, waiting for
    review, paid after review, refused. A claim of certificates has policy 0.
    """

    id: str
    policy: int
    run_start: int
    status: Literal["open", "held", "paid", "scheduled", "challenged", "approved", "refused"]
    instant: Digits
    waiting: Digits
    scheduled: Digits
    reviewed: Digits
    refused: Digits
    decide_from: int | None
    decide_until: int | None
    held_until: int | None
    opened_at: int | None
    pay_by: int
    decisions: list[DecisionOut]


class SuspicionOut(Body):
    """One rule of the fraud screen that spoke, and the values that made it speak."""

    rule: str
    points: int
    detail: str


class HoldRequestOut(Body):
    """A hold that the fraud screen asks for: it may delay a payment, and denies nothing.

    `reason_hash` is keccak256 of the canonical JSON (RFC 8785) of claim and reasons.
    """

    claim: str
    policy: int
    run_start: int
    reasons: list[SuspicionOut]
    reason_hash: str
    requested_at: int


class ReferralOut(ClaimOut):
    """A claim that waits for assessors.

    Each signs `typed_data` with `approve`, `reasonHash` and `deadline` filled in. `hold` is what
    the fraud screen found; the insurer alone sees it.
    """

    hold: HoldRequestOut | None

    typed_data: dict[str, Any]


class NewDecision(Body):
    """An assessor's signed word; `reason_hash` is keccak256 of the reason's UTF-8 text."""

    approve: bool
    reason: str | None = Field(default=None, min_length=1, max_length=4_000)
    reason_hash: HashText | None = None
    deadline: int = Field(ge=0, le=2**40 - 1)
    signature: SignatureText


class DecisionAccepted(Body):
    claim: str
    assessor: str
    transaction: TransactionOut


class PayoutOut(Body):
    """One payment. `number` is the policy's, or the bordereau's of `count` certificates."""

    cover: Literal["policy", "certificates"]
    number: int
    claim: str | None
    run_start: int | None
    payee: str
    amount: Digits
    count: int
    seconds: int | None
    reviewed: bool
    paid_at: int
    transaction_hash: str
