"""Changes of cover in force: an endorsement with a new quote, or a reduction without one.

The preview asks the contract itself, which refuses what it would refuse of the transaction.
"""

from __future__ import annotations

from dataclasses import astuple

from ..domain.lifecycle import require_move
from ..http.context import Caller, Services
from ..http.problems import Problem
from ..http.writes import Write
from ..quotes.schemas import NewQuote, QuoteOut
from ..quotes.service import make_quote, pack_dependencies, read_terms
from .repository import Found
from .schemas import (
    EndorsementPreview,
    NewEndorsement,
    NewReduction,
    PolicyAccepted,
    WishedEndorsement,
)
from .service import by_holder, require_on_ledger, require_quote


def preview(at: Services, who: Caller, found: Found, wish: WishedEndorsement) -> EndorsementPreview:
    """A signed offer of other cover for the rest of the policy, and what taking it up would do.

    :raises Problem: conflict, not-offered, onboarding-refused
    :raises ContractReverted: the contract's own refusal, such as EndorsementPending
    """
    row = require_on_ledger(found)
    require_move(row.status, "policy_endorsed")
    now = at.market.head().timestamp
    if row.end <= now:
        raise Problem("conflict", f"the policy ended at {row.end}")
    product = at.market.product(row.product)  # type: ignore[arg-type]
    wanted = NewQuote(
        product=row.product,
        risk=row.risk,
        holder=row.holder,
        term=min(product.term, row.end - now),
        **wish.model_dump(),
    )
    terms = read_terms(at, who, wanted)
    offer = make_quote(at, terms, now + at.settings.quote_seconds, wanted)
    made = QuoteOut.model_validate_json(offer)
    signature = bytes.fromhex(made.signature[2:])
    arguments = (row.policy, astuple(made.quote.message()), signature)
    acts_at = at.contracts.view("PolicyBook", "endorse", *arguments, sender=row.holder)
    _, balance = at.contracts.view("PolicyBook", "premiumAt", row.policy, now)
    rate = at.contracts.view("RateIndex", "rateOf", row.product, row.risk)
    return EndorsementPreview(
        number=row.policy,
        time=now,
        acts_at=acts_at,
        balance=balance,
        rate_before=rate + row.loading,
        rate_after=int(made.quote.rate),
        sum_insured_before=row.sum_insured,
        loss_per_hour_before=row.loss_per_hour,
        digest=made.digest,
        quote=made.quote,
        signature=made.signature,
    )


def endorse(write: Write, found: Found, given: NewEndorsement) -> PolicyAccepted:
    """Takes a previewed quote up, from the holder's wallet if it is custodied.

    :raises Problem: conflict, signature-invalid, quote-expired
    """
    row = require_on_ledger(found)
    require_move(row.status, "policy_endorsed")
    quote, signature = given.quote.message(), bytes.fromhex(given.signature[2:])
    if (quote.product, quote.risk_index, quote.holder) != (row.product, row.risk, row.holder):
        raise Problem("conflict", "the quote is for another holder, product or risk")
    hashed = require_quote(write, quote, signature)
    key = f"endorse:{row.policy}:0x{hashed.hex()}"
    return by_holder(write, row, key, "endorse", row.policy, astuple(quote), signature)


def reduce(write: Write, found: Found, wish: NewReduction) -> PolicyAccepted:
    """Lowers cover from the transaction on.

    :raises Problem: conflict, when something would rise
    """
    row = require_on_ledger(found)
    require_move(row.status, "policy_endorsed")
    insured, hourly = int(wish.sum_insured), int(wish.loss_per_hour)
    if insured > row.sum_insured or hourly > row.loss_per_hour:
        raise Problem("conflict", "a reduction raises nothing: ask for an endorsement")
    key = f"reduce:{write.caller.tenant}:{write.key}"
    packed = pack_dependencies(wish.dependencies)
    return by_holder(write, row, key, "reduce", row.policy, insured, hourly, packed)
