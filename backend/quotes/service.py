"""Prices a wish on the newest score and signs the offer; nothing is stored.

What the price rests on is read once a block, so that a quote costs little more than its signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.client.messages import Quote, digest

from ..applicants.service import require_risk
from ..assessments.service import decide_on
from ..domain.onboarding import APPETITE, Decision, Verdict
from ..domain.pricing import Refusal, Wish, offer
from ..domain.products import Product
from ..domain.units import BasisPoints, ProductId, Rate, RiskIndex, Seconds, TokenUnits
from ..http.context import Caller, Services
from ..http.problems import Problem
from ..market import BindingScore
from .schemas import NewQuote, written

BITS = 32


def pack_dependencies(indices: Sequence[int]) -> int:
    """Four 32-bit indices in one number, the first lowest."""
    return sum(index << (BITS * place) for place, index in enumerate(indices))


def unpack_dependencies(packed: int) -> list[int]:
    """The indices of `pack_dependencies`."""
    places = [(packed >> shift) & 0xFFFFFFFF for shift in range(0, 4 * BITS, BITS)]
    return [index for index in places if index]


def refused(refusal: Refusal) -> Problem:
    """The problem of a domain refusal."""
    detail = f"{refusal.rule.replace('_', ' ')}: {refusal.have} against {refusal.limit}"
    have, limit = str(refusal.have), str(refusal.limit)
    return Problem("not-offered", detail, rule=refusal.rule, have=have, limit=limit)


def require_accepted(decision: Decision) -> None:
    """
    :raises Problem: onboarding-refused, with the reasons
    """
    if decision.verdict is Verdict.ACCEPT:
        return
    reasons = [{"rule": r.rule, "detail": r.detail, "remedy": r.remedy} for r in decision.reasons]
    detail = f"the decision is to {decision.verdict.value}"
    raise Problem("onboarding-refused", detail, decision=decision.verdict.value, reasons=reasons)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a quote rests on, the same for every wish until the next block."""

    product: Product
    applicant: str
    loading: BasisPoints
    score: BindingScore


def known_terms(at: Services, who: Caller, wish: NewQuote) -> Terms | None:
    """The terms if this process has them for the latest block; asks nobody."""
    head = at.market.known_head()
    if head is None:
        return None
    found = at.underwriting.get(head.hash, (who.platform_id, wish.product, wish.risk))
    return found if isinstance(found, Terms) else None


def read_terms(at: Services, who: Caller, wish: NewQuote) -> Terms:
    """The terms from ledger and chain.

    :raises Problem: not-found, onboarding-refused
    :raises ContractReverted: NoScore, StaleScore
    """
    head = at.market.head()
    product = at.market.product(ProductId(wish.product))
    risk = RiskIndex(wish.risk)
    with at.database.read() as session:
        asset = require_risk(session, who, risk)
        score = at.market.binding_score(risk)
        loading = APPETITE.base_loading
        if asset is not None:
            decision, _, _ = decide_on(session, at, asset)
            require_accepted(decision)
            loading = decision.loading
    terms = Terms(product, at.market.applicant_of(risk), loading, score)
    at.underwriting.put(head.hash, (who.platform_id, wish.product, wish.risk), terms)
    return terms


def make_quote(at: Services, terms: Terms, deadline: int, wish: NewQuote) -> bytes:
    """A signed offer, a `QuoteOut` in JSON; asks neither database nor node.

    :raises Problem: not-offered
    """
    made = offer(
        terms.product,
        terms.score.score,
        terms.loading,
        Wish(
            TokenUnits(int(wish.sum_insured)),
            TokenUnits(int(wish.loss_per_hour)),
            Seconds(wish.term),
            None if wish.rate_ceiling is None else Rate(int(wish.rate_ceiling)),
        ),
    )
    if isinstance(made, Refusal):
        raise refused(made)
    quote = Quote(
        product=terms.product.number,
        risk_index=wish.risk,
        applicant=terms.applicant,
        holder=wish.holder or terms.applicant,
        sum_insured=int(wish.sum_insured),
        loss_per_hour=int(wish.loss_per_hour),
        dependencies=pack_dependencies(wish.dependencies),
        rate=made.rate,
        rate_ceiling=made.rate_ceiling,
        min_premium=made.minimum_premium,
        score_frame=terms.score.frame,
        model_hash=bytes.fromhex(terms.score.model_hash[2:]),
        terms_hash=bytes.fromhex(terms.product.terms_hash[2:]),
        term=wish.term,
        salt=at.salts.next(),
        deadline=deadline,
    )
    hashed = digest(quote, at.contracts.deployment.domain(quote))
    underwriter = at.keyring.underwriter
    return written(quote, made, hashed, underwriter.sign_digest(hashed), underwriter.address)
