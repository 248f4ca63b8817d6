"""Prices a wish on the newest score and signs the offer; nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from contracts.client.messages import Quote, digest

from ..applicants.service import require_risk
from ..assessments.service import decide_on
from ..domain.onboarding import APPETITE, Decision, Verdict
from ..domain.pricing import Refusal, Wish, offer
from ..domain.units import ProductId, Rate, RiskIndex, Seconds, TokenUnits
from ..http.context import Caller, Services
from ..http.problems import Problem
from .schemas import NewQuote, QuoteMessage, QuoteOut

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


def make_quote(at: Services, session: Session, who: Caller, wish: NewQuote) -> QuoteOut:
    """A signed offer.

    :raises Problem: not-found, onboarding-refused, not-offered
    :raises ContractReverted: NoScore, StaleScore
    """
    product = at.market.product(ProductId(wish.product))
    risk = RiskIndex(wish.risk)
    asset = require_risk(session, who, risk)
    score = at.market.binding_score(risk)
    loading = APPETITE.base_loading
    if asset is not None:
        decision, _, _ = decide_on(session, at.market, asset)
        require_accepted(decision)
        loading = decision.loading
    made = offer(
        product,
        score.score,
        loading,
        Wish(
            TokenUnits(int(wish.sum_insured)),
            TokenUnits(int(wish.loss_per_hour)),
            Seconds(wish.term),
            None if wish.rate_ceiling is None else Rate(int(wish.rate_ceiling)),
        ),
    )
    if isinstance(made, Refusal):
        raise refused(made)
    applicant = at.market.applicant_of(risk)
    quote = Quote(
        product=product.number,
        risk_index=risk,
        applicant=applicant,
        holder=wish.holder or applicant,
        sum_insured=int(wish.sum_insured),
        loss_per_hour=int(wish.loss_per_hour),
        dependencies=pack_dependencies(wish.dependencies),
        rate=made.rate,
        rate_ceiling=made.rate_ceiling,
        min_premium=made.minimum_premium,
        score_frame=score.frame,
        model_hash=bytes.fromhex(score.model_hash[2:]),
        terms_hash=bytes.fromhex(product.terms_hash[2:]),
        term=wish.term,
        salt=at.salts.next(),
        deadline=at.market.head().timestamp + at.settings.quote_seconds,
    )
    hashed = digest(quote, at.contracts.deployment.domain(quote))
    return QuoteOut(
        digest="0x" + hashed.hex(),
        quote=QuoteMessage.of(quote),
        signature="0x" + at.keyring.underwriter.sign_digest(hashed).hex(),
        underwriter=at.keyring.underwriter.address,
        table_rate=made.table_rate,
        loading=made.loading,
        top_rate=made.top_rate,
        minimum_premium=made.minimum_premium,
        full_term_premium=made.full_term_premium,
    )
