import pytest

from tests.support.capital import (
    EPOCH,
    UNIT,
    WITHDRAWAL_DELAY,
    pay_premium,
    request_deposit,
)  # fmt: skip
from tests.support.reverts import reverts_with


@pytest.fixture
def redeem_all(junior, senior, people, chain):
    """Both investors ask for everything back, and the delay passes."""
    junior.requestRedeem(junior.balanceOf(people.ada), people.ada, people.ada, {"from": people.ada})
    senior.requestRedeem(senior.balanceOf(people.ben), people.ben, people.ben, {"from": people.ben})
    chain.sleep(WITHDRAWAL_DELAY)
    chain.mine()


def test_settle_epoch__before_its_end__is_refused(funded, people, chain):
    with reverts_with("EpochNotOver", funded.nextEpochAt(), ...):
        funded.settleEpoch({"from": people.eve})
    chain.sleep(EPOCH)
    funded.settleEpoch({"from": people.eve})


def test_settle_epoch__withdrawals_beyond_free__senior_first_and_never_locked(
    funded, junior, senior, people, redeem_all
):
    funded.lock(800 * UNIT, {"from": people.policy_book})
    event = funded.settleEpoch({"from": people.eve}).events["EpochSettled"]
    assert event["seniorOut"] == 3_000 * UNIT
    assert event["juniorOut"] == 200 * UNIT
    assert funded.free() == 0
    assert junior.maxWithdraw(people.ada) == 200 * UNIT


def test_settle_epoch__junior_withdrawal__stops_at_the_floor(funded, junior, people, chain):
    shares = junior.balanceOf(people.ada)
    junior.requestRedeem(shares, people.ada, people.ada, {"from": people.ada})
    chain.sleep(WITHDRAWAL_DELAY)
    funded.lock(2_000 * UNIT, {"from": people.policy_book})
    event = funded.settleEpoch({"from": people.eve}).events["EpochSettled"]
    assert event["juniorOut"] == 600 * UNIT
    assert funded.tranche(0)[0] == 400 * UNIT


def test_settle_epoch__reserve__lowers_what_leavers_get(funded, junior, people, redeem_all):
    funded.lock(100 * UNIT, {"from": people.policy_book})
    funded.reserveClaims(100 * UNIT, {"from": people.claims_desk})
    funded.settleEpoch({"from": people.eve})
    assert junior.maxWithdraw(people.ada) <= 900 * UNIT
    assert junior.maxWithdraw(people.ada) >= 899 * UNIT


def test_settle_epoch__deposit_and_withdrawal__move_the_difference(
    funded, token, junior, people, chain, redeem_all
):
    request_deposit(token, junior, people.eve, 250 * UNIT)
    chain.sleep(EPOCH)
    event = funded.settleEpoch({"from": people.eve}).events["EpochSettled"]
    assert event["juniorIn"] == 250 * UNIT
    held, owed = funded.solvency()
    assert held == owed == funded.assets()
    assert token.balanceOf(junior) == event["juniorOut"]


def test_settle_epoch__premium_before__raises_the_price_of_both(
    funded, token, junior, senior, people, chain
):
    pay_premium(token, funded, people.policy_book, 100 * UNIT)
    assert junior.totalAssets() == 1_036 * UNIT
    assert senior.totalAssets() == 3_054 * UNIT
    request_deposit(token, junior, people.eve, 1_036 * UNIT)
    chain.sleep(EPOCH)
    funded.settleEpoch({"from": people.eve})
    ada, eve = junior.balanceOf(people.ada), junior.maxMint(people.eve)
    assert abs(ada - eve) <= ada // 10**9
