"""Bodies of policies."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..http.schemas import Amount, Body, Digits, SignatureText
from ..quotes.schemas import MOST_DEPENDENCIES, Dependency, QuoteMessage
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


class EvidenceOut(Body):
    """How much of a policy's time so far rests on evidence that can be replayed.

    Of `reports` that carried the risk, `scored` had data of its sensor; of `observations` that
    members signed, the evidence of `held` is at hand under the hash that is on chain. Shares are in
    hundredths of a percent, rounded down, null without anything to count.
    """

    id: str
    reports: int
    scored: int
    scores_bps: int | None
    observations: int
    held: int
    observations_bps: int | None
    coverage_bps: int | None


class NewTopUp(Body):
    amount: Amount


class CancellationPreview(Body):
    """What cancelling in the latest block would give back."""

    number: int
    time: int
    refund: Digits
    earned: Digits


class WishedEndorsement(Body):
    """Other cover for the rest of the policy's term, as in a quote."""

    sum_insured: Amount
    loss_per_hour: Amount
    dependencies: list[Dependency] = Field(default=[], max_length=MOST_DEPENDENCIES)
    rate_ceiling: Amount | None = None


class EndorsementPreview(Body):
    """A signed offer, and what taking it up in the latest block would do.

    `acts_at` is the first second of the endorsed cover; rates are per year, `balance` is prepaid.
    """

    number: int
    time: int
    acts_at: int
    balance: Digits
    rate_before: Digits
    rate_after: Digits
    sum_insured_before: Digits
    loss_per_hour_before: Digits
    digest: str
    quote: QuoteMessage
    signature: SignatureText


class NewEndorsement(Body):
    """Takes the quote of a preview up."""

    quote: QuoteMessage
    signature: SignatureText


class NewReduction(Body):
    """Cover from now on: nothing may rise, and dependencies may only be left out."""

    sum_insured: Amount
    loss_per_hour: Amount
    dependencies: list[Dependency] = Field(default=[], max_length=MOST_DEPENDENCIES)


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
