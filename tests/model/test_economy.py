"""The reference model by itself: small stories whose figures can be checked by hand."""

from __future__ import annotations

import pytest

from tests.model.capital import Cell, Refused, Vault
from tests.model.cover import ONE, YEAR, ClaimTerms, Tariff, runs
from tests.model.economy import Economy

RATES = tuple(range(100, 1_700, 100))


def economy() -> Economy:
    """100 of junior and 300 of senior capital; no fee, two fifths of premium to junior."""
    cell = Cell(0, 4_000, 1_000, 1_000, Vault(1_000, 2_000), Vault(1_000, 2_000))
    claims = ClaimTerms(10, 100, 20, 60, 30, 30, 1_000)
    made = Economy(cell, Tariff(RATES, 10**14), claims, tenor=7_200, unit=1)
    made.request_deposit("ada", "junior", 100, 0)
    made.request_deposit("ben", "senior", 300, 0)
    made.settle_epoch(0)
    assert (made.collect_shares("ada", "junior"), made.collect_shares("ben", "senior")) == (
        100,
        300,
    )
    made.report(0, 3_000, 0)
    return made


def test_runs__gap_within_the_merge_gap__is_bridged() -> None:
    assert runs([1, 2, 5, 9], 2) == [(1, 5), (9, 9)]
    assert runs([1, 2, 5, 9], 3) == [(1, 9)]


def test_bind__more_than_free_capital__is_refused() -> None:
    made = economy()
    with pytest.raises(Refused):
        made.bind(1, "holder", 0, (401, 401), 0, 10, 100, 5)
    made.check()


def test_consumed__a_year_at_five_percent__is_five_percent_rounded_up() -> None:
    made = economy()
    made.bind(1, "holder", 0, (399, 399), 0, 100, 2 * YEAR, 0)
    policy = made.policies[1]
    rate = made.tariff.rate(3_000) * made.tariff.unit
    assert rate == ONE // 20
    assert policy.consumed(made.tariff, made.scores[0], YEAR) == (YEAR, 20)
    assert made.premium_earned(1, YEAR) == 20


def test_consumed__funds_run_out__stops_at_the_last_paid_second() -> None:
    made = economy()
    made.bind(1, "holder", 0, (100, 100), 0, 5, 3 * YEAR, 0)
    made.report(0, 10_000, YEAR // 2)
    second, premium = made.policies[1].consumed(made.tariff, made.scores[0], 3 * YEAR)
    assert premium == 5
    assert YEAR // 2 < second < YEAR
    made.touch(1, YEAR)
    assert made.policies[1].stop == second
    made.check()


def test_settle__two_runs__never_exceed_the_sum_insured() -> None:
    made = economy()
    made.bind(1, "holder", 0, (150, 3_600), 0, 50, 100_000, 0)
    made.mark(0, range(100, 113))
    made.mark(0, range(300, 311))
    with pytest.raises(Refused):
        made.settle(1, 100, 1_119)
    assert made.settle(1, 100, 1_200) == 50
    assert made.settle(1, 100, 10_000) == 50
    assert made.settle(1, 300, 10_000) == 50
    assert (made.cell.junior, made.cell.senior) == (0, 250)
    with pytest.raises(Refused):
        made.settle(1, 300, 10_001)
    made.check()


def test_epoch__after_a_loss__sells_and_buys_shares_at_the_lower_price() -> None:
    made = economy()
    made.bind(1, "holder", 0, (150, 3_600), 0, 50, 100_000, 0)
    made.mark(0, range(100, 113))
    made.settle(1, 100, 10_000)
    made.request_redeem("ada", "junior", made.cell.junior_vault.shares["ada"], 10_000)
    made.settle_epoch(13_000)
    assert made.collect_assets("ada", "junior") == 0
    made.check()


def test_certificates__omitted_serial__is_paid_by_the_bond_and_never_by_the_pool() -> None:
    made = economy()
    made.deposit_float(50)
    made.deposit_bond(200)
    made.reserve(1, 1, 20_000, 40, 4)
    made.prove_omission(1, 1, 10, "buyer")
    assert made.wallets["buyer"] == 10 and made.wallets["bond"] == 190
    made.bring(7, 1, [5, 6, 7], [0, 1, 2], 2, 10)
    made.mark(0, range(100, 113))
    with pytest.raises(Refused, match="AlreadyClaimed"):
        made.settle_certificates(7, 100, [0, 1], 5_000)
    assert made.settle_certificates(7, 100, [0, 2], 5_000) == 12
    assert made.expire_batch(7, 20_000) == 6
    assert made.release_reservation(1, 30_000) == 12
    made.check()
