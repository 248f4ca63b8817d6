"""Bodies of policies."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..http.schemas import Amount, Body, Digits, SignatureText
from ..quotes.schemas import QuoteMessage
from ..transactions.schemas import TransactionOut


class NewPolicy(Body):
    """Accepts a quote. `premium` is prepaid; what is not consumed comes back.

    payer `platform`: bound and paid from the platform's custodied wallet. payer `holder`: the
    answer has the unsigned transactions for the holder's own wallet.
    """

    quote: QuoteMessage
    signature: SignatureText
    premium: Amount
    payer: Literal["platform", "holder"] = "platform"


class UnsignedTransaction(Body):
    to: str
    data: str
    value: str
    chain_id: int


class PolicyAccepted(Body):
    """`id` is the quote's digest; `number` comes with the ledger."""

    id: str
    number: int | None
    transaction: TransactionOut | None
    unsigned: list[UnsignedTransaction]


class PolicyOut(Body):
    """A policy on the ledger, or one that waits for its transaction (`number` null)."""

    id: str
    number: int | None
    status: Literal["pending", "failed", "in_force", "lapsed", "cancelled", "expired"]
    product: int
    risk: int
    holder: str
    applicant: str
    sum_insured: Digits
    loss_per_hour: Digits
    rate: Digits
    loading: Digits | None
    premium_paid: Digits
    premium_earned: Digits
    refunded: Digits
    start: int | None
    end: int | None
    transaction_hash: str | None


class PremiumOut(Body):
    """Premium of a policy at the latest block."""

    number: int
    time: int
    rate: Digits
    earned: Digits
    balance: Digits


class PremiumEntry(Body):
    """`balance` is what is prepaid and not booked as earned or refunded after this entry."""

    kind: Literal["prepaid", "earned", "refunded"]
    event: str
    amount: Digits
    balance: Digits
    time: int
    block_number: int
    transaction_hash: str


class PremiumLedger(Body):
    """Entries in the order of the chain; prepaid = earned + refunded + balance, to the unit."""

    id: str
    balance: Digits
    entries: list[PremiumEntry]


class NewTopUp(Body):
    amount: Amount


class CancellationPreview(Body):
    """What cancelling in the latest block would give back."""

    number: int
    time: int
    refund: Digits
    earned: Digits


class StepOut(Body):
    stage: Literal["policy", "identify", "protect", "detect", "respond", "recover"]
    step: str
    time: int
    transaction_hash: str | None
    block_number: int | None
    detail: str


class LifecycleOut(Body):
    id: str
    number: int | None
    stage: Literal["policy", "identify", "protect", "detect", "respond", "recover"] | None
    steps: list[StepOut] = Field(description="in the order of the chain")
