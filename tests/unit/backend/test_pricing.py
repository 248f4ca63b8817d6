"""Prices: refusals first, then the formula and its rounding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.errors import TableInvalid
from backend.domain.pricing import Offer, Refusal, Wish, offer, premium_per_unit, premium_up
from backend.domain.products import Form, RateTable
from backend.domain.units import (
    ONE,
    YEAR,
    BasisPoints,
    Rate,
    Score,
    Seconds,
    TokenUnits,
)
from tests.support.products import TABLE, product


def wish(**changes: object) -> Wish:
    made = Wish(TokenUnits(10**11), TokenUnits(10**9), Seconds(86_400), None)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "asked", "rule"),
    [
        ({"is_open": False}, {}, "product_closed"),
        ({"form": Form.CERTIFICATE}, {}, "not_a_policy_product"),
        ({}, {"sum_insured": 0}, "sum_insured_out_of_range"),
        ({}, {"sum_insured": 10**12 + 1}, "sum_insured_out_of_range"),
        ({}, {"loss_per_hour": 0}, "loss_per_hour_out_of_range"),
        ({}, {"loss_per_hour": 10**11 + 1}, "loss_per_hour_out_of_range"),
        ({}, {"term": 0}, "term_out_of_range"),
        ({}, {"term": YEAR + 1}, "term_out_of_range"),
        ({}, {"rate_ceiling": TABLE.top}, "rate_ceiling_too_low"),
    ],
)
def test_offer__wish_outside_of_the_terms__is_refused_by_its_rule(
    changes: dict[str, object], asked: dict[str, object], rule: str
) -> None:
    made = offer(product(**changes), Score(0), BasisPoints(500), wish(**asked))
    assert isinstance(made, Refusal)
    assert made.rule == rule


@pytest.mark.parametrize(
    "lanes", [(0, *range(1, 16)), tuple(range(1, 16)), tuple(range(16, 0, -1))]
)
def test_rate_table__zero_start_short_or_falling__is_invalid(lanes: tuple[int, ...]) -> None:
    with pytest.raises(TableInvalid):
        RateTable(lanes, 1)


def test_offer__accepted__adds_the_loading_to_the_table_rate_and_the_top() -> None:
    made = offer(product(), Score(625), BasisPoints(500), wish())
    assert isinstance(made, Offer)
    assert made.table_rate == 11 * ONE // 1_000
    assert made.loading == ONE // 1_000
    assert made.rate == made.table_rate + made.loading
    assert made.rate_ceiling == made.top_rate == 25 * ONE // 1_000 + made.loading


def test_offer__accepted__asks_for_the_notice_period_at_the_top_rate() -> None:
    made = offer(product(), Score(0), BasisPoints(0), wish())
    assert isinstance(made, Offer)
    assert made.minimum_premium == -(-25 * 10**11 * 3_600 // (1_000 * YEAR))


@given(
    rate=st.integers(0, ONE),
    insured=st.integers(0, 10**15),
    seconds=st.integers(0, 10 * YEAR),
)
def test_premium_up__any_values__is_the_least_integer_not_below_the_exact_premium(
    rate: int, insured: int, seconds: int
) -> None:
    premium = premium_up(Rate(rate), TokenUnits(insured), Seconds(seconds))
    exact = rate * insured * seconds
    assert (premium - 1) * ONE * YEAR < exact <= premium * ONE * YEAR or exact == premium == 0


@given(low=st.integers(0, 10_000), high=st.integers(0, 10_000))
def test_premium_per_unit__higher_score__is_never_cheaper(low: int, high: int) -> None:
    made = product(form=Form.CERTIFICATE, term=Seconds(3_600))
    low, high = sorted((low, high))
    assert premium_per_unit(made, Score(low)) <= premium_per_unit(made, Score(high))


def test_unpack__word_of_the_book__has_lane_0_lowest() -> None:
    word = sum(lane << (16 * place) for place, lane in enumerate(TABLE.lanes))
    assert RateTable.unpack(word, TABLE.unit) == TABLE
