"""Binds quotes and queues what holders do with their policies."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from sqlalchemy.orm import Session

from contracts.client.messages import Quote, digest
from contracts.client.signatures import BadSignature, recover

from ..chain.tables import ChainTransaction
from ..domain.lifecycle import require_move
from ..http.context import Services
from ..http.problems import Problem
from ..http.writes import Write
from ..ledger.tables import LedgerPolicy
from ..platforms.service import find_platform
from ..transactions.schemas import TransactionOut
from ..transactions.service import (
    queue_approval,
    queue_call,
    require_custody,
    unsigned,
)
from . import repository
from .repository import Found
from .schemas import (
    CancellationPreview,
    NewPolicy,
    PolicyAccepted,
    PolicyOut,
    PremiumOut,
    UnsignedTransaction,
)
from .tables import Bind


def require_quote(write: Write, quote: Quote, signature: bytes) -> bytes:
    """The quote's digest, if it is this underwriter's and still open.

    :raises Problem: signature-invalid, quote-expired
    """
    hashed = digest(quote, write.at.contracts.deployment.domain(quote))
    try:
        signer = recover(hashed, signature)
    except BadSignature as error:
        raise Problem("signature-invalid", str(error)) from error
    if signer != write.at.keyring.underwriter.address:
        raise Problem("signature-invalid", f"signed by {signer}, who is not the underwriter")
    now = write.at.market.head().timestamp
    if quote.deadline < now:
        detail = f"the quote ended at {quote.deadline}, it is {now}"
        raise Problem("quote-expired", detail)
    return hashed


def bind(write: Write, wish: NewPolicy) -> PolicyAccepted:
    """Binds a quote once, whatever is repeated; a failed bind is tried again.

    :raises Problem: signature-invalid, quote-expired, not-offered, wallet-not-custodied, not-found
    """
    quote, signature = wish.quote.message(), bytes.fromhex(wish.signature[2:])
    premium = int(wish.premium)
    hashed = require_quote(write, quote, signature)
    if premium < quote.min_premium:
        detail = f"premium {premium} is below {quote.min_premium}"
        raise Problem("not-offered", detail, rule="premium_too_low")
    identity = "0x" + hashed.hex()
    row = write.session.get(Bind, identity)
    if row is not None and row.platform_id != write.platform_id:
        raise Problem("not-found", "the quote was accepted by somebody else")
    if row is None:
        row = Bind(
            quote_digest=identity,
            platform_id=write.platform_id,
            quote=wish.quote.model_dump(),
            premium=premium,
            payer=wish.payer,
            created_at=write.now,
            case_id=write.case_id,
        )
        write.session.add(row)
    transaction = None
    prepared = []
    arguments = (astuple(quote), signature, premium)
    if wish.payer == "platform":
        transaction = _queue_bind(write, identity, arguments)
        row.transaction_id = transaction.id
    else:
        at = write.at.contracts
        book = at.address("PolicyBook")
        prepared = [
            UnsignedTransaction(**unsigned(at, "StableCoin", "approve", book, premium)),
            UnsignedTransaction(**unsigned(at, "PolicyBook", "bind", *arguments)),
        ]
    on_ledger = repository.ledger_row(write.session, identity)
    return PolicyAccepted(
        id=identity,
        number=None if on_ledger is None else on_ledger.policy,
        transaction=None if transaction is None else TransactionOut.of(transaction),
        unsigned=prepared,
    )


def _queue_bind(write: Write, identity: str, arguments: tuple[object, ...]) -> ChainTransaction:
    wallet = find_platform(write.session, write.platform_id).wallet
    require_custody(write, wallet)
    approval = queue_approval(write, wallet, "PolicyBook")
    key = f"bind:{identity}"
    return queue_call(write, wallet, key, "PolicyBook", "bind", *arguments, after=approval.id)


def require_on_ledger(found: Found) -> LedgerPolicy:
    """
    :raises Problem: conflict
    """
    if found.row is None:
        raise Problem("conflict", "the policy is not on the ledger yet")
    return found.row


def top_up(write: Write, found: Found, amount: int) -> ChainTransaction:
    """Queues more prepaid premium from the platform's custodied wallet.

    :raises Problem: conflict, wallet-not-custodied
    """
    row = require_on_ledger(found)
    require_move(row.status, "policy_topped_up")
    policy = row.policy
    wallet = find_platform(write.session, write.platform_id).wallet
    require_custody(write, wallet)
    approval = queue_approval(write, wallet, "PolicyBook")
    key = f"topup:{write.caller.tenant}:{write.key}"
    return queue_call(write, wallet, key, "PolicyBook", "topUp", policy, amount, after=approval.id)


def cancel(write: Write, found: Found) -> PolicyAccepted:
    """Queues a cancellation if the holder's wallet is custodied, otherwise prepares it."""
    row = require_on_ledger(found)
    require_move(row.status, "policy_cancelled")
    return by_holder(write, row, f"cancel:{row.policy}", "cancel", row.policy)


def by_holder(
    write: Write, row: LedgerPolicy, key: str, function: str, *arguments: Any
) -> PolicyAccepted:
    """Queues a call of the policy's holder if its wallet is custodied, otherwise prepares it."""
    queued, prepared = None, []
    if write.at.keyring.signer(row.holder) is not None:
        queued = queue_call(write, row.holder, key, "PolicyBook", function, *arguments)
    else:
        call = unsigned(write.at.contracts, "PolicyBook", function, *arguments)
        prepared = [UnsignedTransaction(**call)]
    return PolicyAccepted(
        id=row.quote_digest,
        number=row.policy,
        transaction=None if queued is None else TransactionOut.of(queued),
        unsigned=prepared,
    )


def preview_cancellation(at: Services, found: Found) -> CancellationPreview:
    """What cancelling now gives back, from the contract.

    :raises ContractReverted: PolicyNotInForce
    """
    row = require_on_ledger(found)
    refund, earned = at.contracts.view("PolicyBook", "cancelPreview", row.policy)
    time = at.market.head().timestamp
    return CancellationPreview(number=row.policy, time=time, refund=refund, earned=earned)


def policy_out(session: Session, found: Found) -> PolicyOut:
    """A policy as the ledger has it, or its bind while it has not."""
    row = found.row
    if row is not None:
        return PolicyOut(
            id=row.quote_digest,
            number=row.policy,
            status=row.status,  # type: ignore[arg-type]
            product=row.product,
            risk=row.risk,
            holder=row.holder,
            applicant=row.applicant,
            sum_insured=row.sum_insured,
            loss_per_hour=row.loss_per_hour,
            rate=row.rate,
            loading=row.loading,
            premium_paid=row.premium_paid,
            premium_earned=row.premium_earned,
            refunded=row.refunded,
            start=row.start,
            end=row.end,
            transaction_hash=row.transaction_hash,
        )
    assert found.bind is not None
    quote = found.bind.quote
    queued = repository.transaction_of(session, found.bind)
    return PolicyOut(
        id=found.bind.quote_digest,
        number=None,
        status="failed" if queued is not None and queued.status == "failed" else "pending",
        product=quote["product"],
        risk=quote["risk_index"],
        holder=quote["holder"],
        applicant=quote["applicant"],
        sum_insured=int(quote["sum_insured"]),
        loss_per_hour=int(quote["loss_per_hour"]),
        rate=int(quote["rate"]),
        loading=None,
        premium_paid=found.bind.premium,
        premium_earned=0,
        refunded=0,
        start=None,
        end=None,
        transaction_hash=None if queued is None else queued.hash,
    )


def premium_out(at: Services, found: Found) -> PremiumOut:
    """Premium consumed and left at the latest block, from the contract."""
    row = require_on_ledger(found)
    time = at.market.head().timestamp
    earned, balance = at.contracts.view("PolicyBook", "premiumAt", row.policy, time)
    rate = at.contracts.view("RateIndex", "rateOf", row.product, row.risk)
    return PremiumOut(
        number=row.policy, time=time, rate=rate + row.loading, earned=earned, balance=balance
    )
