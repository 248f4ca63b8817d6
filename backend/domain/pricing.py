"""What cover costs: an offer of streamed cover, and the premium of one unit of a certificate.

Premium rounds up. premium = ceil(rate x sum insured x seconds / (1e18 x year)), the same formula
that the policy book integrates over the rate index.
"""

from __future__ import annotations

from dataclasses import dataclass

from .products import Form, Product
from .units import (
    BASIS,
    ONE,
    YEAR,
    BasisPoints,
    Rate,
    Score,
    Seconds,
    TokenUnits,
    ceil_div,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a buyer asks for; `rate_ceiling` None accepts whatever the top rate becomes."""

    sum_insured: TokenUnits
    loss_per_hour: TokenUnits
    term: Seconds
    rate_ceiling: Rate | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A price for a wish; rates per year, money in token units."""

    table_rate: Rate
    loading: Rate
    rate: Rate
    top_rate: Rate
    rate_ceiling: Rate
    minimum_premium: TokenUnits
    full_term_premium: TokenUnits


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no offer: a stable rule name and the two values that met."""

    rule: str
    have: int
    limit: int


def premium_up(rate: Rate, sum_insured: TokenUnits, seconds: Seconds) -> TokenUnits:
    """Premium of `seconds` of cover at a constant rate, rounded up."""
    return TokenUnits(ceil_div(rate * sum_insured * seconds, ONE * YEAR))


def loading_up(table_rate: Rate, loading: BasisPoints, rate_unit: int) -> Rate:
    """The fixed part that a policy adds to the table rate, rounded up to whole rate units."""
    return Rate(ceil_div(table_rate * loading, BASIS * rate_unit) * rate_unit)


def offer(product: Product, score: Score, loading: BasisPoints, wish: Wish) -> Offer | Refusal:
    """Prices streamed cover of one risk.

    The least premium is the notice period (or a shorter term) at the top rate, so that notice is
    always paid cover.
    """
    if not product.is_open:
        return Refusal("product_closed", product.number, 0)
    if product.form is not Form.POLICY:
        return Refusal("not_a_policy_product", product.number, 0)
    if not 0 < wish.sum_insured <= product.max_sum_insured:
        return Refusal("sum_insured_out_of_range", wish.sum_insured, product.max_sum_insured)
    if not 0 < wish.loss_per_hour <= wish.sum_insured:
        return Refusal("loss_per_hour_out_of_range", wish.loss_per_hour, wish.sum_insured)
    if not 0 < wish.term <= product.term:
        return Refusal("term_out_of_range", wish.term, product.term)
    table_rate = product.table.rate(score)
    added = loading_up(table_rate, loading, product.table.unit)
    top = Rate(product.table.top + added)
    if wish.rate_ceiling is not None and wish.rate_ceiling < top:
        return Refusal("rate_ceiling_too_low", wish.rate_ceiling, top)
    return Offer(
        table_rate=table_rate,
        loading=added,
        rate=Rate(table_rate + added),
        top_rate=top,
        rate_ceiling=top if wish.rate_ceiling is None else wish.rate_ceiling,
        minimum_premium=premium_up(
            top, wish.sum_insured, Seconds(min(product.notice_period, wish.term))
        ),
        full_term_premium=premium_up(Rate(table_rate + added), wish.sum_insured, wish.term),
    )


def premium_per_unit(product: Product, score: Score) -> TokenUnits:
    """Least premium of one unit of sum insured for the product's tenor, rounded up."""
    return premium_up(product.table.rate(score), product.unit, product.term)
