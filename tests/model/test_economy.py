"""The reference model by itself: small stories whose figures can be checked by hand."""

from __future__ import annotations

import pytest

from tests.model.capital import Cell, Refused, Vault
from tests.model.claims import Allowances, Product, runs
from tests.model.cover import ONE, YEAR, Sums, Tariff
from tests.model.economy import Economy, Series

RATES = tuple(range(100, 1_700, 100))
NO_LIMIT = 10**9


def economy(instant: int = NO_LIMIT, ceiling: int = NO_LIMIT) -> Economy:
    """100 of junior and 300 of senior capital; no fee, two fifths of premium to junior.

    Product 1 is streamed, product 2 is certificates of 7,200 seconds.
    """
    cell = Cell(0, 4_000, 1_000, 1_000, Vault(1_000, 2_000), Vault(1_000, 2_000))
    terms = {
        "slot": 10, "report_delay": 100, "hold": 20, "lag": 60, "waiting": 30, "merge_gap": 30,
        "claim_window": 1_000, "challenge_window": 50, "review_window": 100,
        "instant_limit": instant, "unreviewed_limit": NO_LIMIT, "increase_delay": 60,
    }  # fmt: skip
    products = {1: Product(**terms), 2: Product(**terms, tenor=7_200, unit=1)}
    made = Economy(
        cell, Tariff(RATES, 10**14), products, Allowances(ceiling, 120, 600),
        default_cap=10**6, bond_delay=600, challenge_bond=5, appeal_window=60,
    )  # fmt: skip
    for who in ("ada", "ben", "holder", "platform", "underwriter", "eve"):
        made.mint(who, 1_000)
    made.request_deposit("ada", "junior", 100, 0)
    made.request_deposit("ben", "senior", 300, 0)
    made.settle_epoch(0)
    assert (made.collect_shares("ada", "junior"), made.collect_shares("ben", "senior")) == (
        100,
        300,
    )
    made.report(0, 3_000, 0)
    return made


def bind(made: Economy, insured: int, premium: int, term: int, now: int = 0) -> None:
    """Policy 1 with a loss of its whole sum an hour; 3,600 an hour where the sum allows it."""
    made.bind(1, 1, "holder", 0, Sums(insured, 3_600), premium, term, now)


def outage(made: Economy, first: int, slots: int) -> None:
    made.mark(("risk", 0), range(first, first + slots))


def test_runs__gap_within_the_merge_gap__is_bridged() -> None:
    assert runs([1, 2, 5, 9], 2) == [(1, 5), (9, 9)]
    assert runs([1, 2, 5, 9], 3) == [(1, 9)]


def test_bind__more_than_free_capital__is_refused() -> None:
    with pytest.raises(Refused, match="CapacityExceeded"):
        bind(economy(), 401, 10, 100)


def test_bind__more_than_the_risks_cap__is_refused() -> None:
    made = economy()
    made.set_cap(("risk", 0), 150)
    bind(made, 150, 10, 100)
    with pytest.raises(Refused, match="CapExceeded"):
        made.bind(2, 1, "holder", 0, Sums(1, 1), 10, 100, 0)


def test_consumed__a_year_at_five_percent__is_five_percent_rounded_up() -> None:
    made = economy()
    bind(made, 399, 100, 2 * YEAR)
    policy = made.policies[1]
    rate = made.tariff.rate(3_000) * made.tariff.unit
    assert rate == ONE // 20
    assert policy.consumed(made.tariff, made.scores[0], YEAR) == (YEAR, 20)
    assert made.premium_at(1, YEAR) == (20, 80)


def test_consumed__funds_run_out__stops_at_the_last_paid_second() -> None:
    made = economy()
    bind(made, 100, 5, 3 * YEAR)
    made.report(0, 10_000, YEAR // 2)
    second, premium = made.policies[1].consumed(made.tariff, made.scores[0], 3 * YEAR)
    assert premium == 5
    assert YEAR // 2 < second < YEAR
    made.touch(1, YEAR)
    assert made.policies[1].lapsed_at == second
    made.check(YEAR)


def test_endorse__twice_the_cover_after_a_year__costs_five_and_then_ten() -> None:
    made = economy()
    bind(made, 100, 50, 2 * YEAR)
    made.endorse(1, Sums(200, 3_600), 100, YEAR - 60)
    assert made.cell.locked == 200
    assert made.premium_at(1, 2 * YEAR) == (15, 35)
    first, second = made.policies[1].segments
    assert (first.earned, second.start) == (5, YEAR)
    made.check(2 * YEAR)


def test_reduce__half_the_cover__keeps_its_limit_booked_and_costs_half() -> None:
    made = economy()
    bind(made, 200, 50, 3 * YEAR)
    made.reduce(1, Sums(100, 100), YEAR)
    assert made.cell.locked == 200
    assert made.premium_at(1, 2 * YEAR) == (15, 35)
    with pytest.raises(Refused, match="NotAReduction"):
        made.reduce(1, Sums(101, 100), YEAR)


def test_top_up__after_a_lapse__begins_cover_anew() -> None:
    made = economy()
    bind(made, 100, 5, 3 * YEAR)
    made.top_up(1, 10, 2 * YEAR)
    assert made.policies[1].cover(YEAR + 10) is None
    cover = made.policies[1].cover(2 * YEAR)
    assert cover is not None and cover.start == 2 * YEAR
    assert made.premium_at(1, 3 * YEAR) == (10, 5)
    made.check(3 * YEAR)


def test_settle__two_runs__never_exceed_the_sum_insured() -> None:
    made = economy()
    bind(made, 150, 50, 100_000)
    outage(made, 100, 13)
    outage(made, 300, 11)
    with pytest.raises(Refused):
        made.settle(1, 100, 1_119)
    assert made.settle(1, 100, 1_200) == 50
    assert made.settle(1, 100, 10_000) == 50
    assert made.settle(1, 300, 10_000) == 50
    assert (made.cell.junior, made.cell.senior) == (0, 250)
    with pytest.raises(Refused):
        made.settle(1, 300, 10_001)
    made.check(10_001)


def test_settle__beyond_the_instant_limit__waits_for_the_assessors() -> None:
    made = economy(instant=30)
    bind(made, 150, 50, 100_000)
    outage(made, 100, 13)
    assert made.settle(1, 100, 10_000) == 100
    claim = ("policy", 1, 100)
    assert (made.wallets["holder"], made.reviews[claim].pending, made.cell.locked) == (980, 70, 120)
    assert made.cell.values == (0, 300)
    made.decide(claim, True, "a", 10_100, 10_050)
    with pytest.raises(Refused, match="AlreadyDecided"):
        made.decide(claim, True, "a", 10_100, 10_051)
    made.decide(claim, True, "b", 10_100, 10_052)
    assert (made.wallets["holder"], made.cell.locked, made.cell.reserved) == (1_050, 50, 0)
    made.check(10_052)


def test_refusal__by_an_appeal__gives_the_limit_back() -> None:
    made = economy(instant=30)
    bind(made, 150, 50, 100_000)
    outage(made, 100, 13)
    made.settle(1, 100, 10_000)
    claim = ("policy", 1, 100)
    made.challenge(claim, "eve", 10_010)
    made.end_challenge(claim, True, 10_020)
    assert made.committed[1] == 30
    assert made.withdraw_challenge_bond("eve") == 5
    made.cancel(1, 20_000)
    made.expire([1], 21_100)
    assert made.cell.locked == 0
    made.check(21_100)


def test_daily_ceiling__reached__pays_the_rest_on_another_day() -> None:
    made = economy(ceiling=60)
    bind(made, 150, 50, 500_000)
    outage(made, 100, 13)
    assert made.settle(1, 100, 10_000) == 100
    claim = ("policy", 1, 100)
    with pytest.raises(Refused, match="CeilingReached"):
        made.pay_waiting(claim, 10_001)
    assert made.pay_waiting(claim, 86_400) == 40
    made.check(86_400)


def test_hold__until_later__pays_nothing_without_review() -> None:
    made = economy()
    bind(made, 150, 50, 100_000)
    outage(made, 100, 13)
    claim = ("policy", 1, 100)
    made.hold(claim, 1_600, 1_050)
    with pytest.raises(Refused, match="NothingDue"):
        made.settle(1, 100, 1_599)
    assert made.settle(1, 100, 1_600) == 100
    assert made.reviews[claim].pending == 100


def test_epoch__after_a_loss__sells_and_buys_shares_at_the_lower_price() -> None:
    made = economy()
    bind(made, 150, 50, 100_000)
    outage(made, 100, 13)
    made.settle(1, 100, 10_000)
    made.request_redeem("ada", "junior", made.cell.junior_vault.shares["ada"], 10_000)
    made.settle_epoch(13_000)
    with pytest.raises(Refused, match="NothingRequested"):
        made.collect_assets("ada", "junior")
    made.check(13_000)


def test_certificates__omitted_serial__is_paid_by_the_bond_and_never_by_the_pool() -> None:
    made = economy()
    made.deposit_float(50)
    made.deposit_bond(200)
    made.reserve(1, Series(2, 0, 1, 20_000), 40, 4, 0)
    made.prove_omission(1, 1, 10, "buyer")
    assert made.wallets["buyer"] == 10 and made.wallets["bond"] == 190
    made.bring(1, 7, [5, 6, 7], [0, 1, 2], ["a", "b", "c"], 2, 10)
    outage(made, 100, 13)
    with pytest.raises(Refused, match="AlreadyClaimed"):
        made.settle_certificates(7, 100, [0, 1], 5_000)
    assert made.settle_certificates(7, 100, [0, 2], 5_000) == 12
    assert made.wallets["platform"] == 962
    assert made.expire_batch(7, 20_000) == 6
    assert made.release_reservation(1, 30_000) == 12
    made.check(30_000)


def test_certificates__of_a_series_that_pays_holders__first_named_are_paid_first() -> None:
    made = economy(instant=8)
    made.deposit_float(50)
    made.deposit_bond(200)
    made.reserve(1, Series(2, 0, 1, 20_000, pushed=True), 40, 4, 0)
    made.bring(1, 7, [5, 6, 7], [0, 1, 2], ["a", "b", "c"], 2, 10)
    made.unbook(2, 0, frozenset(), 22)
    outage(made, 100, 13)
    made.settle_certificates(7, 100, [0, 1, 2], 5_000)
    assert [made.wallets[who] for who in "abc"] == [5, 3, 0]
    assert [made.reviews["certificates", 7, 100, n].pending for n in (1, 2)] == [3, 7]
